"""The demo data: believable, valid, the same for the same seed, and written with its history."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from functools import cache
from pathlib import Path

import phonenumbers
import pytest
import sqlalchemy as sa
import yaml
from flask_appbuilder.security.sqla.models import User
from sqlalchemy.orm import Session
from stdnum.gr import vat as greek
from stdnum.il import hp as israeli
from stdnum.ro import cui as romanian
from werkzeug.security import check_password_hash

from crm.demo import load_demo
from crm.demo.make import Maker
from crm.demo.model import Piece
from crm.demo.users import DEMO_USERS
from crm.demo.write import MEANT
from crm.events import event
from crm.records.journal import change
from crm.records.prepare import clean_values
from crm.revisions.workspace import Workspace
from tests.seed import PASSWORD

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
DAY = dt.date(2026, 11, 20)
MIDNIGHT = dt.datetime.combine(DAY, dt.time())
TAX_NUMBERS = {"GR": greek, "RO": romanian, "IL": israeli}
SCRIPTS = {"GR": ("α", "ω"), "IL": ("א", "ת")}
"""The first and last letter of a country's own script."""


@pytest.fixture(scope="module")
def pieces() -> list[Piece]:
    return make(120, seed=1)


def make(customers: int, seed: int) -> list[Piece]:
    return [piece for pieces in Maker(DAY, seed).customers(customers) for piece in pieces]


def of(pieces: list[Piece], entity: str) -> list[Piece]:
    return [piece for piece in pieces if piece.entity == entity]


@cache
def declared(entity: str) -> dict:
    return yaml.safe_load((SCHEMAS / "entities" / f"{entity}.yaml").read_text("utf-8"))["fields"]


def told(pieces: list[Piece]) -> list[tuple]:
    return [(piece.entity, piece.at, piece.by, piece.final()) for piece in pieces]


def test_two_runs_with_the_same_seed_agree(pieces: list[Piece]) -> None:
    assert told(make(120, seed=1)) == told(pieces)


def test_another_seed_gives_other_customers(pieces: list[Piece]) -> None:
    assert told(make(120, seed=2)) != told(pieces)


def test_a_customer_does_not_depend_on_how_many_are_made(pieces: list[Piece]) -> None:
    assert told(make(10, seed=1)) == told(pieces)[: len(make(10, seed=1))]


def test_tax_numbers_have_valid_check_digits(pieces: list[Piece]) -> None:
    numbers = [(piece.values["country"], piece.values["tax_id"]) for piece in of(pieces, "customer")]
    given = [(country, number) for country, number in numbers if number]
    assert len(given) > 60
    assert [found for found in given if not TAX_NUMBERS[found[0]].is_valid(found[1])] == []


def test_telephones_are_valid_numbers_of_the_country(pieces: list[Piece]) -> None:
    wrong = []
    for piece in [*of(pieces, "customer"), *of(pieces, "contact")]:
        for number in filter(None, (piece.values.get("phone"), piece.values["mobile"])):
            if not phonenumbers.is_valid_number(phonenumbers.parse(number)):
                wrong.append(number)
    assert wrong == []


def test_addresses_lead_nowhere_and_are_written_in_latin_letters(pieces: list[Piece]) -> None:
    mails = [piece.values["email"] for piece in [*of(pieces, "customer"), *of(pieces, "contact")]]
    assert [mail for mail in mails if not (mail.isascii() and mail.endswith(".example.org"))] == []


def test_names_are_written_in_the_script_of_the_country(pieces: list[Piece]) -> None:
    for piece in of(pieces, "customer"):
        first, last = SCRIPTS.get(piece.values["country"], ("a", "z"))
        assert any(first <= letter <= last for letter in piece.values["name"].lower()), piece.values["name"]


def test_only_declared_fields_and_choices_are_filled(pieces: list[Piece]) -> None:
    for piece in [*pieces, *Maker(DAY, 1).catalogue.pieces]:
        fields = declared(piece.entity)
        assert set(piece.final()) | set(piece.links) | set(piece.people) <= set(fields)
        for name, value in piece.final().items():
            choices = fields[name].get("choices")
            chosen = value if isinstance(value, tuple) else (value,)
            assert not choices or value is None or set(chosen) <= set(choices), (piece.entity, name, value)


