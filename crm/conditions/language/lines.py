"""Condition lines, as YAML or JSON gives them, to a tree; each line that cannot be understood becomes a problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from crm.conditions.language.amounts import refuse_mixed
from crm.conditions.language.compare import (
    build_compare,
    check_choice,
    choices_of,
    kinds_meet,
    must_be,
    must_be_condition,
)
from crm.conditions.language.formula import FormulaReader
from crm.conditions.language.resolve import Refusal, Resolver, both, reference_target, under, unknown
from crm.conditions.tree.kinds import NONE, constant
from crm.conditions.tree.model import (
    BOOLEAN,
    DATE,
    DATETIME,
    MANY,
    NUMBER,
    REFERENCE,
    TEXT,
    USER,
    Age,
    And,
    Between,
    Changed,
    ChangedFrom,
    ChangedTo,
    Children,
    Const,
    Contains,
    FieldPath,
    In,
    IsEmpty,
    MyTeam,
    Node,
    Not,
    Or,
    StartsWith,
    is_condition,
    walk,
)
from crm.conditions.tree.moments import parse_duration
from crm.errors import FieldError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation

if TYPE_CHECKING:
    from crm.entities.model import Entity

MAX_LINES = 500
MAX_NESTING = 10
MAX_CHILDREN = 3  # children within children
MAX_OPTIONS = 1_000
MAX_COMPARISONS = 200
GROUPS = ("all", "any", "none")
AGGREGATES = {"count_of": "count", "sum_of": "sum", "any_of": "any", "none_of": "any"}
SIGNS = {"is": "=", "is_not": "!=", "above": ">", "at_least": ">=", "below": "<", "at_most": "<="}
EQUAL = ("is", "is_not", "is_one_of", "is_none_of")
ORDER = ("above", "at_least", "below", "at_most", "between")
AGES = ("older_than", "within_last", "within_next")
CHANGES = ("changed", "changed_to", "changed_from")

OPERATORS: Mapping[str, tuple[str, ...]] = {
    TEXT: (*EQUAL, "is_empty", "contains", "starts_with", *CHANGES),
    NUMBER: (*EQUAL, *ORDER, "is_empty", *CHANGES),
    DATE: (*EQUAL, *ORDER, *AGES, "is_empty", *CHANGES),
    DATETIME: (*EQUAL, *ORDER, *AGES, "is_empty", *CHANGES),
    BOOLEAN: ("is", "is_not", "is_empty", *CHANGES),
    REFERENCE: (*EQUAL, "is_empty", "in_segment", *CHANGES),
    USER: (*EQUAL, "is_empty", *CHANGES),
    MANY: (*EQUAL, "is_empty", "contains", "changed"),
    NONE: ("is_empty", "changed"),
}
"""Which operators fit which kind of field, for the condition builder too."""

ALL_OPERATORS = tuple(dict.fromkeys(name for names in OPERATORS.values() for name in names))
ENCRYPTED = (*EQUAL, "is_empty", "changed")  # ciphertext can be told apart, not ordered or searched


def sealed_operators(kind: str) -> tuple[str, ...]:
    """Return which operators fit an encrypted field of a kind: single words of several cannot be found."""
    known = OPERATORS.get(kind, OPERATORS[NONE])
    return tuple(name for name in ENCRYPTED if name in known and (kind != MANY or name not in EQUAL))


@dataclass(frozen=True)
class Context:
    """Where the line being read stands: whose fields it names, and how deep."""

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
        """Return the condition that holds where all lines hold; one line alone may stand without a list."""
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
        operator, given = self._operator(line, (aggregate, "where"), (*EQUAL, *ORDER))
        with under(operator):
            return self._build(operator, node, given, context)

    def _field(self, line: Mapping, context: Context) -> Node:
        if "field" not in line:
            if tuple(line) == ("in_segment",):
                with under("in_segment"):
                    return self.resolver.segment(line["in_segment"], (), context.entity.name)
            rest = {key: value for key, value in line.items() if key not in ALL_OPERATORS}
            self._only(rest, "field", "formula", *GROUPS, *AGGREGATES, "in_segment")
            raise Refusal("conditions.field_missing")
        with under("field"):
            path = self.resolver.field_path(line["field"], context.entity)
        operator, given = self._operator(line, ("field",), self._operators(path))
        with under(operator):
            return self._build(operator, path, given, context)

    def _operators(self, path: FieldPath) -> tuple[str, ...]:
        if self.resolver.is_encrypted(path):
            return sealed_operators(path.kind)
        return OPERATORS.get(path.kind, OPERATORS[NONE])

    def _operator(self, line: Mapping, taken: tuple[str, ...], known: tuple[str, ...]) -> tuple[str, Any]:
        """Return the one operator of a line and its value."""
        keys = [key for key in line if key not in taken]
        if not keys:
            raise Refusal("conditions.operator_missing", known=", ".join(known))
        for key in keys:
            if key not in known:
                here = "conditions.operator_not_here" if key in ALL_OPERATORS else None
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

    def _build(self, operator: str, left: Node, given: Any, context: Context) -> Node:
        """Return the node of one operator with the value as it was given."""
        if operator in SIGNS:
            return self._compared(SIGNS[operator], left, given, context)
        if operator in ("is_one_of", "is_none_of"):
            found = self._one_of(left, given, context)
            return Not(found) if operator == "is_none_of" else found
        if operator == "is_empty":
            if not isinstance(given, bool):
                raise Refusal("conditions.true_or_false", operator=operator, value=str(given)[:60])
            return IsEmpty(left) if given else Not(IsEmpty(left))
        return BUILDERS[operator](self, operator, left, given, context)

    def _compared(self, sign: str, left: Node, given: Any, context: Context) -> Node:
        right = self._normal(left, self.value(given, left, context))
        self._refuse_day(left, right)
        if isinstance(right, MyTeam):
            return In(left, (right,)) if sign == "=" else Not(In(left, (right,)))
        return build_compare(sign, left, right, self.resolver.schema)

    def _one_of(self, left: Node, given: Any, context: Context) -> Node:
        if not isinstance(given, list | tuple) or not given:
            raise Refusal("conditions.list_expected", value=str(given)[:60])
        if len(given) > MAX_OPTIONS:
            raise Refusal("conditions.too_many_options", limit=MAX_OPTIONS)
        options = tuple(self._normal(left, option) for option in self._values(given, left, context))
        for index, option in enumerate(options):
            with under(index):
                self._refuse_day(left, option)
        if all(isinstance(option, Const) for option in options) and left.kind not in (MANY, DATETIME):
            for index, option in enumerate(options):
                with under(index):
                    check_choice(left, option, self.resolver.schema)
            return In(left, options)
        if left.kind == USER:
            return In(left, options)
        if len(options) > MAX_COMPARISONS:  # each becomes a comparison of its own
            raise Refusal("conditions.too_many_options", limit=MAX_COMPARISONS)
        return Or(tuple(build_compare("=", left, option, self.resolver.schema) for option in options))

    def _normal(self, left: Node, right: Node) -> Node:
        """Return a constant as its field keeps it: a phone that was typed in its national form is found."""
        if not isinstance(left, FieldPath) or not isinstance(right, Const) or right.kind != TEXT:
            return right
        entity, name = left.steps[-1]
        field = self.resolver.schema.entities[entity].fields.get(name)
        if field is None or not FIELD_TYPES[field.type].has_normal_form:
            return right
        try:
            kept = FIELD_TYPES[field.type].clean(field, right.value, Situation(source="rule"))
        except FieldError:  # no such number: it is compared as it stands
            return right
        return replace(right, value=kept) if kept else right

    def _refuse_day(self, left: Node, right: Node) -> None:
        """Refuse to look for a day among sealed moments: equal moments can be found, spans of them cannot."""
        is_day = left.kind == DATETIME and right.kind == DATE
        if is_day and isinstance(left, FieldPath) and self.resolver.is_encrypted(left):
            raise Refusal("conditions.encrypted_day", name=left.steps[-1][1])

    def _values(self, given: Sequence[Any], left: Node, context: Context) -> tuple[Node, ...]:
        found = []
        for index, one in enumerate(given):
            with under(index):
                found.append(self.value(one, left, context))
        return tuple(found)

    def value(self, given: Any, left: Node, context: Context) -> Node:
        """Return the right side of a line: a constant of the left side's kind, or `= formula`."""
        if isinstance(given, str) and given.startswith("="):
            found = self._formula(given[1:], context)
            if isinstance(left, FieldPath) and self.resolver.is_encrypted(left):
                self._refuse_reading(found, left)
            return found
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
        """Refuse to compare an encrypted field with what stands in records: the database cannot."""
        if any(isinstance(part, (FieldPath, Children)) for part in walk(node)):
            raise Refusal("conditions.encrypted", name=left.steps[-1][1])

    def _formula(self, text: Any, context: Context) -> Node:
        return FormulaReader(text, context.entity, self.resolver).read()

    def between(self, _operator: str, left: Node, given: Any, context: Context) -> Node:
        """Return the node of `between: [a, b]`."""
        if not isinstance(given, list | tuple) or len(given) != 2:
            raise Refusal("conditions.two_expected", value=str(given)[:60])
        low, high = self._values(given, left, context)
        for end in (low, high):
            if not kinds_meet(left.kind, end.kind):
                raise Refusal("conditions.kinds_differ", first=left.kind, second=end.kind)
        return Between(left, low, high)

    def part(self, operator: str, left: Node, given: Any, context: Context) -> Node:
        """Return the node of `contains` or `starts_with`."""
        found = must_be(self.value(given, left, context), TEXT, MANY)
        return Contains(left, found) if operator == "contains" else StartsWith(left, found)

    def age(self, operator: str, left: Node, given: Any, _context: Context) -> Node:
        """Return the node of `older_than`, `within_last` or `within_next`."""
        duration = parse_duration(given)
        if duration is None:
            raise Refusal("conditions.duration_expected", value=str(given)[:60])
        if duration[1] == "hours" and left.kind == DATE:
            raise Refusal("conditions.no_hours")
        return Age(operator, left, *duration)

    def in_segment(self, _operator: str, left: FieldPath, given: Any, _context: Context) -> Node:
        """Return the node of `in_segment` on a reference."""
        return self.resolver.segment(given, left.steps, reference_target(left, self.resolver.schema))

    def change(self, operator: str, left: FieldPath, given: Any, context: Context) -> Node:
        """Return the node of `changed`, `changed_to` or `changed_from`."""
        if left.way or left.computed is not None:
            raise Refusal("conditions.change_of_own", name=".".join(name for _, name in left.steps))
        if operator == "changed":
            if not isinstance(given, bool):
                raise Refusal("conditions.true_or_false", operator=operator, value=str(given)[:60])
            return Changed(left) if given else Not(Changed(left))
        option = self.value(given, left, context)
        check_choice(left, option, self.resolver.schema)
        return ChangedTo(left, option) if operator == "changed_to" else ChangedFrom(left, option)


BUILDERS: Mapping[str, Callable[..., Node]] = {
    "between": LineReader.between,
    "contains": LineReader.part,
    "starts_with": LineReader.part,
    "older_than": LineReader.age,
    "within_last": LineReader.age,
    "within_next": LineReader.age,
    "in_segment": LineReader.in_segment,
    "changed": LineReader.change,
    "changed_to": LineReader.change,
    "changed_from": LineReader.change,
}


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
