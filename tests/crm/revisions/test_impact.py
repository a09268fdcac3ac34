"""What a proposal would do is said before anything happens, and nothing happens by saying it."""

import copy
from types import SimpleNamespace

import sqlalchemy as sa

from crm.entities.load import documents_from_json
from crm.messages import render
from crm.revisions import impact
from crm.revisions.diff import changes_of
from crm.revisions.publish import diff_schema
from crm.revisions.workspace import get_workspace
from tests.factories import make_contract, make_customer, make_deal, user_id


def diff_after(engine, change):
    """Return the diff of the live documents after a change of their bodies by (kind, name)."""
    documents = get_workspace(engine).schema.documents
    found = {(document.kind, document.name): copy.deepcopy(dict(document.body)) for document in documents}
    change(found)
    return diff_schema(engine, documents_from_json(found.values()))


def fields_of(found, entity):
    return found["entity", entity]["fields"]


def test_a_removed_choice_counts_its_records_and_names_who_speaks_of_it(session, engine):
    for stage in ("lost", "lost", "prospect"):
        make_deal(session, stage=stage, lost_reason="price")
    session.commit()

    def change(found):
        field = fields_of(found, "deal")["stage"]
        del field["choices"]["lost"]
        field["next"] = {}

    diff = diff_after(engine, change)
    row = {"entity": "deal", "field": "stage", "what": "choice", "count": 2, "at_least": False}
    assert diff["touched"] == [row]
    assert diff["rows"] == {"deal.stage: holds a value that is no choice any more": 2}
    users = {
        (use["kind"], use["name"], use["place"]) for use in diff["used_by"] if use.get("choice") == "lost"
    }
    assert ("dashboard", "home", "cards.1.kpi.if.1.is_none_of.2") in users
    assert ("entity", "deal", "fields.lost_reason.required_if.1.is") in users


def test_a_change_of_type_says_which_records_do_not_convert_but_not_their_values(session, engine):
    ids = [make_customer(session, postal_code=code).id for code in ("10431", "104 31 A", "551", None)]
    session.commit()

    def change(found):
        fields_of(found, "customer")["postal_code"] = {"type": "integer"}

    diff = diff_after(engine, change)
    found = next(row for row in diff["conversions"] if row["field"] == "postal_code")
    assert (found["before"], found["after"], found["good"], found["bad"]) == ("text", "integer", 2, 1)
    assert [row["record"] for row in found["refused"]] == [ids[1]] and found["complete"]
    assert "104 31 A" not in str(diff["conversions"])
    problem = next(found for found in diff["problems"] if found.code == "schema.values_do_not_convert")
    assert str(ids[1]) in render(problem, "en") and "104 31 A" not in render(problem, "en")


def test_a_narrowed_limit_names_the_records_beyond_it_and_stops_nothing(session, engine):
    ids = [make_deal(session, amount=amount).id for amount in ("10", "900")]
    session.commit()
    diff = diff_after(engine, lambda found: fields_of(found, "deal")["amount"].update(at_most=500))
    found = diff["conversions"][0]
    assert (found["good"], found["bad"], found["refused"][0]["record"]) == (1, 1, ids[1])
    assert diff["problems"] == []


def test_a_newly_required_field_counts_the_records_without_a_value(session, engine):
    make_customer(session, website=None)
    make_customer(session, website="https://example.com")
    session.commit()

    def change(found):
        fields_of(found, "customer")["website"]["required"] = True
        fields_of(found, "customer")["greeting"] = {"type": "text", "required": True}

    rows = diff_after(engine, change)["rows"]
    assert rows == {"customer.website: required but empty": 1, "customer.greeting: required but empty": 2}


def test_what_does_not_change_is_not_counted(session, engine):
    """A publish of a label reads no records, however many there are."""
    make_customer(session)
    session.commit()
    seen: list[str] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    diff = diff_after(
        engine, lambda found: fields_of(found, "customer")["name"].update(label={"en": "Called"})
    )
    assert diff["rows"] == {} and diff["conversions"] == []
    assert not [statement for statement in seen if "FROM customer" in statement.replace('"', "")]


def test_counts_stop_at_a_limit_and_say_so(session, engine, monkeypatch):
    for _ in range(3):
        make_customer(session, website=None)
    session.commit()
    monkeypatch.setattr(impact, "MOST", 2)
    diff = diff_after(engine, lambda found: fields_of(found, "customer")["website"].update(required=True))
    assert [(row["count"], row["at_least"]) for row in diff["touched"]] == [(2, True)]


