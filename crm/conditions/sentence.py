"""A tree to a sentence in a language: what a rule, a right or a filter says, for people to read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from babel.lists import format_list
from babel.units import format_unit

from crm.conditions.tree import model
from crm.conditions.tree.kinds import SYSTEM_FIELDS
from crm.conditions.tree.model import BOOLEAN, DATE, DATETIME, REFERENCE, USER, Node, Step
from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.fields.boolean import BooleanType
from crm.fields.columns import places_of
from crm.fields.locales import locale_of, shown_date, shown_number, shown_time, with_minus_at_left
from crm.messages.conditions import PHRASES, SENTENCES
from crm.texts import translate

if TYPE_CHECKING:
    from crm.entities.model import Entity, Schema

SIGNS = {"+": " + ", "*": " × ", "/": " ÷ "}
COMPARED = {"=": "is", ">": "above", ">=": "at_least", "<": "below", "<=": "at_most"}
COMPARED_DATES = {"=": "is", ">": "after", ">=": "from", "<": "before", "<=": "until"}
NEGATED = {
    model.Compare: "is_not",
    model.In: "is_none_of",
    model.IsEmpty: "is_not_empty",
    model.Holds: "holds_not",
    model.Contains: "contains_not",
    model.StartsWith: "starts_with_not",
    model.Changed: "not_changed",
    model.FieldPath: "is_not_true",
}


def say(node: Node, entity: Entity, schema: Schema, language: str) -> str:
    """Return what a tree says, as a clause without a full stop: `Stage is Won and Amount is at least €1,000.00`.

    Shape:  `entity` is the one the tree belongs to; a formula that is no condition says what it computes.
    """
    speaker = Speaker(schema, language)
    return speaker.clause(node) if node.kind == BOOLEAN else speaker.value(node)


class Speaker:
    """Puts trees into words of one language."""

    def __init__(self, schema: Schema, language: str) -> None:
        self.schema = schema
        self.language = language

    def say(self, key: str, **params: str) -> str:
        """Return the sentence of a key."""
        return self._filled(SENTENCES[key], params)

    def phrase(self, key: str, **params: str) -> str:
        """Return the phrase of a key."""
        return self._filled(PHRASES[key], params)

    def _filled(self, sentence: str, params: Mapping[str, str]) -> str:
        """Return a sentence with its parts; a Hebrew prefix joins a Hebrew word, with a dash before all else."""
        found = translate(sentence, self.language)
        for name, text in params.items():
            if "א" <= text[:1] <= "ת":
                found = found.replace(f"־%({name})s", f"%({name})s")
        return found % params if params else found

    def listed(self, texts: Iterable[str], style: str = "standard") -> str:
        """Return texts joined by and (`standard`) or by or (`or`), as the language does it."""
        return format_list(list(texts), style, locale_of(self.language))

    def clause(self, node: Node) -> str:
        """Return a condition in words."""
        if type(node) in CLAUSES:
            return CLAUSES[type(node)](self, node)
        return self.say("is_true", field=self.value(node))

    def inner(self, node: Node) -> str:
        """Return a condition in words, in brackets when it is made of several."""
        several = isinstance(node, model.And | model.Or) and len(node.parts) > 1
        return f"({self.clause(node)})" if several else self.clause(node)

    def every(self, node: model.And) -> str:
        """Return all parts in words."""
        return self.listed(self.inner(part) for part in node.parts) if node.parts else self.say("always")

    def either(self, node: model.Or) -> str:
        """Return one of the parts in words."""
        return (
            self.listed((self.inner(part) for part in node.parts), "or") if node.parts else self.say("never")
        )

    def opposite(self, node: model.Not) -> str:
        """Return the opposite in words."""
        part = node.part
        if isinstance(part, model.Or) and len(part.parts) == 1:
            return self.opposite(model.Not(part.parts[0]))
        if isinstance(part, model.Or):
            return self.say("none", conditions=self.listed((self.inner(each) for each in part.parts), "or"))
        if isinstance(part, model.Children) and part.aggregate == "any":
            return self._children_there(part, "none_of")
        if isinstance(part, model.InSegment):
            return self._in_segment(part, "not_in_segment")
        if type(part) in NEGATED and not (isinstance(part, model.Compare) and part.operator != "="):
            return self._negated(part)
        return self.say("not", condition=self.inner(part))

    def _negated(self, part: Any) -> str:
        key = NEGATED[type(part)]
        if isinstance(part, model.Compare):
            return self.say(key, field=self.value(part.left), value=self.beside(part.left, part.right))
        if isinstance(part, model.In):
            return self.say(key, field=self.value(part.value), values=self._options(part))
        if isinstance(part, model.FieldPath):
            return self.say(key, field=self.value(part))
        if isinstance(part, model.Holds | model.Contains | model.StartsWith):
            return self.say(key, field=self.value(part.value), value=self._part(part))
        return self.say(key, field=self.value(part.value))

    def _part(self, node: model.Holds | model.Contains | model.StartsWith) -> str:
        """Return what is looked for in a text, in quotation marks when it was typed; a word as its label."""
        if isinstance(node, model.Holds):
            return self.beside(node.value, node.word)
        shown = self.value(node.part)
        return self.phrase("quoted", value=shown) if isinstance(node.part, model.Const) else shown

    def compare(self, node: model.Compare) -> str:
        """Return a comparison in words."""
        words = COMPARED_DATES if node.left.kind in (DATE, DATETIME) else COMPARED
        return self.say(
            words[node.operator], field=self.value(node.left), value=self.beside(node.left, node.right)
        )

    def between(self, node: model.Between) -> str:
        """Return a range in words."""
        low, high = self.beside(node.value, node.low), self.beside(node.value, node.high)
        return self.say("between", field=self.value(node.value), low=low, high=high)

    def one_of(self, node: model.In) -> str:
        """Return a choice of several in words."""
        return self.say("is_one_of", field=self.value(node.value), values=self._options(node))

    def _options(self, node: model.In) -> str:
        return self.listed((self.beside(node.value, option) for option in node.options), "or")

    def with_part(self, node: Any) -> str:
        """Return what a text contains or starts with, or what several words include, in words."""
        key = {model.Contains: "contains", model.StartsWith: "starts_with", model.Holds: "holds"}[type(node)]
        return self.say(key, field=self.value(node.value), value=self._part(node))

    def is_empty(self, node: model.IsEmpty) -> str:
        """Return emptiness in words."""
        return self.say("is_empty", field=self.value(node.value))

    def age(self, node: model.Age) -> str:
        """Return an age in words."""
        if node.operator == "ago":
            near, far = shown_number(node.nearer, self.language), self.span(node.amount, node.unit)
            return self.say("ago", field=self.value(node.value), near=near, far=far)
        of_unit = (
            f"{node.operator}_{node.unit}"  # "more" agrees with the unit in Greek, when there are several
        )
        key = of_unit if of_unit in SENTENCES and node.amount != 1 else node.operator
        return self.say(key, field=self.value(node.value), span=self.span(node.amount, node.unit))

    def span(self, amount: int, unit: str) -> str:
        """Return a span of time: `2 days`."""
        locale, name = locale_of(self.language), f"duration-{unit[:-1]}"
        found = format_unit(amount, name, "long", locale=locale)
        # Hebrew has its weeks and years in the short form only, and Babel then gives the unit's own name.
        found = format_unit(amount, name, "short", locale=locale) if name in found else found
        return found.removeprefix("1 ") if self.language == "he" else found  # one day is just "day"

    def any_child(self, node: model.Children) -> str:
        """Return the existence of children in words."""
        if node.aggregate != "any":
            return self.say("is_true", field=self.value(node))
        return self._children_there(node, "any_of")

    def _children_there(self, node: model.Children, key: str) -> str:
        if node.where is None:
            return self.say(key, children=self.children_name(node))
        return self.say(f"{key}_where", children=self.children_name(node), condition=self.clause(node.where))

    def children_name(self, node: model.Children) -> str:
        """Return what the children are called: `Complaints of Customer`."""
        name = self.schema.entities[node.parent].inverses[node.inverse].label.get(self.language)
        return self.phrase("path", field=name, record=self.way(node.way)) if node.way else name

    def in_segment(self, node: model.InSegment) -> str:
        """Return the belonging to a segment in words."""
        return self._in_segment(node, "in_segment")

    def _in_segment(self, node: model.InSegment, key: str) -> str:
        part = self.schema.parts.get("segment", {}).get(node.segment)
        label = getattr(part, "label", None)
        segment = label.get(self.language) if label is not None else node.segment
        if not node.way:
            return self.say(key, segment=segment)
        return self.say(f"field_{key}", field=self.way(node.way), segment=segment)

    def changed(self, node: model.Changed) -> str:
        """Return a change in words."""
        return self.say("changed", field=self.value(node.value))

    def changed_value(self, node: model.ChangedTo | model.ChangedFrom) -> str:
        """Return a change to or from a value in words."""
        key = "changed_to" if isinstance(node, model.ChangedTo) else "changed_from"
        return self.say(key, field=self.value(node.value), value=self.beside(node.value, node.option))

    def constant(self, node: model.Const) -> str:
        """Return a constant condition in words."""
        return self.say("always" if node.value is True else "never")

    def way(self, steps: tuple[Step, ...]) -> str:
        """Return a path in words, its end first: `Segment of Customer`."""
        *before, last = steps
        name = self.label(*last)
        return self.phrase("path", field=name, record=self.way(tuple(before))) if before else name

    def label(self, entity: str, name: str) -> str:
        """Return the label of a field."""
        field = self.schema.entities[entity].fields.get(name)
        return (
            translate(SYSTEM_FIELDS[name][1], self.language)
            if field is None
            else field.label.get(self.language)
        )

    def value(self, node: Node) -> str:
        """Return a value in words."""
        if type(node) in NAMES:
            return NAMES[type(node)](self, node)
        return self.clause(node)

    def beside(self, left: Node, right: Node | None) -> str:
        """Return the right side of a line, as its left side's field shows such a value."""
        if not isinstance(right, model.Const):
            return self.value(right) if right is not None else ""
        if isinstance(left, model.Call) and left.name == "year":
            return format(right.value, "f")  # 2026, without the sign between thousands
        if isinstance(left, model.Children) and left.aggregate != "count":
            left = left.value
        if not isinstance(left, model.FieldPath):
            return self.value(right)
        entity, name = left.steps[-1]
        field = self.schema.entities[entity].fields.get(name)
        return self.value(right) if field is None else self._shown(field, right)

    def _shown(self, field: Field, node: model.Const) -> str:
        shown = FIELD_TYPES[field.type].result(field)
        situation = Situation(self.language)
        if shown.has_choices:
            return shown.display(field, (node.value,) if shown.several else node.value, situation)
        if shown.points and shown.several:
            return self.phrase("record", number=str(node.value))
        fits = isinstance(node.value, Decimal) and places_of(node.value) <= field.options.get("places", 2)
        if shown.unit and fits:
            return with_minus_at_left(shown.display(field, node.value, situation), self.language)
        return self.value(node)

    def constant_value(self, node: model.Const) -> str:
        """Return a constant as the language writes it."""
        value = node.value
        if isinstance(value, bool):
            return BooleanType().display(None, value, Situation(self.language))
        if isinstance(value, Decimal):
            return with_minus_at_left(shown_number(value, self.language), self.language)
        if isinstance(value, dt.datetime):
            return f"{shown_date(value.date(), self.language)}, {shown_time(value.time(), self.language)}"
        if isinstance(value, dt.date):
            return shown_date(value, self.language)
        if node.kind in (USER, REFERENCE):
            return self.phrase("user" if node.kind == USER else "record", number=str(value))
        return self.phrase("nothing") if value is None else str(value)

    def children(self, node: model.Children) -> str:
        """Return children put into one value in words."""
        params = {"children": self.children_name(node)}
        if node.value is not None:
            params["field"] = self.value(node.value)
        if node.where is None:
            return self.phrase(node.aggregate, **params)
        return self.phrase(f"{node.aggregate}_where", **params, condition=self.clause(node.where))

    def arithmetic(self, node: model.Arithmetic) -> str:
        """Return arithmetic with its signs."""
        parts = [self._bracketed(part) for part in node.parts]
        if node.operator == "-":
            return f"-{parts[0]}"
        if node.operator != "+":
            return SIGNS[node.operator].join(parts)
        found = parts[0]
        for part, text in zip(node.parts[1:], parts[1:], strict=True):
            is_minus = isinstance(part, model.Arithmetic) and part.operator == "-"
            text = self._bracketed(part.parts[0]) if is_minus else text.removeprefix("-")
            found += f" − {text}" if is_minus or _is_below_zero(part) else f" + {text}"
        return found

    def _bracketed(self, node: Node) -> str:
        is_simple = not isinstance(node, model.Arithmetic) or node.operator == "-"
        return self.value(node) if is_simple else f"({self.value(node)})"

    def call(self, node: model.Call) -> str:
        """Return a function in words."""
        values = [self.value(argument) for argument in node.arguments]
        if node.name == "add_days" and isinstance(getattr(node.arguments[1], "value", None), Decimal):
            return self.phrase(
                "add_span", first=values[0], span=self.span(int(node.arguments[1].value), "days")
            )
        key = {"min": "least", "max": "greatest"}.get(node.name, node.name)
        if key in ("least", "greatest", "coalesce", "concat"):
            return self.phrase(key, values=self.listed(values))
        names = ("value",) if len(values) == 1 else ("first", "second")
        said = self.phrase(key, **dict(zip(names, values, strict=False)))
        if len(values) < 3 or getattr(node.arguments[2], "value", None) == "":
            return said
        return self.phrase("by_calendar", value=said, calendar=values[2])

    def choose(self, node: model.If) -> str:
        """Return one of two values in words."""
        then, otherwise = self.value(node.then), self.value(node.otherwise)
        return self.phrase("if", then=then, condition=self.clause(node.condition), otherwise=otherwise)


