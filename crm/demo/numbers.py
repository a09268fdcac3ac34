"""National numbers and telephones that are valid and belong to nobody in particular."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

ROMANIAN_WEIGHTS = (7, 5, 3, 2, 1, 7, 5, 3, 2)


def digits(random: Random, count: int) -> str:
    """Return so many random digits."""
    return "".join(str(random.randrange(10)) for _ in range(count))


def greek_tax_number(random: Random) -> str:
    """Return an ΑΦΜ of a company: nine digits, the last one a check digit.

    Source: the check digit is the sum of digit times 2, 4, … 256 from the right, modulo 11, modulo 10.
    """
    body = random.choice(("09", "08", "99")) + digits(random, 6)
    total = sum(int(digit) * 2 ** (8 - place) for place, digit in enumerate(body))
    return body + str(total % 11 % 10)


def romanian_tax_number(random: Random) -> str:
    """Return a CUI of a company: eight digits, the last one a check digit.

    Source: weights 7 5 3 2 1 7 5 3 2, aligned at the right, times ten, modulo 11, modulo 10.
    """
    body = str(random.randrange(1, 5)) + digits(random, 6)
    total = sum(int(digit) * weight for digit, weight in zip(body, ROMANIAN_WEIGHTS[-7:], strict=True))
    return body + str(total * 10 % 11 % 10)


def israeli_tax_number(random: Random) -> str:
    """Return a ח.פ. of a company: nine digits beginning with 51, the last one a Luhn check digit."""
    body = "51" + digits(random, 6)
    total = 0
    for place, digit in enumerate(body):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return body + str(-total % 10)


TAX_NUMBERS: dict[str, Callable[[Random], str]] = {
    "GR": greek_tax_number,
    "RO": romanian_tax_number,
    "IL": israeli_tax_number,
}
"""How a company's number is made, by country; other countries' customers have none here."""

MOBILES: dict[str, tuple[Sequence[str], int]] = {
    "GR": (("694", "697", "698"), 7),
    "RO": (("0721", "0733", "0745", "0761"), 6),
    "IL": (("0502", "0523", "0544", "0547"), 6),
    "DE": (("0151", "0171"), 8),
    "FR": (("061", "062"), 7),
    "IT": (("347", "333"), 7),
    "NL": (("061", "062"), 7),
    "GB": (("07400", "07401"), 6),
    "US": (("212555", "415555"), 4),
}
"""Beginnings of mobile numbers and how many digits follow, by country."""


def mobile(random: Random, country: str) -> str:
    """Return a mobile number as people of the country write it."""
    beginnings, count = MOBILES[country]
    return random.choice(beginnings) + str(random.randrange(2, 9)) + digits(random, count - 1)


def landline(random: Random, area: str, count: int) -> str:
    """Return a fixed-line number of an area, `count` digits long after the area code."""
    return area + str(random.randrange(2, 7)) + digits(random, count - 1)


CALLING = {
    "GR": "30",
    "RO": "40",
    "IL": "972",
    "DE": "49",
    "FR": "33",
    "IT": "39",
    "NL": "31",
    "GB": "44",
    "US": "1",
}
"""The country codes of the telephone."""


def international(country: str, number: str) -> str:
    """Return a national number as it is dialled from abroad; Italy alone keeps its leading zero.

    >>> international("RO", "0264412345")
    '+40264412345'
    """
    return f"+{CALLING[country]}{number if country == 'IT' else number.removeprefix('0')}"
