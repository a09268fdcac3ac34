"""Condition lines, as YAML or JSON gives them, to a tree; each line that cannot be understood becomes a problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crm.conditions.language.amounts import refuse_mixed
from crm.conditions.language.compare import (
    choices_of,
    must_be,
    must_be_condition,
)
from crm.conditions.language.formula import FormulaReader
from crm.conditions.language.resolve import Refusal, Resolver, both, under, unknown
from crm.conditions.operators import COUNTED, OPERATORS, operators_of_kind
from crm.conditions.tree.kinds import constant, is_formula, unescaped
from crm.conditions.tree.model import (
    BOOLEAN,
    DATE,
    DATETIME,
    NUMBER,
    REFERENCE,
    TEXT,
    USER,
    And,
    Children,
    Const,
    FieldPath,
    Node,
    Not,
    Or,
    is_condition,
    walk,
)
from crm.errors import FieldError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation

if TYPE_CHECKING:
    from crm.entities.model import Entity

MAX_LINES = 500
MAX_NESTING = 10
MAX_CHILDREN = 3  # children within children
GROUPS = ("all", "any", "none")
AGGREGATES = {"count_of": "count", "sum_of": "sum", "any_of": "any", "none_of": "any"}


@dataclass(frozen=True)
class Context:
    """Where the line is: whose fields it names, and how deep it is nested."""

    entity: Entity
    nesting: int = 0
    children: int = 0


class LineReader:
    """Reads the lines of one condition."""

    def __init__(self, resolver: Resolver, refuse: Callable[[Refusal, tuple], None]) -> None:
        self.resolver = resolver
        self.refuse = refuse
        self.count = 0

    def all_of(self, lines: Any, context: Context, path: tuple) -> Node:
        """Return the condition that holds where all lines hold; a single line needs no list."""
        parts = self._parts([lines] if isinstance(lines, Mapping) else lines, context, path)
        return parts[0] if len(parts) == 1 and is_condition(parts[0]) else And(parts)

    def _parts(self, lines: Any, context: Context, path: tuple) -> tuple[Node, ...]:
        if not isinstance(lines, list | tuple):
            raise Refusal("conditions.lines_expected", value=str(lines)[:60])
        if self.count + len(lines) > MAX_LINES:
            raise Refusal("conditions.too_many_lines", limit=MAX_LINES)
        self.count += len(lines)
        found: list[Node] = []
        for index, line in enumerate(lines):
            try:
                found.append(self._line(line, context, (*path, index)))
            except Refusal as refusal:
                self.refuse(refusal, (*path, index))
        return tuple(found)

    def _line(self, line: Any, context: Context, path: tuple) -> Node:
        if not isinstance(line, Mapping) or not line:
            raise Refusal("conditions.line_expected", value=str(line)[:60])
        if any(not isinstance(key, str) for key in line):
            raise Refusal("conditions.line_expected", value=str(line)[:60])
        for group in GROUPS:
            if group in line:
                return self._group(group, line, context, path)
        found = self._single(line, context, path)
        refuse_mixed(found, self.resolver.schema)
        return found

    def _single(self, line: Mapping, context: Context, path: tuple) -> Node:
        """Return the node of a line that is no group."""
        for aggregate in AGGREGATES:
            if aggregate in line:
                return self._children(aggregate, line, context, path)
        if "formula" in line:
            self._only(line, "formula")
            with under("formula"):
                return must_be_condition(self._formula(line["formula"], context))
        return self._field(line, context)

    def _only(self, line: Mapping, *known: str) -> None:
        for key in line:
            if key not in known:
                with under(key):
                    raise unknown("operator", key, known, known=", ".join(known))

    def _group(self, group: str, line: Mapping, context: Context, path: tuple) -> Node:
        self._only(line, group)
        if context.nesting >= MAX_NESTING:
            raise Refusal("conditions.too_deep", limit=MAX_NESTING)
        if not line[group]:
            raise Refusal("conditions.group_empty", group=group)
        inner = replace(context, nesting=context.nesting + 1)
        with under(group):
            parts = self._parts(line[group], inner, (*path, group))
        if group == "all":
            return And(parts)
        return Or(parts) if group == "any" else Not(Or(parts))

    def _children(self, aggregate: str, line: Mapping, context: Context, path: tuple) -> Node:
        if context.children >= MAX_CHILDREN:
            raise Refusal("conditions.too_deep", limit=MAX_CHILDREN)
        with under(aggregate):
            base, rest = self.resolver.children(line[aggregate], context.entity, aggregate == "sum_of")
            child = self.resolver.entity(base.entity)
            value = must_be(self.resolver.plain_path(rest, child), NUMBER) if rest else None
        where = None
        if line.get("where"):
            inner = Context(child, context.nesting + 1, context.children + 1)
            with under("where"):
                where = self.all_of(line["where"], inner, (*path, "where"))
        node = replace(base, aggregate=AGGREGATES[aggregate], value=value, where=both(base.where, where))
        if node.aggregate == "any":
            self._only(line, aggregate, "where")
            return node if aggregate == "any_of" else Not(node)
        operator, given = self._operator(line, (aggregate, "where"), COUNTED)
        with under(operator):
            return OPERATORS[operator].build(self, node, given, context)

    def _field(self, line: Mapping, context: Context) -> Node:
        if "field" not in line:
            if tuple(line) == ("in_segment",):
                with under("in_segment"):
                    return self.resolver.segment(line["in_segment"], (), context.entity.name)
            rest = {key: value for key, value in line.items() if key not in OPERATORS}
            self._only(rest, "field", "formula", *GROUPS, *AGGREGATES, "in_segment")
            raise Refusal("conditions.field_missing")
        with under("field"):
            path = self.resolver.field_path(line["field"], context.entity)
        operator, given = self._operator(line, ("field",), self._operators(path))
        with under(operator):
            return OPERATORS[operator].build(self, path, given, context)

    def _operators(self, path: FieldPath) -> tuple[str, ...]:
        return operators_of_kind(path.kind, self.resolver.is_encrypted(path))

    def _operator(self, line: Mapping, taken: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, Any]:
        """Return the one operator of a line and its value."""
        keys = [key for key in line if key not in taken]
        if not keys:
            raise Refusal("conditions.operator_missing", known=", ".join(known))
        for key in keys:
            if key not in known:
                here = "conditions.operator_not_here" if key in OPERATORS else None
                with under(key):
                    raise (
                        Refusal(here, name=key, known=", ".join(known))
                        if here
                        else unknown("operator", key, known, known=", ".join(known))
                    )
        if len(keys) > 1:
            with under(keys[1]):
                raise Refusal("conditions.one_operator", first=keys[0], second=keys[1])
        return keys[0], line[keys[0]]

    def normal(self, left: Node, right: Node) -> Node:
        """Return a constant as its field keeps it: a phone that was typed in its national form is found."""
        if not isinstance(left, FieldPath) or not isinstance(right, Const) or right.kind != TEXT:
            return right
        entity, name = left.steps[-1]
        field = self.resolver.schema.entities[entity].fields.get(name)
        if field is None or not FIELD_TYPES[field.type].has_normal_form:
            return right
        try:
            kept = FIELD_TYPES[field.type].clean(field, right.value, Situation(source="rule"))
        except FieldError:  # no such number: it is compared as it is
            return right
        return replace(right, value=kept) if kept else right

    def refuse_day(self, left: Node, right: Node) -> None:
        """Refuse to look for a day among sealed moments: equal moments can be found, spans of them cannot."""
        is_day = left.kind == DATETIME and right.kind == DATE
        if is_day and isinstance(left, FieldPath) and self.resolver.is_encrypted(left):
            raise Refusal("conditions.encrypted_day", name=left.steps[-1][1])

    def values(self, given: Sequence[Any], left: Node, context: Context) -> tuple[Node, ...]:
        found = []
        for index, one in enumerate(given):
            with under(index):
                found.append(self.value(one, left, context))
        return tuple(found)

    def value(self, given: Any, left: Node, context: Context) -> Node:
        """Return the right side of a line: a constant of the left side's kind, or `= formula`."""
        if is_formula(given):
            found = self._formula(given[1:], context)
            if isinstance(left, FieldPath) and self.resolver.is_encrypted(left):
                self._refuse_reading(found, left)
            return found
        given = unescaped(given)
        found = constant(given, left.kind)
        if found is None:
            choices = choices_of(left, self.resolver.schema) if isinstance(left, FieldPath) else []
            if choices and isinstance(given, str) and given:
                raise unknown(
                    "choice", given, choices, field=left.steps[-1][1], known=", ".join(choices[:12])
                )
            code = "conditions.use_is_empty" if given in (None, "") else "conditions.not_a_value"
            raise Refusal(code, value=str(given)[:60], kind=left.kind)
        return found

    @staticmethod
    def _refuse_reading(node: Node, left: FieldPath) -> None:
        """Refuse to compare an encrypted field with other fields: the database cannot."""
        if any(isinstance(part, (FieldPath, Children)) for part in walk(node)):
            raise Refusal("conditions.encrypted", name=left.steps[-1][1])

    def _formula(self, text: Any, context: Context) -> Node:
        return FormulaReader(text, context.entity, self.resolver).read()


