"""One customer in the making: who it is, what day it is, and the dice."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from random import Random

from crm.demo.model import Catalogue, Piece


@dataclass
class Story:
    """What every part of a customer's history is told from.

    Shape:  `number` is the customer's number in the demo data, from 1.
    """

    random: Random
    day: dt.date
    catalogue: Catalogue
    customer: Piece
    number: int
    contacts: list[Piece] = field(default_factory=list)

    @property
    def language(self) -> str:
        """Return the language the customer speaks."""
        return self.customer.values["language"]

    @property
    def status(self) -> str:
        """Return the customer's status."""
        return self.customer.values["status"]

    @property
    def segment(self) -> str:
        """Return the customer's segment."""
        return self.customer.values["segment"]

    @property
    def country(self) -> str:
        """Return the customer's country."""
        return self.customer.values["country"]

    def days_known(self) -> int:
        """Return for how many days the customer has been in the CRM."""
        return (self.day - self.customer.at.date()).days

    def moment(self, days_ago: int) -> dt.datetime:
        """Return a working moment so many days ago, never before the customer was entered.

        Unit:   UTC without a zone; never later than yesterday evening when `days_ago` is positive.
        """
        day = self.day - dt.timedelta(days=days_ago)
        if day.weekday() == 5:
            day -= dt.timedelta(days=1)
        clock = dt.time(self.random.randrange(6, 15), self.random.randrange(60), self.random.randrange(60))
        return max(dt.datetime.combine(day, clock), self.customer.at + dt.timedelta(minutes=30))

    def days_ago(self, newest: int, oldest: int) -> int:
        """Return how many days ago something happened: lately rather than long ago."""
        return newest + int((oldest - newest) * self.random.random() ** 2)

    def contact(self) -> dict[str, Piece]:
        """Return a link to one of the contacts, when there are any."""
        return {"contact": self.random.choice(self.contacts)} if self.contacts else {}
