"""From a file to records: actions, reasons, exactly once, and back."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
import sqlalchemy as sa

from crm.database import CrmSession
from crm.errors import ImportRowError, NotAllowedError
from crm.events import event
from crm.imports import applying, service, store, work
from crm.imports.lookups import Lookups
from crm.imports.model import Column, Matching
from crm.imports.plan import Planner
from crm.kept_problems import decode_problems
from crm.permissions.model import Actor, EntityRights, Role
from crm.records.journal import CREATED, change
from crm.records.service import create_record, update_record
from crm.texts import Text
from tests.crm.imports.bench import counts, csv_of
from tests.factories import make_customer, user_id
from tests.shared_data import SHARED

TELCO = SHARED / "datasets" / "ibm_telco_churn.csv"


def all_of(session: CrmSession, entity: str) -> list:
    """Return all records as they are now, and let go of the database: others may write."""
    cls = session.workspace.models[entity]
    records = list(session.scalars(sa.select(cls).order_by(cls.id)))
    session.expunge_all()
    session.commit()
    return records


def rows_of(session: CrmSession, statement: sa.Select) -> list:
    """Return the rows of a statement, and let go of the database."""
    rows = list(session.connection().execute(statement))
    session.commit()
    return rows


def codes(workshop, batch: dict) -> dict[int, list[str]]:
    rows = [row for row in workshop.rows(batch["id"]) if row.action == "error"]
    return {row.number: [problem.code for problem in decode_problems(row.problems)] for row in rows}


@pytest.mark.skipif(not TELCO.exists(), reason="the shared data is not here")
def test_the_telephone_customers_come_out_with_their_counts_and_sums(workshop, session):
    batch = workshop.run(TELCO.read_bytes(), "subscriber", name=TELCO.name)
    assert (batch["state"], counts(batch)) == ("done", {"created": 7043})
    cls = session.workspace.models["subscriber"]
    assert session.scalar(sa.select(sa.func.sum(cls.monthly))) == Decimal("456116.60")
    assert session.scalar(sa.select(sa.func.count()).where(cls.total.is_(None))) == 11
    assert session.scalar(sa.select(sa.func.count()).where(cls.churn == "Yes")) == 1869
    matched = [column["field"] for column in batch["matching"]["columns"]]
    assert None not in matched


def test_the_same_file_again_changes_nothing(workshop):
    table = [
        ["customerID", "Monthly charges", "Contract"],
        *([f"S-{n}", f"{n}.5", "One year"] for n in range(300)),
    ]
    workshop.run(csv_of(table), "subscriber")
    again = workshop.run(csv_of(table), "subscriber", mode="upsert")
    assert counts(again) == {"unchanged": 300}


def test_a_created_record_has_defaults_history_and_an_event(workshop, session):
    batch = workshop.run(csv_of([["Name", "Πόλη"], ["Aegean", "Αθήνα"]]), "customer")
    [record] = all_of(session, "customer")
    assert (record.name, record.city, record.kind, record.country) == ("Aegean", "Αθήνα", "company", "GR")
    assert record.row_version == 1 and record.search_key
    [row] = session.connection().execute(sa.select(change).where(change.c.entity == "customer")).all()
    assert (row.record_id, row.kind, row.batch_id, row.actor_kind) == (
        record.id,
        "created",
        batch["id"],
        "import",
    )
    assert '"city":[null,"Αθήνα"]' in row.values.replace(" ", "")
    events = session.connection().execute(sa.select(event.c.record_id, event.c.change_id)).all()
    assert events == [(record.id, row.id)]


def test_rules_are_skipped_on_request(workshop, session):
    workshop.run(csv_of([["Name"], ["Aegean"]]), "customer", rules="skip")
    assert CREATED not in session.connection().scalars(sa.select(event.c.kind)).all()  # it starts no rule
    assert session.connection().scalar(sa.select(sa.func.count()).select_from(change)) == 1


def test_a_record_can_be_saved_as_usual_after_an_import(workshop, session):
    workshop.run(csv_of([["Name"], ["Aegean"], ["Bora"]]), "customer")
    made = make_customer(session, name="Later")
    first = all_of(session, "customer")[0]
    update_record(session, first.__entity__, first.id, {"city": "Iași"})
    session.commit()
    assert len({record.id for record in all_of(session, "customer")}) == 3
    assert made.id > first.id


def test_bad_rows_are_refused_with_every_reason_and_the_others_written(workshop, session):
    table = [["name", "email", "revenue"], ["Ana", "ana@x.org", "10"], ["", "no mail", "ten"], ["Bo", "", ""]]
    batch = workshop.run(csv_of(table), "customer")
    assert counts(batch) == {"created": 2, "failed": 1}
    assert len(codes(workshop, batch)[3]) == 3
    assert [record.name for record in all_of(session, "customer")] == ["Ana", "Bo"]


def test_upsert_creates_changes_and_leaves_alone(workshop, session):
    old = make_customer(session, name="Old", email="old@x.org", city="Cluj")
    make_customer(session, name="Same", email="same@x.org", city="Iași")
    session.commit()
    table = [
        ["name", "email", "city"],
        ["Old", "old@x.org", "Oradea"],
        ["Same", "same@x.org", "Iași"],
        ["New", "new@x.org", "Arad"],
    ]
    batch = workshop.run(csv_of(table), "customer", mode="upsert", keys=["email"])
    assert counts(batch) == {"created": 1, "updated": 1, "unchanged": 1}
    session.refresh(old)
    assert (old.city, old.row_version) == ("Oradea", 2)
    asked = sa.select(change.c["values"]).where(change.c.record_id == old.id, change.c.kind == "updated")
    assert [row[0] for row in rows_of(session, asked)] == ['{"city":["Cluj","Oradea"]}']


def test_update_refuses_rows_whose_record_is_not_there(workshop, session):
    make_customer(session, name="Old", email="old@x.org")
    session.commit()
    table = [["email", "city"], ["old@x.org", "Oradea"], ["gone@x.org", "Arad"]]
    batch = workshop.run(csv_of(table), "customer", mode="update", keys=["email"])
    assert counts(batch) == {"updated": 1, "failed": 1}
    assert codes(workshop, batch) == {3: ["import.no_such_record"]}


def test_create_with_a_key_skips_what_exists(workshop, session):
    make_customer(session, name="Old", email="old@x.org")
    session.commit()
    table = [["name", "email"], ["Other", "old@x.org"], ["New", "new@x.org"]]
    batch = workshop.run(csv_of(table), "customer", keys=["email"])
    assert counts(batch) == {"created": 1, "skipped": 1}


def test_one_key_for_two_records_or_two_rows_is_never_guessed(workshop, session):
    for _ in range(2):
        make_customer(session, name="Twin", email="twin@x.org")
    session.commit()
    table = [["email", "city"], ["twin@x.org", "Arad"], ["new@x.org", "Cluj"], ["new@x.org", "Iași"]]
    told = ["city=city"]
    batch = workshop.check(
        csv_of([[*row, "N"] for row in table]),
        "customer",
        mode="upsert",
        keys=["email"],
        told=[*told, "N=name"],
    )
    assert codes(workshop, batch) == {2: ["import.several_records"], 4: ["import.key_twice"]}


def test_unique_values_are_checked_within_the_file_and_against_the_database(workshop):
    table = [["customerID", "Churn"], ["A-1", "Yes"], ["A-2", "No"], ["A-1", "No"]]
    first = workshop.run(csv_of(table), "subscriber")
    assert counts(first) == {"created": 2, "failed": 1}
    again = workshop.run(csv_of(table[:2]), "subscriber")
    assert codes(workshop, again) == {2: ["record.not_unique"]}


def test_references_and_users_are_found_by_name(workshop, session):
    acme = make_customer(session, name="Acme", email="info@acme.org").id
    make_customer(session, name="Twin")
    make_customer(session, name="Twin")
    session.commit()
    table = [
        ["Deal", "Customer", "Amount", "Owner"],
        ["One", "Acme", "10", "sales"],
        ["Two", "info@acme.org", "20", "Sales Tester"],
        ["Three", "acme", "30", ""],
        ["Four", f"#{acme}", "40", "admin@example.com"],
        ["Five", "Nobody", "50", "nobody"],
        ["Six", "Twin", "60", ""],
    ]
    batch = workshop.run(csv_of(table), "deal", told=["Deal=name"])
    assert counts(batch) == {"created": 4, "failed": 2}
    assert {deal.customer_id for deal in all_of(session, "deal")} == {acme}
    assert codes(workshop, batch) == {
        6: ["import.no_such_record", "import.no_such_user"],
        7: ["import.several_records"],
    }


def test_choices_dates_and_numbers_are_read_as_their_column_writes_them(workshop, session):
    table = [
        ["Name", "Status", "Customer since", "Revenue", "Country"],
        ["Ana", "Ενεργός", "25/12/2025", "1.234,50", "Ελλάδα"],
        ["Bo", "former customer", "01/02/2026", "1.234", "RO"],
    ]
    workshop.run(csv_of(table), "customer")
    ana, bo = all_of(session, "customer")
    assert (ana.status, bo.status, ana.country, bo.country) == ("active", "churned", "GR", "RO")
    assert (ana.customer_since, bo.customer_since) == (dt.date(2025, 12, 25), dt.date(2026, 2, 1))
    assert (ana.revenue, bo.revenue) == (Decimal("1234.50"), Decimal("1234.00"))


def test_month_first_dates_are_proven_by_one_row_and_ambiguous_ones_are_pointed_out(workshop, session):
    table = [["Name", "Customer since"], ["Ana", "02/01/2026"], ["Bo", "02/25/2026"]]
    workshop.run(csv_of(table), "customer")
    assert [record.customer_since for record in all_of(session, "customer")] == [
        dt.date(2026, 2, 1),
        dt.date(2026, 2, 25),
    ]
    unclear = workshop.check(csv_of(table[:2]), "customer")
    assert [note[0] for note in unclear["notes"]] == ["import.dates_two_ways"]


def test_a_phone_is_read_beside_the_country_of_its_row(workshop, session):
    table = [["Name", "Phone", "Country"], ["Ana", "0721 234 567", "Romania"], ["Bo", "210 123 4567", ""]]
    workshop.run(csv_of(table), "customer")
    assert [record.phone for record in all_of(session, "customer")] == ["+40721234567", "+302101234567"]


def test_preview_and_run_agree(workshop):
    table = [["name", "email"], *([f"N{n}", f"n{n}@x.org" if n % 7 else "bad"] for n in range(50))]
    checked = workshop.check(csv_of(table), "customer")
    planned = counts(checked)
    assert counts(workshop.apply(checked["id"])) == planned == {"created": 42, "failed": 8}


def test_a_second_delivery_does_nothing(workshop, session):
    batch = workshop.run(csv_of([["name"], ["Ana"]]), "customer")
    assert not work.apply_batch(workshop.shop, batch["id"])
    assert not work.check_batch(workshop.shop, batch["id"])
    assert len(all_of(session, "customer")) == 1


def test_a_run_that_stopped_goes_on_behind_its_last_chunk(workshop, session, monkeypatch):
    table = [["name"], *([f"N{n}"] for n in range(25))]
    batch = workshop.check(csv_of(table), "customer")
    monkeypatch.setattr(applying, "CHUNK", 10)
    workshop.deed(batch["id"], service.begin_apply)
    real, calls = applying.Executor.execute, []

    def dies_in_the_second_chunk(executor, rows):
        calls.append(len(rows))
        outcome = real(executor, rows)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return outcome

    monkeypatch.setattr(applying.Executor, "execute", dies_in_the_second_chunk)
    with pytest.raises(KeyboardInterrupt):
        work.apply_batch(workshop.shop, batch["id"])
    assert workshop.batch(batch["id"])["done"] == 10
    assert not work.apply_batch(workshop.shop, batch["id"])  # the lease of the dead one still holds
    with workshop.shop.engine.begin() as connection:
        store.change_batch(connection, batch["id"], lease_until=dt.datetime(2020, 1, 1))
        assert store.LEASED.list_forgotten(connection, dt.datetime(2026, 1, 1)) == [(batch["id"], "applying")]
    assert work.apply_batch(workshop.shop, batch["id"])
    assert counts(workshop.batch(batch["id"])) == {"created": 25}
    assert len({record.name for record in all_of(session, "customer")}) == 25
    assert session.connection().scalar(sa.select(sa.func.count()).select_from(change)) == 25


def test_an_attempt_that_lost_its_lease_writes_nothing(workshop, session, monkeypatch):
    batch = workshop.check(csv_of([["name"], *([f"N{n}"] for n in range(25))]), "customer")
    monkeypatch.setattr(applying, "CHUNK", 10)
    workshop.deed(batch["id"], service.begin_apply)
    real = applying.Executor.execute

    def is_cancelled_meanwhile(executor, rows):
        outcome = real(executor, rows)
        executor.session.commit()
        workshop.deed(batch["id"], service.cancel)
        return outcome

    monkeypatch.setattr(applying.Executor, "execute", is_cancelled_meanwhile)
    assert not work.apply_batch(workshop.shop, batch["id"])
    assert workshop.batch(batch["id"])["state"] == "cancelled"
    assert len(all_of(session, "customer")) == 10


def test_undo_removes_restores_and_keeps_what_somebody_touched(workshop, session):
    old = make_customer(session, name="Old", email="old@x.org", city="Cluj")
    edited = make_customer(session, name="Edited", email="edited@x.org", city="Cluj")
    session.commit()
    table = [["name", "email", "city"], ["Old", "old@x.org", "Arad"], ["Edited", "edited@x.org", "Arad"]]
    table += [
        ["New", "new@x.org", "Arad"],
        ["Touched", "touched@x.org", "Arad"],
        ["Parent", "parent@x.org", "Arad"],
    ]
    batch = workshop.run(csv_of(table), "customer", mode="upsert", keys=["email"])
    by_name = {record.name: record for record in all_of(session, "customer")}
    entity = old.__entity__
    update_record(session, entity, edited.id, {"city": "Oradea"})
    update_record(session, entity, by_name["Touched"].id, {"city": "Oradea"})
    contact = session.workspace.schema.entities["contact"]
    create_record(session, contact, {"name": "Child", "customer": by_name["Parent"].id})
    session.commit()
    undone = workshop.undo(batch["id"])
    assert (undone["state"], undone["removed"], undone["restored"], undone["kept"]) == ("undone", 1, 1, 3)
    session.expire_all()
    assert {record.name: record.city for record in all_of(session, "customer")} == {
        "Old": "Cluj", "Edited": "Oradea", "Touched": "Oradea", "Parent": "Arad",
    }  # fmt: skip


def importer(session: CrmSession, **rights: object) -> Actor:
    """Return the user `sales` with one role of its own, which may read, create, update and import customers."""
    everything = frozenset({"read", "create", "update", "import"})
    role = Role("importer", Text("Importer"), {"customer": EntityRights(everything, **rights)})
    found = Actor("user", "sales", user_id(session, "sales"), (role,))
    session.commit()
    return found


@pytest.mark.parametrize("way", ["hidden", "read_only"])
def test_a_field_the_actor_may_not_write_refuses_the_whole_import(workshop, session, way):
    actor = importer(session, **{way: frozenset({"credit_limit"})})
    with pytest.raises(ImportRowError) as refused:
        workshop.start(csv_of([["Name", "Credit limit"], ["Ana", "10"]]), "customer", who=actor)
    assert [problem.code for problem in refused.value.problems] == ["import.field_not_allowed"]
    assert all_of(session, "customer") == []


def test_the_column_of_a_closed_field_may_be_left_out(workshop, session):
    actor = importer(session, read_only=frozenset({"credit_limit"}))
    content = csv_of([["Name", "Credit limit"], ["Ana", "10"]])
    assert workshop.start(content, "customer", who=actor, told=["Credit limit="])


def test_rows_out_of_the_actors_reach_are_refused(workshop, session):
    actor = importer(session, records=({"field": "country", "is": "GR"},))
    make_customer(session, name="Hers", email="hers@x.org", country="GR")
    make_customer(session, name="Theirs", email="theirs@x.org", country="RO")
    session.commit()
    table = [["name", "email", "country"], ["Mine", "mine@x.org", "GR"], ["Away", "away@x.org", "RO"]]
    table += [["Hers", "hers@x.org", "RO"], ["Theirs", "theirs@x.org", "GR"]]
    planned = plan_as(session, actor, table, mode="upsert", keys=("email",))
    assert {row[0]: row[1] for row in planned} == {2: "create", 3: "error", 4: "error", 5: "create"}


def plan_as(session: CrmSession, actor: Actor, table: list, **options: object) -> list[tuple]:
    """Return the plan rows of a table whose headers are field names."""
    entity = session.workspace.schema.entities["customer"]
    session.actor = actor
    columns = tuple(Column(place, name, name) for place, name in enumerate(table[0]))
    planner = Planner(session, entity, Matching(columns, **options))
    return planner.plan(list(enumerate(table[1:], start=2)))


def test_a_reference_the_actor_may_not_see_does_not_exist(workshop, session):
    make_customer(session, name="Acme")
    session.commit()
    actor = importer(session)
    rights = {"deal": EntityRights(frozenset({"create", "import"}))}
    blind = replace(actor, roles=(Role("blind", Text("Blind"), rights),))
    session.actor = blind
    lookups = Lookups(session)
    field = session.workspace.schema.entities["deal"].fields["customer"]
    lookups.learn(field, ["Acme"])
    assert lookups.known["customer"]["Acme"].code == "import.no_such_record"


def test_an_entity_without_import_right_is_refused(workshop, session):
    roles = session.workspace.schema.parts["role"]
    name = next(
        name
        for name, role in sorted(roles.items())
        if not any("import" in part.can for part in role.entities.values())
    )
    with pytest.raises(NotAllowedError):
        workshop.start(csv_of([["Name"], ["Ana"]]), "customer", who=name)


def test_what_makes_no_sense_is_told_at_once(workshop):
    content = csv_of([["Name", "Other"], ["Ana", "x"]])
    with pytest.raises(ImportRowError) as refused:
        workshop.start(content, "customer", told=["Nme=name", "Other=nmae"])
    assert [problem.code for problem in refused.value.problems] == [
        "import.unknown_column",
        "import.unknown_field_near",
    ]


def test_the_same_bytes_without_a_key_are_warned_about(workshop):
    content = csv_of([["name"], ["Ana"]])
    first = workshop.run(content, "customer")
    assert workshop.check(content, "customer")["notes"] == [["import.same_file", {"id": first["id"]}]]
