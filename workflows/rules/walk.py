"""Where names stand in rules and message templates; what a trigger or an action names, it says itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crm.entities.walk import CARRIED, NAMED, Spot, Walker, to_be
from workflows.actions import ACTIONS
from workflows.actions.values import one_deed
from workflows.given import Given, PastGiven
from workflows.triggers import TRIGGERS


def walk_rule(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a rule."""
    given = _given(body.get("when"))
    walker = PastGiven(walker, given) if given else walker
    steps = {
        "entity": walker.entity,
        "when": lambda value, at: _trigger(value, at, walker),
        "if": walker.lines,
        "then": lambda value, at: _steps(value, at, walker),
    }
    return walker.inside(body, Spot().of(body.get("entity")), steps)


def _given(when: Any) -> Given | None:
    """Return what a trigger gives its rule; None also for one with problems."""
    try:
        name, body = next(iter(when.items()))
        return TRIGGERS[name].given(body)
    except (AttributeError, KeyError, TypeError, ValueError, StopIteration):
        return None


def _trigger(when: Any, spot: Spot, walker: Walker) -> Any:
    def step(name: str) -> Any:
        return lambda body, at: TRIGGERS[name].walk(body, at, walker)

    return walker.inside(when, spot, {name: step(name) for name in TRIGGERS})


def _steps(steps: Any, spot: Spot, walker: Walker) -> Any:
    def step(value: Any, at: Spot) -> Any:
        if isinstance(value, str):
            _step(value, None, one_deed(at), walker)
            return value
        if not isinstance(value, Mapping):
            return value
        return {name: _step(name, body, one_deed(at.at(name)), walker) for name, body in value.items()}

    return walker.each(step)(steps, spot)


def _step(name: Any, body: Any, spot: Spot, walker: Walker) -> Any:
    action = ACTIONS.get(name) if isinstance(name, str) else None
    if action is None:
        return body  # of a draft: the check refuses it
    walked = action.walk(body, spot, walker)
    ways = dict.fromkeys(action.branch_keys, lambda value, at: _steps(value, at, walker))
    walked = walker.inside(walked, spot, ways) if ways else walked
    return (
        walker.each(lambda branch, at: _branch(branch, at, walker))(walked, spot)
        if action.has_branches
        else walked
    )


def _branch(branch: Any, spot: Spot, walker: Walker) -> Any:
    def steps(value: Any, at: Spot) -> Any:
        return _steps(value, at, walker)

    return walker.inside(branch, spot, {"if": walker.lines, "then": steps, "else": steps})


def walk_template(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in a message template: those of its entity, or of every entity whose rules send it."""
    entity = body.get("entity")
    senders = [entity] if entity else sorted(set(_senders(walker, body.get("template"))))
    for sender in senders:
        spot = Spot().of(sender).to_be(CARRIED)
        body = walker.inside(body, spot, {"subject": walker.text, "body": walker.text})
    return walker.inside(body, Spot(), {"entity": to_be(NAMED, walker.entity)})


def _senders(walker: Walker, template: Any) -> Iterator[str]:
    for document in walker.declarations.documents:
        if document.kind == "rule" and template in templates_of(document.body.get("then")):
            yield str(document.body.get("entity") or "")


def templates_of(steps: Any) -> Iterator[Any]:
    """Yield the templates that steps send, those in branches included."""
    if isinstance(steps, list | tuple):
        for step in steps:
            yield from templates_of(step)
    elif isinstance(steps, Mapping):
        for key, value in steps.items():
            if key == "template":
                yield value
            elif isinstance(value, list | tuple | Mapping):
                yield from templates_of(value)
