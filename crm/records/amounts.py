"""Amounts whose currency is another field of the record, and sums that never mix currencies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from crm.fields.base import Field, Situation
from crm.fields.money import currencies
from crm.records.values import type_of

BETWEEN = " · "


def usual_currency(field: Field, situation: Situation) -> str:
    """Return the currency of an amount beside which none is named."""
    return type_of(field).result(field).currency(field, replace(situation, values={}))


def currency_sql(beside: Field, expression: Any, usual: str) -> sa.ColumnElement:
    """Return the SQL of an amount's currency as it is shown: what no currency is called counts as the usual one."""
    code = sa.func.upper(expression)
    return sa.case((code.in_(codes_of(beside)), code), else_=usual)


def codes_of(beside: Field) -> list[str]:
    """Return the currencies that a field can name."""
    named = [key.upper() for key in beside.options.get("choices") or currencies()]
    return sorted(currencies().intersection(named))


def amounts_text(field: Field, amounts: Mapping[str, Decimal | None], situation: Situation) -> str:
    """Return amounts, by currency, as one text: a figure for each; empty ones are left out.

    Shape:  the key is "" for a field that has a currency of its own.
    """
    texts = [
        amount_text(field, amount, currency, situation)
        for currency, amount in sorted(amounts.items())
        if amount is not None
    ]
    return BETWEEN.join(texts)


def amount_text(field: Field, amount: Any, currency: str, situation: Situation) -> str:
    """Return an amount of a field in a currency; "" means the field's own."""
    beside = {field.options["currency_field"]: currency} if currency else {}
    return type_of(field).display(field, amount, replace(situation, values=beside))
