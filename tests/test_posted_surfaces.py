"""Nothing out of reach is in the answer to what is sent: redrawn forms, editors, saves, trials, refusals, drafts.

As `test_permission_surfaces.py`, whose planted words are looked for; what a role counts is compared as well.
"""

from __future__ import annotations

import copy
import io
import json
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from crm.drafts import service
from crm.imports import lease, work
from crm.imports.service import import_settings
from tests.test_permission_matrix import ROLES
from tests.test_permission_surfaces import as_the_system, forbidden_words, leaks, planted, words_of  # noqa: F401

pytestmark = pytest.mark.slow

Records = dict[str, dict[int, dict[str, str]]]
Sent = tuple[str, dict[str, Any]]
POINTING = ("reference", "references")


class Sender:
    """Makes requests as the pages of a signed-in browser send them."""

    def __init__(self, browser: Any, bearer: dict[str, str]) -> None:
        self.token, self.bearer = browser.token("/profile/"), bearer

    def form(self, path: str, **data: Any) -> Sent:
        return path, {"method": "POST", "data": {**data, "csrf_token": self.token}}

    def json(self, method: str, path: str, body: Any) -> Sent:
        """Return a call of the API, its body in its own order: the first key of a document says its kind."""
        headers = {"X-CSRFToken": self.token, "Content-Type": "application/json", **self.bearer}
        return path, {"method": method, "data": json.dumps(body), "headers": headers}


def posts(sender: Sender, schema: Any, records: Records, configures: bool) -> Iterator[Sent]:
    """Yield what is sent to everything that answers with data of records."""
    for name, own in records.items():
        pointers = [field for field in schema.entities[name].fields.values() if field.type in POINTING]
        for place, record_id in enumerate(own):
            ties = {
                field.name: list(records[field.options["to"]])[place]
                for field in pointers
                if field.options["to"] in records
            }
            yield sender.form(f"/{name}/add?_refresh=1", **ties)
            yield sender.form(f"/{name}/edit/{record_id}?_refresh=1", **ties)
            yield sender.json("PUT", f"/api/v1/{name}/{record_id}", {})
            yield sender.json("PUT", f"/api/v1/{name}/{record_id}", {"nothing": 1})
            yield sender.json("POST", f"/api/v1/{name}/", ties)
            yield sender.form(f"/{name}/board/", id=record_id, to="nowhere")
            yield sender.form(f"/{name}/set/{record_id}/nothing", value="1")
            for field, number in list(ties.items())[:1]:
                line = {
                    "if": "",
                    "if/0": "field",
                    "if/0.p": field,
                    "if/0.o": "is",
                    "if/0.c": "record",
                    "if/0.v": number,
                }
                yield sender.form(f"/{name}/filter", **line, _conditions="redraw:if")
                yield sender.form(f"/conditions/{name}?name=if", **line)
                if configures:
                    yield sender.form(f"/admin/conditions/{name}?name=if&draft=mine", **line)
        ids = list(own)
        yield sender.form(f"/{name}/bulk", _action="edit", rowid=ids)
        yield sender.form(f"/{name}/bulk", _action="edit", _field="name", name="x", _step="check", rowid=ids)
        yield sender.json("POST", f"/api/v1/{name}/bulk", {"ids": ids, "values": {"nothing": 1}})
        yield sender.json("POST", f"/api/v1/{name}/{ids[0]}/restore", {})
        yield sender.form(f"/{name}/bulk", _action="merge", rowid=ids)
        yield sender.json("POST", f"/api/v1/{name}/merge", {"into": ids[0], "from": ids[1:]})
        yield sender.form(f"/{name}/bulk", _action="delete", rowid=ids[1:])
        yield sender.form(f"/{name}/bulk", _action="delete", _step="run", rowid=ids[1:])


