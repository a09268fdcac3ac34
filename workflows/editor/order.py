"""The order in which the rules of one entity run, written as priorities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workflows.rules.check import MAX_PRIORITY

Ranked = tuple[str, int]
"""A rule's name and priority."""


def in_order(rules: Sequence[Ranked]) -> list[Ranked]:
    """Return rules as they run: higher priorities first, names among equals."""
    return sorted(rules, key=lambda rule: (-rule[1], rule[0]))


def reorder(rules: Sequence[Ranked], name: str, place: int) -> Mapping[str, int]:
    """Return the priorities that must change so that a rule stands at a place, counted from 0.

    Shape:  only the moved rule's, where one fits between its neighbours; else all are numbered anew.

    >>> reorder([("a", 0), ("b", 0), ("c", 0)], "c", 0)
    {'c': 1}
    >>> reorder([("a", 5), ("b", 5), ("c", 0)], "c", 1)
    {'a': 30, 'c': 20, 'b': 10}
    """
    before = in_order(rules)
    moved = next((rule for rule in before if rule[0] == name), None)
    if moved is None:
        return {}
    others = [rule for rule in before if rule[0] != name]
    place = max(0, min(place, len(others)))
    wanted = [*others[:place], moved, *others[place:]]
    if wanted == before:
        return {}
    around = [rule[1] for rule in others[max(0, place - 1) : place + 1]] or [0]
    for priority in (*around, *(known + step for known in around for step in (1, -1))):
        fitting = [*others[:place], (name, priority), *others[place:]]
        if abs(priority) <= MAX_PRIORITY and in_order(fitting) == fitting:
            return {name: priority}
    step = 10 if len(wanted) * 10 <= MAX_PRIORITY else 1
    return {rule[0]: (len(wanted) - number) * step for number, rule in enumerate(wanted)}
