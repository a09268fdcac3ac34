"""What a person sees in a spreadsheet's cell, as the field it goes to reads it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from crm.errors import FieldError
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.fields.money import currencies_named
from crm.imports.cells import EXACT, NoValue, Shown
from crm.records.sheet_cells import plain_number

READ_AS_VALUE = frozenset({"number", "date", "datetime", "boolean"})
"""Kinds of fields that want the number or date behind a cell; all others want what is shown of it."""

SIGN = re.compile(r'\[\$([^\]-]+)(?:-[^\]]*)?\]|"([^"]+)"|([€$£¥₪])')


def wants_shown(field: Field) -> bool:
    """Return whether the format of a number says something about its value in a field.

    Shape:  as text for texts, choices and links; a percent sign and a currency for percentages and amounts.
    """
    field_type = FIELD_TYPES[field.type]
    return field_type.kind not in READ_AS_VALUE or bool(field_type.unit)


def seen_cell(field: Field, cell: Any) -> Any:
    """Return what a cell that holds no plain text means to a field.

    Errors: FieldError when the spreadsheet shows no value there, or did not keep the whole of it.
    """
    if isinstance(cell, NoValue):
        if cell.text:
            raise FieldError("import.cell_error", label=field.label, value=cell.text)
        raise FieldError("import.formula_without_result", label=field.label)
    if FIELD_TYPES[field.type].kind not in READ_AS_VALUE:
        return seen_text(field, cell)
    if not isinstance(cell, Shown):
        return cell
    if (
        FIELD_TYPES[field.type].unit == "percent"
        and "%" in cell.code
        and isinstance(cell.value, (int, float))
    ):
        return Decimal(f"{cell.value * 100:.15g}")
    if FIELD_TYPES[field.type].unit == "currency" and isinstance(cell.value, (int, float)):
        return with_currency(cell)
    return cell.value


def seen_text(field: Field, cell: Any) -> Any:
    """Return a number, date or truth as the text the spreadsheet shows."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    value = cell.value if isinstance(cell, Shown) else cell
    if isinstance(value, (int, float)) and abs(value) >= EXACT:
        raise FieldError("import.digits_lost", label=field.label)
    if not isinstance(cell, Shown):
        return general_text(value) if isinstance(value, float) else value
    if cell.text is None:
        raise FieldError("import.unknown_format", label=field.label, shape=cell.code[:60])
    return cell.text


def general_text(value: float) -> str:
    """Return a number without a format as a spreadsheet shows it: never with an exponent below 15 digits.

    >>> general_text(0.3), general_text(2.5e-05)
    ('0.3', '0.000025')
    """
    return format(Decimal(repr(value)), "f")


def with_currency(cell: Shown) -> Any:
    """Return an amount with the sign its format shows, so that another currency than the field's is refused."""
    for found in SIGN.finditer(cell.code):
        sign = (found[1] or found[2] or found[3]).strip()
        if currencies_named(sign):
            return f"{plain_number(Decimal(repr(cell.value)))} {sign}"
    return cell.value
