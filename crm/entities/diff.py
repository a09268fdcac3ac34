"""What differs between two revisions: by identity, so that a new name is not a new field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crm.entities.identity import Identities
from crm.entities.model import Document


def diff_documents(
    old: Iterable[Document], new: Iterable[Document], before: Identities, after: Identities
) -> dict[str, list[dict[str, Any]]]:
    """Return what was added, changed and removed.

    Shape:  three lists of `{"kind", "name", …}`; fields carry "entity", changed ones the "keys" that differ, and
            renamed ones "was".
    """
    found: dict[str, list[dict[str, Any]]] = {"added": [], "changed": [], "removed": []}
    others_old = {(d.kind, d.name): d.body for d in old if d.kind != "entity"}
    others_new = {(d.kind, d.name): d.body for d in new if d.kind != "entity"}
    _compare(found, others_old, others_new)
    entities_old = {before.entity(d.name).uid: d for d in old if d.kind == "entity"}
    entities_new = {after.entity(d.name).uid: d for d in new if d.kind == "entity"}
    for uid, document in entities_new.items():
        if uid not in entities_old:
            found["added"].append({"kind": "entity", "name": document.name})
            continue
        _compare_entity(found, entities_old[uid], document, before, after)
    for uid, document in entities_old.items():
        if uid not in entities_new:
            found["removed"].append({"kind": "entity", "name": document.name})
    return found


def _compare(found: dict, old: Mapping, new: Mapping) -> None:
    for key in new:
        row = {"kind": key[0], "name": key[1]}
        if key not in old:
            found["added"].append(row)
        elif not same(old[key], new[key]):
            found["changed"].append({**row, "keys": changed_keys(old[key], new[key])})
    found["removed"] += [{"kind": key[0], "name": key[1]} for key in old if key not in new]


def _compare_entity(found: dict, old: Document, new: Document, before: Identities, after: Identities) -> None:
    skip = ("fields", "was")
    keys = [key for key in changed_keys(old.body, new.body) if key not in skip]
    if keys:
        row = {"kind": "entity", "name": new.name, "keys": keys}
        found["changed"].append(row if old.name == new.name else {**row, "was": old.name})
    old_fields = {before.field(old.name, name, "").uid: name for name in old.body["fields"]}
    new_fields = {after.field(new.name, name, "").uid: name for name in new.body["fields"]}
    for uid, name in new_fields.items():
        row = {"kind": "field", "entity": new.name, "name": name}
        body = new.body["fields"][name]
        if uid not in old_fields:
            found["added"].append({**row, "type": body["type"]})
            continue
        was = old_fields[uid]
        keys = [key for key in changed_keys(old.body["fields"][was], body) if key != "was"]
        if was != name:
            found["changed"].append({**row, "keys": keys, "was": was})
        elif keys:
            found["changed"].append({**row, "keys": keys})
    for uid, name in old_fields.items():
        if uid not in new_fields:
            found["removed"].append({"kind": "field", "entity": old.name, "name": name})
    if (
        list(old.body["fields"]) != list(new.body["fields"])
        and set(old_fields) == set(new_fields)
        and not any(row.get("entity") == new.name and "was" in row for row in found["changed"])
    ):
        found["changed"].append({"kind": "entity", "name": new.name, "keys": ["fields"]})


def changed_keys(old: Mapping, new: Mapping) -> list[str]:
    """Return the top keys whose values differ, in the new one's order, then the ones that went.

    >>> changed_keys({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})
    ['b', 'c']
    """
    keys = [*new, *(key for key in old if key not in new)]
    return [key for key in keys if not same(old.get(key), new.get(key))]


def same(old: Any, new: Any) -> bool:
    """Return whether two values are the same document: maps in the same order, numbers of the same kind."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return list(old) == list(new) and all(same(old[key], new[key]) for key in old)
    if isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
        return len(old) == len(new) and all(map(same, old, new))
    return type(old) is type(new) and old == new


def users_of(removed: Iterable[Mapping], documents: Iterable[Document]) -> list[dict[str, str]]:
    """Return which documents still speak of removed fields or entities: `{"kind", "name", "field"}`."""
    found = []
    for row in removed:
        for document in documents:
            own = document.kind == "entity" and document.name == row.get("entity", row["name"])
            if not own and _mentions(document.body, row):
                found.append({"kind": document.kind, "name": document.name, "field": row["name"]})
    return found


def _mentions(body: Mapping, row: Mapping) -> bool:
    words = _words(body)
    if row["kind"] == "entity":
        return row["name"] in words
    return row["name"] in words and (row["entity"] in words)


def _words(value: Any) -> set[str]:
    if isinstance(value, Mapping):
        return set().union(*(_words(part) for part in value.values()), (str(key) for key in value))
    if isinstance(value, (list, tuple)):
        return set().union(*map(_words, value))
    text = str(value).lstrip("-")
    return {text, *"".join(c if c.isalnum() or c == "_" else " " for c in text).split()}
