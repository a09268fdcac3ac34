"""The editor of conditions: what it draws and reads back, its buttons, and what it tells."""

from __future__ import annotations

import os
import random
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from crm.conditions import parse_conditions
from crm.entities.model import Schema
from crm.web.conditions.builder import (
    Editor,
    draw_conditions,
    is_pressed,
    read_conditions,
    redraw_conditions,
)
from crm.web.conditions.rows import WORDS, rows_of
from crm.web.conditions.values import same, show_value
from tests.crm.conditions.random_conditions import Maker
from tests.crm.conditions.test_parse import BROKEN
from tests.crm.conditions.world import build_world
from tests.crm.web.form_reader import form_of


@pytest.fixture(scope="session")
def world_schema() -> Schema:
    """Regions, customers, orders."""
    return build_world()


@pytest.fixture
def drawing(app):
    """A request in which templates can be drawn."""
    with app.test_request_context("/"):
        yield


def editor_for(schema: Schema, entity: str = "customer", **more: Any) -> Editor:
    return Editor(schema, schema.entities[entity], **{"name": "if", "rules": True, **more})


def there_and_back(editor: Editor, lines: Any) -> Any:
    """Return what a browser sends back of lines it was shown, as lines again."""
    return read_conditions(editor, form_of(str(draw_conditions(editor, lines))))[0]


EXPRESSIBLE = [
    {"field": "segment", "is": "large"},
    {"field": "segment", "is_one_of": ["large", "small"]},
    {"field": "segment", "is_empty": False},
    {"field": "region.manager", "is": "me"},
    {"field": "owner", "is_none_of": [3, "my_team"]},
    {"field": "region", "is": 7},
    {"field": "revenue", "above": 1500.5},
    {"field": "revenue", "between": ["0.10", "= staff * 2"]},
    {"field": "revenue", "at_least": "= staff + 1"},
    {"field": "staff", "is_one_of": [1, 2, 3]},
    {"field": "name", "contains": " x "},
    {"field": "name", "is_one_of": ["Παπαδόπουλος", "כהן, ובניו"]},
    {"field": "born_on", "is_one_of": ["2026-01-05", "2026-02-13"]},
    {"field": "seen_at", "is_one_of": ["2026-01-05 12:30", "2026-02-13"]},
    {"field": "born_on", "older_than": "2 days"},
    {"field": "born_on", "within_next": "1 week"},
    {"field": "seen_at", "at_most": "2026-03-29 03:30"},
    {"field": "seen_at", "between": ["2026-03-29", "2026-03-30 12:00"]},
    {"field": "is_partner", "is_not": True},
    {"field": "needs", "is": "price"},
    {"field": "segment", "changed_to": "large"},
    {"field": "name", "changed": False},
    {"in_segment": "large"},
    {"field": "parent", "in_segment": "large_or_old"},
    {"formula": "revenue > 2 * (staff + 1)"},
    {"any": [{"field": "staff", "is": 1}, {"all": [{"none": [{"field": "staff", "is": 2}]}]}]},
    {"count_of": "orders", "where": [{"field": "state", "is": "paid"}], "at_least": 3},
    {"sum_of": "parent.orders.total", "below": 1000},
    {"any_of": "orders_last_90_days"},
    {
        "none_of": "orders",
        "where": [{"any": [{"field": "total", "above": 5}, {"field": "customer.name", "is": "x"}]}],
    },
]


@pytest.mark.parametrize("language", ["en", "el"])
@pytest.mark.parametrize("line", EXPRESSIBLE, ids=str)
def test_every_construct_has_controls_and_comes_back_as_it_was(
    drawing, world_schema: Schema, line: Any, language: str
) -> None:
    editor = editor_for(world_schema, language=language)
    rows = rows_of(editor, editor.entity, [line], "if")
    assert [row.sort for row in rows if row.sort == WORDS] == []
    assert same(there_and_back(editor, [line]), [line])


@pytest.mark.parametrize(
    ("language", "days"),
    [("en", "05/01/2026\n13/02/2026"), ("el", "5/1/2026\n13/2/2026"), ("ro", "05.01.2026\n13.02.2026")],
)
def test_several_days_are_shown_in_the_order_of_the_reader(language: str, days: str) -> None:
    assert show_value(["2026-01-05", "2026-02-13"], "date", "is_one_of", language) == (days,)


@pytest.mark.parametrize("lines", [lines for lines, _ in BROKEN if isinstance(lines, list) and len(str(lines)) < 5_000],
                         ids=lambda lines: str(lines)[:60])  # fmt: skip
