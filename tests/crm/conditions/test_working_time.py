"""Working days and hours of business calendars: as people count them, and the same in Python and both databases."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

import app
from crm.calendars.kind import CALENDAR, build_calendar, check_calendar
from crm.conditions import parse_formula, say
from crm.conditions.tree.working import OFFICE_WEEK, add_working_hours, working_days_between
from crm.entities.load import load_document
from crm.fields.wall_clock import to_local
from crm.messages import render
from tests.crm.conditions.world import ATHENS, formula

GREECE = """business_calendar: greece
default: true
time_zone: Europe/Athens
hours:
  monday: "09:00-17:00"
  tuesday: ["09:00-13:00", "17:00-20:30"]
  wednesday: "09:00-17:00"
  thursday: "09:00-17:00"
  friday: "09:00-14:00"
holidays: GR
days_off: [2026-12-24]
open_days: {2026-12-27: "10:00-14:00", 2026-12-25: "10:00-12:00"}
"""
ISRAEL = """business_calendar: small
time_zone: Asia/Jerusalem
hours:
  sunday: "08:00-16:00"
  monday: "08:00-16:00"
  tuesday: "08:00-16:00"
  wednesday: "08:00-16:00"
  thursday: "08:00-16:00"
holidays: [IL]
"""
ALWAYS = """business_calendar: large
hours:
  monday: "00:00-24:00"
  tuesday: "00:00-24:00"
  wednesday: "00:00-24:00"
  thursday: "00:00-24:00"
  friday: "00:00-24:00"
  saturday: ["00:00-03:30", "22:00-24:00"]
  sunday: ["00:00-03:30", "03:45-24:00"]
holidays: RO
"""
TEXTS = (GREECE, ISRAEL, ALWAYS)


@pytest.fixture(scope="module", autouse=True)
def _kinds():
    """Make every kind of document known, as every process does."""
    app.wire()


def documents():
    return [load_document(text, "")[0] for text in TEXTS]


@pytest.fixture
def open_world(world, world_schema):
    """The world whose organisation has calendars; customers' `segment` may name one."""
    found = documents()
    schema = replace(world_schema, documents=(*world_schema.documents, *found))
    assert [check_calendar(document, schema) for document in found] == [[], [], []]
    built = {document.name: build_calendar(document, schema) for document in found}
    return replace(world, schema=replace(schema, parts={**schema.parts, CALENDAR: built}))


def calendar_of(text):
    document = load_document(text, "")[0]
    return build_calendar(document, None).calendar


@pytest.mark.parametrize(
    ("first", "last", "text", "count"),
    [
        ("2026-03-23", "2026-03-27", GREECE, 3),  # 25 March
        ("2026-04-09", "2026-04-14", GREECE, 1),  # Good Friday, Easter Monday
        ("2026-12-23", "2026-12-28", GREECE, 3),  # the 24th off; 25th and 27th open by exception, Monday
        ("2026-12-28", "2026-12-23", GREECE, -3),
        ("2026-11-27", "2026-12-02", ALWAYS, 3),  # 30 November, 1 December
        ("2026-09-10", "2026-09-14", ISRAEL, 1),  # New Year on Saturday and Sunday
        ("2026-01-01", "2026-01-01", GREECE, 0),
    ],
)
def test_days_are_counted_as_people_of_the_country_do(first, last, text, count):
    days = (dt.date.fromisoformat(day) for day in (first, last))
    assert working_days_between(*days, calendar_of(text)) == count


@pytest.mark.parametrize(
    ("moment", "hours", "text", "expected"),
    [
        ("2026-11-27T11:00", "2", GREECE, "2026-11-30T08:00"),  # Friday 13:00 local: one hour, then Monday 10:00
        ("2026-12-01T10:00", "4.5", GREECE, "2026-12-01T18:30"),  # over the pause, to the very end
        ("2026-12-23T15:00", "1", GREECE, "2026-12-25T09:00"),
    ],
)  # fmt: skip
def test_hours_pass_only_while_there_is_work(moment, hours, text, expected):
    found = add_working_hours(dt.datetime.fromisoformat(moment), Decimal(hours), calendar_of(text), ATHENS)
    assert found == dt.datetime.fromisoformat(expected)


def minutes_of_work(moment, hours, calendar, zone):
    """Return the same in another way: minute by minute, by what the wall clock shows."""
    left, zone = int(hours * 60), ZoneInfo(calendar.zone) if calendar.zone else zone
    while left:
        local = to_local(moment, zone)
        minute = local.hour * 60 + local.minute
        left -= any(begin <= minute < end for begin, end in calendar.spans(local.date()))
        moment += dt.timedelta(minutes=1)
    return moment


