"""Bulk changes: judged as single saves, resumed after a kill, cancelled, undone field by field, and that undone too."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from crm import leases
from crm.bulk import service, store
from crm.bulk.editing import Editor
from crm.bulk.service import Which
from crm.bulk.telling import problems_in_words
from crm.bulk.work import BulkWorkshop, run_job
from crm.errors import ConflictError, NotAllowedError, NotFoundError, RecordError
from crm.records.journal import list_changes
from crm.records.listing import ListQuery
from crm.records.service import delete_record, update_record
from tests.factories import make_customer, make_record, user_id


@pytest.fixture
def shop(engine, clock) -> BulkWorkshop:
    """Where this test's jobs are worked off."""
    return BulkWorkshop(engine, clock=clock)


@pytest.fixture
def customers(session) -> list[int]:
    """Seven customers of nobody."""
    found = [make_customer(session, city="Volos").id for _ in range(7)]
    session.commit()
    return found


def entity_of(session, name="customer"):
    return session.workspace.schema.entities[name]


def edit(session, ids, values, name="customer"):
    """Start an edit and commit it."""
    number = service.start_edit(session, entity_of(session, name), Which(ids), values)
    session.commit()
    return number


def undo(session, shop, number):
    """Take a job back to the end and return the number of the undo."""
    found = service.start_undo(session, number)
    session.commit()
    run_job(shop, found)
    return found


def job_of(session, number):
    session.rollback()
    found = service.get_job(session, number)
    session.rollback()
    return found


def counts(session, number):
    found = job_of(session, number)
    return found["state"], found["total"], found["done"], found["changed"], found["refused"]


def values_of(session, ids, field="city", name="customer"):
    session.expire_all()
    cls = session.workspace.models[name]
    found = [getattr(session.get(cls, number), field) for number in ids]
    session.rollback()
    return found


def reasons(session, number):
    found = problems_in_words(session, job_of(session, number))
    session.rollback()
    return [(each["id"], each["message"]) for each in found]


def test_an_edit_is_one_save_of_each_record(session, shop, customers):
    update_record(session, entity_of(session), customers[0], {"city": "Patra"})
    number = edit(session, [*customers, customers[0]], {"city": "Patra"})
    assert run_job(shop, number) and not run_job(shop, number)
    assert counts(session, number) == ("done", 7, 7, 6, 0)
    assert set(values_of(session, customers)) == {"Patra"}
    newest = list_changes(session, entity_of(session), customers[1])
    assert [row["values"] for row in newest[:-1]] == [{"city": ["Volos", "Patra"]}]
    assert newest[0]["cause"] == [f"job:{number}"]
    assert [session.get(session.workspace.models["customer"], n).row_version for n in customers[:2]] == [2, 2]
    heard = sa.text("SELECT count(*) FROM crm_event WHERE kind = 'updated' AND change_id IN (:a)")
    assert session.scalar(heard, {"a": newest[0]["id"]}) <= 1


def test_what_cannot_be_saved_is_counted_and_named(session, shop, customers):
    names = [make_record(session, "competitor", name=f"Rival {place}").id for place in range(3)]
    delete_record(session, entity_of(session), customers[6])
    session.commit()
    number = edit(session, names, {"name": "One"}, "competitor")
    run_job(shop, number)
    assert counts(session, number) == ("done", 3, 3, 1, 2)
    assert {message for _id, message in reasons(session, number)} == {
        "Another record already has this value in “Name”. Enter another value."
    }
    gone = edit(session, customers, {"name": None})
    run_job(shop, gone)
    assert counts(session, gone) == ("done", 7, 7, 0, 7)
    assert (customers[6], "Record not found, or you don't have access to it.") in reasons(session, gone)
    assert (customers[0], "Fill in “Name”.") in reasons(session, gone)


def test_an_edit_does_what_its_user_may_when_it_runs(session, session_as, shop):
    nina, omer, petra = (user_id(session, name) for name in ("sales", "manager", "service"))
    own, other = make_customer(session, owner=nina).id, make_customer(session, owner=omer).id
    session.commit()
    asker = session_as("sales")
    with pytest.raises(RecordError):
        service.start_edit(asker, entity_of(asker), Which([own]), {"segment": "small"})
    with pytest.raises(NotAllowedError):
        service.start_edit(asker, entity_of(asker, "contract"), Which([1]), {"name": "x"})
    asker.rollback()
    number = edit(asker, [own, other], {"city": "Patra"})
    away = edit(asker, [own], {"owner": petra})
    session.rollback()
    run_job(shop, number)
    run_job(shop, away)
    assert values_of(session, [own, other]) == ["Patra", None]
    assert values_of(session, [own], "owner_id") == [nina]
    assert reasons(asker, number) == [(other, "Record not found, or you don't have access to it.")]
    assert len(reasons(asker, away)) == 2
    asker.rollback()
    with pytest.raises(NotFoundError):
        service.get_job(session_as("service"), number)


