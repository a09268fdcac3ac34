"""Names in a condition to fields, references and children; a wrong name is refused with the nearest right one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crm.conditions.tree.kinds import SYSTEM_FIELDS, is_computed, kind_of
from crm.conditions.tree.model import (
    DATE,
    DATETIME,
    REFERENCE,
    Age,
    And,
    Call,
    Children,
    Const,
    FieldPath,
    InSegment,
    Node,
    Step,
    segments_of,
)
from crm.conditions.tree.working import CALENDAR, WORKING
from crm.fields import type_of
from crm.fields.base import Field

if TYPE_CHECKING:
    from crm.entities.model import Entity, Inverse, Schema

MAX_STEPS = 6  # references in one path
SLICE = re.compile(r"(?P<name>.+?)_(?:last_(?P<last>[0-9]{1,5})|(?P<near>[0-9]{1,5})_to_(?P<far>[0-9]{1,5}))_"
                   r"(?P<unit>days|weeks|months|years)(?P<ago>_ago)?\Z")  # fmt: skip


TOLD_AS_IT_IS = ("conditions.formula_in_circle", "conditions.formula_broken", "conditions.too_deep")
"""Problems of a formula that come from the formulas it uses, not from one of them alone."""


class Refusal(Exception):  # noqa: N818 - not an error of the program; it becomes a problem
    """Something in a condition that cannot be understood.

    Shape:  `spot` leads on from the line to what is wrong in it: `("is_one_of", 2)`.
    """

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
        self.spot: tuple = ()


@contextmanager
def under(*spot: object) -> Iterator[None]:
    """Add to a refusal where in the line it happened."""
    try:
        yield
    except Refusal as refusal:
        refusal.spot = (*spot, *refusal.spot)
        raise


def nearest(name: object, known: Iterable[str]) -> str:
    """Return the known name most like a wrong one, or "" when none is near."""
    found = difflib.get_close_matches(str(name)[:60], list(known)[:2_000], 1, 0.6)
    return found[0] if found else ""


def unknown(what: str, name: object, known: Iterable[str], /, **params: object) -> Refusal:
    """Return the refusal of an unknown name (`what`: field, children, operator, function, segment, choice)."""
    near = nearest(name, known)
    code = f"conditions.unknown_{what}_near" if near else f"conditions.unknown_{what}"
    return Refusal(code, name=str(name)[:60], near=near, **params)


class Resolver:
    """Looks names up in one revision.

    Shape:  `compute` gives the tree of a formula or summary field; it is asked once per field. `depth` says how many
            brackets are open, in formulas that stand on formulas too.
    """

    def __init__(self, schema: Schema, compute: Callable[[Resolver, Entity, Field], Node]) -> None:
        self.schema = schema
        self._compute = compute
        self._computed: dict[Step, Node] = {}
        self._open: list[Step] = []
        self.depth = 0

    def entity(self, name: str) -> Entity:
        """Return an entity of the revision; a reference to one that is missing is refused."""
        found = self.schema.entities.get(name)
        if found is None:
            raise unknown("entity", name, self.schema.entities)
        return found

    def field_path(self, text: object, entity: Entity) -> FieldPath:
        """Return the node of a field, or of a field of a record it refers to (`customer.segment`)."""
        way, last, place = self._walk(text, entity)
        if last in SYSTEM_FIELDS and last not in place.fields:
            return FieldPath((*way, (place.name, last)), SYSTEM_FIELDS[last][0])
        field = self._field(last, place)
        computed = self._tree_of(place, field) if is_computed(field) else None
        return FieldPath((*way, (place.name, last)), kind_of(field), computed)

    def plain_path(self, text: object, entity: Entity) -> FieldPath:
        """Return the node of a field that can be used in calculations: one that is not encrypted."""
        path = self.field_path(text, entity)
        if self.is_encrypted(path):
            raise Refusal("conditions.encrypted", name=path.steps[-1][1])
        return path

    def is_encrypted(self, path: FieldPath) -> bool:
        """Return whether a path ends at an encrypted field."""
        entity, name = path.steps[-1]
        field = self.schema.entities[entity].fields.get(name)
        return field is not None and field.encrypted

    def _walk(self, text: object, entity: Entity) -> tuple[tuple[Step, ...], str, Entity]:
        """Return the references on the way, the last name and the entity it is a name in."""
        if not isinstance(text, str) or not text or len(text) > 400:
            raise Refusal("conditions.field_expected", value=str(text)[:60])
        *names, last = text.split(".")
        if len(names) > MAX_STEPS:
            raise Refusal("conditions.path_too_long", path=text[:60], limit=MAX_STEPS)
        way: tuple[Step, ...] = ()
        for name in names:
            field = self._field(name, entity)
            if type_of(field).links != "record":
                raise Refusal("conditions.not_a_reference", name=name, path=text)
            way = (*way, (entity.name, name))
            entity = self.entity(str(field.options.get("to")))
        return way, last, entity

    def _field(self, name: str, entity: Entity) -> Field:
        found = entity.fields.get(name)
        if found is not None:
            return found
        if name in entity.inverses:
            raise Refusal("conditions.children_need_count", name=name)
        raise unknown("field", name, [*entity.fields, *SYSTEM_FIELDS], entity=entity.name)

    def _tree_of(self, entity: Entity, field: Field) -> Node:
        step = (entity.name, field.name)
        if step in self._open:
            circle = self._open[self._open.index(step) :]
            raise Refusal("conditions.formula_in_circle", circle=say_circle(circle))
        if step not in self._computed:
            self._open.append(step)
            try:
                self._computed[step] = self._compute(self, entity, field)
            except Refusal as refusal:
                if refusal.code in TOLD_AS_IT_IS:
                    raise Refusal(refusal.code, **refusal.params) from None
                raise Refusal("conditions.formula_broken", name=field.name) from None
            finally:
                self._open.pop()
        return self._computed[step]

    def children(self, text: object, entity: Entity, with_value: bool) -> tuple[Children, str]:
        """Return children without an aggregate yet, and the name of the value to read of each ("" for none).

        Shape:  `complaints`, `customer.complaints`, or with a value `orders.total`, `orders.product.price`.
        """
        if not isinstance(text, str) or not text or len(text) > 400:
            raise Refusal("conditions.children_expected", value=str(text)[:60])
        names = text.split(".")
        way: tuple[Step, ...] = ()
        while names and names[0] in entity.fields:
            field = entity.fields[names[0]]
            if type_of(field).links != "record":
                raise Refusal("conditions.not_children", name=names[0])
            way = (*way, (entity.name, names.pop(0)))
            entity = self.entity(str(field.options.get("to")))
        if not names:
            raise Refusal("conditions.not_children", name=text)
        found = self._inverse(names[0], entity, way)
        rest = ".".join(names[1:])
        if bool(rest) != with_value:
            raise Refusal(f"conditions.{'value_missing' if with_value else 'value_not_wanted'}", name=text)
        return found, rest

    def _inverse(self, name: str, entity: Entity, way: tuple[Step, ...]) -> Children:
        inverse = entity.inverses.get(name)
        where = None
        if inverse is None:
            inverse, where = self._slice(name, entity)
        if inverse is None:
            raise unknown("children", name, entity.inverses, entity=entity.name)
        return Children("any", way, entity.name, inverse.name, inverse.entity, inverse.field, where=where)

    def _slice(self, name: str, entity: Entity) -> tuple[Inverse | None, Node | None]:
        """Return the children and the condition of a dated slice by name: `orders_last_90_days`."""
        match = SLICE.match(name)
        inverse = entity.inverses.get(match["name"]) if match else None
        if match is None or inverse is None or bool(match["last"]) == bool(match["ago"]):
            return None, None
        date = self.field_path(main_date(self.entity(inverse.entity)), self.entity(inverse.entity))
        if match["last"]:
            return inverse, Age("within_last", date, int(match["last"]), match["unit"])
        near, far = sorted((int(match["near"]), int(match["far"])))
        return inverse, Age("ago", date, far, match["unit"], near)

    def segment(self, name: object, way: tuple[Step, ...], entity: str) -> InSegment:
        """Return the node that asks whether a record of `entity` belongs to a segment."""
        known = segment_entities(self.schema)
        if not isinstance(name, str) or name not in known:
            raise unknown("segment", name, known)
        if known[name] not in (entity, ""):
            raise Refusal("conditions.segment_of_other", name=name, entity=known[name], here=entity)
        circle = circle_through(name, self.schema)
        if circle:
            raise Refusal("conditions.segment_in_circle", circle=say_circle([(one,) for one in circle]))
        return InSegment(name, entity, way)

    def know_calendar(self, node: Node) -> None:
        """Refuse a function that names a business calendar nobody declared; one that a field names may be any."""
        name = node.arguments[2] if isinstance(node, Call) and node.name in WORKING else None
        if isinstance(name, Const) and name.value:
            written = [document.name for document in self.schema.documents if document.kind == CALENDAR]
            known = [*written, *self.schema.parts.get(CALENDAR, {})]
            if name.value not in known:
                raise unknown("calendar", name.value, known)


def main_date(entity: Entity) -> str:
    """Return the field that dates a record: its calendar's, else its first date, else when it was created."""
    named = (entity.calendar or {}).get("from")
    dated = [name for name, field in entity.fields.items() if kind_of(field) in (DATE, DATETIME)]
    return named if named in entity.fields else next(iter(dated), "created_at")


