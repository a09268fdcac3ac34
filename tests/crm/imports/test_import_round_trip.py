"""Our own export is our own import, unchanged: every entity, language, role and kind of file."""

from __future__ import annotations

import copy
import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crm.database import CrmSession
from crm.demo.load import load_demo
from crm.entities.load import documents_from_json
from crm.fields.base import Situation
from crm.imports import service, work
from crm.imports.options import Options
from crm.kept_problems import decode_problems
from crm.permissions import store
from crm.permissions.model import Actor
from crm.records.listing import ListQuery
from crm.records.service import create_record
from crm.reports.tables import write_export
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.texts import LANGUAGES
from tests.conftest import find_actor
from tests.crm.imports.bench import Workshop, shop_in
from tests.crm.records.rotating import open_system

KINDS = ("xlsx", "csv")


def round_trip(
    open_as: Callable[[], CrmSession], workshop: Workshop, entity_name: str, kind: str, folder: Path
) -> tuple[dict[str, int], list[Any]]:
    """Export an entity and import the file as it is; return the counts, and the rows that are not unchanged."""
    path = folder / f"export.{kind}"
    with open_as() as session:
        entity = session.workspace.schema.entities[entity_name]
        count = write_export(session, entity, ListQuery(), path)
    if not count:
        return {}, []
    with open_as() as session:
        entity = session.workspace.schema.entities[entity_name]
        source = BytesIO(path.read_bytes())
        batch_id = service.start_import(session, workshop.shop.settings, entity, source, path.name, Options())
        session.commit()
    assert work.check_batch(workshop.shop, batch_id)
    batch = workshop.batch(batch_id)
    assert batch["state"] == "checked", batch["problem"]
    rows = [
        (row.number, row.action, row.content, decode_problems(row.problems))
        for row in workshop.rows(batch_id)
        if row.action != "unchanged"
    ]
    return {"written": count, "unchanged": batch["unchanged"]}, rows


class House:
    """The demo's records, and sessions of anybody in any language."""

    def __init__(self, engine: sa.Engine, workspace: Any, folder: Path) -> None:
        self.engine, self.workspace, self.folder = engine, workspace, folder
        self.users = {}

    def actor(self, username: str, language: str) -> Actor:
        found = find_actor(self.engine, self.workspace, username)
        return type(found)(**{**found.__dict__, "language": language})

    def trip(self, username: str, language: str, entity: str, kind: str) -> tuple[dict[str, int], list[Any]]:
        shop = shop_in(self.engine, self.folder / "files")
        with self.engine.begin() as connection:  # the worker speaks the language of the user's profile
            store_language(connection, username, language)
        actor = self.actor(username, language)

        def open_as() -> CrmSession:
            session = CrmSession(self.workspace.bind(self.engine))
            session.workspace, session.actor = self.workspace, actor
            return session

        return round_trip(open_as, Workshop(shop, lambda *_who: open_as()), entity, kind, self.folder)


def store_language(connection: sa.Connection, username: str, language: str) -> None:
    """Write the language a user has chosen."""
    user_id = connection.scalar(sa.select(store.USERS.c.id).where(store.USERS.c.username == username))
    connection.execute(sa.delete(store.profile).where(store.profile.c.user_id == user_id))
    connection.execute(sa.insert(store.profile).values(user_id=user_id, language=language))


@pytest.fixture
def house(engine, workspace, tmp_path, begin_at) -> House:
    begin_at(f"{__name__}.demo", lambda: load_demo(engine, 8))
    return House(engine, workspace, tmp_path)