@pytest.mark.parametrize("night", ["2026-03-28", "2026-10-24", "2026-12-22", "2026-04-08", "2026-03-26"])
def test_the_clock_goes_on_over_nights_that_are_shorter_or_longer(night):
    chance, start = random.Random(night), dt.datetime.fromisoformat(f"{night}T20:00")
    whole = ALWAYS.replace('["00:00-03:30", "22:00-24:00"]', '"00:00-24:00"').replace(
        '["00:00-03:30", "03:45-24:00"]', '"00:00-24:00"'
    )
    for text in (GREECE, ISRAEL, whole):
        calendar = calendar_of(text)
        for _case in range(4):
            moment = start + dt.timedelta(minutes=chance.randrange(3_000))
            hours = Decimal(chance.randrange(1, 40)) / 2
            expected = minutes_of_work(moment, hours, calendar, ATHENS)
            assert add_working_hours(moment, hours, calendar, ATHENS) == expected


@pytest.mark.both_databases("PostgreSQL computes it by functions of its own")
def test_both_databases_give_what_python_gives(open_world, records):
    chance = random.Random(26)
    for key in range(1, 61):
        base = chance.choice(
            ["2026-03-28", "2026-10-24", "2026-12-24", "2031-05-01", "2026-09-11", "1999-12-31"]
        )
        moment = dt.datetime.fromisoformat(f"{base}T18:00") + dt.timedelta(seconds=chance.randrange(200_000))
        open_world.add(
            records, "customer", id=key, seen_at=chance.choice([moment, moment, None]),
            staff=chance.choice([0, 1, 7, 40, 500, None]), revenue=Decimal(chance.randrange(10**6)) / 100,
            segment=chance.choice(["small", "large", "medium", None]),
            born_on=moment.date() + dt.timedelta(days=chance.randrange(-900, 900)),
        )  # fmt: skip
    for text in (
        "add_working_hours(seen_at, staff)",
        "add_working_hours(seen_at, staff / 7, 'large')",
        "add_working_hours(seen_at, revenue, segment)",
        "add_working_hours(coalesce(seen_at, now()), 3.3, segment)",
        "working_days_between(seen_at, born_on)",
        "working_days_between(born_on, today(), segment)",
        "working_days_between(born_on, add_working_hours(seen_at, 9, 'small'), 'small') > 2",
        "hours_between(seen_at, add_working_hours(seen_at, staff, segment))",
        "add_minutes(seen_at, staff * 60) > add_hours(seen_at, staff)",
    ):
        found = open_world.both(records, formula(open_world.schema, "customer", text), "customer")
        assert len(set(found.values())) > 1 or text.startswith("add_minutes")


def test_a_calendar_nobody_declared_is_refused_and_the_sentence_names_it(open_world):
    schema = open_world.schema
    customer = schema.entities["customer"]
    problem = parse_formula("add_working_hours(seen_at, 1, 'grece')", customer, schema)[1][0]
    assert "greece" in render(problem, "en")
    node = formula(schema, "customer", "add_working_hours(seen_at, 8, 'greece') < now()")
    assert "working hours" in say(node, customer, schema, "en") and "greece" in say(
        node, customer, schema, "en"
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('monday: "9-17"', "not a time range"),
        ('monday: "17:00-09:00"', "not a time range"),
        ('monday: "09:00-24:30"', "not a time range"),
        ('monday: ["09:00-13:00", "12:00-15:00"]', "begins before"),
        ('mnoday: "09:00-17:00"', "Did you mean “monday”?"),
        ("monday: []", "at least one weekday"),
        ('monday: "09:00-17:00"\nholidays: [GR, FR]', "holidays of “FR”"),
        ('monday: "09:00-17:00"\ndays_off: [2026-02-30]', "not a day"),
        ('monday: "09:00-17:00"\nopen_days: {soon: "09:00-10:00"}', "not a day"),
        ('monday: "09:00-17:00"\ntime_zone: Mars', "no time zone"),
        ('monday: "09:00-17:00"\ndefault: true', "“greece” is the default calendar already"),
    ],
)
def test_wrong_calendars(line, problem, world_schema):
    document = load_document(f"business_calendar: wrong\nhours:\n  {line}\n", "")[0]
    schema = replace(world_schema, documents=(documents()[0], document))
    assert problem in " ".join(render(found, "en") for found in check_calendar(document, schema))


def test_without_a_calendar_office_hours_count(world_schema):
    friday = dt.datetime(2026, 11, 27, 14, 30)  # 16:30 in Athens
    assert add_working_hours(friday, Decimal(1), OFFICE_WEEK, ATHENS) == dt.datetime(2026, 11, 30, 7, 30)
