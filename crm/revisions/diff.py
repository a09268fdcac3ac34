"""What differs between two revisions: by identity, so that a new name is not a new field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crm.entities.declared_names import fields_of
from crm.entities.identity import Identities
from crm.entities.model import Document


def diff_documents(
    old: Iterable[Document], new: Iterable[Document], before: Identities, after: Identities
) -> dict[str, list[dict[str, Any]]]:
    """Return what was added, changed and removed.

    Shape:  three lists of `{"kind", "name", …}`; fields carry "entity", changed ones the "keys" that differ, and
            renamed ones "was", and "values": each key's value before and after.
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
            found["changed"].append({**row, **changes_of(old[key], new[key])})
    found["removed"] += [{"kind": key[0], "name": key[1]} for key in old if key not in new]


def _compare_entity(found: dict, old: Document, new: Document, before: Identities, after: Identities) -> None:
    skip = ("fields", "was")
    changes = changes_of(old.body, new.body, skip)
    if changes["keys"]:
        row = {"kind": "entity", "name": new.name, **changes}
        found["changed"].append(row if old.name == new.name else {**row, "was": old.name})
    had, has = fields_of(old.body), fields_of(new.body)
    old_fields = {before.field(old.name, name, "").uid: name for name in had}
    new_fields = {after.field(new.name, name, "").uid: name for name in has}
    for uid, name in new_fields.items():
        row = {"kind": "field", "entity": new.name, "name": name}
        body = has[name]
        if uid not in old_fields:
            found["added"].append({**row, "type": body.get("type", "")})
            continue
        was = old_fields[uid]
        changes = changes_of(had[was], body, ("was",))
        if was != name:
            found["changed"].append({**row, **changes, "was": was})
        elif changes["keys"]:
            found["changed"].append({**row, **changes})
    for uid, name in old_fields.items():
        if uid not in new_fields:
            found["removed"].append({"kind": "field", "entity": old.name, "name": name})
    if (
        list(had) != list(has)
        and set(old_fields) == set(new_fields)
        and not any(row.get("entity") == new.name and "was" in row for row in found["changed"])
    ):
        found["changed"].append({"kind": "entity", "name": new.name, "keys": ["fields"]})


def changes_of(old: Mapping, new: Mapping, skip: Iterable[str] = ()) -> dict[str, Any]:
    """Return the keys that differ, and each one's value before and after (None where there is none)."""
    keys = [key for key in changed_keys(old, new) if key not in skip]
    return {"keys": keys, "values": {key: [old.get(key), new.get(key)] for key in keys}}


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


def without_values(changes: Mapping[str, list[dict]]) -> dict[str, list[dict[str, Any]]]:
    """Return the changes without their values before and after."""
    return {
        deed: [{key: value for key, value in row.items() if key != "values"} for row in rows]
        for deed, rows in changes.items()
    }


def details_of(changes: Mapping[str, list[dict]]) -> list[dict[str, Any]]:
    """Return every change in one list, each with its "deed", its values, and whether it can be taken back.

    Shape:  "taking_back" is the code of the sentence that says so.
    """
    found = []
    for deed, rows in changes.items():
        for row in rows:
            reversible, sentence = can_be_taken_back(deed, row)
            found.append({"deed": deed, **row, "reversible": reversible, "taking_back": sentence})
    return found


def can_be_taken_back(deed: str, row: Mapping[str, Any]) -> tuple[bool, str]:
    """Return whether a rollback undoes a change with all its data, and which sentence says so (`schema.back_…`)."""
    if deed == "added" and row["kind"] in ("entity", "field"):
        return True, "schema.back_added"
    if deed == "removed" and row["kind"] in ("entity", "field"):
        return True, "schema.back_removed"
    keys = row.get("keys", ())
    if row["kind"] == "field" and ("type" in keys or "places" in keys):
        return False, "schema.back_type"
    return True, "schema.back_changed"