def of_configuration(sender: Sender, schema: Any, records: Records) -> Iterator[str | Sent]:
    """Yield what those who configure ask of a draft that fits nothing that is stored, and of rules."""
    documents = [copy.deepcopy(dict(found.body)) for found in schema.documents]
    for body in documents:
        if next(iter(body)) == "entity":
            unfit(body)
    yield "/admin/schema/draft/"
    yield sender.json("POST", "/api/v1/schema/diff", {"documents": documents})
    yield sender.json("POST", "/api/v1/schema/publish", {"documents": documents})
    yield sender.json("POST", "/api/v1/schema/rollback", {"number": 1, "dry_run": True})
    for name, own in records.items():
        for rule in schema.parts["rule"].values():
            if rule.entity == name:
                asked = ({"record": number} for number in own)
                yield from (sender.json("POST", f"/api/v1/rule/{rule.name}/try", body) for body in asked)
    yield "/admin/schema/customer/fields/city/type?type=integer"
    yield from (f"/admin/rules/{name}/" for name in schema.parts["rule"])


def unfit(body: dict) -> dict:
    """Ask of an entity's texts to be numbers, but for those that its own declarations want to be texts."""
    wanted = {name for key, part in body.items() if key != "fields" and isinstance(part, dict) for name in part.values()
              if isinstance(name, str)}  # fmt: skip
    for name, field in body["fields"].items():
        if name not in wanted and field["type"] in ("text", "long_text") and not field.get("pattern"):
            kept = {key: field[key] for key in ("label", "required") if key in field}
            field.clear()
            field.update({"type": "integer", **kept})
    return body


def miscounted(browser: Any, sender: Sender, records: Records, forbidden: set[str]) -> list[tuple[str, str]]:
    """Return every condition on a word out of reach that counts a record all the same; a word of each record."""
    found = []
    for name, own in records.items():
        for words in own.values():
            for field, word in list(words.items())[:1] if forbidden.issuperset(words.values()) else ():
                line = {
                    "if": "",
                    "if/0": "field",
                    "if/0.p": field,
                    "if/0.o": "is",
                    "if/0.c": "text",
                    "if/0.v": word,
                }
                path, sent = sender.form(f"/conditions/{name}?name=if", **line)
                counted = re.search(
                    r"([\d,]+\+?) results?", browser.open(path, **sent).get_data(as_text=True)
                )
                found += [(path, word)] if counted and counted[1] == "1" else []
    return found


class Attempt:
    """A role's browser, the words it must not meet, and all that it sends."""

    def __init__(self, client: Any, session_as: Any, records: Records, role: str) -> None:
        reader = session_as(role)
        self.records, self.forbidden = records, forbidden_words(reader, records)
        schema, configures = reader.workspace.schema, reader.actor.may_configure
        for name in schema.entities if configures else ():
            service.edit_document(reader, "entity", name, unfit)
        reader.commit()
        reader.close()
        self.browser = client(role)
        self.sender = Sender(self.browser, client().api_token(role) if configures else {})
        self.sent = list(of_configuration(self.sender, schema, records)) if configures else []
        self.sent += posts(self.sender, schema, records, configures)

    def leaks(self, where: str = "") -> list[tuple[str, str]]:
        """Return what the answers show, those of some addresses or all."""
        sent = [one for one in self.sent if where in (one if isinstance(one, str) else one[0])]
        assert sent
        return leaks(self.browser, sent, self.forbidden)

    def miscounted(self) -> list[tuple[str, str]]:
        """Return what is counted although it is out of reach."""
        return miscounted(self.browser, self.sender, self.records, self.forbidden)


@pytest.mark.parametrize("role", ROLES)
def test_no_answer_shows_what_is_out_of_reach(client, session_as, planted, role):  # noqa: F811
    attempt = Attempt(client, session_as, planted(role), role)
    assert attempt.miscounted() == []
    assert attempt.leaks() == []


@pytest.mark.parametrize("database_kind", ["postgresql"])
@pytest.mark.parametrize("role", ["external_agent", "configurator"])
def test_no_answer_shows_it_on_the_other_database(client, session_as, planted, role, database_kind):  # noqa: F811
    attempt = Attempt(client, session_as, planted(role), role)
    assert attempt.miscounted() == []
    assert attempt.leaks() == []


