"""Who a message goes to: a role, a user, a path to a user or to an e-mail address, or a list of these."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from crm.entities.schema_parts import WORD, Schema, one_key, one_or_many
from crm.entities.walk import NAMED, SENT, Spot, Walker, to_be
from workflows.actions.base import Line
from workflows.rules.place import Place
from workflows.rules.words import say

ADDRESS = re.compile(r"[^\s@<>(),;:\"\[\]\\]{1,64}@[^\s@<>(),;:\"\[\]\\]{1,190}\Z")
MAX_RECIPIENTS = 20  # lines of `to`; a role may stand for more people

PEOPLE: Schema = one_or_many({"anyOf": [WORD, one_key({"role": WORD, "user": WORD})]})


def check_recipients(body: object, place: Place, with_addresses: bool = False) -> None:
    """Note every problem of a `to`; e-mail addresses only where the message is an e-mail."""
    lines = body if isinstance(body, list) else [body]
    if not lines or len(lines) > MAX_RECIPIENTS:
        place.refuse("rule.bad_recipient_count", limit=MAX_RECIPIENTS)
        return
    for index, line in enumerate(lines):
        _check_one(line, place.at(index) if isinstance(body, list) else place, with_addresses)


def _check_one(line: Any, place: Place, with_addresses: bool) -> None:
    if isinstance(line, Mapping):
        _check_people(line, place)
        return
    if not isinstance(line, str):
        place.refuse("rule.bad_recipient", value=str(line)[:60])
        return
    if with_addresses and "@" in line:
        if not ADDRESS.match(line):
            place.refuse("rule.bad_address", value=line[:60])
        return
    path = place.find(line)
    kinds = ("user", "email") if with_addresses else ("user",)
    if path and path.field.type not in kinds:
        place.refuse("rule.not_an_email" if with_addresses else "rule.not_a_user", name=line)
    elif path and path.field.encrypted:
        place.refuse("schema.encrypted_not_here", name=line)  # it would wait and be noted in plain text


def _check_people(line: Mapping, place: Place) -> None:
    found = place.keys(line, ("role", "user"))
    if "role" in found:
        place.at("role").known(found["role"], place.schema.parts.get("role", {}), "role")
    elif not isinstance(found.get("user"), str):
        place.refuse("rule.bad_recipient", value=str(dict(line))[:60])


def walk_recipients(value: Any, spot: Spot, walker: Walker) -> Any:
    """Walk over recipients; each is one mention: a role, an address, or the end of a path."""

    def one(line: Any, at: Spot) -> Any:
        if isinstance(line, Mapping):
            kinds = {kind: to_be(SENT, walker.part(kind)) for kind in ("role", "user")}
            return walker.inside(line, at, kinds)
        at = replace(at.to_be(NAMED), whole=at.path)
        written = line if isinstance(line, str) and "@" in line else walker.way(line, at)
        return walker.part("recipient")(written, at.to_be(SENT))

    return walker.each(one)(value, spot)


def unreached(names: list[str]) -> dict[str, list[str]]:
    """Return what an effect says of users who were told nothing, because the record is out of their reach."""
    return {"out_of_reach": names} if names else {}


def say_unreached(effect: Mapping[str, Any], language: str) -> Iterator[Line]:
    """Say who was told nothing, because the record is out of their reach."""
    if effect.get("out_of_reach"):
        yield say("rule.effect_out_of_reach", language), ", ".join(effect["out_of_reach"])


def is_address(text: str) -> bool:
    """Return whether a text is one plain e-mail address, safe to stand in a header.

    >>> is_address("maria@example.com"), is_address("a@b.c\\nBcc: x@y.z")
    (True, False)
    """
    return bool(ADDRESS.match(text))