def test_a_filter_is_fixed_when_the_job_begins(session, shop, customers):
    where = ListQuery([{"field": "city", "is": "Volos"}])
    number = service.start_edit(session, entity_of(session), Which(query=where), {"city": "Patra"})
    later = make_customer(session, city="Volos").id
    session.commit()
    run_job(shop, number)
    assert counts(session, number)[1:4] == (7, 7, 7)
    assert values_of(session, [later]) == ["Volos"]


def test_a_killed_job_goes_on_and_changes_nothing_twice(session, shop, customers, clock, monkeypatch):
    monkeypatch.setattr(store, "CHUNK", 3)
    number = edit(session, customers, {"city": "Patra"})
    real, calls = Editor.perform, []

    def dies_in_the_second(self, chunk):
        calls.append(chunk.number)
        found = real(self, chunk)
        if len(calls) == 2:
            raise MemoryError
        return found

    monkeypatch.setattr(Editor, "perform", dies_in_the_second)
    with pytest.raises(MemoryError):
        run_job(shop, number)
    assert counts(session, number) == ("working", 7, 3, 3, 0)
    session.rollback()
    assert not run_job(shop, number)
    clock.now += dt.timedelta(seconds=leases.LEASE_SECONDS + 1)
    assert service.list_forgotten(shop.engine, clock.now) == [number]
    assert run_job(shop, number)
    assert calls == [1, 2, 2, 3]
    assert counts(session, number) == ("done", 7, 7, 7, 0)
    assert {len(list_changes(session, entity_of(session), each)) for each in customers} == {2}


def test_a_cancelled_job_stops_and_what_it_did_can_be_undone(session, shop, customers, monkeypatch):
    monkeypatch.setattr(store, "CHUNK", 3)
    number = edit(session, customers, {"city": "Patra"})
    with pytest.raises(ConflictError):
        service.start_undo(session, number)
    session.rollback()
    real = Editor.perform

    def is_cancelled_afterwards(self, chunk):
        self.session.info["ended"] = chunk.number
        return real(self, chunk)

    monkeypatch.setattr(Editor, "perform", is_cancelled_afterwards)
    monkeypatch.setattr(
        leases.Attempt, "give_way", lambda _self: (service.cancel(session, number), session.commit())
    )
    run_job(shop, number)
    assert counts(session, number) == ("cancelled", 7, 3, 3, 0)
    with pytest.raises(ConflictError):
        service.cancel(session, number)
    session.rollback()
    monkeypatch.undo()
    undo(session, shop, number)
    assert set(values_of(session, customers)) == {"Volos"}


def test_undo_keeps_and_names_what_others_changed_and_can_be_undone(session, shop, customers):
    number = edit(session, customers, {"city": "Patra", "website": "https://koine.example"})
    session.rollback()
    run_job(shop, number)
    update_record(session, entity_of(session), customers[0], {"city": "Chania"})
    delete_record(session, entity_of(session), customers[1])
    session.commit()
    back = undo(session, shop, number)
    assert counts(session, back) == ("done", 7, 7, 6, 2)
    assert job_of(session, number)["state"] == "undone"
    left = [customers[0], *customers[2:]]
    assert values_of(session, left) == ["Chania", *["Volos"] * 5]
    assert set(values_of(session, left, "website")) == {None}
    assert reasons(session, back) == [
        (customers[1], "The record was deleted since then."),
        (customers[0], "Kept: “City” was changed since then."),
    ]
    with pytest.raises(ConflictError):
        service.start_undo(session, number)
    session.rollback()
    undo(session, shop, back)
    assert values_of(session, left) == ["Chania", *["Patra"] * 5]
    assert set(values_of(session, left, "website")) == {"https://koine.example"}
    assert job_of(session, number)["state"] == "done" and job_of(session, back)["state"] == "undone"


def test_a_forecast_says_how_many_and_why_not_and_writes_nothing(session, shop, customers):
    found = service.foresee_edit(
        session, entity_of(session), Which([*customers, 10**9]), {"city": "Patra"}, "form"
    )
    assert (found.total, found.looked_at, found.changed, list(found.refused)) == (8, 8, 7, [10**9])
    assert set(values_of(session, customers)) == {"Volos"}
