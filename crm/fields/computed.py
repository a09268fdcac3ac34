"""Values nobody types: formulas over the record's fields, and summaries over its children."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from crm.errors import Problem
from crm.fields import options
from crm.fields.base import Field, FieldType, Situation, TypeWords
from crm.fields.boolean import BooleanType
from crm.fields.date import DateTimeType, DateType
from crm.fields.money import MoneyType
from crm.fields.number import DecimalType, IntegerType, PercentType
from crm.fields.text import LongTextType, TextType
from crm.texts import N_, NP_

RESULTS: Mapping[str, FieldType] = {
    cls.name: cls()
    for cls in (
        TextType, LongTextType, IntegerType, DecimalType, PercentType, MoneyType, BooleanType, DateType,
        DateTimeType,
    )
}  # fmt: skip
FUNCTIONS = ("count", "sum", "min", "max", "avg", "last")
LONGEST_FORMULA = 2_000
_RESULT_KEYS = frozenset({"places", "currency", "currency_field"})


class ComputedType(FieldType):
    """What formulas and summaries share: they behave as the type of their result, and nobody writes them."""

    stored = False  # computed on reading, in SQL for lists and in Python for one record: never stale
    writable = False

    def result(self, field: Field) -> FieldType:
        """Return the type of the result."""
        return RESULTS[field.options["of"]]

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the result's own keys."""
        of = self.result_name(body)
        result = RESULTS.get(of) if isinstance(of, str) else None
        if result is None:
            return options.check_word(name, {"of": of or "?"}, "of", RESULTS)
        return result.check_keys(name, self._for_result(result, body))

    def check_default(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return the problem of a default: the value is computed, never given."""
        if body.get("default") is None:
            return []
        return options.bad(name, "default", "field.bad_default", value=str(body["default"])[:60])

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the result's options, and the name of its type as `of`."""
        of = self.result_name(body)
        return {**RESULTS[of].build_options(self._for_result(RESULTS[of], body)), "of": of}

    def result_name(self, body: Mapping[str, Any]) -> Any:
        """Return the name of the result's type, as written."""
        return body.get("of")

    def _for_result(self, result: FieldType, body: Mapping[str, Any]) -> dict[str, Any]:
        return {key: body[key] for key in _RESULT_KEYS & result.keys if key in body}

    def column_type(self, field: Field) -> sa.types.TypeEngine:
        """Return the column of the result."""
        return self.result(field).column_type(field)

    def clean(self, field: Field, value: Any, situation: Situation) -> Any:
        """Return the value as the result's type reads it."""
        return self.result(field).clean(field, value, situation)

    def fit(self, field: Field, value: Any) -> Any:
        """Return the computed value as the column holds it."""
        return self.result(field).fit(field, value)

    def display(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the value as the result's type shows it."""
        return self.result(field).display(field, value, situation)

    def form_text(self, field: Field, value: Any, situation: Situation) -> str:
        """Return the value as the result's control shows it."""
        return self.result(field).form_text(field, value, situation)

    def to_json(self, field: Field, value: Any) -> Any:
        """Return the value as the result's type writes it."""
        return self.result(field).to_json(field, value)

    def to_cell(self, field: Field, value: Any, situation: Situation) -> Any:
        """Return the value as the result's type puts it into a cell."""
        return self.result(field).to_cell(field, value, situation)

    def sheet_format(self, field: Field, cell: Any, situation: Situation) -> str:
        """Return the format of the result."""
        return self.result(field).sheet_format(field, cell, situation)

    def search_key(self, field: Field, value: Any) -> str:
        """Return the words of the result."""
        return self.result(field).search_key(field, value)


class FormulaType(ComputedType):
    """A formula over the record's fields.

    Shape:  `of` is the type of the result, `formula` its text.
    """

    name = "formula"
    seal_refused = "schema.encrypted_computed"
    words = TypeWords("wand", NP_("field.type", "Formula"), N_("Calculated from other fields"))
    computes = "formula"
    keys = frozenset({"of", "formula"}) | _RESULT_KEYS

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the result and the length of the formula; its words are checked later."""
        formula = body.get("formula")
        if not isinstance(formula, str) or not 0 < len(formula.strip()) <= LONGEST_FORMULA:
            return options.bad(name, "formula", "field.no_formula", most=LONGEST_FORMULA)
        return super().check_keys(name, body)

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the result's options and the formula."""
        return {**super().build_options(body), "formula": body["formula"]}


class SummaryType(ComputedType):
    """A number, or a first or last value, over the record's children.

    Shape:  `over` names the children, or one of their fields: `lines.amount`. `of` is what is computed
            (count, sum, min, max, avg, last), or the type of the result, which then is a sum, or a count
            where `over` names no field. `result` names the type of the result; absent: integer for
            a count, decimal otherwise.
    """

    name = "summary"
    seal_refused = "schema.encrypted_computed"
    words = TypeWords(
        "chart-bar", NP_("field.type", "Roll-up"), N_("Count, total or average of related records")
    )
    computes = "children"
    keys = frozenset({"of", "over", "where", "result"}) | _RESULT_KEYS

    def result_name(self, body: Mapping[str, Any]) -> Any:
        """Return the name of the result's type: given, or following from the function."""
        if body.get("result") is not None:
            return body["result"]
        of = body.get("of")
        return of if of not in FUNCTIONS else "integer" if of == "count" else "decimal"

    def check_keys(self, name: str, body: Mapping[str, Any]) -> list[Problem]:
        """Return what is wrong with the function, the children and the result."""
        over = body.get("over")
        parts = over.split(".") if isinstance(over, str) else []
        if not 1 <= len(parts) <= 2 or not all(part.isidentifier() for part in parts):
            return options.bad(name, "over", "field.bad_over", value=str(over)[:40])
        problems = options.check_word(name, {"of": body.get("of") or "?"}, "of", (*FUNCTIONS, *RESULTS))
        if problems:
            return problems
        if len(parts) == 1 and body["of"] in FUNCTIONS and body["of"] != "count":
            problems += options.bad(name, "over", "field.bad_over", value=over)
        if body.get("where") is not None and not isinstance(body["where"], (list, Mapping)):
            problems += options.bad(name, "where", "field.expected_lines")
        return problems + super().check_keys(name, body)

    def build_options(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the result's options, and `function`, `over` as a tuple, `where`."""
        over = tuple(body["over"].split("."))
        function = body["of"] if body["of"] in FUNCTIONS else "sum" if len(over) == 2 else "count"
        where = body.get("where") or ()
        where = tuple(where) if isinstance(where, (list, tuple)) else (where,)
        return {**super().build_options(body), "function": function, "over": over, "where": where}