def test_who_sees_everything_meets_the_words(client, session_as, planted):  # noqa: F811
    records = planted("sales")
    attempt = Attempt(client, session_as, records, "admin")
    attempt.forbidden = {
        word for own in records.values() for words in own.values() for word in words.values()
    }
    assert attempt.miscounted()
    for where in ("add?_refresh", "edit/", "/conditions/", "/filter", "/admin/conditions/", "/schema/draft/",
                  "/schema/publish", "/type?type"):  # fmt: skip
        assert attempt.leaks(where), where


LEAKS = {
    "titles in a redrawn form": ("external_agent", "crm.web.entity.form.linked_titles", "add?_refresh"),
    "titles in an editor": ("external_agent", "crm.web.conditions.pages.titles_by_id", "/conditions/"),
    "titles in a filter": ("external_agent", "crm.web.conditions.pages.titles_by_id", "/filter"),
    "titles in an editor of a draft": ("configurator", "crm.web.conditions.pages.titles_by_id", "/admin/conditions"),
    "a saved record read as the system": ("external_agent", "crm.web.rest.entity.update_record", "/api/v1/customer/"),
    "values that do not fit a draft": ("configurator", "crm.web.schema.impact._readable", "/schema/draft/"),
    "values that do not fit a trial of a type": ("configurator", "crm.web.schema.impact._readable", "/type?type"),
}  # fmt: skip


@pytest.mark.parametrize("case", LEAKS, ids=lambda case: case.replace(" ", "-"))
def test_a_planted_leak_is_found(client, session_as, planted, monkeypatch, case):  # noqa: F811
    role, place, where = LEAKS[case]
    attempt = Attempt(client, session_as, planted(role), role)
    module, _, name = place.rpartition(".")
    monkeypatch.setattr(place, as_the_system(getattr(import_module(module), name)))
    if (
        module == "crm.web.schema.impact"
    ):  # the second guard of two: the first takes out what is not the publisher's
        monkeypatch.setattr("crm.revisions.publish.TELL_IMPACT", [])
    assert attempt.leaks(where)


def test_a_count_of_everything_is_found(client, session_as, planted, monkeypatch):  # noqa: F811
    attempt = Attempt(client, session_as, planted("external_agent"), "external_agent")
    from crm.web.conditions import pages

    monkeypatch.setattr(pages, "count_up_to", as_the_system(pages.count_up_to))
    assert attempt.miscounted()


def test_values_told_to_a_publisher_are_found(client, session_as, planted, monkeypatch):  # noqa: F811
    attempt = Attempt(client, session_as, planted("configurator"), "configurator")
    monkeypatch.setattr("crm.revisions.publish.told_to", lambda _connection, _who, problems: list(problems))
    assert attempt.leaks("/schema/publish")


def test_the_check_of_an_import_shows_no_record_out_of_reach(client, session_as, planted, engine, settings):  # noqa: F811
    records = planted("sales")
    attempt = Attempt(client, session_as, records, "sales")
    own = [words for words in records["deal"].values() if not attempt.forbidden & set(words.values())]
    names = [words["name"] for words in records["deal"].values()]
    sheet = "\n".join(["Name;Next step", *(f"{name};call" for name in names)]).encode()
    options = json.dumps(
        {"entity": "deal", "mode": "upsert", "key": ["name"], "map": {"Next step": "next_step"}}
    )
    sent = {"file": (io.BytesIO(sheet), "deals.csv"), "options": options}
    asked = client().post("/api/v1/import/", data=sent, headers=client().api_token("sales"))
    assert asked.status_code == 202, asked.text
    batch = asked.json["batch"]
    work.check_batch(lease.ImportWorkshop(engine, import_settings(settings)), batch)
    page = attempt.browser.get(f"/import/{batch}").text
    assert own and all(words["next_step"] in page for words in own)
    assert not [word for word in attempt.forbidden - set(names) if word in page]
