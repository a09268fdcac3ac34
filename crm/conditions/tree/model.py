"""The expression tree that conditions and formulas become: one tree, several readers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from dataclasses import fields as attributes
from typing import Literal

TEXT, NUMBER, BOOLEAN, DATE, DATETIME = "text", "number", "boolean", "date", "datetime"
REFERENCE, USER, MANY = "reference", "user", "many"
EMPTY = "empty"  # the kind of a constant that is always empty; it fits beside every other kind

Step = tuple[str, str]
"""One step of a path: the entity's name and the name of the field in it."""


@dataclass(frozen=True)
class Node:
    """One part of the tree; `kind` is what it gives: text, number, boolean, date, datetime, reference, user, many."""

    @property
    def kind(self) -> str:
        """Return the kind of the result; a condition unless a subclass says otherwise."""
        return BOOLEAN


@dataclass(frozen=True)
class Const(Node):
    """A value written in the condition itself.

    Shape:  str, Decimal, bool, date, datetime (naive: the organisation's local time), int (the id of a record
            or a user) or None.
    """

    value: object
    of: str

    @property
    def kind(self) -> str:
        return self.of


@dataclass(frozen=True)
class FieldPath(Node):
    """The value of a field, of the record itself or of one it refers to.

    Shape:  `steps` are the references on the way and the field at the end. `computed` is the tree of a formula
            or summary field, to be read at the last record of the way.
    """

    steps: tuple[Step, ...]
    of: str
    computed: Node | None = None

    @property
    def kind(self) -> str:
        return self.of

    @property
    def way(self) -> tuple[Step, ...]:
        """Return the references that lead to the record which has the field."""
        return self.steps[:-1]


@dataclass(frozen=True)
class Leaf(Node):
    """A value passed in by its index, in place of a path (`program.py`)."""

    index: int
    of: str
    places: int = 0

    @property
    def kind(self) -> str:
        return self.of


@dataclass(frozen=True)
class Me(Node):
    """The user who asks."""

    @property
    def kind(self) -> str:
        return USER


@dataclass(frozen=True)
class MyTeam(Node):
    """Every user of the asking user's teams; only used as an option of `In`."""

    @property
    def kind(self) -> str:
        return USER


@dataclass(frozen=True)
class Compare(Node):
    """Two values compared; false when either is empty. `is_not` is a `Not` around it."""

    operator: Literal["=", "<", "<=", ">", ">="]
    left: Node
    right: Node


@dataclass(frozen=True)
class Between(Node):
    """A value from `low` to `high`, both included."""

    value: Node
    low: Node
    high: Node


@dataclass(frozen=True)
class In(Node):
    """A value that is one of several."""

    value: Node
    options: tuple[Node, ...]


@dataclass(frozen=True)
class Holds(Node):
    """Several words of which one is exactly this one."""

    value: Node
    word: Node


@dataclass(frozen=True)
class Contains(Node):
    """A text with another one somewhere in it (several words: one of them), case and accents aside."""

    value: Node
    part: Node


@dataclass(frozen=True)
class StartsWith(Node):
    """A text that begins with another one, case and accents aside."""

    value: Node
    part: Node


@dataclass(frozen=True)
class IsEmpty(Node):
    """No value; for a text also no character."""

    value: Node


@dataclass(frozen=True)
class And(Node):
    """All of the parts; true when there are none."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Or(Node):
    """At least one of the parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Not(Node):
    """The exact opposite of the part."""

    part: Node


@dataclass(frozen=True)
class Age(Node):
    """How far a date or moment is from now.

    Shape:  `older_than` 2 days: before now - 2 days. `within_last`: from there until now, both included.
            `within_next`: from now until then. `ago`: from now - `amount` up to, but not including,
            now - `nearer`.
    Unit:   `unit` is hours, days, weeks, months or years; for a date, now is today.
    """

    operator: Literal["older_than", "within_last", "within_next", "ago"]
    value: Node
    amount: int
    unit: str
    nearer: int = 0


@dataclass(frozen=True)
class Arithmetic(Node):
    """Exact arithmetic; empty when a part is empty, and when divided by zero.

    Shape:  `+` and `*` take any number of parts, `/` two, `-` one (its opposite).
    """

    operator: Literal["+", "*", "/", "-"]
    parts: tuple[Node, ...]

    @property
    def kind(self) -> str:
        return NUMBER


@dataclass(frozen=True)
class Call(Node):
    """A function of the formula language; `of` is the kind it gives."""

    name: str
    arguments: tuple[Node, ...]
    of: str

    @property
    def kind(self) -> str:
        return self.of


