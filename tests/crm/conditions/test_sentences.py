"""What conditions say to people."""

from __future__ import annotations

from typing import Any

import pytest

from crm.conditions import say
from crm.entities.model import Schema
from crm.texts import LANGUAGES
from tests.crm.conditions.test_agreement import CONDITIONS, FORMULAS
from tests.crm.conditions.world import formula, tree

SAID: list[tuple[Any, str]] = [
    ({"field": "segment", "is_not": "large"}, "Segment is not Large"),
    ({"field": "segment", "is_one_of": ["large", "small"]}, "Segment is Large or Small"),
    ({"field": "revenue", "at_least": 1000}, "Revenue is at least €1,000.00"),
    ({"field": "born_on", "above": "2026-03-29"}, "Born on is after 29 Mar 2026"),
    ({"field": "seen_at", "older_than": "2 days"}, "Seen at is more than 2 days ago"),
    ({"field": "region.name", "contains": "x"}, "Name of Region contains “x”"),
    ({"none": [{"field": "name", "contains": "x"}]}, "Name does not contain “x”"),
    ({"field": "needs", "is": "price"}, "Needs include Price"),
    ({"field": "owner", "is": "my_team"}, "Owner is my team"),
    ({"count_of": "orders", "at_least": 2}, "number of Orders is at least 2"),
    (
        {"none_of": "orders", "where": [{"field": "state", "is": "paid"}, {"field": "total", "above": 5}]},
        "there are no Orders where State is Paid and Total is above €5.00",
    ),
    ({"formula": "revenue > 2 * (staff + 1)"}, "Revenue is above 2 × (Staff + 1)"),
    (
        {
            "any": [
                {"field": "staff", "is": 1},
                {"all": [{"field": "staff", "is": 2}, {"field": "name", "is": "x"}]},
            ]
        },
        "Staff is 1 or (Staff is 2 and Name is x)",
    ),
    ({"field": "segment", "changed_to": "large"}, "Segment has changed to Large"),
]


@pytest.mark.parametrize(("line", "sentence"), SAID)
def test_a_line_says_what_it_asks(world_schema: Schema, line: Any, sentence: str) -> None:
    customer = world_schema.entities["customer"]
    assert say(tree(world_schema, "customer", line), customer, world_schema, "en") == sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_can_be_said_in_every_language(world_schema: Schema, language: str) -> None:
    customer = world_schema.entities["customer"]
    for line, _ in CONDITIONS:
        assert say(tree(world_schema, "customer", line), customer, world_schema, language)
    for text, _ in FORMULAS:
        assert say(formula(world_schema, "customer", text), customer, world_schema, language)


def test_lists_are_joined_as_the_language_does_it(world_schema: Schema) -> None:
    node = tree(world_schema, "customer", {"field": "segment", "is_one_of": ["large", "small"]})
    said = [
        say(node, world_schema.entities["customer"], world_schema, language)
        for language in ("el", "ro", "he")
    ]
    assert ["Large ή Small" in said[0], "Large sau Small" in said[1], "Large או Small" in said[2]] == [
        True
    ] * 3
