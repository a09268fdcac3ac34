"""Nothing out of reach is on any surface: every record carries words of its own, and every page is read for them.

Own, the team's and other people's records; a word per text field, so that a hidden field is noticed as well. What a
role may see is worked out in Python from its document; the pages go through SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

import pytest

from crm.entities.model import Entity
from crm.fields import FIELD_TYPES
from crm.notifications import Notice, add_notification
from crm.permissions.model import SYSTEM
from crm.permissions.store import save_profile
from tests.factories import user_id
from tests.test_permission_matrix import MAKERS, ROLES, links, should_see

pytestmark = pytest.mark.slow

WORD = "zq"  # begins every planted word, and no other


def words_of(entity: Entity, number: int) -> dict[str, str]:
    """Return a word for every plain text field of an entity's record."""
    return {
        name: f"{WORD}{number}{entity.name}{name}".replace("_", "")[: field.options.get("max_length") or 255]
        for name, field in entity.fields.items()
        if field.type in ("text", "long_text")
        and FIELD_TYPES[field.type].writable
        and not field.options.get("pattern")
    }


@pytest.fixture
def planted(session: Any) -> Any:
    """A function that plants records around a role's user, a colleague and a stranger: `{entity: {id: words}}`."""

    def plant(role: str) -> dict[str, dict[int, dict[str, str]]]:
        colleague = "manager" if role != "manager" else "viewer"
        for name in (role, colleague):
            save_profile(session.connection(), user_id(session, name), team_id=1)
        found: dict[str, dict[int, dict[str, str]]] = {name: {} for name in MAKERS}
        for number, who in enumerate((role, colleague, "admin")):
            owner, ties = user_id(session, who), {"do_not_contact": who == "admin", "credit_limit": "77777"}
            customer = 0
            for name, make in MAKERS.items():
                entity = session.workspace.schema.entities[name]
                words = words_of(entity, number)
                values = {**links(entity, customer, owner), **words, **(ties if name == "customer" else {})}
                record_id = make(session, **values).id
                customer = customer or record_id
                found[name][record_id] = words
        add_notification(session, Notice(user_id(session, "admin"), f"{WORD}notice", "customer", customer))
        session.commit()
        session.close()
        return found

    return plant


def forbidden_words(reader: Any, planted: dict[str, dict[int, dict[str, str]]]) -> set[str]:
    """Return the words a reader must not see: of records without access and of hidden fields."""
    found = {f"{WORD}notice"}
    for name, records in planted.items():
        entity, hidden = reader.workspace.schema.entities[name], reader.actor.rights(name).hidden
        for record_id, words in records.items():
            is_open = should_see(reader, reader.actor, entity, record_id)
            found |= {word for field, word in words.items() if not is_open or field in hidden}
    return found


def surfaces(schema: Any, planted: dict[str, dict[int, dict[str, str]]]) -> Iterator[str]:
    """Yield the address of everything that shows records."""
    for name, records in planted.items():
        entity = schema.entities[name]
        texts = (name for name, field in entity.fields.items() if field.type in ("text", "long_text"))
        by_words = "&".join(f"_flt_0_{text}={WORD}" for text in texts)
        pages = ("list/", f"list/?q={WORD}", f"list/?{by_words}", "board/", "add", "filter")
        yield from (f"/{name}/{page}" for page in pages)
        yield from (
            f"/export/{name}?format=csv",
            f"/api/v1/{name}/?q=(page_size:100)",
            f"/api/v1/{name}/_info",
        )
        for field in entity.fields.values():
            if field.type in ("reference", "references"):
                yield f"/lookup/{name}/{field.name}?q="
        for record_id in records:
            yield from (
                f"/{name}/show/{record_id}",
                f"/{name}/edit/{record_id}",
                f"/api/v1/{name}/{record_id}",
            )
    for kind, pages in (("report", ("/reports/{}", "/reports/{}/figure.json", "/api/v1/report/{}")),
                        ("segment", ("/api/v1/segment/{}",)), ("dashboard", ("/dashboard/{}",))):  # fmt: skip
        yield from (page.format(name) for name in schema.parts[kind] for page in pages)
    yield from (
        "/",
        f"/search?q={WORD}",
        f"/search/panel?q={WORD}",
        "/search/panel",
        f"/api/v1/search?q={WORD}&limit=100",
        "/pop?phone=2101234567",
        "/notifications/",
        "/import/",
        "/admin/roles/",
    )
    yield from (
        f"/admin/roles/why?user=manager&entity={name}&record={number}"
        for name, records in planted.items()
        for number in records
    )


