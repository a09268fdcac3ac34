"""In which currency a number is: amounts of two currencies are neither added nor compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm.conditions.language.resolve import Refusal
from crm.conditions.tree.model import (
    And,
    Arithmetic,
    Between,
    Call,
    Children,
    Compare,
    Const,
    FieldPath,
    If,
    In,
    Node,
    Step,
    parts_of,
)
from crm.fields import type_of
from crm.fields.base import Field, Situation
from crm.texts import Text

if TYPE_CHECKING:
    from crm.entities.model import Schema

Currency = str | tuple[Step, ...]
"""A code, or the way to the field that says which one it is; that is another one for each record."""

ADDED = ("sum", "avg", "min", "max")
SAME = ("round", "min", "max", "coalesce")  # functions that give an amount where they take one


def refuse_mixed(node: Node, schema: Schema) -> Currency | None:
    """Return in which currency a number is; None for what is no amount, and for anything but numbers.

    Errors: Refusal when two currencies would be added or compared somewhere in it.
    """
    if isinstance(node, FieldPath):
        return _of_path(node, schema)
    if isinstance(node, Children):
        return _of_children(node, schema)
    found = [refuse_mixed(part, schema) for part in parts_of(node)]
    if isinstance(node, Arithmetic) and node.operator == "/":
        return None if _one(found) and found[1] is not None else found[0]
    if isinstance(node, If):
        return _one(found[1:])
    if isinstance(node, Arithmetic | Compare | Between | In) or (
        isinstance(node, Call) and node.name in SAME
    ):
        same = _one(found)
        return same if isinstance(node, Arithmetic | Call) else None
    return None


def require_shown_as(node: Node, field: Field, entity: str, schema: Schema) -> None:
    """Refuse a computed amount that would be shown in another currency than it is in.

    Errors: Refusal, for amounts of two currencies within it too.
    """
    found = refuse_mixed(node, schema)
    if found is None or type_of(field).result(field).name != "money":
        return
    shown = _currency(field, (), entity)
    if found != shown:
        raise Refusal("conditions.other_currency", found=_said(found, schema), shown=_said(shown, schema))


def _one(currencies: list[Currency | None]) -> Currency | None:
    """Return the one currency of several numbers.

    Errors: Refusal when there are two.
    """
    found = [currency for currency in dict.fromkeys(currencies) if currency is not None]
    if len(found) > 1:
        raise Refusal("conditions.mixed_currencies")
    return found[0] if found else None


def _currency(field: Field, way: tuple[Step, ...], entity: str) -> Currency:
    beside = field.options.get("currency_field")
    return (*way, (entity, beside)) if beside else field.options.get("currency") or Situation().currency


def _of_path(node: FieldPath, schema: Schema) -> Currency | None:
    entity, name = node.steps[-1]
    field = schema.entities[entity].fields.get(name)
    if field is None or type_of(field).result(field).name != "money":
        return None
    return _currency(field, node.way, entity)


def _of_children(node: Children, schema: Schema) -> Currency | None:
    if node.where is not None:
        refuse_mixed(node.where, schema)
    found = refuse_mixed(node.value, schema) if node.value is not None and node.aggregate != "count" else None
    if found is None or isinstance(found, str):
        return found
    fixed = _fixed(node.where, found)
    if fixed is None and node.aggregate in ADDED:
        raise Refusal("conditions.mixed_children", name=found[-1][1])
    return fixed or found


def _fixed(where: Node | None, currency: tuple[Step, ...]) -> str | None:
    """Return the one currency that a condition on children lets pass; None where there may be several."""
    if isinstance(where, And):
        return next((code for part in where.parts if (code := _fixed(part, currency))), None)
    if isinstance(where, Compare) and where.operator == "=":
        left, option = where.left, where.right
    elif isinstance(where, In) and len(where.options) == 1:
        left, option = where.value, where.options[0]
    else:
        return None
    is_it = isinstance(left, FieldPath) and left.steps == currency and isinstance(option, Const)
    return str(option.value).upper() if is_it else None


def _said(currency: Currency, schema: Schema) -> Text | str:
    """Return a currency as a message names it: its code, or the label of the field that says it."""
    if isinstance(currency, str):
        return currency
    entity, name = currency[-1]
    field = schema.entities[entity].fields.get(name)
    return field.label if field is not None else name
