"""Several writers at once, each a thread with its own session: what is summed up, and what is numbered."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from crm.database import CrmSession, only_reading, open_session
from crm.entities.load import documents_from_json
from crm.permissions.model import SYSTEM
from crm.records.bulk import insert_rows
from crm.records.listing import ListQuery, list_records
from crm.records.service import create_record, delete_record, get_record, update_record
from crm.records.values import value_of
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import Workspace, get_workspace
from tests.factories import make_complaint, make_customer

WRITERS = 4
STEPS = 6
TOTALS = {
    "deal_count": {"type": "summary", "of": "count", "over": "deals"},
    "deal_total": {"type": "summary", "of": "money", "over": "deals.amount"},
    "largest": {"type": "summary", "of": "max", "over": "deals.amount", "result": "money"},
    "twice": {"type": "formula", "of": "money", "formula": "deal_total * 2"},
}


@pytest.fixture
def summed(engine: sa.Engine, workspace: Workspace) -> Workspace:
    """The live revision, where customers sum up their deals."""
    bodies = [copy.deepcopy(dict(document.body)) for document in workspace.schema.documents]
    customer = next(body for body in bodies if body.get("entity") == "customer")
    customer["fields"] |= copy.deepcopy(TOTALS)
    publish_schema(engine, documents_from_json(bodies), "test")
    return get_workspace(engine)


def run_at_once(*deeds: Callable[[], None]) -> None:
    """Run every deed in a thread of its own, all from the same moment; the first failure is raised."""
    barrier, failures = threading.Barrier(len(deeds)), []

    def run(deed: Callable[[], None]) -> None:
        try:
            barrier.wait()
            deed()
        except Exception as error:  # a thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


@contextmanager
def reading(engine: sa.Engine, workspace: Workspace) -> Iterator[CrmSession]:
    """Open a session that reads what was true at one moment, however much is written meanwhile."""
    with only_reading(), open_session(engine, workspace, SYSTEM) as session:
        if engine.dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        yield session


def work_on_deals(engine: sa.Engine, workspace: Workspace, customers: list[int], mine: int) -> None:
    """Create, raise, move and delete deals of the same customers, one transaction each."""
    entity = workspace.schema.entities["deal"]
    for step in range(STEPS):
        here, there = customers[step % 2], customers[(step + 1) % 2]
        with open_session(engine, workspace, SYSTEM) as session:
            values = {"name": f"{mine}-{step}", "customer": here, "amount": str(10 * mine + step)}
            made = create_record(session, entity, values).id
            create_record(session, entity, {**values, "amount": "0.10"})
        with open_session(engine, workspace, SYSTEM) as session:
            change = {"customer": there} if step % 3 == 1 else {"amount": str(100 + mine)}
            update_record(session, entity, made, change)
        if step % 3 == 2:
            with open_session(engine, workspace, SYSTEM) as session:
                delete_record(session, entity, made)


def expected(session: CrmSession, customer: int) -> dict[str, Any]:
    """Return what the summaries must be, counted from the deals themselves."""
    cls = session.workspace.models["deal"]
    amounts = session.scalars(sa.select(cls.amount).where(cls.customer_id == customer)).all()
    total = sum(amounts, Decimal(0))
    return {
        "deal_count": len(amounts),
        "deal_total": total,
        "largest": max(amounts, default=None),
        "twice": 2 * total,
    }


def check_totals(session: CrmSession, customers: list[int]) -> None:
    """Compare page, list, filter and order of the customers with their deals."""
    entity = session.workspace.schema.entities["customer"]
    wanted = {customer: expected(session, customer) for customer in customers}
    for customer in customers:
        record = get_record(session, entity, customer)
        assert {name: value_of(session, record, name) for name in TOTALS} == wanted[customer]
    page = list_records(session, entity, ListQuery(columns=tuple(TOTALS)))
    assert {row["id"]: {name: row[name] for name in TOTALS} for row in page.rows} == wanted
    for name in TOTALS:
        values = {customer: wanted[customer][name] for customer in customers}
        filled = {customer: value for customer, value in values.items() if value is not None}
        for bound in filled.values():
            found = list_records(session, entity, ListQuery([{"field": name, "at_least": bound}]))
            assert {row["id"] for row in found.rows} == {key for key in filled if filled[key] >= bound}
        ordered = list_records(session, entity, ListQuery(order=((name, False),), columns=(name,)))
        listed = [row[name] for row in ordered.rows if row[name] is not None]
        assert listed == sorted(filled.values())


def test_summaries_equal_the_children_while_several_people_save_them(engine, summed):
    with open_session(engine, summed, SYSTEM) as session:
        customers = [make_customer(session, name=name).id for name in ("North", "South")]
    done, seen = threading.Event(), []

    def read() -> None:
        while not done.is_set() or not seen:
            with reading(engine, summed) as session:
                check_totals(session, customers)
                seen.append(tuple(expected(session, customer)["deal_count"] for customer in customers))

    def write() -> None:
        try:
            run_at_once(
                *(lambda mine=mine: work_on_deals(engine, summed, customers, mine) for mine in range(WRITERS))
            )
        finally:
            done.set()

    run_at_once(read, write)
    with reading(engine, summed) as session:
        check_totals(session, customers)
        counts = [expected(session, customer)["deal_count"] for customer in customers]
    assert sum(counts) == WRITERS * STEPS * 2 - WRITERS * (STEPS // 3)


def numbers_of(engine: sa.Engine, workspace: Workspace) -> list[int]:
    """Return the numbers of all complaints, ascending."""
    with reading(engine, workspace) as session:
        found = session.scalars(sa.select(workspace.models["complaint"].number)).all()
    return sorted(int(number.rpartition("-")[2]) for number in found)


def test_numbers_have_no_gaps_and_no_doubles_when_every_third_transaction_is_rolled_back(engine, workspace):
    with open_session(engine, workspace, SYSTEM) as session:
        customer = make_customer(session).id
    kept = []

    def create(mine: int) -> None:
        for step in range(STEPS):
            with open_session(engine, workspace, SYSTEM) as session:
                make_complaint(session, customer=customer)
                if (mine + step) % 3 == 0:
                    session.rollback()
                else:
                    kept.append(1)

    run_at_once(*(lambda mine=mine: create(mine) for mine in range(WRITERS)))
    assert numbers_of(engine, workspace) == list(range(1, len(kept) + 1))


def test_imported_rows_and_single_records_draw_from_the_same_numbers(engine, workspace):
    entity = workspace.schema.entities["complaint"]
    with open_session(engine, workspace, SYSTEM) as session:
        customer = make_customer(session).id
    rows = [{"subject": f"Row {place}", "customer": customer} for place in range(5)]

    def bring(mine: int) -> None:
        for step in range(3):
            with open_session(engine, workspace, SYSTEM) as session:
                insert_rows(session, entity, rows)
                if (mine + step) % 3 == 0:
                    session.rollback()

    def create() -> None:
        for _step in range(STEPS):
            with open_session(engine, workspace, SYSTEM) as session:
                make_complaint(session, customer=customer)

    run_at_once(lambda: bring(0), lambda: bring(1), create, create)
    assert numbers_of(engine, workspace) == list(range(1, 2 * STEPS + 5 * 4 + 1))
