"""A tree to a value in Python: what SQL gives for the same record, exactly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from crm.conditions.language.segments import segment_tree
from crm.conditions.python.functions import CALLS
from crm.conditions.python.readers import Reader, reader_of
from crm.conditions.python.values import age_bounds, fits_bounds, instant, typed
from crm.conditions.tree import model, numbers
from crm.conditions.tree.folding import fold
from crm.conditions.tree.model import USER, Node, Step, is_condition
from crm.conditions.tree.moments import day_of
from crm.conditions.tree.scope import Scope

MAX_SEGMENTS = 5  # segments that ask about segments


def evaluate(node: Node, record: Any, scope: Scope) -> Any:
    """Return the value of a tree for one record; for a condition True or False.

    Shape:  `record` is a mapped instance, a map of field names to typed values, or a `Reader`. Numbers come as
            Decimal; an empty value is None.
    """
    evaluator = Evaluator(scope)
    reader = reader_of(record, scope.schema)
    return evaluator.holds(node, reader) if is_condition(node) else evaluator.value(node, reader)


class Evaluator:
    """Reads a tree for records, in one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.segments_open = 0

    def holds(self, node: Node, reader: Reader) -> bool:
        """Return whether a condition holds; an empty value does not."""
        return self.value(node, reader) is True

    def value(self, node: Node, reader: Any) -> Any:
        """Return the value of a node; None when empty."""
        return READ[type(node)](self, node, reader)

    def const(self, node: model.Const, _reader: Reader) -> Any:
        """Return a constant; a wall clock as the instant it is."""
        return instant(node.value, self.scope) if isinstance(node.value, dt.datetime) else node.value

    def leaf(self, node: model.Leaf, reader: Any) -> Any:
        """Return a value handed in by number."""
        return reader.leaves[node.index]

    def field_path(self, node: model.FieldPath, reader: Reader) -> Any:
        """Return the value of a field at the end of its way."""
        place = self._follow(node.way, reader)
        if place is None:
            return None
        if node.computed is not None:
            return self.value(node.computed, place)
        return typed(place.value(*node.steps[-1]), node.kind)

    def _follow(self, way: tuple[Step, ...], reader: Reader) -> Reader | None:
        """Return the record a way leads to; None when a reference is empty, or leads out of sight."""
        for entity, name in way:
            found = reader.parent(entity, name)
            target = self.scope.schema.entities[entity].fields[name].options.get("to")
            if found is None or not self._is_visible(str(target), found):
                return None
            reader = found
        return reader

    def _is_visible(self, entity: str, reader: Reader) -> bool:
        condition = self.scope.visible.get(entity)
        return condition is None or Evaluator(self.scope.seeing_all()).holds(condition, reader)

    def me(self, _node: model.Me, _reader: Reader) -> int | None:
        """Return the asking user's id."""
        return self.scope.user_id

    def compare(self, node: model.Compare, reader: Reader) -> bool:
        """Return whether two values compare as asked."""
        left, right = self.value(node.left, reader), self.value(node.right, reader)
        if left is None or right is None:
            return False
        return compare(node.operator, *self._alike(left, right))

    def _alike(self, left: Any, right: Any) -> tuple[Any, Any]:
        """Return two values of one kind: beside a day, a moment becomes the day it has here."""
        if isinstance(left, dt.datetime) != isinstance(right, dt.datetime):
            return self.day(left), self.day(right)
        return left, right

    def day(self, value: Any) -> Any:
        """Return the organisation's day of a moment; anything else as it is."""
        return day_of(value, self.scope.time_zone) if isinstance(value, dt.datetime) else value

    def between(self, node: model.Between, reader: Reader) -> bool:
        """Return whether a value lies between two."""
        low = model.Compare(">=", node.value, node.low)
        return self.compare(low, reader) and self.compare(model.Compare("<=", node.value, node.high), reader)

    def one_of(self, node: model.In, reader: Reader) -> bool:
        """Return whether a value is one of several."""
        value = self.value(node.value, reader)
        if value is None:
            return False
        for option in node.options:
            if isinstance(option, model.MyTeam):
                if value in self.scope.team_user_ids:
                    return True
            elif self.compare(model.Compare("=", known(value, node.value.kind), option), reader):
                return True
        return False

    def many_holds(self, node: model.Holds, reader: Reader) -> bool:
        """Return whether a word is among several."""
        words, word = self.value(node.value, reader), self.value(node.word, reader)
        return words is not None and word is not None and word in words

    def contains(self, node: model.Contains, reader: Reader) -> bool:
        """Return whether a text has another in it, or several words one of them."""
        value, part = self.value(node.value, reader), self.value(node.part, reader)
        if value is None or part is None or not fold(part):
            return False
        if isinstance(value, tuple):
            return fold(part) in {fold(word) for word in value}
        return fold(part) in fold(value)

    def starts_with(self, node: model.StartsWith, reader: Reader) -> bool:
        """Return whether a text begins with another."""
        value, part = self.value(node.value, reader), self.value(node.part, reader)
        return (
            value is not None and part is not None and fold(part) != "" and fold(value).startswith(fold(part))
        )

    def is_empty(self, node: model.IsEmpty, reader: Reader) -> bool:
        """Return whether there is no value; a user who was deleted is none."""
        value = self.value(node.value, reader)
        return value is None or (node.value.kind == USER and not self.scope.is_user(value))

    def every(self, node: model.And, reader: Reader) -> bool:
        """Return whether all parts hold."""
        return all(self.holds(part, reader) for part in node.parts)

    def either(self, node: model.Or, reader: Reader) -> bool:
        """Return whether a part holds."""
        return any(self.holds(part, reader) for part in node.parts)

    def opposite(self, node: model.Not, reader: Reader) -> bool:
        """Return whether the part does not hold."""
        return not self.holds(node.part, reader)

    def age(self, node: model.Age, reader: Reader) -> bool:
        """Return whether a date or moment is as far from now as asked."""
        value = self.value(node.value, reader)
        return value is not None and fits_bounds(value, age_bounds(node, self.scope))

    def arithmetic(self, node: model.Arithmetic, reader: Reader) -> Decimal | None:
        """Return the outcome; empty when a part is."""
        parts = [self.value(part, reader) for part in node.parts]
        return None if any(part is None for part in parts) else ARITHMETIC[node.operator](parts)

    def call(self, node: model.Call, reader: Reader) -> Any:
        """Return what a function gives."""
        return CALLS[node.name](self.scope, [self.value(argument, reader) for argument in node.arguments])

    def choose(self, node: model.If, reader: Reader) -> Any:
        """Return one of two values."""
        return self.value(node.then if self.holds(node.condition, reader) else node.otherwise, reader)

    def children(self, node: model.Children, reader: Reader) -> Any:
        """Return children put into one value; without children sum and count are 0, all else is empty."""
        parent = self._follow(node.way, reader)
        if parent is None:
            return {"any": False, "count": Decimal(0), "sum": Decimal(0)}.get(node.aggregate)
        found = [child for child in parent.children(node.parent, node.inverse) if self._counts(node, child)]
        if node.aggregate in ("any", "count"):
            return bool(found) if node.aggregate == "any" else Decimal(len(found))
        if node.aggregate == "last":
            found = sorted(found, key=lambda child: child.value(node.entity, "id"))[-1:]
        values = [self.value(node.value, child) for child in found]
        return aggregate(node.aggregate, [value for value in values if value is not None])

    def _counts(self, node: model.Children, child: Reader) -> bool:
        return self._is_visible(node.entity, child) and (node.where is None or self.holds(node.where, child))

    def in_segment(self, node: model.InSegment, reader: Reader) -> bool:
        """Return whether the record at the end of a way belongs to a segment."""
        place = self._follow(node.way, reader)
        if place is None or self.segments_open >= MAX_SEGMENTS:
            return False
        self.segments_open += 1
        try:
            return self.holds(segment_tree(node.segment, self.scope.schema), place)
        finally:
            self.segments_open -= 1

    def _before(self, path: model.FieldPath) -> tuple[bool, Any]:
        """Return whether a change names a field, and the value it had."""
        entity, name = path.steps[-1]
        for key in (name, f"{name}_id"):
            if self.scope.before is not None and key in self.scope.before:
                return True, typed(self.scope.before[key], path.kind)
        return False, None

    def changed(self, node: model.Changed, reader: Reader) -> bool:
        """Return whether the change at hand touched a field."""
        known, before = self._before(node.value)
        return known and before != self.value(node.value, reader)

    def changed_to(self, node: model.ChangedTo, reader: Reader) -> bool:
        """Return whether the change at hand brought a field to a value."""
        return self.changed(model.Changed(node.value), reader) and self._equal(
            node.value, node.option, reader
        )

    def changed_from(self, node: model.ChangedFrom, reader: Reader) -> bool:
        """Return whether the change at hand took a field away from a value."""
        before = known(self._before(node.value)[1], node.value.kind)
        return self.changed(model.Changed(node.value), reader) and self._equal(before, node.option, reader)

    def _equal(self, left: Node, option: Node, reader: Reader) -> bool:
        if isinstance(option, model.MyTeam):
            return self.one_of(model.In(left, (option,)), reader)
        return self.compare(model.Compare("=", left, option), reader)


