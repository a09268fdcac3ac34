"""Which values can be compared, and the comparison they make."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from crm.conditions.language.resolve import Refusal, unknown
from crm.conditions.tree.kinds import constant
from crm.conditions.tree.model import (
    BOOLEAN,
    DATE,
    DATETIME,
    EMPTY,
    MANY,
    NUMBER,
    REFERENCE,
    TEXT,
    USER,
    Compare,
    Const,
    FieldPath,
    Holds,
    Node,
    Not,
)
from crm.fields.choice import all_choices

if TYPE_CHECKING:
    from crm.entities.model import Schema

ORDERED = frozenset({NUMBER, DATE, DATETIME})
FROM_TEXT = frozenset({DATE, DATETIME})  # a text constant beside these is read as one
FROM_NUMBER = frozenset({REFERENCE, USER})
OPPOSITE = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def kinds_meet(first: str, second: str) -> bool:
    """Return whether two kinds can be compared: equal ones, and days with moments."""
    return first == second or EMPTY in (first, second) or {first, second} == {DATE, DATETIME}


def build_compare(operator: str, left: Node, right: Node, schema: Schema) -> Node:
    """Return a comparison, each constant read as the kind of the other side.

    Shape:  `operator` is =, !=, <, <=, >, >=; != becomes a Not.
    """
    left, right = adapt(left, right), adapt(right, left)
    if any(isinstance(side, Const) and side.value is None for side in (left, right)):
        raise Refusal("conditions.use_is_empty")
    if left.kind == MANY or right.kind == MANY:
        return _build_holds(operator, left, right, schema)
    if not kinds_meet(left.kind, right.kind):
        raise Refusal("conditions.kinds_differ", first=left.kind, second=right.kind)
    if operator not in ("=", "!=") and not {left.kind, right.kind} <= ORDERED:
        raise Refusal("conditions.not_ordered", kind=left.kind)
    check_choice(left, right, schema)
    check_choice(right, left, schema)
    if isinstance(left, Const) and not isinstance(right, Const) and operator != "!=":
        left, right, operator = right, left, OPPOSITE[operator]
    return Not(Compare("=", left, right)) if operator == "!=" else Compare(operator, left, right)


def _build_holds(operator: str, left: Node, right: Node, schema: Schema) -> Node:
    many, word = (left, right) if left.kind == MANY else (right, left)
    if operator not in ("=", "!=") or word.kind != TEXT:
        raise Refusal("conditions.kinds_differ", first=left.kind, second=right.kind)
    check_choice(many, word, schema)
    return Holds(many, word) if operator == "=" else Not(Holds(many, word))


def adapt(node: Node, beside: Node) -> Node:
    """Return a constant of a formula as the kind it is compared with: `"2026-03-29"` compared with a date is a date."""
    if not isinstance(node, Const) or node.kind == beside.kind:
        return node
    if node.kind == TEXT and beside.kind in FROM_TEXT and node.value is not None:
        found = constant(node.value, beside.kind)
        if found is None:
            raise Refusal("conditions.not_a_value", value=str(node.value)[:60], kind=beside.kind)
        return found
    if node.kind == NUMBER and beside.kind in FROM_NUMBER and node.value == int(node.value):
        return Const(int(node.value), beside.kind)
    return node


def check_choice(field: Node, value: Node, schema: Schema) -> None:
    """Refuse a constant that is none of the choices of the field beside it."""
    if not isinstance(field, FieldPath) or not isinstance(value, Const) or value.kind not in (TEXT, MANY):
        return
    choices = choices_of(field, schema)
    if choices and value.value not in choices:
        raise unknown("choice", value.value, choices, field=field.steps[-1][1], known=", ".join(choices[:12]))


def choices_of(path: FieldPath, schema: Schema) -> list[str]:
    """Return the choices of a path's last field; empty when it has none."""
    entity, name = path.steps[-1]
    field = schema.entities[entity].fields.get(name)
    if field is None:
        return []
    return list(all_choices(field))


def common_kind(nodes: Iterable[Node]) -> str:
    """Return the one kind several values have; days beside moments count as days.

    Errors: Refusal when they differ.
    """
    kinds = {node.kind for node in nodes} - {EMPTY}
    if len(kinds) > 1:
        first, second = sorted(kinds)[:2]
        raise Refusal("conditions.kinds_differ", first=first, second=second)
    return kinds.pop() if kinds else EMPTY


def must_be(node: Node, *kinds: str) -> Node:
    """Return the node; refuse one that gives something else."""
    if node.kind not in kinds:
        raise Refusal("conditions.kind_expected", expected=kinds[0], found=node.kind)
    return node


def must_be_condition(node: Node) -> Node:
    """Return the node as a condition: a boolean field stands for `is true`."""
    return must_be(node, BOOLEAN)
