"""Random conditions, formulas and records of the world, for the proof that SQL and Python agree.

Everything is chosen by one `Random`: hypothesis hands in its own, so that it can search and shrink.
"""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from tests.crm.conditions.world import World

TEXTS = (
    "Παπαδόπουλος", "παπαδοπουλοσ", "ΠΑΠΑΔΌΠΟΥΛΟΣ", "Țurcanu", "turcanu", "Șțefan Î", "כֹּהֵן", "כהן", "שלום", "Jack",
    "jack o'neil", "50%_off", "a\\b", "Straße", "ÆØ œ", "İstanbul", "ᾳ ῼ", "日本", "🙂 x", "e\u0301te", " x ", "|", "0",
)  # fmt: skip
PARTS = (
    "παπ", "ΟΣ", "ς", "tur", "Ț", "כה", "ם", "%", "_", "\\", "'", "ss", "ae", "i", "日", "🙂", "é", "x", "|", "0",
    "\u0301",
)  # fmt: skip
AMOUNTS = (
    "0",
    "0.01",
    "-0.01",
    "-10",
    "1500.50",
    "1500.505",
    "2.5",
    "99999999999999.99",
    "123456789012345678901.5",
)
WEIGHTS = ("0", "0.0001", "-0.5", "2.5", "33.3333")
SALARIES = (Decimal("0.00"), Decimal("-0.01"), Decimal("1500.50"))
WHOLE = (-3, 0, 1, 2, 3, 7, 2_000_000_000)
DAYS = (
    "0001-01-01", "2024-02-29", "2025-03-30", "2025-10-26", "2025-12-30", "2026-02-28", "2026-03-28", "2026-03-29",
    "2026-03-30", "2026-03-31", "2026-10-25", "9999-12-31",
)  # fmt: skip
MOMENTS = (
    "2025-10-26 00:30", "2025-10-26 01:30", "2026-03-28 21:59", "2026-03-28 22:00", "2026-03-29 00:59",
    "2026-03-29 01:00", "2026-03-29 20:59", "2026-03-29 21:00", "2026-03-30 09:30", "2026-03-30 21:00",
    "2026-10-25 00:00",
)  # fmt: skip
SPANS = ("1 hour", "25 hours", "1 day", "2 days", "1 week", "1 month", "6 months", "1 year", "99999 years")

FIELDS = {
    "region": {"name": "text", "rank": "integer", "manager": "user"},
    "customer": {
        "name": "text", "notes": "text", "segment": "choice", "owner": "user", "revenue": "number", "weight": "number",
        "staff": "integer", "is_partner": "boolean", "born_on": "date", "seen_at": "datetime", "needs": "choices",
        "labels": "many", "per_head": "number", "loud": "text", "rich": "boolean", "order_count": "integer",
        "order_total": "number", "mean_total": "number", "region.name": "text", "region.rank": "integer",
        "region.manager": "user", "parent.name": "text", "parent.revenue": "number", "parent.born_on": "date",
        "parent.per_head": "number", "parent.loud": "text", "parent.rich": "boolean", "parent.order_total": "number",
        "parent.region.name": "text", "id": "integer", "created_at": "datetime",
    },
    "order": {
        "number": "text", "state": "state", "total": "number", "pieces": "integer", "bought_on": "date",
        "paid_at": "datetime", "line": "number", "customer.name": "text", "customer.segment": "choice",
        "customer.region.rank": "integer", "customer.per_head": "number",
    },
}  # fmt: skip
SEALED = {
    "customer": {"secret": "text", "salary": "number", "joined_on": "date", "parent.secret": "text"},
    "order": {"customer.secret": "text", "customer.joined_on": "date"},
}
"""Encrypted fields: equality and emptiness only."""
CHILDREN = {
    "region": {"customers": "customer"},
    "customer": {"orders": "order", "daughters": "customer"},
    "order": {},
}
PATHS = {
    "region": {},
    "customer": {"parent": "customer", "region": "region"},
    "order": {"customer": "customer"},
}
SUMMED = {"customer": ("revenue", "staff", "per_head", "region.rank"), "order": ("total", "pieces", "line")}
VALUES: dict[str, tuple] = {
    "text": TEXTS, "number": (*AMOUNTS, *WEIGHTS, 12, 0.5), "integer": (*WHOLE, 2.5, "-0.5", "99999999999999999999"),
    "boolean": (True, False), "date": DAYS, "datetime": (*DAYS, *MOMENTS, "2026-03-29T03:30+02:00"),
    "choice": ("small", "medium", "large"), "state": ("open", "paid", "lost"), "user": ("me", "my_team", 1, 3),
    "choices": ("price", "quality", "speed"), "many": ("vip", "Βράδυ", "x"),
}  # fmt: skip
ORDERED = ("above", "at_least", "below", "at_most")
SIGNS = ("=", "!=", "<", "<=", ">", ">=")