def segment_entities(schema: Schema) -> Mapping[str, str]:
    """Return the entity of every segment, built or still only written down ("" when it says none)."""
    written = {
        document.name: str(document.body.get("entity") or "")
        for document in schema.documents
        if document.kind == "segment"
    }
    built = {name: part.entity for name, part in schema.parts.get("segment", {}).items() if part is not None}
    return {**written, **built}


def circle_through(name: str, schema: Schema) -> tuple[str, ...]:
    """Return the segments by way of which one asks about itself, that one first; () when it does not."""
    seen: set[str] = set()
    waiting: list[tuple[str, ...]] = [(name,)]
    while waiting:
        way = waiting.pop(0)
        for found in sorted(_segments_named(_lines_of(way[-1], schema))):
            if found == name:
                return way
            if found not in seen:
                seen.add(found)
                waiting.append((*way, found))
    return ()


def say_circle(members: Sequence[tuple[str, ...]]) -> str:
    """Return the members of a circle as people read it; fields of one entity by their names alone.

    >>> say_circle([("order", "total"), ("order", "tax")])
    'total → tax → total'
    """
    is_one = {len(member) for member in members} == {2} and len({member[0] for member in members}) == 1
    names = [member[-1] if is_one else ".".join(member) for member in members]
    return " → ".join([*names, names[0]])


def _lines_of(name: str, schema: Schema) -> Any:
    """Return the lines of a segment as they were written, or its tree."""
    part = schema.parts.get("segment", {}).get(name)
    if part is not None:
        return getattr(part, "condition", None) or getattr(part, "lines", None)
    written = (
        document for document in schema.documents if document.kind == "segment" and document.name == name
    )
    return next((document.body.get("if") for document in written), None)


def _segments_named(lines: Any) -> set[str]:
    """Return the segments that written lines ask about."""
    if isinstance(lines, Node):
        return segments_of(lines)
    found: set[str] = set()
    waiting = [lines]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            waiting += part.values()
            found |= {part["in_segment"]} if isinstance(part.get("in_segment"), str) else set()
        elif isinstance(part, list | tuple):
            waiting += part
    return found


def both(first: Node | None, second: Node | None) -> Node | None:
    """Return the condition that both hold; None means no condition."""
    if first is None or second is None:
        return first or second
    return And((first, second))


def reference_target(path: FieldPath, schema: Schema) -> str:
    """Return the entity a path's last field refers to; "" when it refers to none."""
    entity, name = path.steps[-1]
    field = schema.entities[entity].fields.get(name)
    return str(field.options.get("to")) if field is not None and path.kind == REFERENCE else ""