def test_reading_values_stops_when_the_time_is_up(session, engine, monkeypatch):
    for code in ("a", "b", "c"):
        make_customer(session, postal_code=code)
    session.commit()
    monkeypatch.setattr("crm.revisions.rehearsal.CHUNK", 2)
    moments = iter([0.0, 9.0, 9.0])
    for module in ("impact", "rehearsal"):
        clock = SimpleNamespace(monotonic=lambda: next(moments))
        monkeypatch.setattr(f"crm.revisions.{module}.time", clock)
    diff = diff_after(
        engine, lambda found: fields_of(found, "customer").update(postal_code={"type": "integer"})
    )
    found = diff["conversions"][0]
    assert (found["bad"], found["complete"]) == (2, False)


def test_every_change_says_whether_it_can_be_taken_back(engine):
    def change(found):
        fields = fields_of(found, "customer")
        fields["budget"] = {"type": "integer"}
        fields["postal_code"] = {"type": "long_text"}
        del fields["website"]
        found["entity", "customer"]["form"] = []

    diff = diff_after(engine, change)
    told = {row["name"]: (row["deed"], row["reversible"]) for row in diff["details"]}
    assert told["budget"] == ("added", True) and told["website"] == ("removed", True)
    assert told["postal_code"] == ("changed", False) and not diff["reversible"]


def test_a_change_says_what_stood_there_before_and_what_stands_there_now():
    found = changes_of({"a": 1, "b": 2, "d": 0}, {"a": 1, "b": 3, "c": 4})
    assert found == {"keys": ["b", "c", "d"], "values": {"b": [2, 3], "c": [None, 4], "d": [0, None]}}


def test_notes_name_what_is_allowed_but_odd(engine):
    def change(found):
        fields = fields_of(found, "customer")
        fields["second_name"] = {"type": "text", "label": {"en": "NÁME", "el": "x"}}

    notes = [render(note, "en") for note in diff_after(engine, change)["notes"]]
    assert any("“name” and “second_name” (Customers) have the same label: NÁME" in note for note in notes)
    assert any("“NÁME” has no label yet in: Romanian, Hebrew" in note for note in notes)
    assert any("“NÁME” (Customers) isn" in note for note in notes)


def test_new_limits_count_the_values_that_stay_beyond_them(session, engine):
    customer = make_customer(session, name="Aegean Foods")
    for amount, opens in (("500", "2026-02-01"), ("5", "2026-01-01")):
        make_deal(session, customer=customer, amount=amount, closes_on=opens, stage="prospect")
    session.commit()

    def change(found):
        deal, other = fields_of(found, "deal"), fields_of(found, "customer")
        deal["amount"] |= {"at_least": 100, "currency": "RON"}
        deal["closes_on"]["after"] = "2026-01-15"
        deal["stage"]["next"] = {"prospect": []}
        deal["customer"]["only"] = [{"field": "name", "is": "Somebody else"}]
        other["name"] |= {"max_length": 5, "pattern": "[A-Z]+"}

    rows = diff_after(engine, change)["rows"]
    assert rows == {
        "deal.amount: holds a value beyond the new limits": 1,
        "deal.amount: keeps its number, read in another currency from now on": 2,
        "deal.closes_on: holds a value beyond the new limits": 1,
        "deal.stage: may go fewer ways than before": 2,
        "deal.customer: points to a record that may not be chosen any more": 2,
        "customer.name: holds a value beyond the new limits": 1,
    }


def test_users_who_may_not_be_chosen_any_more_are_counted(session, engine):
    sales, service = user_id(session, "sales"), user_id(session, "service")
    for owner in (sales, service, service, None):
        make_customer(session, owner=owner)
    session.commit()

    def change(found):
        fields_of(found, "customer")["owner"]["only_role"] = "sales"

    assert diff_after(engine, change)["rows"] == {
        "customer.owner: holds a user who may not be chosen any more": 2
    }


def test_a_limit_in_another_field_is_counted_beside_that_field(session, engine):
    for name, starts, ends in (("a", "2026-01-01", "2026-02-01"), ("b", "2026-01-01", None)):
        make_contract(session, name=name, starts_on=starts, ends_on=ends)
    session.commit()

    def change(found):
        fields_of(found, "contract")["starts_on"]["after"] = "ends_on"

    assert diff_after(engine, change)["rows"] == {
        "contract.starts_on: holds a value beyond the new limits": 1
    }
