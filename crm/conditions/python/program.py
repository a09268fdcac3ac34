"""A tree as text that SQLite passes back to Python, row by row, to compute a formula."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import fields as attributes
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from crm.conditions.python.evaluate import Evaluator
from crm.conditions.python.values import typed
from crm.conditions.tree import model
from crm.conditions.tree.model import DATE, DATETIME, NUMBER, Leaf, Node, is_condition
from crm.conditions.tree.numbers import BIGGEST, EXACT, to_text
from crm.conditions.tree.scope import Scope

MAX_LEAVES = 100  # SQLite takes 127 values in one function
CLASSES = {
    cls.__name__: cls
    for cls in (
        model.Const, model.Leaf, model.Me, model.MyTeam, model.Compare, model.Between, model.In, model.Holds,
        model.Contains, model.StartsWith, model.IsEmpty, model.And, model.Or, model.Not, model.Age,
        model.Arithmetic, model.Call, model.If,
    )
}  # fmt: skip
WRITE: dict[type, tuple[str, Callable[[Any], str]]] = {
    Decimal: ("number", to_text),
    dt.datetime: ("datetime", dt.datetime.isoformat),
    dt.date: ("date", dt.date.isoformat),
}
READ: dict[str, Callable[[str], Any]] = {
    "number": Decimal,
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
}


@dataclass(frozen=True)
class Leaves:
    """The values of one row, by number."""

    leaves: tuple[Any, ...]


def write_program(node: Node) -> str:
    """Return a tree whose fields are leaves as text."""
    return json.dumps(_plain(node), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, Node):
        return {
            "_": type(value).__name__,
            **{part.name: _plain(getattr(value, part.name)) for part in attributes(value)},
        }
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if type(value) in WRITE:
        name, write = WRITE[type(value)]
        return {"_": name, "is": write(value)}
    return value


@lru_cache(maxsize=2_000)
def read_program(text: str) -> Node:
    """Return the tree of a text."""
    return _tree(json.loads(text))


def _tree(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_tree(part) for part in value)
    if not isinstance(value, dict):
        return value
    name = value.pop("_")
    if name in READ:
        return READ[name](value["is"])
    return CLASSES[name](**{key: _tree(part) for key, part in value.items()})


def write_surroundings(scope: Scope) -> str:
    """Return what of a scope a program needs, as text."""
    team = ",".join(str(user) for user in scope.team_user_ids)
    return f"{scope.now.isoformat()}|{scope.time_zone.key}|{scope.user_id or ''}|{team}"


@lru_cache(maxsize=500)
def read_surroundings(text: str) -> Evaluator:
    """Return an evaluator in the scope of a text."""
    now, zone, user, team = text.split("|")
    users = tuple(int(part) for part in team.split(",") if part)
    moment = dt.datetime.fromisoformat(now)
    nothing: Any = None
    return Evaluator(
        Scope(nothing, moment, ZoneInfo(zone), user_id=int(user) if user else None, team_user_ids=users)
    )


@lru_cache(maxsize=2_000)
def leaves_of(text: str) -> tuple[Leaf, ...]:
    """Return the leaves of a program in the order of their numbers."""
    found = {part.index: part for part in model.walk(read_program(text)) if isinstance(part, Leaf)}
    return tuple(found[index] for index in sorted(found))


def run_program(program: str, surroundings: str, *values: Any) -> Any:
    """Return what a program gives for the stored values of one row, as SQLite stores such."""
    return encode(_run(program, surroundings, values))


def run_scaled(places: int, program: str, surroundings: str, *values: Any) -> int | str | None:
    """Return the number a program gives as a whole number of its last place; as text when SQLite has no such one."""
    found = _run(program, surroundings, values)
    if found is None:
        return None
    whole = EXACT.scaleb(found, places)
    return int(whole) if abs(whole) <= BIGGEST else to_text(whole)


def _run(program: str, surroundings: str, values: tuple[Any, ...]) -> Any:
    node, evaluator = read_program(program), read_surroundings(surroundings)
    leaves = Leaves(
        tuple(decode(value, leaf) for value, leaf in zip(values, leaves_of(program), strict=True))
    )
    return evaluator.holds(node, leaves) if is_condition(node) else evaluator.value(node, leaves)


def decode(value: Any, leaf: Leaf) -> Any:
    """Return a value stored in SQLite in the form `evaluate` computes with."""
    if value is None:
        return None
    if leaf.kind == NUMBER:
        number = Decimal(value)
        return EXACT.scaleb(number, -leaf.places) if leaf.places else number
    if leaf.kind == DATE:
        return dt.date.fromisoformat(value[:10])
    return dt.datetime.fromisoformat(value) if leaf.kind == DATETIME else typed(value, leaf.kind)


def encode(value: Any) -> Any:
    """Return a computed value as SQLite stores it; a number as plain text."""
    if isinstance(value, Decimal):
        return to_text(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "microseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value
