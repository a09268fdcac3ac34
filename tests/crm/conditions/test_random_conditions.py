"""The proof: whatever the condition, the formula and the record, SQL and Python give the same."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

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


@CASES
@given(chance=st.randoms(use_true_random=False))
def test_random_conditions_select_the_same_records(population: Population, chance: random.Random) -> None:
    maker = Maker(chance)
    entity = maker.one("customer", "order", "region")
    found = [maker.line(entity) for _ in maker.some(2)]
    note(f"{entity}: {found}")
    population.world.both(population.session, tree(population.world.schema, entity, *found), entity)


@CASES
@given(chance=st.randoms(use_true_random=False))
def test_random_formulas_give_the_same_values(population: Population, chance: random.Random) -> None:
    maker = Maker(chance)
    entity = maker.one("customer", "order", "region")
    text = maker.formula(entity)
    note(f"{entity}: {text}")
    population.world.both(population.session, formula(population.world.schema, entity, text), entity)