def entities_of(house: House, username: str) -> list[str]:
    """Return the entities that somebody may export, import and change."""
    actor = house.actor(username, "en")
    needed = {"read", "export", "import", "update"}
    return [name for name in house.workspace.schema.entities if needed <= set(actor.rights(name).can)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_entity_comes_back_unchanged_in_every_language(house, language):
    wrong = {}
    for place, entity in enumerate(entities_of(house, "admin")):
        for kind in KINDS if language == "el" else (KINDS[(place + LANGUAGES.index(language)) % 2],):
            counts, rows = house.trip("admin", language, entity, kind)
            if rows or counts.get("written") != counts.get("unchanged"):
                wrong[entity, kind] = (counts, rows[:2])
    assert wrong == {}


def test_every_entity_comes_back_unchanged_for_every_user(house):
    wrong, tried = {}, set()
    with house.engine.connect() as connection:
        names = list(connection.scalars(sa.select(store.USERS.c.username).order_by(store.USERS.c.id)))
    for place, username in enumerate(names):
        roles = frozenset(house.actor(username, "en").roles)
        if roles in tried:
            continue
        tried.add(roles)
        for number, entity in enumerate(entities_of(house, username)):
            kind, language = KINDS[(place + number) % 2], LANGUAGES[(place + number) % 4]
            counts, rows = house.trip(username, language, entity, kind)
            if rows or counts.get("written") != counts.get("unchanged"):
                wrong[username, entity, kind] = (counts, rows[:2])
    assert wrong == {} and len(tried) > 3


PIECES = (
    "=1+1", "'=1+1", "''=2", "-5", "+30 210 1234567", "@x", " ", "'", '"', ";", ",", "|", "\n", "a\nb", "_x0041_",
    "0012", "1.234", "1,5", "TRUE", "#N/A", "2026-01-02", "Άλφα", "ΑΛΦΑ", "שלום", "\u00a0", "\U0001f600", "^", "#17",
    "x" * 40, "é", "\t", "\u2028", "sep=;", "﷽", "%", "null", "1e5", "a\n" * 30,
)  # fmt: skip
COMMA = {
    "one": "Red, light", "two": "Red", "three": "light", "four": "Same", "five": "Same", "six": "a; b",
    "seven": "Ναι, όχι",
}  # fmt: skip
FIELDS: dict[str, Any] = {
    "number": {"type": "text", "label": "Number"},
    "title": {"type": "text", "label": "Title"},
    "mail": {"type": "email", "label": "E-mail"},
    "e_mail": {"type": "text", "label": "Email"},
    "share": {"type": "percent", "label": "%"},
    "reason": {"type": "text", "label": "# Reason"},
    "id_text": {"type": "text", "label": "Number (id)"},
    "notes": {"type": "long_text"},
    "count": {"type": "integer"},
    "weight": {"type": "decimal", "places": 3},
    "exact": {"type": "decimal", "places": 9},
    "amount": {"type": "money"},
    "day": {"type": "date"},
    "at": {"type": "datetime"},
    "is_sure": {"type": "boolean"},
    "stars": {"type": "rating"},
    "colour": {"type": "choice", "choices": COMMA},
    "colours": {"type": "choices", "choices": COMMA},
    "tags": {"type": "tags"},
    "phone": {"type": "phone"},
    "place": {"type": "location"},
    "owner": {"type": "user"},
    "parent": {"type": "reference", "to": "thing"},
    "others": {"type": "references", "to": "thing"},
    "twice": {"type": "formula", "formula": "count * 2", "of": "integer"},
}


def wicked_values(chance: random.Random, numbers: list[int], users: list[int]) -> dict[str, Any]:
    """Return values of one record, most of them awkward in a file; some are left empty."""

    def text(most: int = 4) -> str:
        return "".join(chance.choice(PIECES) for _ in range(chance.randint(0, most)))

    moment = dt.datetime(1890, 1, 1) + dt.timedelta(seconds=chance.randrange(6_000_000_000))
    twice = dt.datetime(2026, 10, 25, chance.choice((0, 1)), chance.randrange(60), 7)  # in Athens
    digits = chance.choice((2, 6, 12, 17))
    found = {
        "number": text(), "title": chance.choice(("Twin", text())), "e_mail": text(), "reason": text(),
        "id_text": text(), "mail": "x@example.org", "notes": text(20) * chance.choice((1, 1, 1, 900)),
        "share": f"{chance.randrange(100_000)}e-2",
        "count": chance.choice((0, -5, 2**60 + 1, 10**15, chance.randrange(10**9))),
        "weight": f"{chance.randrange(-(10**9), 10**9)}e-3",
        "exact": f"{chance.randrange(10**digits)}e-9", "amount": f"{chance.randrange(10**digits)}e-2",
        "day": moment.date().isoformat(), "at": chance.choice((moment, twice)).isoformat() + "Z",
        "is_sure": chance.choice((True, False)), "stars": chance.randint(1, 5),
        "colour": chance.choice(list(COMMA)), "colours": chance.sample(list(COMMA), 3),
        "tags": [word for word in ("a", "Δύο", "-x", "=y") if chance.random() < 0.5],
        "phone": "+30 210 1234567", "place": "37.98381,23.72754", "owner": chance.choice(users),
        "parent": chance.choice([None, *numbers]), "others": chance.sample(numbers, min(len(numbers), 3)),
    }  # fmt: skip
    for name in ("share", "weight", "exact", "amount"):
        found[name] = format(Decimal(found[name]), "f")
    return {name: value for name, value in found.items() if chance.random() < 0.85}


@pytest.fixture
def wicked(engine, tmp_path, begin_at) -> House:
    """An entity with alike labels and every kind of value, beside the shipped ones."""
    begin_at(__name__, lambda: make_wicked(engine))
    return House(engine, get_workspace(engine), tmp_path)


def make_wicked(engine) -> None:
    bodies = [dict(document.body) for document in get_workspace(engine).schema.documents]
    thing = {"entity": "thing", "label": "Thing", "title": "{title}", "fields": copy.deepcopy(FIELDS)}
    publish_schema(engine, documents_from_json([*bodies, thing]), "Wicked")
    with engine.begin() as connection:
        connection.execute(
            sa.update(store.USERS).values(first_name="Νίκος", last_name="ΆΡΗΣ")
        )  # all are called alike
        users = list(connection.scalars(sa.select(store.USERS.c.id)))
    chance = random.Random(engine.dialect.name)  # noqa: S311 - cases that can be seen again
    with open_system(engine) as session:
        entity, numbers = session.workspace.schema.entities["thing"], []
        while len(numbers) < 60:
            values = wicked_values(chance, numbers, users)
            numbers.append(create_record(session, entity, values, Situation(source="api")).id)
        session.commit()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_awkward_values_under_alike_labels_come_back_unchanged(wicked, kind, language):
    counts, rows = wicked.trip("admin", language, "thing", kind)
    assert (counts, rows[:3]) == ({"written": 60, "unchanged": 60}, [])


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_exported_can_be_created_anew_elsewhere(wicked, kind):
    path = wicked.folder / f"export.{kind}"
    with open_system(wicked.engine) as session:
        entity = session.workspace.schema.entities["thing"]
        values = {
            "title": "=1+1", "reason": "'-5", "notes": "+30 210", "e_mail": "a_x0041_b", "weight": "1.234",
            "exact": "12345678.123456789", "count": 2**60 + 1, "day": "1821-03-25", "share": "0.25",
            "at": "2026-10-25T01:30:00Z", "colours": ["two", "three"], "colour": "five", "tags": ["=a", "b"],
        }  # fmt: skip
        first = create_record(session, entity, values, Situation(source="api")).id
        session.commit()
        write_export(session, entity, ListQuery(({"field": "id", "is": first},)), path)
    shop = shop_in(wicked.engine, wicked.folder / "files")
    with open_system(wicked.engine) as session:
        source, told = BytesIO(path.read_bytes()), Options(mode="create")
        batch_id = service.start_import(session, shop.settings, entity, source, path.name, told)
        session.commit()
    assert work.check_batch(shop, batch_id)
    workshop = Workshop(shop, lambda *_who: open_system(wicked.engine))
    assert workshop.apply(batch_id)["created"] == 1, workshop.rows(batch_id)
    with open_system(wicked.engine) as session:
        cls = session.workspace.models["thing"]
        old, new = (
            session.get(cls, number) for number in (first, session.scalar(sa.select(sa.func.max(cls.id))))
        )
        assert new.id != old.id
        assert {name: getattr(new, name) for name in values} == {name: getattr(old, name) for name in values}