@dataclass(frozen=True)
class If(Node):
    """One value where the condition holds, another where it does not."""

    condition: Node
    then: Node
    otherwise: Node

    @property
    def kind(self) -> str:
        return self.otherwise.kind if self.then.kind == EMPTY else self.then.kind


@dataclass(frozen=True)
class Children(Node):
    """The children of the record, or of one it refers to, put into one value.

    Shape:  `way` leads to the parent (empty: the record itself); `parent` is its entity, `inverse` the
            children's name there, `entity` their entity and `field` their reference back. `aggregate` is any,
            count, sum, min, max, avg or last; all but any and count read `value` of each child. `where`
            selects among the children, read at the child.
    """

    aggregate: str
    way: tuple[Step, ...]
    parent: str
    inverse: str
    entity: str
    field: str
    value: Node | None = None
    where: Node | None = None

    @property
    def kind(self) -> str:
        if self.aggregate == "any":
            return BOOLEAN
        return self.value.kind if self.aggregate in ("min", "max", "last") and self.value else NUMBER


@dataclass(frozen=True)
class InSegment(Node):
    """The record, or the one a way leads to, belongs to a segment of `entity`."""

    segment: str
    entity: str
    way: tuple[Step, ...] = ()


@dataclass(frozen=True)
class Changed(Node):
    """In a rule: the change at hand touched the field."""

    value: FieldPath


@dataclass(frozen=True)
class ChangedTo(Node):
    """In a rule: the change at hand brought the field to this value."""

    value: FieldPath
    option: Node


@dataclass(frozen=True)
class ChangedFrom(Node):
    """In a rule: the change at hand took the field away from this value."""

    value: FieldPath
    option: Node


NOTHING = Const(False, BOOLEAN)
"""What lines with problems become: a condition nobody meets."""


def is_condition(node: Node) -> bool:
    """Return whether a tree is a condition, true or false for every record, and not a value that may be empty."""
    return node.kind == BOOLEAN and not isinstance(node, FieldPath | If | Call | Const | Leaf)


def parts_of(node: Node) -> Iterator[Node]:
    """Yield the nodes directly below a node; the inside of a computed field is not below it."""
    for attribute in attributes(node):
        if attribute.name == "computed":
            continue
        value = getattr(node, attribute.name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (part for part in value if isinstance(part, Node))


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it."""
    yield node
    for part in parts_of(node):
        yield from walk(part)


def fields_of(node: Node) -> set[Step]:
    """Return every (entity, field) the tree reads: the references on the way and the children's included.

    Shape:  a formula field counts as itself; what it reads is its own affair.
    """
    found: set[Step] = set()
    for part in walk(node):
        if isinstance(part, FieldPath):
            found.update(part.steps)
        elif isinstance(part, Children):
            found.update(part.way)
            found.add((part.entity, part.field))
        elif isinstance(part, InSegment):
            found.update(part.way)
    return found


def segments_of(node: Node) -> set[str]:
    """Return the names of the segments the tree asks about."""
    return {part.segment for part in walk(node) if isinstance(part, InSegment)}


def has_changes(node: Node) -> bool:
    """Return whether the tree asks about a change, which only a rule on a saved record can answer."""
    return any(isinstance(part, Changed | ChangedTo | ChangedFrom) for part in walk(node))


def measure(node: Node, known: dict[Step, tuple[int, int]] | None = None) -> tuple[int, int]:
    """Return the number of nodes and how many lie above one another, the insides of computed fields included.

    Shape:  `known` remembers computed fields, so that formulas over formulas are counted without being walked.
    """
    known = {} if known is None else known
    below = [measure(part, known) for part in parts_of(node)]
    if isinstance(node, FieldPath) and node.computed is not None:
        if node.steps[-1] not in known:
            known[node.steps[-1]] = measure(node.computed, known)
        below.append(known[node.steps[-1]])
    return 1 + sum(weight for weight, _ in below), 1 + max((depth for _, depth in below), default=0)


def shorten(path: FieldPath) -> FieldPath:
    """Return a path as it is seen from the end of its way."""
    return replace(path, steps=path.steps[-1:])


def places_of_round(node: Node) -> tuple[Node, int] | None:
    """Return what is rounded, rounding included, and to how many places; None for a node that is not rounded.

    Shape:  a formula field of the record itself counts as its formula.
    """
    inner = node.computed if isinstance(node, FieldPath) and not node.way else node
    if not isinstance(inner, Call) or inner.name != "round":
        return None
    places = inner.arguments[1]
    return (inner, int(str(places.value))) if isinstance(places, Const) else None
