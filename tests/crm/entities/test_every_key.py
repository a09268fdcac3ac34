"""Every key of every kind of document has an example that is published and tested: a new key without one fails here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import wire
from crm.entities.json_schema import json_schemas
from crm.entities.load import build_schema, load_document, load_documents
from crm.texts import LANGUAGES

wire()
DOCUMENTS = load_documents(Path("schemas"))[0]
TESTS = Path("tests")
ELSEWHERE = {
    "dashboard.cards.*.kpi.measure.label": (
        "crm/entities/test_every_key.py::test_a_number_is_called_as_its_measure_where_it_has_no_label"
    ),
    "entity.calendar.title": "crm/web/test_calendar.py::test_the_title_is_the_field_that_the_calendar_names",
    "entity.calendar.to": "crm/web/test_calendar.py::test_a_record_that_lasts_is_on_each_of_its_days_and_only_on_those",
    "entity.fields.*.before": "crm/fields/test_field_dates.py::test_limits_exclude_the_day_itself",
    "entity.fields.*.currency_field": "crm/fields/test_field_numbers.py::test_currency_of_another_field_decides",
    "entity.fields.*.encrypted": (
        "crm/records/test_encrypted_fields.py::test_every_type_that_can_be_encrypted_comes_back"
    ),
    "entity.fields.*.over": (
        "crm/permissions/test_guard.py::test_a_summary_counts_only_the_children_the_actor_may_see"
    ),
    "entity.fields.*.result": "crm/fields/test_field_computed.py::test_formula_of_money_is_money",
    "entity.fields.*.was": (
        "crm/revisions/test_former_names.py::"
        "test_two_fields_that_exchange_their_names_in_one_publish_keep_their_own_history"
    ),
    "entity.was": "crm/web/test_laid_over.py::test_a_renamed_entity_does_not_stay_beside_itself",
    "entity.form.*.columns": "crm/web/test_entity_manager.py::test_a_section_stands_in_one_column_or_two",
    "entity.if_same": (
        "crm/web/test_duplicates.py::"
        "test_rest_tells_a_reader_nothing_of_what_is_out_of_reach_but_that_it_is_there"
    ),
    "report.measures.*.max": "crm/reports/test_drill_down.py::test_marks_of_two_groups_and_of_amounts_lead_there_too",
}
"""The test that shows the effect of a key which no shipped document uses."""
UNSHOWN = {
    *("entity.color", "report.help", "report.measures.*.min"),
    *(f"report.group_by.*.{period}" for period in ("day", "week", "quarter", "year")),
    *(f"dashboard.cards.*.kpi.measure.{key}" for key in ("avg", "max", "min", "share")),
    *(f"rule.{key}" for key in ("if_missed", "priority", "stop_after", "time_zone")),
    *(
        f"entity.fields.*.{key}"
        for key in (
            *(
                "accept",
                "history",
                "kind",
                "many",
                "max_mb",
                "only",
                "only_role",
                "read_only",
                "read_only_if",
            ),
            *("region", "where"),
        )
    ),
}
"""Keys of which no test is named here yet. The list gets shorter, never longer."""
MOST_UNSHOWN = 26


def keys_of(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key a schema knows; `*` stands for names and places."""
    if not isinstance(schema, dict):
        return
    for key, inner in (schema.get("properties") or {}).items():
        if key not in LANGUAGES:
            yield (*path, key)
            yield from keys_of(inner, (*path, key))
    for word in ("items", "additionalProperties"):
        yield from keys_of(schema.get(word), (*path, "*"))
    for word in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(word, ()):
            yield from keys_of(part, path)


def keys_in(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield every path of keys in a document, each step by its name and as `*`."""
    rows = value.items() if isinstance(value, dict) else ((None, inner) for inner in value)
    for key, inner in rows:
        for step in {key, "*"} - {None}:
            yield (*path, step)
            if isinstance(inner, dict | list):
                yield from keys_in(inner, (*path, step))


@pytest.mark.parametrize("kind", json_schemas())
def test_every_key_is_shipped_or_has_a_test_that_shows_what_it_does(kind):
    used = {path for found in DOCUMENTS if found.kind == kind for path in keys_in(dict(found.body))}
    asked = set(keys_of(json_schemas()[kind])) - used
    missing = sorted(".".join((kind, *path)) for path in asked)
    assert [name for name in missing if name not in ELSEWHERE and name not in UNSHOWN] == []


@pytest.mark.parametrize("key", ELSEWHERE)
def test_the_tests_named_here_are_there(key):
    file, name = ELSEWHERE[key].split("::")
    text = (TESTS / file).read_text(encoding="utf-8")
    assert f"def {name}(" in text


def test_no_key_is_added_to_those_without_a_named_test():
    assert len(UNSHOWN) <= MOST_UNSHOWN and not UNSHOWN & set(ELSEWHERE)


@pytest.mark.parametrize(("own", "shown"), [("", "Turnover"), ("label: Sales, ", "Sales")])
def test_a_number_is_called_as_its_measure_where_it_has_no_label(own, shown):
    card = f"{{{own}entity: deal, measure: {{count: true, label: Turnover}}}}"
    document, problems = load_document(f"dashboard: start\ncards:\n  - kpi: {card}\n", "start.yaml")
    schema, found = build_schema([*DOCUMENTS, document], 1)
    assert problems == found == []
    assert schema.parts["dashboard"]["start"].cards[0].label.get("en") == shown
