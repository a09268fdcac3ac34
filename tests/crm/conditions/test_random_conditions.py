"""The proof: whatever the condition, the formula and the record, SQL and Python give the same."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from crm.conditions import Scope
from tests.crm.conditions.random_conditions import Maker, populate
from tests.crm.conditions.world import World, formula, tree

CASES = settings(
    max_examples=int(
        os.environ.get("KOINE_CASES", "75")
    ),  # of each test, for each database and set of records
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


@dataclass
class Population:
    """Random records in a database, and the session that reads them."""

    world: World
    session: Session


@pytest.fixture(params=[1, 2])
def population(world: World, records: Session, request: pytest.FixtureRequest) -> Iterator[Population]:
    """Random records, two different sets."""
    populate(world, records, request.param)
    yield Population(world, records)


ZONES = (
    "Europe/Athens",
    "Europe/Bucharest",
    "Asia/Jerusalem",
    "America/New_York",
    "Australia/Lord_Howe",
    "UTC",
)
NOWS = (
    "2026-03-30 09:30", "2026-03-29 00:59", "2026-03-29 01:00", "2026-03-27 00:30", "2026-10-25 00:30",
    "2026-10-25 01:30", "2026-12-31 22:30", "2028-02-29 12:00",
)  # fmt: skip


def some_scope(world: World, maker: Maker) -> Scope:
    """Return somebody who asks somewhere, on days when clocks change more often than not."""
    now = dt.datetime.fromisoformat(maker.one(*NOWS))
    return world.scope(time_zone=ZoneInfo(maker.one(*ZONES)), now=now)


@CASES
@given(chance=st.randoms(use_true_random=False))
def test_random_conditions_select_the_same_records(population: Population, chance: random.Random) -> None:
    maker = Maker(chance)
    entity = maker.one("customer", "order", "region")
    found = [maker.line(entity) for _ in maker.some(2)]
    scope = some_scope(population.world, maker)
    note(f"{entity}: {found} {scope.time_zone} {scope.now}")
    population.world.both(population.session, tree(population.world.schema, entity, *found), entity, scope)


@CASES
@given(chance=st.randoms(use_true_random=False))
def test_random_formulas_give_the_same_values(population: Population, chance: random.Random) -> None:
    maker = Maker(chance)
    entity = maker.one("customer", "order", "region")
    text = maker.formula(entity)
    scope = some_scope(population.world, maker)
    note(f"{entity}: {text} {scope.time_zone} {scope.now}")
    population.world.both(population.session, formula(population.world.schema, entity, text), entity, scope)
