"""Where names stand in rules and message templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from crm.entities.walk import CARRIED, ENTITY, NAMED, SENT, Mention, Spot, Walker, to_be
from workflows.actions.values import formula_of

Walk = Callable[[Any, Spot, Walker], Any]


def walk_rule(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a rule."""
    steps = {
        "entity": walker.entity,
        "when": lambda value, at: _trigger(value, at, walker),
        "if": walker.lines,
        "then": lambda value, at: _steps(value, at, walker),
    }
    return walker.inside(body, Spot().of(body.get("entity")), steps)


def _trigger(when: Any, spot: Spot, walker: Walker) -> Any:
    def dated(value: Any, at: Spot) -> Any:
        if isinstance(value, Mapping):
            return walker.inside(value, at, {"field": walker.field})
        return walker.field(value, at)

    steps = {
        "changed": walker.each(walker.field),
        "days_before": dated,
        "days_after": dated,
        "yearly_on": dated,
        "enters_segment": walker.part("segment"),
        "leaves_segment": walker.part("segment"),
    }
    return walker.inside(when, spot, steps)


def _steps(steps: Any, spot: Spot, walker: Walker) -> Any:
    def step(value: Any, at: Spot) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {
            name: ACTIONS[name](body, _step(at.at(name)), walker) if name in ACTIONS else body
            for name, body in value.items()
        }

    return walker.each(step)(steps, spot)


def _step(spot: Spot) -> Spot:
    """Return a place from which on one thing is done: what is read below goes where this one goes."""
    return replace(spot, step=spot.path)


def _set_field(body: Any, spot: Spot, walker: Walker) -> Any:
    name = body.get("field") if isinstance(body, Mapping) else ""
    value = _written(walker, spot.entity, name)
    return walker.inside(body, spot, {"field": to_be("update", walker.field), "to": value})


def _written(walker: Walker, entity: str, name: Any) -> Callable[[Any, Spot], Any]:
    """Return the walk over a value that is written to a field: a formula, a choice, or a text."""

    def value(given: Any, spot: Spot) -> Any:
        if formula_of(given) is not None:
            return walker.value(given, spot)
        if isinstance(given, str) and "{" in given:
            return walker.text(given, spot)
        return walker.choice(given, spot, entity, name)

    return value


def _values(body: Any, spot: Spot, target: str, deed: str, walker: Walker) -> Any:
    """Walk over a map of fields of `target` that are written; the values are read where the spot is."""

    def written(name: Any, value: Any, at: Spot) -> tuple[Any, Any]:
        return walker.field(name, at.of(target).to_be(deed)), _written(walker, target, name)(value, at)

    if not isinstance(body, Mapping):
        return body
    return dict(written(name, value, _step(spot.at(name))) for name, value in body.items())


def _create_record(body: Any, spot: Spot, walker: Walker) -> Any:
    target = str(body.get("entity")) if isinstance(body, Mapping) else ""
    steps = {
        "entity": to_be("create", walker.entity),
        "values": lambda value, at: _values(value, at, target, "create", walker),
    }
    return walker.inside(body, spot, steps)


def _update_related(body: Any, spot: Spot, walker: Walker) -> Any:
    through = body.get("through") if isinstance(body, Mapping) else None
    children = walker.ground.children(spot.entity, str(through))
    target = children.entity if children else walker.ground.target(spot.entity, str(through))
    steps = {
        "through": walker.over,
        "where": lambda value, at: walker.lines(value, at.of(target)),
        "values": lambda value, at: _values(value, at.of(target), target, "update", walker),
    }
    return walker.inside(body, spot, steps)


def _assign(body: Any, spot: Spot, walker: Walker) -> Any:
    steps = {
        "field": to_be("update", walker.field),
        "to": walker.way,
        "among": lambda value, at: walker.inside(value, at, {"role": to_be(SENT, walker.part("role"))}),
        "counting": walker.lines,
    }
    return walker.inside(body, spot, steps)


def _recipients(value: Any, spot: Spot, walker: Walker) -> Any:
    """Walk over whom a message goes to; whoever it is, he is one mention: a role, an address, or the end of a path."""

    def one(line: Any, at: Spot) -> Any:
        if isinstance(line, Mapping):
            return walker.inside(
                line, at, {kind: to_be(SENT, walker.part(kind)) for kind in ("role", "user")}
            )
        at = replace(at.to_be(NAMED), whole=at.path)
        written = line if isinstance(line, str) and "@" in line else walker.way(line, at)
        return walker.part("recipient")(written, at.to_be(SENT))

    return walker.each(one)(value, spot)


def _send_email(body: Any, spot: Spot, walker: Walker) -> Any:
    steps = {"to": lambda value, at: _recipients(value, at, walker), "template": walker.part("template")}
    return walker.inside(body, spot, steps)


def _notify(body: Any, spot: Spot, walker: Walker) -> Any:
    steps = {"to": lambda value, at: _recipients(value, at, walker), "text": walker.text}
    return walker.inside(body, spot, steps)


def _wait(body: Any, spot: Spot, walker: Walker) -> Any:
    return walker.inside(body, spot, {"and_then_only_if": walker.lines})


def _choose(body: Any, spot: Spot, walker: Walker) -> Any:
    def branch(value: Any, at: Spot) -> Any:
        return walker.inside(
            value,
            at,
            {
                "if": walker.lines,
                "then": lambda steps, below: _steps(steps, below, walker),
                "else": lambda steps, below: _steps(steps, below, walker),
            },
        )

    return walker.each(branch)(body, spot)


def _delete_record(body: Any, spot: Spot, walker: Walker) -> Any:
    walker.visit(Mention(ENTITY, spot.entity, spot.path, spot=spot.to_be("delete")))
    return body


def _nothing(body: Any, _spot: Spot, _walker: Walker) -> Any:
    return body


ACTIONS: Mapping[str, Walk] = {
    "set_field": _set_field,
    "assign": _assign,
    "create_record": _create_record,
    "update_related": _update_related,
    "delete_record": _delete_record,
    "send_email": _send_email,
    "notify": _notify,
    "wait": _wait,
    "choose": _choose,
    "stop": _nothing,
}
"""The walk over what stands behind each action."""


def walk_template(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a message template: those of its entity, or of every entity whose rules send it."""
    entity = body.get("entity")
    senders = [entity] if entity else sorted(set(_senders(walker, body.get("template"))))
    for sender in senders:
        spot = Spot().of(sender).to_be(CARRIED)
        body = walker.inside(body, spot, {"subject": walker.text, "body": walker.text})
    return walker.inside(body, Spot(), {"entity": to_be(NAMED, walker.entity)})


def _senders(walker: Walker, template: Any) -> Iterator[str]:
    for document in walker.ground.documents:
        if document.kind == "rule" and template in _templates(document.body.get("then")):
            yield str(document.body.get("entity") or "")


def _templates(steps: Any) -> Iterator[Any]:
    """Yield the templates that steps send, those in branches included."""
    if isinstance(steps, list | tuple):
        for step in steps:
            yield from _templates(step)
    elif isinstance(steps, Mapping):
        for key, value in steps.items():
            if key == "template":
                yield value
            elif isinstance(value, list | tuple | Mapping):
                yield from _templates(value)
