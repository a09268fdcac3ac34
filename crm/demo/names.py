"""Names of companies and people in their own script, and addresses in Latin letters made of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from crm.demo.countries import City, Country
from crm.fields.fold import fold

POOL = 400
GREEK = str.maketrans(
    dict(zip("αβγδεζηικλμνξοπρστυφ", "avgdeziiklmnxoprstyf", strict=True), θ="th", χ="ch", ψ="ps", ω="o")
)
HEBREW = dict(
    zip("אבגדהוזחטיכלמנסעפקרתךםןף", "abgdhozhtiklmnsapkrtkmnf", strict=True), צ="ts", ץ="ts", ש="sh"
)
VOWELS = frozenset("aeiouy")


def latin(text: str, most: int = 4) -> str:
    """Return the first words of a text in Latin letters, joined by hyphens; single letters are left out.

    >>> latin("Καφέ Ακρόπολη"), latin("Cofetăria Țara"), latin("כהן")
    ('kafe-akropoli', 'cofetaria-tara', 'kahan')
    """
    words = re.findall(r"[^\W_]+", fold(text))
    return "-".join([found for word in words if len(found := _latin_word(word)) > 1][:most])


def _latin_word(word: str) -> str:
    found = ""
    for letter in word:
        written = HEBREW.get(letter) or letter.translate(GREEK)
        if letter in HEBREW and found and found[-1] not in VOWELS and written[:1] not in VOWELS:
            found += "a"  # Hebrew leaves its vowels out
        found += written if written.isascii() else ""
    return found


@dataclass(frozen=True)
class NamePools:
    """Pools of names of one country, made once.

    Shape:  `people` are (first, last) names that agree in gender; `families` are last names.
    """

    people: tuple[tuple[str, str], ...]
    families: tuple[str, ...]


def build_name_pools(country: Country, seed: int) -> NamePools:
    """Return the pools of a country; the same for the same seed."""
    from faker import Faker  # large, and only needed while demo data is made

    faker = Faker(country.locale)
    faker.seed_instance(f"{seed}:{country.code}")
    people = []
    for place in range(POOL):
        if place % 2:
            people.append((faker.first_name_male(), faker.last_name_male()))
        else:
            people.append((faker.first_name_female(), faker.last_name_female()))
    return NamePools(tuple(people), tuple(faker.last_name_male() for _ in range(POOL)))


def company_name(random: Random, country: Country, names: NamePools, city: City, segment: str) -> str:
    """Return a company's name that fits its country and size."""
    if segment == "public":
        return city.public
    pattern = random.choice(country.names[segment])
    return pattern.format(family=random.choice(names.families), place=random.choice(country.places))