def known(value: Any, kind: str) -> model.Const:
    """Return a value that was read as a constant; a moment says that it is UTC."""
    return model.Const(value.replace(tzinfo=dt.UTC) if isinstance(value, dt.datetime) else value, kind)


def compare(operator: str, left: Any, right: Any) -> bool:
    """Return whether two values that are there compare as asked."""
    if operator == "=":
        return left == right
    return left < right if operator == "<" else COMPARE[operator](left, right)


COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}

ARITHMETIC: Mapping[str, Callable[[list[Decimal]], Decimal | None]] = {
    "+": numbers.add,
    "*": numbers.multiply,
    "/": lambda parts: numbers.divide(*parts),
    "-": lambda parts: numbers.opposite(*parts),
}


def aggregate(name: str, values: list[Any]) -> Any:
    """Return the sum, least, greatest, mean or last of values that are there."""
    if name == "sum":
        return numbers.add(values)
    if not values:
        return None
    if name == "avg":
        return numbers.divide(numbers.add(values), Decimal(len(values)))
    return {"min": min, "max": max, "last": lambda found: found[-1]}[name](values)


READ: Mapping[type[Node], Callable[[Evaluator, Any, Any], Any]] = {
    model.Const: Evaluator.const,
    model.Leaf: Evaluator.leaf,
    model.FieldPath: Evaluator.field_path,
    model.Me: Evaluator.me,
    model.Compare: Evaluator.compare,
    model.Between: Evaluator.between,
    model.In: Evaluator.one_of,
    model.Holds: Evaluator.many_holds,
    model.Contains: Evaluator.contains,
    model.StartsWith: Evaluator.starts_with,
    model.IsEmpty: Evaluator.is_empty,
    model.And: Evaluator.every,
    model.Or: Evaluator.either,
    model.Not: Evaluator.opposite,
    model.Age: Evaluator.age,
    model.Arithmetic: Evaluator.arithmetic,
    model.Call: Evaluator.call,
    model.If: Evaluator.choose,
    model.Children: Evaluator.children,
    model.InSegment: Evaluator.in_segment,
    model.Changed: Evaluator.changed,
    model.ChangedTo: Evaluator.changed_to,
    model.ChangedFrom: Evaluator.changed_from,
}
