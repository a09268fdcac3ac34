"""Where names stand in an entity's document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from crm.entities.duties import DUTIES
from crm.entities.walk import ASKED, FIELD, NAMED, SHOWN, Mention, Spot, Walker, to_be

OF_DATES = ("after", "before")  # a day, or the name of another date


def walk_entity(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Walk to every name in an entity's document; those it declares itself are not among them."""
    spot = Spot(str(body.get("entity") or ""))
    names = to_be(NAMED, walker.each(walker.field))
    keys = ("from", "to", "title", "at", "kind", "text", "by", "sum", "person", "done")
    places = dict.fromkeys(keys, to_be(NAMED, walker.field))
    asked = to_be(ASKED, walker.field)

    def place(value: Any, at: Spot) -> Any:
        """Walk over a field, or over one for each of some words."""
        return (
            walker.inside(value, at, dict.fromkeys(value, asked))
            if isinstance(value, Mapping)
            else asked(value, at)
        )

    duties = {
        key: lambda value, at, duty=duty: walker.inside(value, at, dict.fromkeys(duty.places, place))
        for key, duty in DUTIES.items()
    }
    days = body.get("calendar") if isinstance(body.get("calendar"), Mapping) else {}
    done_is = to_be(NAMED, lambda value, at: walker.choice(value, at, at.entity, str(days.get("done"))))
    when = {"when": to_be(ASKED, walker.lines)}
    return walker.inside(
        body,
        spot,
        {
            "title": to_be(SHOWN, walker.text),
            "fields": lambda fields, at: _fields(fields, at, walker),
            "list": lambda value, at: walker.inside(value, at, {"columns": names, "sort": names}),
            "form": walker.each(lambda value, at: walker.inside(value, at, {"fields": names})),
            "kanban": lambda value, at: walker.inside(value, at, {**places, "card": names}),
            "calendar": lambda value, at: walker.inside(value, at, {**places, "done_is": done_is}),
            "timeline": lambda value, at: walker.inside(value, at, places),
            **duties,
            "new_caller": to_be(NAMED, walker.field),
            "same_if": to_be(ASKED, walker.each(walker.each(walker.field))),
            "checks": walker.each(lambda value, at: walker.inside(value, at, when)),
        },
    )


def _fields(fields: Any, spot: Spot, walker: Walker) -> Any:
    if not isinstance(fields, Mapping):
        return fields
    return {name: _field(body, spot.at(name), str(name), walker) for name, body in fields.items()}


def _field(body: Any, spot: Spot, name: str, walker: Walker) -> Any:
    if not isinstance(body, Mapping):
        return body
    steps = {
        **dict.fromkeys(("required_if", "show_if", "read_only_if"), to_be(ASKED, walker.lines)),
        "default": lambda value, at: walker.choice(value, at, spot.entity, name),
        "to": to_be(NAMED, walker.entity),
        "only": to_be(ASKED, lambda value, at: walker.lines(value, at.of(body.get("to")))),
        "on_delete": lambda value, at: _on_delete(value, at, spot.path[-1], walker),
        "only_role": to_be(NAMED, walker.part("role")),
        "formula": to_be(SHOWN, walker.formula),
        "over": to_be(SHOWN, walker.over),
        "where": to_be(SHOWN, lambda value, at: _where(value, at, body.get("over"), walker)),
        "next": lambda value, at: _moves(value, at, name, walker),
        **{key: to_be(SHOWN, walker.field) for key in body if str(key).endswith("_field")},
        **dict.fromkeys(OF_DATES, to_be(ASKED, lambda value, at: _date(value, at, walker))),
    }
    return walker.inside(body, spot, steps)


def _on_delete(value: Any, spot: Spot, name: str, walker: Walker) -> Any:
    """Say what happens to the records that have a reference when the one it leads to is deleted."""
    spot = replace(spot, step=spot.path)
    if value == "cascade":
        walker.entity(spot.entity, spot.to_be("delete"))
    elif value == "clear":
        walker.field(name, spot.to_be("update"))
    return value


def _where(value: Any, spot: Spot, over: Any, walker: Walker) -> Any:
    quiet = Walker(walker.declarations, lambda mention: mention.name)
    return walker.lines(value, spot.of(quiet.children(over, spot)[1]))


def _moves(moves: Any, spot: Spot, name: str, walker: Walker) -> Any:
    def step(value: Any, at: Spot) -> Any:
        return walker.choice(value, at, spot.entity, name)

    return walker.keyed(moves, spot, step, step)


def _date(value: Any, spot: Spot, walker: Walker) -> Any:
    return walker.field(value, spot) if isinstance(value, str) else value


def declared(body: Mapping[str, Any], walker: Walker) -> Mapping[str, Any]:
    """Return an entity's document with the fields it declares called as the walker's visitor says."""
    entity = str(body.get("entity") or "")
    fields = body.get("fields")
    if not isinstance(fields, Mapping):
        return body
    renamed = {
        walker.visit(Mention(FIELD, str(name), ("fields", name), entity)): field
        for name, field in fields.items()
    }
    return {**body, "fields": renamed}
