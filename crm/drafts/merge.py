"""Two sets of changes of one document joined, when they do not touch the same place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.revisions.diff import same

MISSING: Any = object()


class SamePlaceError(Exception):
    """Both sides changed one place differently."""


def merge(base: Mapping | None, mine: Mapping | None, theirs: Mapping | None) -> Mapping[str, Any] | None:
    """Return a body with both changes; None when they cannot be joined, or when a side removed the document.

    >>> merge({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 3})
    {'a': 2, 'b': 3}
    >>> merge({"a": 1}, {"a": 2}, {"a": 3}) is None
    True
    """
    if mine is None or theirs is None:
        return None
    try:
        return _merge_maps(base or {}, mine, theirs)
    except SamePlaceError:
        return None


def _merge_maps(base: Mapping, mine: Mapping, theirs: Mapping) -> dict[str, Any]:
    found = {}
    for key in _order(base, mine, theirs):
        value = _merge_values(base.get(key, MISSING), mine.get(key, MISSING), theirs.get(key, MISSING))
        if value is not MISSING:
            found[key] = value
    return found


def _merge_values(base: Any, mine: Any, theirs: Any) -> Any:
    if _equal(mine, theirs) or _equal(base, theirs):
        return mine
    if _equal(base, mine):
        return theirs
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return _merge_maps(base if isinstance(base, Mapping) else {}, mine, theirs)
    raise SamePlaceError


def _equal(one: Any, other: Any) -> bool:
    if one is MISSING or other is MISSING:
        return one is other
    return same(one, other)


def _order(base: Mapping, mine: Mapping, theirs: Mapping) -> list[str]:
    """Return the keys in the order of the side that moved them; what the other side added follows its neighbour."""
    lead, other = (mine, theirs) if list(mine) != list(base) else (theirs, mine)
    keys = list(lead)
    previous = None
    for key in other:
        if key not in keys:
            keys.insert(keys.index(previous) + 1 if previous in keys else 0, key)
        previous = key
    return keys
