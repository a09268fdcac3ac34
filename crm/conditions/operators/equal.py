"""`is`, `is_not`, `is_one_of`, `is_none_of`, `is_empty`: what every kind of value can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crm.conditions.language.compare import build_compare, check_choice
from crm.conditions.language.resolve import Refusal, under
from crm.conditions.operators.base import ALL, LIST, SINGLE, FlagOperator, Operator
from crm.conditions.tree.model import (
    BOOLEAN,
    DATETIME,
    MANY,
    USER,
    Const,
    In,
    IsEmpty,
    MyTeam,
    Node,
    Not,
    Or,
)
from crm.texts import N_, NP_

if TYPE_CHECKING:
    from crm.conditions.language.lines import Context, LineReader

MAX_OPTIONS = 1_000
MAX_COMPARISONS = 200


def compared(sign: str, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
    """Return the comparison of a field with a value as it was given."""
    right = reader.normal(left, reader.value(given, left, context))
    reader.refuse_day(left, right)
    if isinstance(right, MyTeam):
        return In(left, (right,)) if sign == "=" else Not(In(left, (right,)))
    return build_compare(sign, left, right, reader.resolver.schema)


def one_of(reader: LineReader, left: Node, given: Any, context: Context) -> Node:
    """Return the condition that a field has one of several values."""
    if not isinstance(given, list | tuple) or not given:
        raise Refusal("conditions.list_expected", value=str(given)[:60])
    if len(given) > MAX_OPTIONS:
        raise Refusal("conditions.too_many_options", limit=MAX_OPTIONS)
    schema = reader.resolver.schema
    options = tuple(reader.normal(left, option) for option in reader.values(given, left, context))
    for index, option in enumerate(options):
        with under(index):
            reader.refuse_day(left, option)
    if all(isinstance(option, Const) for option in options) and left.kind not in (MANY, DATETIME):
        for index, option in enumerate(options):
            with under(index):
                check_choice(left, option, schema)
        return In(left, options)
    if left.kind == USER:
        return In(left, options)
    if len(options) > MAX_COMPARISONS:  # each becomes a comparison of its own
        raise Refusal("conditions.too_many_options", limit=MAX_COMPARISONS)
    return Or(tuple(build_compare("=", left, option, schema) for option in options))


class Is(Operator):
    """The value is this one; among several values, this one is there."""

    name = "is"
    kinds = (*SINGLE, MANY)
    labels = {"": NP_("operator", "is"), MANY: NP_("operator", "include")}
    seals = True

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the comparison."""
        return compared("=", reader, left, given, context)


class IsNot(Is):
    """The exact opposite of `is`."""

    name = "is_not"
    labels = {"": NP_("operator", "is not"), MANY: N_("do not include")}

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the opposite of the comparison."""
        return compared("!=", reader, left, given, context)


class IsOneOf(Operator):
    """The value is one of these."""

    name = "is_one_of"
    kinds = tuple(kind for kind in (*SINGLE, MANY) if kind != BOOLEAN)
    labels = {"": N_("is one of"), MANY: N_("include one of")}
    takes = LIST
    seals = True

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the choice of several."""
        return one_of(reader, left, given, context)


class IsNoneOf(IsOneOf):
    """The exact opposite of `is_one_of`."""

    name = "is_none_of"
    labels = {"": N_("is none of"), MANY: N_("include none of")}

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return the opposite of the choice."""
        return Not(one_of(reader, left, given, context))


class Empty(FlagOperator):
    """There is no value."""

    name = "is_empty"
    kinds = ALL
    labels = {"": NP_("operator", "is empty"), MANY: NP_("operator", "are empty")}
    opposite = "is_filled"
    opposite_labels = {"": N_("is not empty"), MANY: N_("are not empty")}
    seals = True

    def build(self, reader: LineReader, left: Node, given: Any, context: Context) -> Node:
        """Return emptiness, or its opposite."""
        return IsEmpty(left) if self.flag(given) else Not(IsEmpty(left))
