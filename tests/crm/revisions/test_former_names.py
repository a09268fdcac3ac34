"""What was written under a name is found, read and hidden under the name of today."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from crm.records.journal import list_changes
from crm.records.service import delete_record
from crm.revisions.publish import rollback_schema
from crm.revisions.workspace import get_workspace
from tests.crm.revisions.room import ITEM, Room

pytestmark = pytest.mark.slow


@pytest.fixture
def room(engine: sa.Engine, session_as: Callable) -> Room:
    return Room(engine, session_as)


def test_a_change_shows_under_the_name_its_field_has_now_through_a_chain_of_renames(room):
    record = room.made(note="first")
    room.rename("note", "remark")
    room.change(record, remark="second")
    room.rename("remark", "hint")
    assert room.raw(record) == [{"hint": ["first", "second"]}, {"hint": [None, "first"]}]


def test_two_fields_that_exchange_their_names_in_one_publish_keep_their_own_history(room):
    record = room.made(name="the name", note="the note")

    def exchange(fields: dict) -> None:
        fields["name"], fields["note"] = (
            {**fields["note"], "was": "note"},
            {**fields["name"], "was": "name"},
        )

    room.edit(exchange)
    assert room.raw(record) == [{"note": [None, "the name"], "name": [None, "the note"]}]


def test_a_record_keeps_its_history_when_its_entity_is_renamed(room):
    record = room.made(note="first")
    room.rename_entity("item", "thing")
    room.change(record, "thing", note="second")
    assert room.raw(record, "thing") == [{"note": ["first", "second"]}, {"note": [None, "first"]}]


def test_two_entities_that_exchange_their_names_keep_their_own_history(room):
    room.publish(
        [*room.bodies(), {"entity": "other", "label": "Other", "fields": {"note": {"type": "text"}}}]
    )
    item, other = room.made(note="of the item"), room.made("other", note="of the other")
    assert item == other  # the same number, so that only the entity tells them apart
    bodies = room.bodies()
    for body in bodies:
        if body.get("entity") in ("item", "other"):
            body["entity"], body["was"] = {"item": ("other", "item"), "other": ("item", "other")}[
                body["entity"]
            ]
        if body.get("role") == "sales":
            body["entities"] = {"other": body["entities"]["item"]}
    room.publish(bodies)
    assert room.raw(item, "other") == [{"note": [None, "of the item"]}]
    assert room.raw(other, "item") == [{"note": [None, "of the other"]}]


def test_a_new_entity_of_a_removed_ones_name_does_not_inherit_its_history(room):
    record = room.made(secret="of the first")
    bodies = [body for body in room.bodies() if body.get("entity") != "item" and body.get("role") != "sales"]
    room.publish(bodies)
    room.publish([*bodies, {**ITEM, "fields": {"secret": {"type": "text", "label": "Open"}}}])
    again = room.made(secret="of the second")
    assert again == record
    assert room.raw(again) == [{"secret": [None, "of the second"]}]


def test_a_removed_field_shows_by_its_last_label_to_those_who_could_read_it(room):
    record = room.made(note="first")
    room.rename("note", "remark")
    room.edit(lambda fields: fields["remark"].update(label="Remark"))
    room.edit(lambda fields: fields.pop("remark"))
    assert room.history(record) == [("Remark", "", "first")]
    assert room.history(record, who="sales") == [("Remark", "", "first")]
    assert room.history(record, who="service") == []


def test_a_field_that_took_a_removed_ones_name_does_not_speak_for_it(room):
    record = room.made(secret="nobody's business")
    bodies = room.bodies()
    for body in bodies:
        if body.get("role") == "sales":
            body["entities"]["item"].pop("hidden")
        if body.get("entity") == "item":
            body["fields"].pop("secret")
    room.publish(bodies)
    room.edit(lambda fields: fields.update(secret={"type": "text", "label": "Public"}))
    room.change(record, secret="for all")
    assert room.history(record, who="sales") == [("Public", "", "for all")]
    assert ("Secret", "", "nobody's business") in room.history(record)


def test_a_hidden_field_is_hidden_under_every_former_name(room):
    record = room.made(note="shown", secret="hidden")
    room.rename("secret", "private")
    room.change(record, private="hidden again")
    room.rename("private", "closed")
    assert room.history(record, who="sales") == [("Note", "", "shown")]
    assert ("Secret", "hidden", "hidden again") in room.history(record)


def test_a_field_made_public_under_another_ones_former_name_hides_the_other(room):
    """`note` becomes `secret` and `secret` becomes `note` at once: the right follows the field, not the word."""
    record = room.made(note="shown", secret="hidden")
    bodies = room.bodies()
    for body in bodies:
        if body.get("entity") == "item":
            fields = body["fields"]
            fields["note"], fields["secret"] = (
                {**fields["secret"], "was": "secret"},
                {**fields["note"], "was": "note"},
            )
        if body.get("role") == "sales":
            body["entities"]["item"]["hidden"] = ["note"]
    room.publish(bodies)
    assert room.history(record, who="sales") == [("Note", "", "shown")]


def test_a_removed_choice_and_a_value_of_a_former_type_are_shown_as_they_were(room):
    record = room.made(kind="a", note="ten")
    room.change(record, kind="b", note="12")

    def change(fields: dict) -> None:
        fields["kind"]["choices"].pop("a")
        fields["note"]["type"] = "integer"

    room.edit(change)
    changes = {line for line in room.history(record) if line[1]}
    assert changes == {("Kind", "A", "B"), ("Note", "ten", "12")}


def test_the_last_values_of_a_deleted_record_are_found_by_todays_names(room):
    from workflows.runs.moments import find_gone

    record = room.made(note="gone")
    with room.session() as session:
        delete_record(session, session.workspace.schema.entities["item"], record)
        session.commit()
    room.rename("note", "remark")
    room.rename_entity("item", "thing")
    with room.session() as session:
        assert find_gone(session, session.workspace.schema.entities["thing"], record).remark == "gone"


def test_a_rollback_brings_the_former_name_back_to_the_whole_history(room):
    record, before = room.made(note="first"), get_workspace(room.engine).number
    room.rename("note", "remark")
    room.change(record, remark="second")
    rollback_schema(room.engine, before)
    assert room.raw(record) == [{"note": ["first", "second"]}, {"note": [None, "first"]}]


def test_a_process_that_serves_an_older_revision_reads_what_a_newer_one_wrote(room):
    record = room.made(note="first")
    with room.session() as old:
        room.rename("note", "remark")
        room.change(record, remark="second")
        rows = list_changes(old, old.workspace.schema.entities["item"], record)
    assert [row["values"] for row in rows] == [{"note": ["first", "second"]}, {"note": [None, "first"]}]


def test_a_process_reads_the_identities_of_a_revision_once(room, monkeypatch):
    from crm.revisions import store

    known = room.former()
    monkeypatch.setattr(store, "list_identities", None)
    assert room.former() is known


def test_a_past_without_renames_holds_each_name_once(room):
    before = room.former()
    room.edit(lambda fields: fields["note"].update(label="Other words"))
    after = room.former()
    assert after.number == before.number + 1
    assert after.entities is before.entities
    assert all(after.fields[uid] is names for uid, names in before.fields.items())
