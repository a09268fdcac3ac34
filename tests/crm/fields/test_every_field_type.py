"""What every type of field must do, whatever it holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import crm.fields
from crm.errors import FieldError
from crm.fields import FIELD_TYPES, kind_of, type_of
from crm.fields.base import Field, Situation
from crm.messages import MESSAGES, render
from crm.texts import LANGUAGES, Text
from tests.crm.fields.samples import BODIES, GARBAGE, SITUATIONS, VALUES, every_value, field_of

SOURCE = Path(crm.fields.__file__).parent
NEED_KEYS = ("choice", "choices", "formula", "summary")
KINDS = {"text", "number", "boolean", "date", "datetime", "reference", "user", "many", "none"}

each_type = pytest.mark.parametrize("name", FIELD_TYPES)
each_value = pytest.mark.parametrize(("name", "value"), tuple(every_value()))


@each_value
def test_json_comes_back_as_the_same_value(name: str, value: Any) -> None:
    field = field_of(name)
    sent = json.loads(json.dumps(FIELD_TYPES[name].to_json(field, value)))
    found = [FIELD_TYPES[name].clean(field, sent, situation) for situation in SITUATIONS]
    assert found == [value] * len(LANGUAGES)
    assert {type(one) for one in found} == {type(value)}


@each_value
def test_form_text_comes_back_as_the_same_value(name: str, value: Any) -> None:
    field, field_type = field_of(name), FIELD_TYPES[name]
    texts = [field_type.form_text(field, value, situation) for situation in SITUATIONS]
    assert all(isinstance(text, str) for text in texts)
    pairs = zip(texts, SITUATIONS, strict=True)
    assert [field_type.clean(field, text, situation) for text, situation in pairs] == [value] * len(LANGUAGES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pair for pair in every_value() if pair[0] != "datetime"
    ],  # naive is local time there, what is stored is UTC
)
def test_a_typed_value_cleans_to_itself(name: str, value: Any) -> None:
    assert FIELD_TYPES[name].clean(field_of(name), value, Situation()) == value


@each_value
def test_every_value_can_be_shown(name: str, value: Any) -> None:
    shown = [FIELD_TYPES[name].display(field_of(name), value, situation) for situation in SITUATIONS]
    assert all(isinstance(text, str) and text for text in shown)
    assert name == "long_text" or not any("\n" in text for text in shown)


@each_value
def test_cells_hold_only_what_spreadsheets_know(name: str, value: Any) -> None:
    cell = FIELD_TYPES[name].to_cell(field_of(name), value, Situation())
    assert type(cell).__name__ in ("str", "int", "float", "Decimal", "bool", "date", "datetime")


@each_value
def test_search_keys_are_folded(name: str, value: Any) -> None:
    key = FIELD_TYPES[name].search_key(field_of(name), value)
    assert key == key.lower()
    assert "  " not in key


@each_type
def test_nothing_stays_nothing(name: str) -> None:
    field, field_type, situation = field_of(name), FIELD_TYPES[name], Situation()
    assert [field_type.clean(field, empty, situation) for empty in (None, "", "   ", "\u200f \n")] == [
        None
    ] * 4
    assert field_type.display(field, None, situation) == ""
    assert field_type.form_text(field, None, situation) == ""
    assert field_type.to_json(field, None) is None
    assert field_type.to_cell(field, None, situation) is None
    assert field_type.search_key(field, None) == ""
    assert field_type.fit(field, None) is None


@each_type
@pytest.mark.parametrize("situation", [SITUATIONS[0], SITUATIONS[1]], ids=["point", "comma"])
def test_garbage_is_refused_or_read_never_a_crash(name: str, situation: Situation) -> None:
    field, field_type = field_of(name), FIELD_TYPES[name]
    for garbage in GARBAGE:
        try:
            value = field_type.clean(field, garbage, situation)
        except FieldError as error:
            assert render(error, situation.language)
            assert len(render(error, situation.language)) < 400
        else:
            field_type.display(field, value, situation)
            json.dumps(field_type.to_json(field, value))
            assert field_type.clean(field, field_type.to_json(field, value), situation) == value, repr(
                garbage
            )[:80]


@each_type
def test_garbage_in_the_keys_is_a_problem_never_a_crash(name: str) -> None:
    field_type = FIELD_TYPES[name]
    for key in (*field_type.keys, "default"):
        for garbage in GARBAGE:
            for problem in field_type.check_options("sample", {**BODIES.get(name, {}), key: garbage}):
                assert problem.field == "sample"
                assert render(problem, "en")


@each_type
def test_the_usual_keys_have_no_problems(name: str) -> None:
    assert FIELD_TYPES[name].check_options("sample", BODIES.get(name, {})) == []


@pytest.mark.parametrize("name", [name for name in FIELD_TYPES if name not in NEED_KEYS])
def test_a_field_without_built_options_still_works(name: str) -> None:
    field = Field("sample", name, Text("Sample"))
    value = VALUES[name][0]
    assert FIELD_TYPES[name].clean(field, FIELD_TYPES[name].to_json(field, value), Situation()) == value


@each_type
def test_what_conditions_see_is_known(name: str) -> None:
    assert FIELD_TYPES[name].name == name
    assert type_of(field_of(name)) is FIELD_TYPES[name]
    assert kind_of(field_of(name)) in KINDS


def test_every_code_used_has_a_sentence() -> None:
    used = {
        code
        for path in SOURCE.glob("*.py")
        for code in re.findall(r'(?<!NP_\()"([a-z_]+\.[a-z_]+)"', path.read_text(encoding="utf-8"))
        if code.partition(".")[0] in {known.partition(".")[0] for known in MESSAGES}
    }
    from crm.messages.fields import MESSAGES as OURS

    assert used >= set(OURS)
    assert used <= set(MESSAGES)


def test_every_value_comes_back_from_the_database(empty_database_url: str) -> None:
    engine = sa.create_engine(empty_database_url)
    metadata = sa.MetaData()
    columns = [
        sa.Column(f"f_{name}", field_type.result(field_of(name)).column_type(field_of(name)))
        for name, field_type in FIELD_TYPES.items()
    ]
    table = sa.Table("sample", metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    metadata.create_all(engine)
    most = max(len(values) for values in VALUES.values())
    rows = [
        {"id": place, **{f"f_{name}": values[min(place, len(values) - 1)] for name, values in VALUES.items()}}
        for place in range(most)
    ]
    with engine.begin() as connection:
        connection.execute(table.insert(), rows)
        connection.execute(table.insert(), {"id": most})
        found = connection.execute(sa.select(table).order_by(table.c.id)).mappings().all()
    engine.dispose()
    assert [dict(row) for row in found[:-1]] == rows
    assert set(found[-1].values()) == {most, None}