def test_every_value_is_what_a_form_would_store(pieces: list[Piece], workspace: Workspace) -> None:
    for piece in [*pieces, *Maker(DAY, 1).catalogue.pieces]:
        entity = workspace.schema.entities[piece.entity]
        values = {name: value for name, value in piece.final().items() if value is not None}
        clean, problems = clean_values(entity, values, MEANT)
        assert (problems, repr(clean)) == ([], repr(values)), piece.entity


@pytest.mark.parametrize(("entity", "field"), [("deal", "stage"), ("complaint", "status")])
def test_records_move_only_where_the_schema_lets_them(pieces: list[Piece], entity: str, field: str) -> None:
    moves = declared(entity)[field]["next"]
    for piece in of(pieces, entity):
        steps = [piece.values[field], *(values[field] for _at, values, _by in piece.later)]
        for before, after in zip(steps, steps[1:], strict=False):
            assert after in moves[before]


def test_nothing_happened_in_the_future(pieces: list[Piece]) -> None:
    moments = [piece.at for piece in pieces] + [at for piece in pieces for at, _values, _by in piece.later]
    assert max(moments) < MIDNIGHT
    for piece in pieces:
        assert [piece.at, *(at for at, _values, _by in piece.later)] == sorted(
            [piece.at, *(at for at, _values, _by in piece.later)]
        )


def test_records_refer_to_what_was_there_before(pieces: list[Piece]) -> None:
    late = [(piece.entity, name) for piece in pieces for name, to in piece.links.items() if to.at > piece.at]
    assert late == []


def test_stages_ages_and_ends_are_spread(pieces: list[Piece]) -> None:
    stages = Counter(piece.final()["stage"] for piece in of(pieces, "deal"))
    assert set(stages) == set(declared("deal")["stage"]["choices"])
    ends = [piece.values["ends_on"] for piece in of(pieces, "contract")]
    assert min(ends) < DAY < max(ends)
    waiting = [piece for piece in of(pieces, "complaint") if piece.final()["status"] == "open"]
    assert any(piece.at < MIDNIGHT - dt.timedelta(days=2) for piece in waiting)


@pytest.fixture
def filled(engine: sa.Engine, workspace: Workspace) -> tuple[sa.Engine, Workspace]:
    """A database with the shipped schema and the demo data of 25 customers."""
    load_demo(engine, customers=25, day=DAY)
    return engine, workspace


def test_the_demo_data_is_written_with_its_history(filled: tuple[sa.Engine, Workspace]) -> None:
    engine, workspace = filled
    made = make(25, seed=1)
    with Session(engine) as session:
        for entity, count in Counter(piece.entity for piece in made).items():
            cls = workspace.models[entity]
            assert session.scalar(sa.select(sa.func.count()).select_from(cls)) == count, entity
        updates = sum(len(piece.later) for piece in made)
        rows = session.execute(sa.select(change.c.kind, sa.func.count()).group_by(change.c.kind)).all()
        assert dict(map(tuple, rows)) == {"created": len(made) + 24, "updated": updates}
        assert session.scalar(sa.select(sa.func.max(change.c.at))) < MIDNIGHT
        assert not session.scalar(sa.select(sa.func.count()).where(event.c.state == "waiting"))


def test_demo_users_sign_in_with_the_admins_password_and_have_their_role(
    filled: tuple[sa.Engine, Workspace],
) -> None:
    with Session(filled[0]) as session:
        users = {user.username: user for user in session.scalars(sa.select(User))}
        assert {person.name: [person.role] for person in DEMO_USERS} == {
            person.name: [role.name for role in users[person.name].roles] for person in DEMO_USERS
        }
        assert check_password_hash(users["eleni"].password, PASSWORD)


def test_a_second_load_adds_customers_and_keeps_the_catalogue(filled: tuple[sa.Engine, Workspace]) -> None:
    engine, workspace = filled
    load_demo(engine, customers=5, day=DAY)
    with Session(engine) as session:
        count = {
            name: session.scalar(sa.select(sa.func.count()).select_from(workspace.models[name]))
            for name in ("customer", "product")
        }
    assert count == {"customer": 30, "product": 14}
