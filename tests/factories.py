"""Records for tests, saved the one way records are saved. A test names only what matters to it.

`make_deal(session, stage="won")` makes the customer it needs; `make_deal(session, customer=acme)` takes that one.
Values are those a form or the API would send; a record stands for its id. Commit before somebody else writes.
"""

from __future__ import annotations

import itertools
from typing import Any

from crm.database import CrmSession
from crm.records.service import create_record
from crm.revisions.models import Record

NUMBERS = itertools.count(1)


def make_record(session: CrmSession, entity: str, **values: Any) -> Record:
    """Create one record of any entity from what is given and nothing else."""
    sent = {name: value.id if isinstance(value, Record) else value for name, value in values.items()}
    return create_record(session, session.workspace.schema.entities[entity], sent)


def user_id(session: CrmSession, username: str) -> int:
    """Return the id of one of the tests' users: `admin`, or named like a role."""
    from crm.permissions.store import find_user_id

    return find_user_id(session.connection(), username)


def make_customer(session: CrmSession, **values: Any) -> Record:
    """Create a customer."""
    return make_record(session, "customer", **{"name": f"Customer {next(NUMBERS)}", **values})


def make_contact(session: CrmSession, **values: Any) -> Record:
    """Create a contact, with a customer unless given."""
    return _make(session, "contact", {"name": f"Contact {next(NUMBERS)}", **values})


def make_deal(session: CrmSession, **values: Any) -> Record:
    """Create a deal, with a customer unless given."""
    return _make(session, "deal", {"name": f"Deal {next(NUMBERS)}", "amount": "1000", **values})


def make_complaint(session: CrmSession, **values: Any) -> Record:
    """Create a complaint, with a customer unless given."""
    return _make(session, "complaint", {"subject": f"Complaint {next(NUMBERS)}", **values})


def make_contract(session: CrmSession, **values: Any) -> Record:
    """Create a contract, with a customer unless given."""
    number = next(NUMBERS)
    usual = {"number": f"K-{number}", "name": f"Contract {number}", "starts_on": "2026-01-01"}
    return _make(session, "contract", {**usual, **values})


def make_activity(session: CrmSession, **values: Any) -> Record:
    """Create an activity, with a customer unless given."""
    return _make(session, "activity", {"subject": f"Call {next(NUMBERS)}", **values})


def make_product(session: CrmSession, **values: Any) -> Record:
    """Create a product."""
    number = next(NUMBERS)
    return make_record(session, "product", **{"code": f"P{number}", "name": f"Product {number}", **values})


def make_purchase(session: CrmSession, **values: Any) -> Record:
    """Create a purchase, with a buyer unless given."""
    if "buyer" not in values:
        values["buyer"] = make_customer(session)
    return make_record(session, "purchase", **{"bought_on": "2026-02-01", "amount": "100", **values})


def make_campaign(session: CrmSession, **values: Any) -> Record:
    """Create a campaign."""
    usual = {"name": f"Campaign {next(NUMBERS)}", "starts_on": "2026-01-01"}
    return make_record(session, "campaign", **{**usual, **values})


def _make(session: CrmSession, entity: str, values: dict[str, Any]) -> Record:
    if "customer" not in values:
        values["customer"] = make_customer(session)
    return make_record(session, entity, **values)
