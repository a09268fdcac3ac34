"""A small ledger with a field of every kind that records can be grouped by, and amounts in several currencies."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from app import wire
from crm.database import CrmSession, build_engine
from crm.fields import kind_of
from crm.own_tables.upgrade import upgrade
from crm.permissions.model import SYSTEM
from crm.records.values import field_of
from crm.reports.kind import GROUPED
from crm.reports.model import PERIODS
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.crm.web.house import documents_of
from tests.factories import make_record

CLIENT = """
entity: client
label: Client
title: "{name}"
fields:
  name: {type: text, required: true}
  region: {type: choice, choices: {north: North, south: South}}
  currency: {type: choice, choices: {EUR: Euro, RON: Leu, other: Other}}
  limit: {type: money, currency_field: currency}
"""
ENTRY = """
entity: entry
label: Entry
plural: Entries
title: "{name} {amount}"
fields:
  name: {type: text}
  client: {type: reference, to: client, inverse: {name: entries, label: Entries}}
  clients: {type: references, to: client}
  owner: {type: user}
  phone: {type: phone}
  mail: {type: email}
  site: {type: url}
  pieces: {type: integer}
  weight: {type: decimal, places: 3}
  share: {type: percent}
  stars: {type: rating}
  done: {type: boolean}
  day: {type: date}
  moment: {type: datetime}
  state: {type: choice, choices: {open: Open, paid: Paid, lost: Lost}}
  ways: {type: choices, choices: {phone: Phone, mail: Mail, visit: Visit}}
  labels: {type: tags}
  price: {type: money}
  amount: {type: money, currency_field: paid_in}
  paid_in: {type: choice, choices: {EUR: Euro, RON: Leu, ILS: Shekel}}
  fee: {type: money, currency_field: fee_in}
  fee_in: {type: text}
  loud: {type: formula, of: text, formula: upper(name)}
  heavy: {type: formula, of: boolean, formula: weight > 1}
  double: {type: formula, of: money, formula: amount * 2, currency_field: paid_in}
  next_day: {type: formula, of: date, formula: "add_days(day, 1)"}
kanban: {by: state, sum: amount, card: [amount]}
list: {columns: [name, amount]}
"""
NAMES = (
    "a",
    "A",
    "Ελιά",
    "ελια",
    "=1+1",
    '=say "hi"',
    "it's",
    "100%",
    "a_b",
    "x|y",
    "-5",
    "me",
    "  b",
    "",
    None,
)
LABELS = ("vip", "Αθήνα", 'say "a"', "back\\slash", "=sum", "50%", "צפון")
CHOICES: Mapping[str, tuple[Any, ...]] = {
    "name": NAMES,
    "phone": ("+302101234567", "+40712034567", None),
    "mail": ("Maria@example.com", "maria@example.com", None),
    "site": ("https://example.com/A", None),
    "pieces": (0, 1, -3, 10**12, None),
    "weight": ("0", "0.125", "-2.5", "1.001", None),
    "share": ("12.50", "100", None),
    "stars": (1, 5, None),
    "done": (True, False, None),
    "day": ("2026-01-31", "2026-03-29", "2024-02-29", "9999-12-31", "0001-01-01", "2026-12-28", None),
    "moment": (
        "2026-03-28T22:30:00Z", "2026-03-29T00:30:00Z", "2026-12-31T22:00:00Z", "2026-12-31T21:59:59Z",
        "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", None,
    ),
    "state": ("open", "paid", "lost", None),
    "paid_in": ("EUR", "RON", "ILS", None),
    "fee_in": ("EUR", "ron", "RON", "shells", None),
    "amount": ("100", "500", "-120.50", None),
    "price": ("9.99", "1", None),
    "fee": ("1", "7.25", None),
}  # fmt: skip


def open_ledger(url: str, **changed: str) -> CrmSession:
    """Publish the ledger, with further documents, and open a session of the system on it."""
    wire()
    engine = build_engine(url)
    if not sa.inspect(engine).has_table("crm_revision"):
        upgrade(engine)
    texts = {"entities/client.yaml": CLIENT, "entities/entry.yaml": ENTRY}
    texts |= {name.replace("_", "/", 1) + ".yaml": text for name, text in changed.items()}
    publish_schema(engine, documents_of(texts), "test")
    session = CrmSession(get_workspace(engine).bind(engine))
    session.workspace, session.actor = get_workspace(engine), SYSTEM
    session.clock = lambda: dt.datetime(2026, 11, 29, 12, 0)
    return session


def fill(session: CrmSession, count: int, seed: int) -> None:
    """Write random entries of a few clients."""
    chance = random.Random(seed)
    clients = [
        make_record(session, "client", name=name, region=region, currency=currency, limit=10)
        for name, region, currency in (
            ("One", "north", "EUR"),
            ("Two", None, "other"),
            ("Three", "south", "RON"),
        )
    ]
    for _number in range(count):
        values = {name: chance.choice(options) for name, options in CHOICES.items()}
        values["client"] = chance.choice([*clients, None])
        values["clients"] = [str(one.id) for one in chance.sample(clients, chance.randint(0, 3))]
        values["ways"] = chance.sample(["phone", "mail", "visit"], chance.randint(0, 3))
        values["labels"] = chance.sample(LABELS, chance.randint(0, 3))
        make_record(session, "entry", **values)
    session.commit()


def groups(session: CrmSession) -> Iterator[Any]:
    """Yield every group that a report of entries may have, as a document writes it."""
    for name in (
        *session.workspace.schema.entities["entry"].fields,
        "client.region",
        "client.currency",
        "created_at",
    ):
        kind = kind_of_path(session, name)
        if kind in ("date", "datetime"):
            yield from ({period: name} for period in PERIODS)
        elif kind in GROUPED:
            yield name


def kind_of_path(session: CrmSession, path: str) -> str:
    """Return the kind of the field at the end of a path."""
    *way, last = path.split(".")
    entity = session.workspace.schema.entities["client" if way else "entry"]
    return kind_of(field_of(entity, last))
