"""Edits of an entity's document: each does one thing, and leaves the rest as it was written."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest

from crm.drafts import choices, edits, keys, layouts
from crm.entities.load import build_schema, load_document, load_documents
from crm.entities.yaml import write_yaml
from crm.errors import SchemaError

ORDER = """
entity: order
label: {en: Order, he: הזמנה}
title: "{number} {name}"
fields:
  number: {type: sequence}
  name: {type: text, search: true}
  state:
    type: choice
    choices:
      open: {label: {en: Open}, color: blue}
      done: {label: {en: Done}}
      lost:
    default: open
    next: {open: [done, lost], lost: []}
  due: {type: date}
  paid: {type: date, after: due}
  total: {type: money, currency: EUR}
list: {columns: [name, state, total], sort: [-total, name]}
form: [{section: {en: Main}, fields: [name, state]}, {fields: [total]}]
kanban: {by: state, sum: total, card: [name]}
calendar: {from: due, title: name}
same_if: [[name, total], [name]]
"""


@pytest.fixture
def order() -> dict:
    """The document of an entity with a bit of everything."""
    document, problems = load_document(ORDER, "order.yaml")
    assert problems == []
    return dict(document.body)


def change_field(body: dict, name: str, wanted: dict) -> dict:
    """Return the body with keys of a field set, as the form of a field does it."""
    return edits.with_field(body, name, lambda field: edits.change_keys(field, wanted))


def shipped() -> list:
    """Return every shipped entity document."""
    documents, _problems = load_documents(Path("schemas") / "entities")
    return [document for document in documents if document.kind == "entity"]


def test_a_new_key_goes_to_its_documented_place(order):
    found = change_field(order, "name", {"required": True, "label": {"en": "Name"}, "help": "x"})
    assert list(found["fields"]["name"]) == ["type", "label", "help", "required", "search"]


def test_a_key_set_to_its_default_disappears(order):
    wanted = {"search": False, "history": True, "max_length": 255, "help": "", "required_if": []}
    assert change_field(order, "name", wanted)["fields"]["name"] == {"type": "text"}


def test_a_flag_is_not_taken_for_a_number(order):
    assert edits.change_entity(order, {"menu_place": False})["menu_place"] is False


def test_edits_leave_the_body_they_were_given(order):
    before = copy.deepcopy(order)
    change_field(order, "name", {"label": {"en": "Name"}})
    edits.rename_field(order, "name", "title_text", None)
    edits.remove_field(order, "state")
    layouts.place_field(order, "due", 0)
    choices.set_choices(order["fields"]["state"], choices.rows_of(order["fields"]["state"])[1:])
    assert order == before


def test_an_edit_touches_nothing_else_of_any_shipped_document():
    for document in shipped():
        for name, field in document.body["fields"].items():
            found = change_field(document.body, name, {"index": not field.get("index")})
            again = change_field(found, name, {"index": field.get("index")})
            assert write_yaml({**found, "fields": {**found["fields"], name: field}}) == write_yaml(
                document.body
            )
            assert {**again["fields"][name]} == {**field}, name


def test_shipped_documents_stand_the_same_after_an_edit_that_changes_nothing():
    for document in shipped():
        found = edits.change_entity(document.body, {"label": document.body["label"]})
        for name, field in document.body["fields"].items():
            found = change_field(found, name, dict(field))
            if "choices" in field:
                found = edits.with_field(
                    found, name, lambda each: choices.set_choices(each, choices.rows_of(each))
                )
        assert write_yaml(found) == write_yaml(document.body), document.name


def test_a_document_that_is_written_and_read_again_is_the_same(order):
    found = edits.add_field(order, "note", {"type": "long_text", "label": {"he": "הערה"}}, after="name")
    text = write_yaml(found)
    document, problems = load_document(text, "order.yaml")
    assert problems == []
    assert (document.body, write_yaml(document.body)) == (found, text)


def test_a_field_is_added_after_another_one_and_its_keys_are_put_in_order(order):
    found = edits.add_field(order, "note", {"search": True, "type": "text"}, after="name")
    assert list(found["fields"])[:3] == ["number", "name", "note"]
    assert list(found["fields"]["note"]) == ["type", "search"]


def test_a_name_that_is_taken_is_refused(order):
    with pytest.raises(SchemaError, match="edit.field_exists"):
        edits.add_field(order, "name", {"type": "text"})
    with pytest.raises(SchemaError, match="edit.field_exists"):
        edits.rename_field(order, "due", "name", None)


def test_a_renamed_field_keeps_its_place_its_layout_and_its_former_name(order):
    found = edits.rename_field(order, "total", "amount", "total")
    assert list(found["fields"])[-1] == "amount"
    assert found["fields"]["amount"] == {"type": "money", "was": "total", "currency": "EUR"}
    assert found["list"] == {"columns": ["name", "state", "amount"], "sort": ["-amount", "name"]}
    assert found["kanban"]["sum"] == "amount"
    assert found["form"][1]["fields"] == ["amount"]
    assert found["same_if"] == [["name", "amount"], ["name"]]


def test_a_field_that_is_named_by_another_one_is_renamed_there(order):
    assert edits.rename_field(order, "due", "due_on", "due")["fields"]["paid"] == {
        "type": "date",
        "after": "due_on",
    }


def test_a_field_renamed_back_forgets_its_former_name(order):
    there = edits.rename_field(order, "total", "amount", "total")
    assert edits.rename_field(there, "amount", "total", "total") == order


def test_the_title_follows_a_renamed_field(order):
    assert edits.rename_field(order, "number", "code", None)["title"] == "{code} {name}"


def test_a_removed_field_leaves_the_layout(order):
    found = edits.remove_field(edits.remove_field(order, "name"), "due")
    assert "name" not in str({key: value for key, value in found.items() if key != "fields"})
    assert found["title"] == "{number}"
    assert found["same_if"] == [["total"]]
    assert found["kanban"] == {"by": "state", "sum": "total"}
    assert "calendar" not in found
    assert found["fields"]["paid"] == {"type": "date"}


def test_the_choices_that_mean_done_go_with_their_field(order):
    order["calendar"] = {"from": "due", "done": "state", "done_is": ["name"]}
    choice_of_that_name = edits.remove_field(order, "name")["calendar"]
    assert choice_of_that_name == order["calendar"]
    assert edits.remove_field(order, "state")["calendar"] == {"from": "due"}


def test_a_board_goes_with_its_field(order):
    assert "kanban" not in edits.remove_field(order, "state")


def test_a_section_left_without_fields_stays(order):
    assert edits.remove_field(order, "total")["form"][1] == {"fields": []}


def test_fields_move_up_and_down_and_stop_at_the_ends(order):
    assert list(edits.move_field(order, "name", -1)["fields"])[:2] == ["name", "number"]
    assert edits.move_field(order, "number", -1) == order
    assert list(edits.move_field(order, "number", 99)["fields"])[-1] == "number"


def test_another_type_keeps_what_it_knows(order):
    found = edits.change_type(order, "state", "choices")["fields"]["state"]
    assert list(found) == ["type", "choices", "default"]
    assert edits.change_type(order, "state", "text")["fields"]["state"] == {"type": "text", "default": "open"}
    assert edits.change_type(order, "state", "integer")["fields"]["state"] == {"type": "integer"}


# Choices


def test_choices_are_added_moved_and_removed(order):
    field, late = order["fields"]["state"], choices.ChoiceRow("late", {"en": "Late"}, "red")
    found = choices.set_choices(field, [late, *choices.rows_of(field)])
    assert found["choices"]["late"] == {"label": {"en": "Late"}, "color": "red"}
    assert list(found["choices"]) == ["late", "open", "done", "lost"]
    left = choices.set_choices(field, choices.rows_of(field)[1:])
    assert "default" not in left and left["next"] == {"lost": []}


def test_a_choice_that_did_not_change_stays_as_it_was_written(order):
    field = order["fields"]["state"]
    first, *others = choices.rows_of(field)
    found = choices.set_choices(field, [replace(first, color="green"), *others])
    assert found["choices"]["open"] == {"label": {"en": "Open"}, "color": "green"}
    assert found["choices"]["lost"] is None
    assert found["choices"]["done"] is field["choices"]["done"]


def test_a_list_of_plain_choices_stays_a_list():
    field = {"type": "choice", "choices": ["a", "b"]}
    rows = choices.rows_of(field)
    assert choices.set_choices(field, [*rows, choices.ChoiceRow("c")])["choices"] == ["a", "b", "c"]
    assert choices.set_choices(field, [*rows, choices.ChoiceRow("c", {"en": "C"})])["choices"] == {
        "a": None,
        "b": None,
        "c": {"label": {"en": "C"}},
    }


def test_a_choice_with_a_new_key_is_renamed_in_moves_and_default(order):
    field = order["fields"]["state"]
    rows = [
        choices.ChoiceRow("fresh" if row.key == "open" else row.key, row.label, row.color, row.was)
        for row in choices.rows_of(field)
    ]
    found = choices.set_choices(field, rows)
    assert found["default"] == "fresh" and found["next"] == {"fresh": ["done", "lost"], "lost": []}
    assert found["choices"]["fresh"] == field["choices"]["open"]


def test_two_choices_with_one_key_are_refused(order):
    field = order["fields"]["state"]
    with pytest.raises(SchemaError, match="edit.choice_exists"):
        choices.set_choices(field, [*choices.rows_of(field), choices.ChoiceRow("open")])


# The layout


def test_sections_are_added_named_moved_and_removed(order):
    found = layouts.add_section(order, {"en": "More"})
    found = layouts.move_section(layouts.name_section(found, 1, {"en": "Money"}), 2, -2)
    assert [section.get("section") for section in found["form"]] == [
        {"en": "More"},
        {"en": "Main"},
        {"en": "Money"},
    ]
    assert list(found["form"][2]) == ["section", "fields"]
    assert layouts.remove_section(layouts.remove_section(order, 0), 0).get("form") is None


def test_fields_are_placed_in_sections_and_taken_out(order):
    found = layouts.place_field(order, "due", 0, 1)
    assert found["form"][0]["fields"] == ["name", "due", "state"]
    assert layouts.unplaced(found) == ["number", "paid"]
    assert layouts.place_field(found, "due", None) == order
    assert layouts.step_field(found, "due", 1)["form"][0]["fields"] == ["name", "state", "due"]


def test_parts_of_the_layout_go_when_nothing_is_left(order):
    assert "kanban" not in edits.put_inner(order, "kanban", {"by": None, "sum": "", "card": []})
    assert edits.put_inner(order, "list", {"sort": []})["list"] == {"columns": ["name", "state", "total"]}


def test_what_edits_make_is_sound(order):
    found = edits.rename_field(edits.add_field(order, "note", {"type": "text"}), "name", "called", "name")
    found = layouts.place_field(edits.remove_field(found, "paid"), "note", 1)
    document, _ = load_document(write_yaml(found), "order.yaml")
    assert build_schema([document], 1)[1] == []


# New entities and texts


def test_a_new_entity_has_its_keys_in_order():
    wanted = {"plural": {"en": "Projects"}, "icon": "folder", "menu": "sales", "label": {"en": "Project"}}
    found = edits.new_entity("project", wanted, ("name", {"required": True, "type": "text"}))
    assert list(found) == ["entity", "label", "plural", "menu", "fields"]


def test_an_entity_remembers_the_name_it_was_published_under(order):
    found = edits.rename_entity(order, "sale", "order")
    assert list(found)[:2] == ["entity", "was"]
    assert edits.rename_entity(found, "order", "order") == order


def test_texts_that_were_not_changed_stay_as_they_were_written():
    assert keys.read_texts(keys.shown_texts("Deal"), "Deal") == "Deal"
    assert keys.read_texts({"en": "Deal", "he": "עסקה "}, {"he": "עסקה", "en": "Deal"}) == {
        "he": "עסקה",
        "en": "Deal",
    }
    assert keys.read_texts({"en": "", "he": " "}, {"en": "Deal"}) == {}


def test_missing_languages_are_named():
    assert keys.missing_languages({"en": "Deal", "ro": ""}) == ["el", "ro", "he"]
    assert keys.missing_languages("Deal") == [] and keys.missing_languages(None) == []