def _is_below_zero(node: Node) -> bool:
    return isinstance(node, model.Const) and isinstance(node.value, Decimal) and node.value < 0


CLAUSES: Mapping[type[Node], Callable[[Speaker, Any], str]] = {
    model.And: Speaker.every,
    model.Or: Speaker.either,
    model.Not: Speaker.opposite,
    model.Compare: Speaker.compare,
    model.Between: Speaker.between,
    model.In: Speaker.one_of,
    model.Holds: Speaker.with_part,
    model.Contains: Speaker.with_part,
    model.StartsWith: Speaker.with_part,
    model.IsEmpty: Speaker.is_empty,
    model.Age: Speaker.age,
    model.Children: Speaker.any_child,
    model.InSegment: Speaker.in_segment,
    model.Changed: Speaker.changed,
    model.ChangedTo: Speaker.changed_value,
    model.ChangedFrom: Speaker.changed_value,
    model.Const: Speaker.constant,
}

NAMES: Mapping[type[Node], Callable[[Speaker, Any], str]] = {
    model.FieldPath: lambda speaker, node: speaker.way(node.steps),
    model.Const: Speaker.constant_value,
    model.Children: Speaker.children,
    model.Arithmetic: Speaker.arithmetic,
    model.Call: Speaker.call,
    model.If: Speaker.choose,
    model.Me: lambda speaker, _node: speaker.phrase("me"),
    model.MyTeam: lambda speaker, _node: speaker.phrase("my_team"),
}
