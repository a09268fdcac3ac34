"""The field editor while one works in it: the preview, the formula, another type; none of it saves anything."""

from __future__ import annotations

import re

import pytest

from crm.conditions.language.formula import functions_known
from crm.drafts import service as drafts
from crm.fields import FIELD_TYPES
from crm.web.schema.formula import FUNCTIONS
from tests.factories import make_deal

FORMULA = "/admin/schema/deal/formula"
FORM = "/admin/schema/deal/fields/expected"


def words_of(html: str) -> str:
    """Return what a piece of a page says."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def assert_no_draft(session_as):
    session = session_as("admin")
    assert drafts.find_draft(session) is None
    session.close()


def test_a_formula_is_judged_with_its_result_and_three_records(client, session):
    for number in range(4):
        make_deal(session, name=f"Deal {number}", amount=100 * number, probability=50)
    session.commit()
    session.close()
    sent = {"formula": "amount * probability / 100", "of": "money"}
    said = words_of(client("admin").submit(FORMULA, sent, FORM).text)
    assert said == "Result: number Deal 3 → 150 Deal 2 → 100 Deal 1 → 50"


WRONG = {
    "amuont * 2": "At character 1 of the formula: There is no field “amuont” in “deal”. Did you mean “amount”?",
    "amount * (2": "At character",
    "__import__('os')": "At character",
    "name": "Expected “number” here, found “text”.",
}


@pytest.mark.parametrize(("formula", "told"), WRONG.items())
def test_a_wrong_formula_is_told_with_its_place(client, session_as, formula, told):
    said = words_of(client("admin").submit(FORMULA, {"formula": formula, "of": "money"}, FORM).text)
    assert told in said.replace("&#39;", "'")
    assert_no_draft(session_as)


def test_a_formula_over_a_field_that_is_not_live_yet_shows_no_records(client, session):
    make_deal(session)
    session.commit()
    session.close()
    admin = client("admin")
    admin.submit("/admin/schema/deal/add/money", {"label.en": "Budget"})
    said = words_of(admin.submit(FORMULA, {"formula": "budget * 2"}, FORM).text)
    assert said.startswith("Result: number Sample values appear when")


def test_a_configurator_without_the_right_sees_no_values(client, session):
    make_deal(session, amount=777)
    session.commit()
    session.close()
    said = words_of(client("configurator").submit(FORMULA, {"formula": "amount"}, FORM).text)
    assert "777" not in said and "Result: number" in said


def test_every_function_has_its_line():
    assert set(FUNCTIONS) == set(functions_known())


def test_without_scripts_a_button_checks_the_formula(client, session_as):
    answer = client("admin").submit(FORM, {"formula": "1 + 1", "of": "money", "_check": "1"})
    assert answer.status_code == 200 and "1 + 1</textarea>" in answer.text and "<strong>number" in answer.text
    assert_no_draft(session_as)


CHOICE = {
    "_field": "", "_type": "choice", "label.en": "", "label.he": "נאמנות", "choice.was": "", "choice.key": "gold",
    "choice.place": "1", "choice.en": "", "choice.el": "", "choice.ro": "", "choice.he": "זהב", "choice.color": "",
}  # fmt: skip


def test_the_preview_shows_what_is_typed_and_saves_nothing(client, session_as):
    admin, preview = client("admin"), "/admin/schema/deal/preview"
    page = admin.submit(f"{preview}?_l_=he", CHOICE, "/admin/schema/deal/add/choice").text
    assert "נאמנות" in page and '<option value="gold"' in page and 'dir="rtl"' in page
    renamed = {"_field": "next_step", "_type": "text", "_name": "what_next", "label.en": "What comes next"}
    page = admin.submit(preview, renamed, "/admin/schema/deal/add/choice").text
    assert "What comes next" in page and 'name="what_next"' in page and 'name="next_step"' not in page
    assert_no_draft(session_as)


MORE = {
    "reference": {"to": "customer"}, "references": {"to": "customer"}, "tax_id": {"kind": "gr.vat"},
    "sequence": {"pattern": "C-{number:5}"}, "formula": {"formula": "amount * 2", "of": "money"},
    "summary": {"of": "count", "over": "competitors"},
    **dict.fromkeys(("choice", "choices"), {name: sent for name, sent in CHOICE.items() if "choice." in name}),
}  # fmt: skip
FILLED = {
    "text": "abc", "long_text": "abc", "email": "a@example.com", "url": "https://example.com", "phone": "+302101234567",
    "integer": "7", "decimal": "7.5", "percent": "7.5", "money": "7.50", "rating": "3", "boolean": "true",
    "date": "today", "datetime": "now", "choice": "gold", "choices": "gold", "user": "me", "tags": "vip",
    "location": "37.98,23.72", "address": "Ermou 1", "tax_id": "094259216", "iban": "GR1601101050000010547023795",
}  # fmt: skip


@pytest.mark.parametrize("is_filled", [False, True], ids=["empty", "filled"])
@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_a_field_of_every_type_is_previewed(client, session_as, kind, is_filled):
    sent = {"_field": "", "_type": kind, "label.en": "Wholly new", **MORE.get(kind, {})}
    if is_filled:
        sent |= {"default": FILLED.get(kind, "")}
    answer = client("admin").submit("/admin/schema/deal/preview", sent, f"/admin/schema/deal/add/{kind}")
    assert answer.status_code == 200
    if FIELD_TYPES[kind].writable:
        assert "Wholly new" in answer.text and "Sample values appear when" not in answer.text
    assert_no_draft(session_as)


def test_the_preview_shows_what_a_new_record_begins_with(client):
    sent = {"_field": "next_step", "_type": "text", "default": "Call them"}
    page = client("admin").submit("/admin/schema/deal/preview", sent, "/admin/schema/deal/add/text").text
    assert 'value="Call them"' in page


ODD = [{}, {"_field": "nothing"}, {"_type": "nonsense"}, {"_field": "stage", "choice.key": ["a", "a"]}]


@pytest.mark.parametrize("odd", ODD)
def test_a_preview_of_nonsense_is_still_a_page(client, odd):
    admin = client("admin")
    assert admin.submit("/admin/schema/deal/preview", odd, "/admin/schema/deal/add/text").status_code == 200


def test_another_type_names_the_values_that_do_not_convert_and_changes_nothing(client, session, session_as):
    make_deal(session, name="Odd one", next_step="call")
    make_deal(session, name="Even one", next_step="12")
    session.commit()
    session.close()
    admin, path = client("admin"), "/admin/schema/deal/fields/next_step/type?type=integer"
    piece = admin.get(path, headers={"HX-Request": "true"}).text
    assert (
        "values that convert: 1, values that don" in words_of(piece)
        and "Odd one" in piece
        and "Even one" not in piece
    )
    assert "<html" not in piece and 'id="type-trial"' in admin.get(path).text
    assert admin.get("/admin/schema/deal/fields/next_step/type?type=x").status_code == 404
    assert_no_draft(session_as)


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_every_type_can_be_tried(client, kind):
    path = f"/admin/schema/deal/fields/stage/type?type={kind}"
    assert client("admin").get(path, headers={"HX-Request": "true"}).status_code == 200


def test_choices_say_how_many_records_hold_them(client, session):
    for stage in ("prospect", "prospect", "offer"):
        make_deal(session, stage=stage, needs=["price", "quality"])
    session.commit()
    session.close()
    admin = client("admin")
    stage = words_of(admin.get("/admin/schema/deal/fields/stage").text)
    assert "2 records" in stage and "One record" in stage and stage.count("No record") == 4
    assert words_of(admin.get("/admin/schema/deal/fields/needs").text).count("3 records") == 2


def test_what_uses_a_field_stands_beside_its_removal(client):
    page = words_of(client("admin").get("/admin/schema/deal/fields/stage").text)
    assert "Layout 5 · Fields and validations 4 · Rules 4 · Reports 6 · Roles 1" in page


def test_conditions_say_how_many_records_match_and_what_some_are_called(client, session):
    for number in range(5):
        make_deal(session, name=f"Deal {number}", stage="won" if number else "offer", amount=10)
    session.commit()
    session.close()
    url = "/admin/conditions/deal?name=show_if&draft=mine"
    sent = {"show_if": "1", "show_if/0": "formula", "show_if/0.v": "amount > 5 and stage = 'won'"}
    said = words_of(client("admin").submit(url, sent, "/admin/schema/deal/fields/next_step").text)
    assert "4 results Deal 4 , Deal 3 , Deal 2" in said
    closed = words_of(client("configurator").submit(url, sent, "/admin/schema/deal/fields/next_step").text)
    assert "match" not in closed and "Deal 4" not in closed


def test_fields_and_functions_stand_beside_conditions_and_checks(client):
    admin = client("admin")
    for path in ("fields/next_step", "checks", "fields/expected"):
        page = admin.get(f"/admin/schema/deal/{path}").text
        assert 'data-insert="amount"' in page and "days_between(a, b)" in page, path