SUMMED = {
    "sum": (NUMBER,),
    "avg": (NUMBER,),
    "min": (NUMBER, DATE, DATETIME),
    "max": (NUMBER, DATE, DATETIME),
}
SINGLE = (NUMBER, TEXT, DATE, DATETIME, BOOLEAN, REFERENCE, USER)


def build_summary(resolver: Resolver, entity: Entity, options: Mapping[str, Any]) -> Node:
    """Return the tree of a summary field: `function` (count, sum, ...), `over` (a path), `where` (lines)."""
    aggregate = str(options["function"])
    with under("over"):
        base, rest = resolver.children(".".join(options["over"]), entity, len(options["over"]) > 1)
        child = resolver.entity(base.entity)
        value = resolver.plain_path(rest, child) if rest and aggregate != "count" else None
        if value is not None:
            must_be(value, *SUMMED.get(aggregate, SINGLE))
    where = _where_of(resolver, child, options.get("where"))
    return replace(base, aggregate=aggregate, value=value, where=both(base.where, where))


def _where_of(resolver: Resolver, child: Entity, lines: Sequence[Any] | None) -> Node | None:
    """Return the condition on the children of a summary, or None.

    Errors: the first Refusal among the lines.
    """
    if not lines:
        return None
    found: list[tuple[Refusal, tuple]] = []
    reader = LineReader(resolver, lambda refusal, path: found.append((refusal, path)))
    where = reader.all_of(list(lines), Context(child, 1, 1), ())
    for refusal, path in found:
        with under("where", *path):
            raise refusal
    return where
