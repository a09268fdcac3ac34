"""Every factory makes a record of the shipped schemas, and one per entity would be missed."""

from __future__ import annotations

import pytest

from tests import factories

MAKERS = sorted(name for name in vars(factories) if name.startswith("make_") and name != "make_record")


@pytest.mark.parametrize("name", MAKERS)
def test_a_factory_saves_a_record(session, name):
    record = getattr(factories, name)(session)
    session.commit()
    assert record.id
    assert record.__entity__.name == name.removeprefix("make_")


def test_a_given_reference_is_taken(session):
    customer = factories.make_customer(session, name="Acme")
    deal = factories.make_deal(session, customer=customer)
    assert deal.customer_id == customer.id


def test_the_clock_of_the_test_is_the_records_clock(session, clock):
    assert factories.make_customer(session).created_at == clock.now
