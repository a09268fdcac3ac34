"""Random edits of a small schema: what an admin may do to documents, one step at a time."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from random import Random
from typing import Any

Bodies = list[dict[str, Any]]

START: Bodies = [
    {
        "entity": "shelf",
        "fields": {"name": {"type": "text", "search": True}, "height": {"type": "integer"}},
    },
    {
        "entity": "book",
        "label": {"en": "Book", "he": "ספר"},
        "fields": {
            "name": {"type": "text", "search": True},
            "pages": {"type": "integer", "index": True},
            "price": {"type": "money"},
            "kind": {"type": "choice", "choices": ["novel", "poems", "essay"]},
            "shelf": {"type": "reference", "to": "shelf", "on_delete": "clear"},
            "bought_on": {"type": "date"},
        },
        "list": {"sort": ["-pages"]},
    },
    {"role": "reader", "label": "Reader", "entities": {"book": {"can": ["read"]}}},
    {"segment": "known", "entity": "shelf", "label": "Known", "if": [{"field": "name", "is_empty": False}]},
]
SPARE = {
    "text": {},
    "integer": {},
    "money": {},
    "boolean": {},
    "date": {},
    "tags": {},
    "choice": {"choices": ["red", "green", "blue"]},
    "reference": {"to": "shelf", "on_delete": "clear"},
}
RETYPED = {"integer": ("text", "money"), "money": ("text",), "text": ("long_text",), "date": ("text",)}
NUMBERS = itertools.count(1)


def entities_of(bodies: Bodies) -> list[dict[str, Any]]:
    """Return the bodies of the entities."""
    return [body for body in bodies if next(iter(body)) == "entity"]


def edited(random: Random, bodies: Bodies) -> Bodies:
    """Return the documents after one random edit."""
    while True:
        found = copy.deepcopy(bodies)
        if random.choice(EDITS)(random, found) is not False:
            return found


def any_field(random: Random, bodies: Bodies, loose: bool = True) -> tuple[dict, str] | None:
    """Return an entity and one of its fields; `loose` ones are those that no other document speaks of."""
    places = [
        (body, name)
        for body in entities_of(bodies)
        for name in body["fields"]
        if not loose or (name not in ("name", "pages") and len(body["fields"]) > 1)
    ]
    return random.choice(places) if places else None


def add_field(random: Random, bodies: Bodies) -> None:
    kind = random.choice(list(SPARE))
    body = {"type": kind, **copy.deepcopy(SPARE[kind])}
    if kind in ("text", "integer") and random.random() < 0.4:
        body[random.choice(["index", "search", "unique"] if kind == "text" else ["index"])] = True
    name = random.choice([f"extra_{next(NUMBERS)}", "price", "kind", "height", "select", "order", "class"])
    fields = random.choice(entities_of(bodies))["fields"]
    fields[name if name not in fields else f"extra_{next(NUMBERS)}"] = body


def remove_field(random: Random, bodies: Bodies) -> bool | None:
    place = any_field(random, bodies)
    if place is None:
        return False
    place[0]["fields"].pop(place[1])
    return None


def rename_field(random: Random, bodies: Bodies) -> bool | None:
    place = any_field(random, bodies)
    if place is None:
        return False
    entity, name = place
    new = f"renamed_{next(NUMBERS)}"
    entity["fields"] = {
        (new if key == name else key): ({**body, "was": name} if key == name else body)
        for key, body in entity["fields"].items()
    }
    return None


def swap_names(random: Random, bodies: Bodies) -> bool | None:
    entity = random.choice(entities_of(bodies))
    names = [name for name in entity["fields"] if name not in ("name", "pages")]
    if len(names) < 2:
        return False
    one, two = random.sample(names, 2)
    fields = entity["fields"]
    if {fields[one].get("was"), fields[two].get("was")} & {one, two}:
        return False  # exchanged before; the same words say nothing new
    fields[one], fields[two] = {**fields[two], "was": two}, {**fields[one], "was": one}
    return None


def reorder(random: Random, bodies: Bodies) -> bool | None:
    entity = random.choice(entities_of(bodies))
    names = list(entity["fields"])
    random.shuffle(names)
    if names == list(entity["fields"]):
        return False
    entity["fields"] = {name: entity["fields"][name] for name in names}
    return None


def retype(random: Random, bodies: Bodies) -> bool | None:
    place = any_field(random, bodies)
    if place is None or place[0]["fields"][place[1]]["type"] not in RETYPED:
        return False
    fields, name = place[0]["fields"], place[1]
    kept = {key: fields[name][key] for key in ("was", "label") if key in fields[name]}
    fields[name] = {"type": random.choice(RETYPED[fields[name]["type"]]), **kept}
    return None


def change_choices(random: Random, bodies: Bodies) -> bool | None:
    found = [f for body in entities_of(bodies) for f in body["fields"].values() if f["type"] == "choice"]
    if not found:
        return False
    random.choice(found)["choices"].append(f"choice_{next(NUMBERS)}")
    return None


def change_flags(random: Random, bodies: Bodies) -> bool | None:
    place = any_field(random, bodies, loose=False)
    field = place[0]["fields"][place[1]]
    flag = random.choice(["required", "search", "index", "history", "read_only", "personal"])
    if flag == "search" and field["type"] not in ("text", "integer"):
        return False
    field[flag] = not field.get(flag, flag == "history")
    return None


def relabel(random: Random, bodies: Bodies) -> None:
    place = any_field(random, bodies, loose=False)
    place[0]["fields"][place[1]]["label"] = {"en": f"Label {next(NUMBERS)}", "he": "תווית", "el": "Ετικέτα"}


def add_entity(random: Random, bodies: Bodies) -> None:
    fields = {"name": {"type": "text"}, "book": {"type": "reference", "to": "book", "on_delete": "clear"}}
    targets = [body["entity"] for body in entities_of(bodies)]
    fields["book"]["to"] = random.choice(targets)
    bodies.append({"entity": f"thing_{next(NUMBERS)}", "fields": fields})


def _others_speak_of(bodies: Bodies, name: str) -> bool:
    rest = [body for body in bodies if next(iter(body)) != "entity" or body["entity"] != name]
    return f"'{name}'" in str(rest)


def remove_entity(random: Random, bodies: Bodies) -> bool | None:
    names = [body["entity"] for body in entities_of(bodies) if not _others_speak_of(bodies, body["entity"])]
    if not names or len(entities_of(bodies)) < 3:
        return False
    name = random.choice(names)
    bodies[:] = [body for body in bodies if next(iter(body)) != "entity" or body["entity"] != name]
    return None


def rename_entity(random: Random, bodies: Bodies) -> bool | None:
    names = [body["entity"] for body in entities_of(bodies) if body["entity"].startswith("thing")]
    if not names:
        return False
    old, new = random.choice(names), f"thing_{next(NUMBERS)}"
    for body in entities_of(bodies):
        if body["entity"] == old:
            body["entity"], body["was"] = new, old
        for field in body["fields"].values():
            if field.get("to") == old:
                field["to"] = new
    return None


def point_elsewhere(random: Random, bodies: Bodies) -> bool | None:
    found = [f for body in entities_of(bodies) for f in body["fields"].values() if f["type"] == "reference"]
    names = [body["entity"] for body in entities_of(bodies)]
    if not found:
        return False
    field = random.choice(found)
    others = [name for name in names if name != field["to"]]
    if not others:
        return False
    field["to"] = random.choice(others)
    return None


def add_part(random: Random, bodies: Bodies) -> None:
    number = next(NUMBERS)
    bodies.append(
        random.choice(
            [
                {
                    "segment": f"part_{number}",
                    "entity": "book",
                    "label": "Long",
                    "if": [{"field": "pages", "above": number}],
                },
                {
                    "report": f"part_{number}",
                    "entity": "book",
                    "label": "Books",
                    "group_by": ["name"],
                    "measures": {"books": {"count": True}},
                    "chart": {"kind": "table", "x": "name", "y": "books"},
                },
                {
                    "role": f"part_{number}",
                    "label": "Role",
                    "entities": {"book": {"can": ["read", "update"]}},
                },
                {
                    "rule": f"part_{number}",
                    "label": "Rule",
                    "entity": "book",
                    "enabled": False,
                    "when": "record_created",
                    "then": [{"set_field": {"field": "pages", "to": number}}],
                },
            ]
        )
    )


def change_part(random: Random, bodies: Bodies) -> bool | None:
    parts = [body for body in bodies if next(iter(body)) != "entity"]
    if not parts:
        return False
    random.choice(parts)["label"] = {"en": f"Changed {next(NUMBERS)}"}
    return None


def remove_part(random: Random, bodies: Bodies) -> bool | None:
    parts = [body for body in bodies if next(iter(body)) != "entity"]
    if not parts:
        return False
    bodies.remove(random.choice(parts))
    return None


EDITS: list[Callable[[Random, Bodies], bool | None]] = [
    add_field, add_field, remove_field, remove_field, rename_field, swap_names, reorder, retype, change_choices,
    change_flags, relabel, add_entity, remove_entity, rename_entity, point_elsewhere, add_part, change_part,
    remove_part,
]  # fmt: skip
