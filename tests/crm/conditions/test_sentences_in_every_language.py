"""Every operator, function and construct has words of its own in every language: nothing English is left over."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from crm.conditions import say
from crm.conditions.language.lines import AGGREGATES, GROUPS
from crm.conditions.operators import OPERATORS
from crm.conditions.python.functions import CALLS
from crm.conditions.tree.moments import UNITS
from crm.entities.model import Entity, Schema
from crm.messages.conditions import MESSAGES, PHRASES, SENTENCES
from crm.texts import LANGUAGES, Text, translate
from tests.crm.conditions.world import formula, tree

LATIN = re.compile("[A-Za-z]+")
NAMELESS = Text({"en": "◆"})
OTHERS = [language for language in LANGUAGES if language != "en"]

LINES: list[Any] = [
    {"field": "name", "is": "9"},
    {"field": "name", "is_not": "9"},
    {"field": "segment", "is_one_of": ["large", "small"]},
    {"field": "segment", "is_none_of": ["large", "small"]},
    {"field": "name", "is_empty": True},
    {"field": "name", "is_empty": False},
    *({"field": "revenue", operator: 9} for operator in ("above", "at_least", "below", "at_most")),
    *(
        {"field": "born_on", operator: "2026-03-29"}
        for operator in ("is", "above", "at_least", "below", "at_most")
    ),
    *({"field": "seen_at", operator: "2026-03-29 12:30"} for operator in ("is", "above", "below")),
    {"field": "revenue", "between": [1, 9]},
    {"field": "born_on", "between": ["2026-03-29", "2026-04-01"]},
    {"field": "name", "contains": "9"},
    {"field": "name", "starts_with": "9"},
    {"none": [{"field": "name", "contains": "9"}]},
    {"none": [{"field": "name", "starts_with": "9"}]},
    {"none": [{"field": "is_partner", "is": True}, {"field": "staff", "is": 9}]},
    {"none": [{"field": "staff", "above": 9}]},
    {"none": [{"formula": "rich"}]},
    {
        "any": [
            {"field": "staff", "is": 1},
            {"all": [{"field": "staff", "is": 2}, {"field": "name", "is": "9"}]},
        ]
    },
    {"field": "needs", "is": "price"},
    {"field": "needs", "is_not": "price"},
    {"field": "is_partner", "is": True},
    {"field": "is_partner", "is": False},
    {"field": "owner", "is": "me"},
    {"field": "owner", "is": "my_team"},
    {"field": "owner", "is": 7},
    {"field": "region", "is": 7},
    {"field": "region.name", "is": "9"},
    {"field": "created_at", "within_last": "2 days"},
    *(
        {"field": "seen_at", operator: f"{amount} {unit}"}
        for operator in ("older_than", "within_last", "within_next")
        for unit in UNITS
        for amount in (1, 2, 5)
    ),
    {"in_segment": "large"},
    {"none": [{"in_segment": "large"}]},
    {"field": "parent", "in_segment": "large"},
    {"none": [{"field": "parent", "in_segment": "large"}]},
    {"field": "name", "changed": True},
    {"field": "name", "changed": False},
    {"field": "segment", "changed_to": "large"},
    {"field": "segment", "changed_from": "large"},
    {"any_of": "orders"},
    {"none_of": "orders"},
    {"any_of": "parent.orders", "where": [{"field": "pieces", "is": 9}]},
    {"none_of": "orders", "where": [{"field": "pieces", "is": 9}]},
    {"count_of": "orders", "at_least": 3},
    {"count_of": "orders", "where": [{"field": "pieces", "is": 9}], "at_least": 3},
    {"sum_of": "orders.total", "below": 9},
    {"sum_of": "orders.total", "where": [{"field": "pieces", "is": 9}], "below": 9},
    {"field": "revenue", "above": "= staff * 2"},
    {"formula": "born_on in 1 to 3 months ago"},
    {"formula": "is_empty(name)"},
    {"formula": "rich"},
]
FORMULAS = [
    "if(rich, 1, 2)", "today()", "now()", "days_between(seen_at, today())", "add_days(today(), 3)",
    "hours_between(seen_at, now())", "add_hours(now(), 3) < seen_at", "add_minutes(seen_at, staff) < now()",
    "working_days_between(seen_at, today())", "add_working_hours(seen_at, 8, name) < now()", "year(born_on)",
    "month(born_on)", "round(revenue, 1)", "min(1, staff)", "max(1, staff)", "coalesce(staff, 1)",
    "concat(name, name)", "upper(name)", "lower(name)", "length(name)", "staff * 2 - staff / 3 + 1",
    "count_of(orders)", "sum_of(orders.total)", "count_of(orders, pieces > 1)", "sum_of(orders.total, pieces > 1)",
]  # fmt: skip


def nameless(schema: Schema) -> Schema:
    """Return a schema whose names are signs, so that every word of a sentence is ours."""
    parts = {
        name: type("Part", (), {**part.__dict__, "label": NAMELESS})
        for name, part in schema.parts["segment"].items()
    }
    entities = {name: nameless_entity(entity) for name, entity in schema.entities.items()}
    return replace(schema, entities=entities, parts={**schema.parts, "segment": parts})


def nameless_entity(entity: Entity) -> Entity:
    """Return an entity whose names are signs."""
    fields = {}
    for name, field in entity.fields.items():
        choices = field.options.get("choices", {})
        signs = {key: replace(choice, label=NAMELESS) for key, choice in choices.items()}
        options = {**field.options, **({"choices": signs} if signs else {})}
        fields[name] = replace(field, label=NAMELESS, options=options)
    inverses = {name: replace(inverse, label=NAMELESS) for name, inverse in entity.inverses.items()}
    return replace(entity, label=NAMELESS, plural=NAMELESS, fields=fields, inverses=inverses)


@pytest.fixture(scope="module")
def signs(world_schema: Schema) -> Schema:
    """The world without a word in it."""
    return nameless(world_schema)


@pytest.mark.parametrize("language", ["el", "he"])
def test_no_english_is_left_in_a_sentence(signs: Schema, language: str) -> None:
    customer = signs.entities["customer"]
    said = {json.dumps(line): say(tree(signs, "customer", line), customer, signs, language) for line in LINES}
    said |= {text: say(formula(signs, "customer", text), customer, signs, language) for text in FORMULAS}
    assert {asked: text for asked, text in said.items() if LATIN.search(text)} == {}


def test_no_english_is_left_in_a_romanian_sentence(signs: Schema) -> None:
    customer = signs.entities["customer"]
    for line in LINES:
        node = tree(signs, "customer", line)
        words = [
            set(LATIN.findall(say(node, customer, signs, language).lower())) for language in ("en", "ro")
        ]
        assert not words[0] & words[1] - {"mar", "apr", "pm", "este", "include", "total"}, line


def test_the_lines_above_have_every_operator_and_function() -> None:
    text = json.dumps(LINES)
    assert [name for name in (*OPERATORS, *GROUPS, *AGGREGATES) if f'"{name}"' not in text] == []
    written = " ".join((*FORMULAS, *(line["formula"] for line in LINES if "formula" in line)))
    assert [name for name in CALLS if f"{name}(" not in written and name != "day"] == []


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_of_conditions_is_translated(language: str) -> None:
    sentences = [*SENTENCES.values(), *PHRASES.values(), *MESSAGES.values()]
    same = [sentence for sentence in sentences if translate(sentence, language) == sentence]
    assert [sentence for sentence in same if LATIN.search(re.sub(r"%\(\w+\)s", "", sentence))] == []
