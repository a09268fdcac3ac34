"""What the demo data is made of, before any of it is written."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


def exact(value: int | Decimal) -> Decimal:
    """Return an amount with two decimal places, as the database keeps it."""
    return Decimal(value).quantize(Decimal("0.01"))


@dataclass
class Piece:
    """One record to be written, and what happened to it afterwards.

    Shape:  `values` as first saved; references stand in `links` and users by name in `people`. `later` holds
            (moment, values, user name) of every later save. `id` is known once it is written.
    Unit:   moments are UTC without a zone.
    """

    entity: str
    values: dict[str, Any]
    at: dt.datetime
    by: str
    links: dict[str, Piece] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    later: list[tuple[dt.datetime, dict[str, Any], str]] = field(default_factory=list)
    id: int | None = None

    def final(self) -> dict[str, Any]:
        """Return the values after every later save."""
        found = dict(self.values)
        for _moment, values, _by in self.later:
            found.update(values)
        return found


@dataclass(frozen=True)
class DemoUser:
    """One person who works with the demo data.

    Shape:  `team` names the users who share rows by `my_team`. `country` is where the customers are.
    """

    name: str
    first_name: str
    last_name: str
    role: str
    language: str
    team: str = ""
    country: str = ""


@dataclass(frozen=True)
class Catalogue:
    """What all customers share: products, campaigns, competitors."""

    products: tuple[Piece, ...]
    campaigns: tuple[Piece, ...]
    competitors: tuple[Piece, ...]

    @property
    def pieces(self) -> list[Piece]:
        """Return everything of it, in the order of writing."""
        return [*self.products, *self.campaigns, *self.competitors]
