"""A role document from what its form says: what did not change stays as it was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.permissions.model import DEEDS
from crm.texts import LANGUAGES


@dataclass(frozen=True)
class Ticked:
    """What the form of a role says about one entity; `records` are raw condition lines, or None for all."""

    can: Sequence[str] = ()
    records: Any = None
    hidden: Sequence[str] = ()
    read_only: Sequence[str] = ()


@dataclass(frozen=True)
class RoleForm:
    """What the form of a role says.

    Shape:  `labels` by language; `entities` by name, those without a right included.
    """

    labels: Mapping[str, str]
    entities: Mapping[str, Ticked] = field(default_factory=dict)
    reports: Sequence[str] = ()
    admin: bool = False


def new_role(name: str, label: str, language: str) -> dict[str, Any]:
    """Return a role that opens nothing yet."""
    return {"role": name, "label": {language: label or name}, "entities": {}, "reports": [], "admin": False}


def set_role(body: Mapping[str, Any], form: RoleForm) -> dict[str, Any]:
    """Return a role's document as its form says; the order of what was there is kept.

    >>> body = {"role": "r", "label": {"en": "R"}, "entities": {"a": {"can": ["update", "read"]}}}
    >>> set_role(body, RoleForm({"en": "R"}, {"a": Ticked(("read", "update"))})) == body
    True
    """
    wanted = {
        "label": set_label(body.get("label"), form.labels),
        "entities": set_entities(body.get("entities") or {}, form.entities),
        "reports": in_order(body.get("reports") or (), form.reports),
        "admin": form.admin,
    }
    found = {key: wanted.get(key, value) for key, value in body.items()}
    return {**found, **{key: value for key, value in wanted.items() if key not in found and value}}


def set_label(before: Any, labels: Mapping[str, str]) -> Any:
    """Return a label in the languages that were filled in; one text for all stays one text."""
    filled = {language: text for language, text in labels.items() if text}
    if isinstance(before, str) and filled in ({}, {"en": before}):
        return before
    known = before if isinstance(before, Mapping) else {}
    order = [*known, *(language for language in LANGUAGES if language not in known)]
    return {language: filled[language] for language in order if language in filled}


def set_entities(before: Mapping[str, Any], wanted: Mapping[str, Ticked]) -> dict[str, Any]:
    """Return what a role says about every entity; one without a right is left out."""
    order = [*before, *(name for name in wanted if name not in before)]
    found = {}
    for name in order:
        ticked = wanted.get(name)
        if ticked is None:
            found[name] = before[name]
        elif ticked.can:
            found[name] = set_rights(before.get(name) or {}, ticked)
    return found


def set_rights(before: Mapping[str, Any], ticked: Ticked) -> dict[str, Any]:
    """Return the rights on one entity, keys in the order of the language."""
    values = {
        "can": in_order(before.get("can") or (), [deed for deed in DEEDS if deed in ticked.can]),
        "records": ticked.records,
        "hidden": in_order(before.get("hidden") or (), ticked.hidden),
        "read_only": in_order(before.get("read_only") or (), ticked.read_only),
    }
    kept = {key: values[key] for key in before if values.get(key)}
    return {**kept, **{key: value for key, value in values.items() if key not in kept and value}}


def in_order(before: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return the wanted words: those that were there in their order, then the others in theirs.

    >>> in_order(["b", "a"], ["a", "b", "c"])
    ['b', 'a', 'c']
    """
    wanted = list(dict.fromkeys(wanted))
    known = [word for word in before if word in wanted]
    return [*known, *(word for word in wanted if word not in known)]