def test_a_line_nobody_understands_is_kept(drawing, world_schema: Schema, lines: Any) -> None:
    assert same(there_and_back(editor_for(world_schema), lines), lines)


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("KOINE_CASES", "2000")),
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(chance=st.randoms(use_true_random=False))
def test_random_conditions_come_back_as_they_were(
    drawing, world_schema: Schema, chance: random.Random
) -> None:
    maker = Maker(chance)
    entity = maker.one("customer", "order", "region")
    lines = [maker.line(entity) for _ in maker.some(3)]
    note(f"{entity}: {lines}")
    editor = editor_for(world_schema, entity, language=maker.one("en", "el", "ro", "he"))
    assert same(there_and_back(editor, lines), lines)


def pressed(editor: Editor, lines: Any, button: str) -> str:
    """Return the editor after a button of it was pressed without scripts."""
    form = form_of(str(draw_conditions(editor, lines)))
    form["_conditions"] = button
    assert is_pressed(form)
    return str(redraw_conditions(editor, form))


BUTTONS = ("add:if:field", "add:if:group", "add:if:formula", "redraw:if", "nonsense")


@settings(
    max_examples=int(os.environ.get("KOINE_CASES", "300")),
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(chance=st.randoms(use_true_random=False))
def test_random_conditions_pass_through_the_buttons_unchanged(
    drawing, world_schema: Schema, chance: random.Random
) -> None:
    maker = Maker(chance)
    entity = maker.one("customer", "order", "region")
    lines = [maker.line(entity) for _ in maker.some(3)]
    editor = editor_for(world_schema, entity, language=maker.one("en", "el", "ro", "he"))
    html = str(draw_conditions(editor, lines))
    for button in [chance.choice(BUTTONS) for _ in range(3)]:
        form = form_of(html)
        form["_conditions"] = button
        html = str(redraw_conditions(editor, form))
    assert same(read_conditions(editor, form_of(html))[0], lines)


LINES = [{"field": "staff", "is": 1}, {"any": [{"field": "staff", "is": 2}]}]


@pytest.mark.parametrize(
    ("button", "left"),
    [
        ("remove:if/0", LINES[1:]),
        ("remove:if/1/0", LINES[:1]),
        ("add:if:field", LINES),
        ("add:if/1:group", LINES),
        ("add:if:children", [*LINES, {"any_of": "daughters"}]),
        ("redraw:if", LINES),
        ("remove:if/99", LINES),
        ("remove:other/0", LINES),
        ("nonsense", LINES),
    ],
)
def test_buttons_work_without_scripts(drawing, world_schema: Schema, button: str, left: Any) -> None:
    editor = editor_for(world_schema)
    assert read_conditions(editor, form_of(pressed(editor, LINES, button)))[0] == left


def test_a_formula_takes_the_place_of_a_value(drawing, world_schema: Schema) -> None:
    editor = editor_for(world_schema)
    form = form_of(pressed(editor, LINES[:1], "formula:if/0"))
    form["if/0.v"] = "length(name)"
    assert read_conditions(editor, form) == ([{"field": "staff", "is": "= length(name)"}], [])


def test_a_field_chosen_anew_forgets_the_value_of_the_old_one(drawing, world_schema: Schema) -> None:
    editor = editor_for(world_schema)
    form = form_of(str(draw_conditions(editor, [{"field": "region.name", "contains": "north"}])))
    form.setlist("if/0.p", ["revenue", "name"])
    lines, problems = read_conditions(editor, form)
    assert (lines, [problem.code for problem in problems]) == ([], ["web.unfinished_condition"])


def test_rows_stand_in_the_order_in_which_the_form_sends_them(drawing, world_schema: Schema) -> None:
    editor = editor_for(world_schema)
    form = form_of(str(draw_conditions(editor, LINES)))
    groups = [(key, value) for key, value in form.items(multi=True) if key.startswith("if/1")]
    others = [(key, value) for key, value in form.items(multi=True) if not key.startswith("if/1")]
    assert read_conditions(editor, MultiDict(groups + others))[0] == LINES[::-1]


def test_only_fields_the_reader_may_see_are_offered(drawing, world_schema: Schema) -> None:
    def readable(entity: Any) -> dict:
        return {} if entity.name == "region" else {n: f for n, f in entity.fields.items() if n != "revenue"}

    editor = editor_for(world_schema, readable=readable)
    html = str(draw_conditions(editor, [{"field": "name", "is": "x"}, {"field": "region.name", "is": "y"}]))
    assert 'value="revenue"' not in html
    assert 'value="notes"' in html
    assert [
        row.sort for row in rows_of(editor, editor.entity, [{"field": "region.name", "is": "y"}], "if")
    ] == [WORDS]


def test_the_sentence_stands_below_and_a_problem_beside_its_row(drawing, world_schema: Schema) -> None:
    editor = editor_for(world_schema)
    assert "Staff is 1 and Staff is 2" in str(draw_conditions(editor, LINES))
    html = str(draw_conditions(editor, [*LINES, {"formula": "stafff > 1"}]))
    row = html[html.index('id="if-2-error"') :]
    assert "At character 1 of the formula" in row
    assert "Did you mean “staff”?" in row


def test_hostile_forms_are_read_and_nothing_breaks(drawing, world_schema: Schema) -> None:
    editor = editor_for(world_schema)
    texts = (
        "",
        "<script>alert(1)</script>",
        "\ud800",
        "[" * 5_000,
        '{"a":' * 2_000,
        "\0",
        "9" * 400,
        "-",
        "a: &x 1",
    )
    for sort in ("field", "group", "children", "formula", "text", "nothing"):
        for text in texts:
            parts = {
                "p": text,
                "o": text,
                "c": text,
                "v": text,
                "k": text,
                "g": text,
                "over": text,
                "s": text,
            }
            form = MultiDict(
                {"if": "1", "if/0": sort, "if/0/0": "field", "if/0/0.p": "name", "if/0/0.v": text}
            )
            form.update({f"if/0.{part}": value for part, value in parts.items()})
            lines, _problems = read_conditions(editor, form)
            parse_conditions(lines, editor.entity, editor.schema)
            html = str(redraw_conditions(editor, form))
            assert "<script" not in html
            html.encode("utf-8")


def test_too_many_rows_are_refused_at_once(drawing, world_schema: Schema) -> None:
    editor = editor_for(world_schema)
    form = MultiDict({"if": "1", **{f"if/{number}": "formula" for number in range(20_000)}})
    form.update({f"if/{number}.v": "rich" for number in range(20_000)})
    assert [problem.code for problem in read_conditions(editor, form)[1]] == ["conditions.too_many_lines"]


# The pages that answer while one edits


def test_the_live_answer_says_what_matches_by_the_readers_rights(client, session, session_as) -> None:
    from tests.factories import make_customer, user_id

    for owner in ("sales", "sales", "admin"):
        make_customer(session, name="Ερμής", owner=user_id(session, owner))
    session.commit()
    form = {
        "if": "1",
        "if/0": "field",
        "if/0.p": "name",
        "if/0.o": "contains",
        "if/0.c": "text",
        "if/0.v": "ερμησ",
    }
    counts = []
    for who in ("admin", "sales"):
        browser = client(who)
        answer = browser.submit("/conditions/customer?name=if", form, page="/profile/")
        assert answer.status_code == 200
        counts.append(re.search(r"<strong>(.*?)</strong>", answer.text)[1])
    assert counts == ["3 results", "2 results"]


def test_a_hidden_field_is_not_offered_and_not_asked_about(client, session) -> None:
    form = {
        "if": "1",
        "if/0": "field",
        "if/0.p": "credit_limit",
        "if/0.o": "above",
        "if/0.c": "number",
        "if/0.v": "1",
    }
    answer = client("sales").submit("/conditions/customer?name=if", form, page="/profile/")
    assert answer.status_code == 200
    assert "credit_limit" not in answer.text
    everything = client("configurator").submit("/admin/conditions/customer?name=if", form, page="/profile/")
    assert 'value="credit_limit" selected' in everything.text


@pytest.mark.parametrize("name", ["", "a b", "<", "x" * 200])
def test_an_odd_name_is_not_found(client, session, name: str) -> None:
    browser = client("admin")
    answer = browser.submit("/conditions/customer", {}, page="/profile/", query_string={"name": name})
    assert answer.status_code == 404


def test_a_lookup_finds_records_of_any_kind_and_users(client, session) -> None:
    from tests.factories import make_customer

    made = make_customer(session, name="Aegean Foods")
    session.commit()
    browser = client("admin")
    (found,) = browser.get("/lookup/customer/id?q=aegean").json
    assert (found["value"], found["text"]) == (str(made.id), "Aegean Foods")
    assert browser.get("/lookup/customer/created_by?q=sales").json


def test_asking_does_not_wait_for_somebody_who_writes(client, session) -> None:
    from tests.factories import make_customer

    browser = client("admin")
    token = browser.token("/profile/")
    make_customer(session)  # not committed: a SQLite database is locked for other writers
    answer = browser.post("/conditions/customer?name=if", data={"if": "1", "csrf_token": token})
    assert answer.status_code == 200
    session.rollback()
