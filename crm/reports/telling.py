"""Says the values of a report as people read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal

from crm.fields import type_of
from crm.fields.locales import shown_percent, with_minus_at_left
from crm.records.amounts import amount_text, amounts_text
from crm.reports.periods import say_period
from crm.reports.query import Column, ReportQuery


class Teller:
    """Says the values of a report as people read them."""

    def __init__(self, query: ReportQuery) -> None:
        self.query, self.situation = query, query.situation

    def texts(self, row: Sequence[Any]) -> tuple[str, ...]:
        """Return the texts of a row; an amount is in the currency of its group."""
        return tuple(
            self.text(column, value, row[column.currency] if column.currency is not None else "")
            for column, value in zip(self.query.columns, row, strict=True)
        )

    def text(self, column: Column, value: Any, currency: str | None = "") -> str:
        """Return one value as people read it."""
        if value is None:
            return "" if column.is_measure else "—"
        if column.name in self.query.names and not column.is_measure:
            return self.query.names[column.name].get(value, f"#{value}")
        if column.period:
            return say_period(value, column.period, self.situation.language)
        if column.field is None or self._is_plain(column):
            is_share = column.measure is not None and column.measure.kind == "share"
            return number_text(value, is_share, self.situation.language)
        if column.is_measure and column.usual:
            return amount_text(column.field, value, currency or column.usual, self.situation)
        is_word = not column.is_measure and type_of(column.field).result(column.field).kind == "many"
        return type_of(column.field).display(column.field, (value,) if is_word else value, self.situation)

    def plain(self, value: Any, is_share: bool = False) -> str:
        """Return a number, or a percentage, as people read it."""
        return number_text(value, is_share, self.situation.language)

    def total(self, column: Column, amounts: Mapping[str, Any]) -> str:
        """Return a measure over everything; of amounts in several currencies a figure for each."""
        if column.usual:
            return amounts_text(column.field, amounts, self.situation)
        return self.text(column, amounts.get(""))

    @staticmethod
    def _is_plain(column: Column) -> bool:
        """Return whether a mean is shown as a number: that of stars or pieces is not one of them."""
        is_mean = column.measure is not None and column.measure.kind == "avg"
        return is_mean and not type_of(column.field).result(column.field).unit


def number_text(value: Any, is_share: bool, language: str) -> str:
    """Return a plain number, or a percentage, in a language."""
    if is_share:
        return shown_percent(Decimal(str(value)), language)
    return with_minus_at_left(format_decimal(value, locale=language, decimal_quantization=False), language)
