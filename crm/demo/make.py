"""Customers and everything that happened with them, made from a seed: the same every time on the same day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from random import Random
from typing import Any

from crm.demo import history
from crm.demo.catalogue import FIRST_DAYS, build_catalogue
from crm.demo.countries import ABROAD, HOME, City, Country
from crm.demo.model import Catalogue, Piece, exact
from crm.demo.names import NamePools, build_name_pools, company_name, latin
from crm.demo.numbers import TAX_NUMBERS, international, landline, mobile
from crm.demo.sentences import POSITIONS
from crm.demo.story import Story
from crm.demo.users import sellers

SEGMENTS = {"enterprise": 8, "mid_market": 26, "small": 56, "public": 10}
STATUSES = {"lead": 20, "active": 60, "at_risk": 10, "churned": 10}
COUNTRIES = {"GR": 38, "RO": 27, "IL": 27, "": 8}
SOURCES = ("website", "referral", "campaign", "fair", "call", "partner")
CREDIT = {"enterprise": 40_000, "mid_market": 12_000, "small": 3_000, "public": 20_000, "consumer": 500}


def pick(random: Random, weights: dict[str, int]) -> str:
    """Return one of the names, as often as its weight says."""
    return random.choices(tuple(weights), tuple(weights.values()))[0]


class Maker:
    """Makes customer after customer; each depends on the seed and its own number only."""

    def __init__(self, day: dt.date, seed: int) -> None:
        self.day = day
        self.seed = seed
        self.catalogue: Catalogue = build_catalogue(day)
        self.countries = {country.code: country for country in (*HOME, *ABROAD)}
        self.names: dict[str, NamePools] = {
            code: build_name_pools(land, seed) for code, land in self.countries.items()
        }

    def customers(self, count: int, first: int = 1) -> Iterator[list[Piece]]:
        """Yield, customer by customer, the customer and everything that belongs to it, in order of writing.

        Shape:  `first` is the number of the first one: a second load goes on where the last one ended.
        """
        for number in range(first, first + count):
            yield self.customer(number)

    def customer(self, number: int) -> list[Piece]:
        """Return one customer with contacts, deals, contracts, complaints, purchases and activities."""
        random = Random(f"{self.seed}:{number}")
        code = pick(random, COUNTRIES) or random.choice(ABROAD).code
        country = self.countries[code]
        is_person = country in HOME and random.random() < 0.18
        segment = "consumer" if is_person else pick(random, SEGMENTS)
        customer = self._card(random, number, country, segment)
        story = Story(random, self.day, self.catalogue, customer, number)
        story.contacts = [] if is_person else self._contacts(random, country, customer)
        return [customer, *story.contacts, *history.tell(story)]

    def _card(self, random: Random, number: int, country: Country, segment: str) -> Piece:
        city = random.choice(country.cities)
        status = pick(random, STATUSES)
        values = self._identity(random, number, country, city, segment)
        values |= {"status": status, "segment": segment, "source": random.choice(SOURCES)}
        values |= self._dates(random, status)
        values |= {
            "credit_limit": exact(CREDIT[segment] * random.randrange(1, 5)) if status != "lead" else None,
            "satisfaction": random.choice((3, 4, 4, 5)) if status == "active" else None,
            "consent": tuple(way for way in ("email", "phone", "sms", "post") if random.random() < 0.5)
            or None,
            "do_not_contact": random.random() < 0.04,
        }
        owner = random.choice(sellers(country.code))
        at = self._noted_at(random, values["customer_since"])
        customer = Piece("customer", values, at, owner, people={"owner": owner})
        campaigns = [
            found
            for found in self.catalogue.campaigns
            if found.at < at and found.values["status"] != "planned"
        ]
        if values["source"] == "campaign" and campaigns:
            customer.links["campaign"] = random.choice(campaigns)
        return customer

    def _identity(
        self, random: Random, number: int, country: Country, city: City, segment: str
    ) -> dict[str, Any]:
        if segment == "consumer":
            name = " ".join(random.choice(self.names[country.code].people))
            email = f"{latin(name, 2).replace('-', '.')}{number}@mail.example.org"
        else:
            name = company_name(random, country, self.names[country.code], city, segment)
            email = f"{random.choice(('info', 'office', 'sales'))}@{latin(name, 2)}{number}.example.org"
        make_tax_number = TAX_NUMBERS.get(country.code) if segment != "consumer" else None
        street = country.street.format(street=random.choice(country.streets), number=random.randrange(1, 180))
        missing = country.postal - len(city.postal)
        return {
            "name": name,
            "kind": "person" if segment == "consumer" else "company",
            "tax_id": make_tax_number(random) if make_tax_number else None,
            "email": email,
            "phone": international(country.code, landline(random, city.area, city.count)),
            "mobile": international(country.code, mobile(random, country.code)),
            "website": f"https://{email.split('@')[1]}" if segment != "consumer" else None,
            "street": street,
            "postal_code": city.postal + "".join(str(random.randrange(10)) for _ in range(missing)),
            "city": city.name,
            "country": country.code,
            "language": country.language,
            "born_on": self._birthday(random) if segment == "consumer" else None,
        }

    def _birthday(self, random: Random) -> dt.date:
        return self.day - dt.timedelta(days=random.randrange(20 * 365, 75 * 365))

    def _dates(self, random: Random, status: str) -> dict[str, Any]:
        if status == "lead":
            return {"customer_since": None}
        shortest = {"churned": 300, "at_risk": 240}.get(status, 20)
        return {"customer_since": self.day - dt.timedelta(days=random.randrange(shortest, 2400))}

    def _noted_at(self, random: Random, since: dt.date | None) -> dt.datetime:
        """Return when the customer was entered: when it came, or when the CRM was first used."""
        first = self.day - dt.timedelta(days=FIRST_DAYS - random.randrange(5, 45))
        day = max(since, first) if since else self.day - dt.timedelta(days=random.randrange(5, 180))
        return dt.datetime.combine(day, dt.time(random.randrange(6, 8), random.randrange(60)))

    def _contacts(self, random: Random, country: Country, customer: Piece) -> list[Piece]:
        found = []
        for place in range(random.choice((1, 1, 1, 2, 2, 3))):
            first, last = random.choice(self.names[country.code].people)
            domain = customer.values["email"].split("@")[1]
            values = {
                "name": f"{first} {last}",
                "position": random.choice(POSITIONS[country.language]),
                "buying_role": random.choice(("user", "buyer", "decider", "influencer", "gatekeeper")),
                "email": f"{latin(first)}.{latin(last)}{place or ''}@{domain}",
                "mobile": international(country.code, mobile(random, country.code)),
                "language": country.language,
                "do_not_contact": False,
            }
            at = customer.at + dt.timedelta(minutes=3 + place)
            found.append(Piece("contact", values, at, customer.by, {"customer": customer}))
        return found
