"""One field of every type with values it may hold, for tests that ask the same of all types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from crm.fields import FIELD_TYPES
from crm.fields.base import Field, Situation
from crm.texts import LANGUAGES, Text

STAGES = {
    "prospect": {
        "label": {"en": "Prospect", "el": "Υποψήφια", "ro": "Prospect", "he": "ליד"},
        "color": "blue",
    },
    "won": {
        "label": {"en": "Won", "el": "Κερδισμένη", "ro": "Câștigată", "he": "נסגרה בהצלחה"},
        "color": "green",
    },
    "lost": {"label": {"en": "Lost", "el": "Χαμένη", "ro": "Pierdută", "he": "אבודה"}, "color": "red"},
}

BODIES: dict[str, dict[str, Any]] = {
    "money": {"currency": "EUR"},
    "choice": {"choices": STAGES, "next": {"prospect": ["won", "lost"]}},
    "choices": {"choices": STAGES},
    "reference": {"to": "company"},
    "references": {"to": "company"},
    "tax_id": {"kind": "gr.vat"},
    "file": {"max_mb": 3, "accept": ["pdf", "image/*", "document"]},
    "image": {"many": True},
    "sequence": {"pattern": "C-{year}-{number:5}"},
    "formula": {"of": "money", "formula": "price * amount", "currency": "EUR"},
    "summary": {"of": "count", "over": "orders"},
}

VALUES: dict[str, tuple] = {
    "text": ("Παπαδόπουλος & Υιοί", "a|b,c;d", "«Ț»", "בע״מ", "007"),
    "long_text": ("one line", "First line\nδεύτερη\n\n\tשלישית"),
    "email": ("maria@example.com", "Ion.Popescu+crm@firma.ro", "μαρία@παράδειγμα.ελ"),
    "url": ("https://example.com", "http://example.gr:8080/a/b?c=d#e", "https://παράδειγμα.ελ/σελίδα"),
    "phone": ("+302101234567", "+40712034567", "+972502345678", "+302101234567;ext=12"),
    "tax_id": ("094259216", "090000045"),
    "iban": ("GR1601101050000010547023795", "RO49AAAA1B31007593840000"),
    "integer": (0, 1, -1234, 1_234_567, 2**63 - 1, -(2**63)),
    "decimal": (
        Decimal("0.0000"),
        Decimal("1.2340"),
        Decimal("-1234567.8910"),
        Decimal("99999999999999.9999"),
    ),
    "percent": (Decimal("12.50"), Decimal("100.00"), Decimal("-0.25")),
    "money": (Decimal("1250.50"), Decimal("-0.01"), Decimal("1234.00"), Decimal("9999999999999999.99")),
    "rating": (1, 5),
    "boolean": (True, False),
    "date": (dt.date(2026, 3, 29), dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(2024, 2, 29)),
    "datetime": (
        dt.datetime(2026, 3, 29, 12, 30),
        dt.datetime(2026, 1, 1),
        dt.datetime(2026, 7, 1, 20, 59, 59),
    ),
    "choice": ("prospect", "won"),
    "choices": (("won",), ("prospect", "lost")),
    "reference": (1, 2**40),
    "references": (("3",), ("7", "3")),
    "user": (1, 42),
    "file": (("12",), (str(2**40),)),
    "image": (("12",), ("7", "3")),
    "tags": (("vip",), ("Αθήνα", "çok güzel", "צפון")),
    "location": ("37.983810,23.727539", "-33.868820,-151.209290", "0.000000,0.000000"),
    "address": ("Ερμού 1", "Ερμού 1\n105 63 Αθήνα\nΕλλάδα"),
    "sequence": ("C-2026-00042",),
    "formula": (Decimal("12.30"), Decimal("-1234.00")),
    "summary": (0, 12),
}


def field_of(type_name: str, name: str = "sample", **body: Any) -> Field:
    """Return a field as the loader would build it from its keys; the type's usual ones when none are given."""
    body = body or BODIES.get(type_name, {})
    return Field(name, type_name, Text("Sample"), options=FIELD_TYPES[type_name].build_options(body))


def every_value() -> Iterator[tuple[str, Any]]:
    """Yield every type's name with each of its sample values."""
    for name in FIELD_TYPES:
        for value in VALUES[name]:
            yield name, value


SITUATIONS = tuple(Situation(language=language) for language in LANGUAGES)
GARBAGE = (
    object(), {}, {"a": 1}, [], [[]], [{}], ["x", {"y": 2}], [None], (), set(), b"bytes", Ellipsis, 1j, print,
    "x" * 100_000, "9" * 100_000, "1," * 50_000, "(" * 10_000, " " * 10_000, "\n", "\t", "\0", "a\0b", "0\x000",
    "\u200f", "\u202e1234", "\u200f\u200e", "\ufeff", "\ud800", "\ufffe", "😀" * 50, "%s%(x)s",
    "{0}", "|", "||", ",", ";",
    "-", "+", ".", "..", "1.2.3", "1,2,3", "--1", "1e400", "-1e-400", "0x10", "1_000", "٣", "１２",
    "²", "½", "Infinity",
    "NaN", "nan", "None", "null", "true", "<script>alert(1)</script>", "' OR 1=1--", "javascript:alert(1)", "http://",
    "https://[", "http://a:99999/", "a@b", "@", "a@" + "b" * 300 + ".com", "tel:", "+", "00", "+999999999999999999",
    "9999-99-99", "0000-00-00", "2026-02-30", "31/12/10000", "2026-03-29T25:61",
    "2026-03-29T03:30", "12:30", "29 xyz 2026",
    "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "1,", "geo:", "91,181", "1,2,3,4",
    True, False, 0, 1, -1, 0.0, -0.0, 0.1 + 0.2, 1e308, -1e308, 5e-324, float("nan"), float("inf"), float("-inf"),
    2**63, -(2**63) - 1, 2**64, 10**400, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1E+999999"),
    Decimal("1E-999999"), dt.date.min, dt.date.max, dt.datetime.min, dt.datetime.max, dt.time(12,
    30), dt.timedelta(1),
    dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-14))), dt.datetime.min.replace(tzinfo=dt.UTC),
)  # fmt: skip
