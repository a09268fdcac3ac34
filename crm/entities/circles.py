"""Circles: formulas, summaries and segments that need their own outcome, records that need one another first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.conditions.language.resolve import say_circle
from crm.entities.declared_names import DeclaredNames, fields_of
from crm.entities.entity_walk import walk_entity
from crm.entities.kinds import walk_document
from crm.entities.model import Document
from crm.entities.walk import FIELD, Mention, Walker
from crm.errors import Problem
from crm.fields import type_named

SEGMENT = "segment"
TOLD_HERE = frozenset({"conditions.formula_in_circle", "conditions.segment_in_circle"})
Node = tuple[str, ...]
"""`(entity, field)`, `(segment,)`, or `(entity,)` among required references."""


@dataclass(frozen=True)
class Need:
    """That one thing needs another: where that is written, and what it is called there."""

    target: Node
    document: Document
    path: tuple
    called: Node


Needs = dict[Node, dict[Node, Need]]


def find_circles(documents: Iterable[Document]) -> list[Problem]:
    """Return a problem for every circle, at one place of it."""
    declarations = DeclaredNames(documents)
    problems = []
    for circle in _circles(_outcomes(declarations)):
        is_formula = any(len(need.called) == 2 for need in circle)
        code = "conditions.formula_in_circle" if is_formula else "conditions.segment_in_circle"
        problems.append(_problem(code, circle))
    return problems + [
        _problem("schema.required_in_circle", circle) for circle in _circles(_firsts(declarations))
    ]


def without_circles(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems without those that a circle causes: each circle is reported once, as a whole."""
    return [problem for problem in problems if innermost(problem).code not in TOLD_HERE]


def innermost(problem: Problem) -> Problem:
    """Return the problem within a formula, or the problem itself."""
    return getattr(problem.params.get("problem"), "problem", problem)


def _problem(code: str, circle: list[Need]) -> Problem:
    problem = Problem(code, {"circle": say_circle([need.called for need in circle])})
    return problem.at(**circle[0].document.place(*circle[0].path))


def _outcomes(declarations: DeclaredNames) -> Needs:
    """Return which computed fields and segments every computed field and segment asks."""
    needs: Needs = {}
    for document in declarations.documents:
        if document.kind == SEGMENT:
            _read(declarations, document, (document.name,), document.body, needs)
        for name, field in fields_of(document.body).items() if document.kind == "entity" else ():
            if type_named(field.get("type")).computes:
                body = {"entity": document.name, "fields": {name: field}}
                _read(declarations, document, (document.name, name), body, needs)
    return needs


def _read(
    declarations: DeclaredNames, document: Document, node: Node, body: Mapping[str, Any], needs: Needs
) -> None:
    found = needs.setdefault(node, {})

    def visit(mention: Mention) -> str:
        target = (mention.entity, mention.name) if mention.kind == FIELD else (mention.name,)
        if mention.kind in (FIELD, SEGMENT):
            found.setdefault(target, Need(target, document, mention.path, node))
        return mention.name

    walk = walk_entity if document.kind == "entity" else _walk_segment
    walk(body, Walker(declarations, visit))


def _walk_segment(body: Mapping[str, Any], walker: Walker) -> object:
    return walk_document(Document(SEGMENT, "", body), walker)


def _firsts(declarations: DeclaredNames) -> Needs:
    """Return which other record a new record of each entity cannot do without."""
    needs: Needs = {}
    for document in declarations.documents:
        for name, field in fields_of(document.body).items() if document.kind == "entity" else ():
            if field.get("required") is True and "default" not in field:
                target = (declarations.target(document.name, name),)
                need = Need(target, document, ("fields", name, "required"), (document.name, name))
                needs.setdefault((document.name,), {}).setdefault(target, need)
    return needs


def _circles(needs: Needs) -> list[list[Need]]:
    """Return circles that stand for all: every one there is shares a step with one of them.

    Shape:  the steps of each begin with what was declared first. Reads without recursion: a chain may be long.
    """
    done: set[Node] = set()
    found: list[list[Need]] = []
    for first in needs:
        if first not in done:
            found += _circles_from(first, needs, done)
    return found


def _circles_from(first: Node, needs: Needs, done: set[Node]) -> list[list[Need]]:
    nodes, way, found = [first], [], []  # what is open, and the steps between
    waiting = [iter(needs[first].values())]
    while waiting:
        need = next(waiting[-1], None)
        if need is None:
            waiting.pop()
            done.add(nodes.pop())
            way = way[:-1]
        elif need.target in nodes:
            found.append([*way[nodes.index(need.target) :], need])
        elif need.target in needs and need.target not in done:
            nodes.append(need.target)
            way.append(need)
            waiting.append(iter(needs[need.target].values()))
    return found