class Maker:
    """Makes lines and formulas out of choices."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def one(self, *options: Any) -> Any:
        """Return one of several."""
        return self.chance.choice(options)

    def some(self, most: int) -> range:
        """Return a range of at least one and at most so many."""
        return range(self.chance.randint(1, most))

    def line(self, entity: str, depth: int = 2) -> dict:
        """Return a line of any sort, nested so deep."""
        sorts = ["field", "field", "formula"]
        sorts += ["sealed"] if entity in SEALED else []
        sorts += ["segment"] if entity == "customer" else []
        sorts += ["group", "children"] if depth and CHILDREN[entity] else ["group"] if depth else []
        sort = self.one(*sorts)
        if sort == "field":
            return self.field(entity)
        if sort == "sealed":
            return self.sealed(entity)
        if sort == "formula":
            return {"formula": self.condition(entity, 2)}
        if sort == "segment":
            return {**self.one({}, {"field": "parent"}), "in_segment": self.one("large", "large_or_old")}
        if sort == "group":
            return {self.one("any", "all", "none"): [self.line(entity, depth - 1) for _ in self.some(3)]}
        return self.children(entity, depth)

    def field(self, entity: str) -> dict:
        """Return a line about one field."""
        name, kind = self.one(*FIELDS[entity].items())
        value = self.one(*VALUES[kind])
        ways: list[dict] = [{"is_empty": self.one(True, False)}, {"is": value}, {"is_not": value}]
        if kind != "boolean":
            several = [self.one(*VALUES[kind]) for _ in self.some(3)]
            ways += [{"is_one_of": several}, {"is_none_of": several}]
        if kind in FORMULAS:
            right = [self.one(value, "= " + FORMULAS[kind](self, entity, 1)) for _ in range(2)]
            ways += [{self.one(*ORDERED): right[0]}, {self.one(*ORDERED): right[0]}, {"between": right}]
        if kind in ("date", "datetime"):
            spans = [span for span in SPANS if kind == "datetime" or "hour" not in span]
            ways.append({self.one("older_than", "within_last", "within_next"): self.one(*spans)})
        if kind in ("text", "many", "choices"):
            ways.append({"contains": self.one(value, *PARTS)})
        if kind == "text":
            ways.append({"starts_with": self.one("= " + self.text(entity, 1), *PARTS)})
        return {"field": name, **self.one(*ways)}

    def sealed(self, entity: str) -> dict:
        """Return a line about an encrypted field."""
        name, kind = self.one(*SEALED[entity].items())
        value, several = self.one(*VALUES[kind]), [self.one(*VALUES[kind]) for _ in self.some(3)]
        ways: list[dict] = [{"is_empty": self.one(True, False)}, {"is": value}, {"is_not": value}]
        ways += [{"is_one_of": several}, {"is_none_of": several}]
        ways += [{"is": "= today()"}] if kind == "date" else []
        return {"field": name, **self.one(*ways)}

    def children(self, entity: str, depth: int) -> dict:
        """Return a line about children."""
        name, child = self.one(*CHILDREN[entity].items())
        over = (
            self.one("", *(f"{step}." for step, target in PATHS[entity].items() if target == entity)) + name
        )
        where = [self.line(child, depth - 1) for _ in range(self.one(0, 1, 2))]
        condition = {"where": where} if where else {}
        sort = self.one("any_of", "none_of", "count_of", "sum_of")
        if sort in ("any_of", "none_of"):
            return {sort: over, **condition}
        over += "." + self.one(*SUMMED[child]) if sort == "sum_of" else ""
        value = self.one(0, 1, 2, "0.5", "1500.50", "= 1 + 1")
        return {sort: over, **condition, self.one("is", "is_not", *ORDERED): value}

    def name(self, entity: str, *kinds: str) -> str:
        """Return the name of a field of one of these kinds."""
        return self.one(*(name for name, kind in FIELDS[entity].items() if kind in kinds))

    def formula(self, entity: str, depth: int = 3) -> str:
        """Return a formula of any kind."""
        return self.one(Maker.number, Maker.text, Maker.date, Maker.moment, Maker.condition)(
            self, entity, depth
        )

    def number(self, entity: str, depth: int) -> str:
        """Return a formula that gives a number."""
        if not depth or self.one(True, False, False):
            return self.one(self.name(entity, "number", "integer"), "0", "1", "2.5", "0.01", "100")
        inner = [self.number(entity, depth - 1) for _ in range(2)]
        sort = self.one("sign", "sign", "minus", "round", "call", "if", "length", "day", "days", "children")
        if sort == "sign":
            return f"({inner[0]} {self.one(*'+-*/')} {inner[1]})"
        if sort == "children" and CHILDREN[entity]:
            name, child = self.one(*CHILDREN[entity].items())
            where = self.one("", f", {self.condition(child, depth - 1)}")
            return self.one(f"count_of({name}{where})", f"sum_of({name}.{self.one(*SUMMED[child])}{where})")
        ways = {
            "round": lambda: f"round({inner[0]}, {self.one(0, 1, 2, 9)})",
            "call": lambda: f"{self.one('min', 'max', 'coalesce')}({inner[0]}, {inner[1]})",
            "if": lambda: f"if({self.condition(entity, depth - 1)}, {inner[0]}, {inner[1]})",
            "length": lambda: f"length({self.text(entity, depth - 1)})",
            "day": lambda: f"{self.one('year', 'month')}({self.date(entity, depth - 1)})",
            "days": lambda: f"days_between({self.date(entity, depth - 1)}, {self.moment(entity, 0)})",
        }
        return ways.get(sort, lambda: f"-{inner[0]}")()

    def text(self, entity: str, depth: int) -> str:
        """Return a formula that gives a text."""
        if not depth or self.one(True, False, False):
            written = self.one(*TEXTS).replace('"', '""')
            return self.one(self.name(entity, "text"), f'"{written}"')
        inner = [self.text(entity, depth - 1) for _ in range(2)]
        sort = self.one("case", "concat", "coalesce", "if")
        if sort == "concat":
            return f"concat({inner[0]}, ' ', {self.one(Maker.number, Maker.date)(self, entity, depth - 1)})"
        if sort == "if":
            return f"if({self.condition(entity, depth - 1)}, {inner[0]}, {inner[1]})"
        return (
            f"coalesce({inner[0]}, {inner[1]})"
            if sort == "coalesce"
            else f"{self.one('upper', 'lower')}({inner[0]})"
        )

    def date(self, entity: str, depth: int) -> str:
        """Return a formula that gives a date."""
        if not depth or self.one(True, False):
            return self.one("today()", *(name for name, kind in FIELDS[entity].items() if kind == "date"))
        days = self.one("1", "-400", "0.9", "99999999", self.number(entity, depth - 1))
        return f"add_days({self.one(self.date(entity, depth - 1), self.moment(entity, 0))}, {days})"

    def moment(self, entity: str, _depth: int) -> str:
        """Return a formula that gives a moment."""
        known = [name for name, kind in FIELDS[entity].items() if kind == "datetime"]
        return self.one("now()", *known, *(f"coalesce({name}, now())" for name in known))

    def condition(self, entity: str, depth: int) -> str:
        """Return a formula that is a condition."""
        less = max(depth - 1, 0)
        sort = self.one(
            "number", "date", "text", "slice", "empty", "flag", *(["and", "not"] if depth else [])
        )
        if sort == "number":
            return f"{self.number(entity, less)} {self.one(*SIGNS)} {self.number(entity, less)}"
        if sort == "date":
            other = self.one(Maker.date, Maker.moment)(self, entity, less)
            return f"{self.date(entity, less)} {self.one(*SIGNS)} {other}"
        if sort == "text":
            return f"{self.text(entity, less)} {self.one('=', '!=')} {self.text(entity, less)}"
        if sort == "slice":
            span = self.one("last 90 days", "next 2 weeks", "90 to 180 days ago", "1 to 0 months ago")
            return f"{self.one(self.date(entity, 0), self.moment(entity, 0))} in {span}"
        if sort == "and":
            return f"({self.condition(entity, less)} {self.one('and', 'or')} {self.condition(entity, less)})"
        if sort == "not":
            return f"not ({self.condition(entity, less)})"
        if sort == "flag" and "boolean" in FIELDS[entity].values():
            return self.name(entity, "boolean")
        return f"is_empty({self.number(entity, less)})"


FORMULAS = {"number": Maker.number, "integer": Maker.number, "date": Maker.date, "datetime": Maker.moment}


def populate(world: World, session: Session, seed: int, size: int = 30) -> None:
    """Store random records: every field is empty at times, texts also of no character."""
    chance = random.Random(seed)

    def maybe(*values: Any) -> Any:
        return None if chance.random() < 0.25 else chance.choice(values)

    def amount(places: int, choices: tuple[str, ...]) -> Any:
        fits = [
            value for value in choices if Decimal(value).as_tuple().exponent >= -places and len(value) < 18
        ]
        text = maybe(*fits)
        return None if text is None else Decimal(text)

    def day() -> Any:
        text = maybe(*DAYS[1:-1])
        return None if text is None else dt.date.fromisoformat(text)

    def moment() -> Any:
        text = maybe(*MOMENTS)
        return None if text is None else dt.datetime.fromisoformat(text)

    users = (1, 2, 3)
    regions = [
        world.add(session, "region", name=maybe("", *TEXTS), rank=maybe(*WHOLE), manager_id=maybe(*users)).id
        for _ in range(3)
    ]
    customers: list[int] = []
    for _ in range(size):
        customers.append(
            world.add(
                session, "customer", name=maybe("", *TEXTS), notes=maybe("", *TEXTS), owner_id=maybe(*users),
                segment=maybe("small", "medium", "large"), region_id=maybe(*regions), revenue=amount(2, AMOUNTS),
                parent_id=maybe(*customers) if customers else None, weight=amount(4, WEIGHTS), staff=maybe(*WHOLE),
                is_partner=maybe(True, False), secret=maybe(*TEXTS), salary=maybe(*SALARIES), joined_on=day(),
                born_on=day(), seen_at=moment(),
                needs=maybe((), ("price",), ("quality", "speed")), labels=maybe((), ("vip", "Βράδυ"), ("x",)),
            ).id
        )  # fmt: skip
    for _ in range(2 * size):
        world.add(
            session, "order", number=maybe("", *TEXTS), customer_id=maybe(*customers[: size // 2]),
            state=maybe("open", "paid", "lost"), total=amount(2, AMOUNTS), pieces=maybe(*WHOLE), bought_on=day(),
            paid_at=moment(),
        )  # fmt: skip