def leaks(
    browser: Any, asked: Iterable[str | tuple[str, dict[str, Any]]], forbidden: set[str]
) -> list[tuple[str, str]]:
    """Return every address that shows a word it must not, with the word.

    Shape:  what is asked are addresses, or addresses with what is sent to the client beside.
    """
    found = []
    for path, sent in ((one, {"method": "GET"}) if isinstance(one, str) else one for one in asked):
        answer = browser.open(path, **sent)
        assert answer.status_code < 500, (path, answer.status_code)
        text = answer.get_data(as_text=True)
        if WORD in text:
            found += [(path, word) for word in sorted(forbidden) if word in text]
    return found


@pytest.mark.parametrize("role", ROLES)
def test_no_surface_shows_what_is_out_of_reach(client, session_as, planted, role):
    records = planted(role)
    reader = session_as(role)
    forbidden = forbidden_words(reader, records)
    schema = reader.workspace.schema
    reader.close()
    assert leaks(client(role), surfaces(schema, records), forbidden) == []


def test_the_words_are_there_for_who_may_see_them(client, session_as, planted):
    records = planted("sales")
    schema = session_as("sales").workspace.schema
    everything = {word for found in records.values() for words in found.values() for word in words.values()}
    shown = {word for _path, word in leaks(client("admin"), surfaces(schema, records), everything)}
    assert shown == everything


LEAKS = {
    "a timeline read as the system": ("service", "crm.web.entity.record.timeline_of", "/show/"),
    "related lists read as the system": ("sales", "crm.web.entity.record.list_records", "/show/"),
    "titles read as the system": ("external_agent", "crm.web.entity.list.linked_titles", "/list/"),
    "a search read as the system": ("sales", "crm.web.search_pages.search_everywhere", "/search"),
    "a drop-down read as the system": ("sales", "crm.web.search_pages.search_everywhere", "/search/panel"),
    "a search over REST read as the system": (
        "sales",
        "crm.web.rest.search.search_everywhere",
        "/api/v1/search",
    ),
    "look-ups read as the system": ("sales", "crm.web.entity.lookups.find_hits", "/lookup/"),
    "an export read as the system": ("sales", "crm.reports.tables.export_rows", "/export/"),
}


@pytest.mark.parametrize("case", LEAKS, ids=lambda case: case.replace(" ", "-"))
def test_a_planted_leak_is_found(client, session_as, planted, monkeypatch, case):
    role, place, where = LEAKS[case]
    records = planted(role)
    reader = session_as(role)
    forbidden, schema = forbidden_words(reader, records), reader.workspace.schema
    reader.close()
    module, _, name = place.rpartition(".")
    monkeypatch.setattr(place, as_the_system(getattr(import_module(module), name)))
    assert leaks(client(role), (path for path in surfaces(schema, records) if where in path), forbidden)


def as_the_system(real: Any) -> Any:
    """Return a function that does the same past the guard: the mistake the tests must notice."""

    def leaking(session: Any, *rest: Any, **named: Any) -> Any:
        actor, session.actor = session.actor, SYSTEM
        try:
            found = real(session, *rest, **named)
            return list(found) if hasattr(found, "__next__") else found
        finally:
            session.actor = actor

    return leaking
