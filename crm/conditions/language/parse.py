"""Conditions and formulas to one checked tree, with every problem and its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crm.conditions.language.amounts import refuse_mixed, require_shown_as
from crm.conditions.language.formula import MAX_DEPTH, FormulaReader
from crm.conditions.language.lines import Context, LineReader, build_summary
from crm.conditions.language.resolve import Refusal, Resolver, under
from crm.conditions.language.tokens import FormulaRefusal
from crm.conditions.operators import OPERATORS
from crm.conditions.tree.kinds import kind_of, literal
from crm.conditions.tree.model import (
    EMPTY,
    NOTHING,
    NUMBER,
    And,
    Call,
    Children,
    Const,
    FieldPath,
    Node,
    measure,
)
from crm.conditions.tree.numbers import PLACES
from crm.errors import Problem
from crm.fields import FIELD_TYPES
from crm.fields.base import Field
from crm.messages.conditions import EXAMPLES, KINDS, MESSAGES
from crm.texts import Text, translate

if TYPE_CHECKING:
    from crm.entities.model import Entity, Schema

MAX_NODES = 500
MAX_NODES_OF_LINES = 5_000
MAX_PROBLEMS = 50
ABOUT_KINDS = frozenset(
    {
        "conditions.kinds_differ",
        "conditions.kind_expected",
        "conditions.not_ordered",
        "conditions.not_a_value",
    }
)


@dataclass(frozen=True)
class ConditionProblem(Problem):
    """A problem with a place inside the lines.

    Shape:  `path` holds keys and indexes from 0, as in `(2, "where", 0)`; `params["place"]` is the same for
            people, counted from 1: `3.where.1`. `spot` leads on into the line: `("is_one_of", 2)`. A problem within
            a formula has `params["position"]`.
    """

    path: tuple = ()
    spot: tuple = ()


class InnerSentence(Text):
    """The sentence of one problem, as a parameter of another."""

    __slots__ = ("problem",)

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__({"en": self.get("en")})

    def get(self, language: str) -> str:
        """Return the sentence in one language."""
        params = {
            name: value.get(language) if isinstance(value, Text) else value
            for name, value in self.problem.params.items()
        }
        return translate(MESSAGES[self.problem.code], language, **params)


def problem_of(refusal: Refusal, path: tuple = ()) -> ConditionProblem:
    """Return the problem a refusal becomes at a place."""
    place = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in path)
    params = refusal.params
    if refusal.code in ABOUT_KINDS:
        example = {"example": EXAMPLES.get(str(params["kind"]), "")} if "value" in params else {}
        kinds = {
            name: Text(KINDS.get(str(kind), str(kind))) for name, kind in params.items() if name != "value"
        }
        params = params | kinds | example
    problem = ConditionProblem(refusal.code, {**params, "place": place}, path=path, spot=refusal.spot)
    if not isinstance(refusal, FormulaRefusal):
        return problem
    outer = {"position": refusal.position, "problem": InnerSentence(problem), "place": place}
    return replace(problem, code="conditions.in_formula", params=outer)


def parse_conditions(lines: Any, entity: Entity, schema: Schema) -> tuple[Node, list[Problem]]:
    """Return the tree of condition lines and every problem in them.

    Shape:  `lines` is a list of lines, one line, or None for no condition. With a problem the tree is a
            condition that nobody meets, so that a broken right never opens anything.
    """
    problems: list[Problem] = []

    def refuse(refusal: Refusal, path: tuple) -> None:
        if len(problems) < MAX_PROBLEMS:
            problems.append(problem_of(refusal, path))

    if lines is None:
        return And(()), []
    reader = LineReader(Resolver(schema, computed_tree), refuse)
    try:
        node = reader.all_of(lines, Context(entity), ())
        check_size(node, MAX_NODES_OF_LINES)
    except Refusal as refusal:
        refuse(refusal, ())
    return (NOTHING, problems) if problems else (node, [])


def parse_formula(text: Any, entity: Entity, schema: Schema) -> tuple[Node, list[Problem]]:
    """Return the tree of a formula and its problem, if there is one; with a problem the tree is empty."""
    try:
        node = FormulaReader(text, entity, Resolver(schema, computed_tree)).read()
        check_size(node, MAX_NODES)
        refuse_mixed(node, schema)
    except Refusal as refusal:
        return Const(None, EMPTY), [problem_of(refusal)]
    return node, []


def parse_field(entity: Entity, field: Field, schema: Schema) -> tuple[Node, list[Problem]]:
    """Return the tree of a formula or summary field and its problem, if there is one."""
    try:
        node = computed_tree(Resolver(schema, computed_tree), entity, field)
        check_size(node, MAX_NODES)
        return node, []
    except Refusal as refusal:
        return Const(None, EMPTY), [replace(problem_of(refusal), field=field.name)]


def computed_tree(resolver: Resolver, entity: Entity, field: Field) -> Node:
    """Return the tree of a formula or summary field.

    Errors: Refusal, also when a formula gives something else than its `of` says.
    """
    if FIELD_TYPES[field.type].computes == "children":
        node = build_summary(resolver, entity, field.options)
    else:
        with under("formula"):
            node = FormulaReader(field.options.get("formula"), entity, resolver).read()
    if node.kind not in (kind_of(field), EMPTY):
        with under("of"):
            raise Refusal("conditions.kind_expected", expected=kind_of(field), found=node.kind)
    require_shown_as(node, field, entity.name, resolver.schema)
    return as_shown(node, field, resolver.schema)


def as_shown(node: Node, field: Field, schema: Schema) -> Node:
    """Return the tree of a computed number rounded as the field shows it, so that filters agree with the screen."""
    if node.kind != NUMBER:
        return node
    places = min(_places(field), PLACES)
    if isinstance(node, Children) and node.aggregate != "avg" and _places_of_children(node, schema) <= places:
        return node  # it has no more places as it is, and stays something that the database sums up itself
    return Call("round", (node, Const(Decimal(places), NUMBER)), NUMBER)


def _places(field: Field) -> int:
    return getattr(FIELD_TYPES[field.type].column_type(field), "places", 0)


def _places_of_children(node: Children, schema: Schema) -> int:
    """Return how many decimal places the value of children has; more than PLACES when it is calculated."""
    if node.value is None:
        return 0
    if not isinstance(node.value, FieldPath) or node.value.computed is not None:
        return PLACES + 1
    entity, name = node.value.steps[-1]
    field = schema.entities[entity].fields.get(name)
    return _places(field) if field is not None else 0


def check_size(node: Node, limit: int) -> None:
    """Refuse a tree that is too large or too deep, what its computed fields hold included."""
    weight, depth = measure(node)
    if weight > limit:
        raise Refusal("conditions.too_large", limit=limit)
    if depth > MAX_DEPTH:
        raise Refusal("conditions.too_deep", limit=MAX_DEPTH)


def line(field: str, operator: str, value: Any) -> dict[str, Any]:
    """Return one raw line, as list filters and the REST API build them: no value of theirs is a formula.

    >>> line("stage", "is_one_of", ["won", "lost"])
    {'field': 'stage', 'is_one_of': ['won', 'lost']}
    """
    if operator not in OPERATORS:
        raise ValueError(f"{operator!r} is not an operator")
    return {"field": field, operator: literal(value)}
