"""The one way in which words of the rules' language get behind them what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from crm.messages import add_messages

Member = TypeVar("Member")


def registry(*members: Member) -> dict[str, Member]:
    """Return actions or triggers by the word that stands for each.

    Shape:  a class that lacks a method cannot be made at all; here its word and its JSON Schema are asked for. Its
            sentences join all the others.
    Errors: TypeError, so that nothing starts, when a member lacks one of them or a word is there twice.
    """
    found: dict[str, Member] = {}
    for member in members:
        word = _part(member, "name")
        _part(member, "shape")
        if word in found:
            raise TypeError(f"The word {word} stands for {found[word]} and for {member}")
        found[word] = member
        add_messages(member.words)
    return found


def _part(member: object, name: str) -> Any:
    part = getattr(member, name, None)
    if part is None or part == "":
        raise TypeError(f"{type(member).__qualname__} says nothing of its {name}")
    return part


def shapes(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of what stands behind each word that can be used."""
    return {word: member.shape for word, member in members.items() if member.is_available}
