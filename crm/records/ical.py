"""Calendars as other programs read them: events in the form of RFC 5545."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

WIDEST = 75  # octets of a line
USUAL_MINUTES = 30  # how long something lasts that has no end


@dataclass(frozen=True)
class Event:
    """One thing on a calendar.

    Shape:  `begins` and `ends` are moments, naive UTC, or days, the last one included; `ends` is None where nothing
            says so. `changed` is naive UTC.
    """

    uid: str
    begins: dt.date
    summary: str
    changed: dt.datetime
    ends: dt.date | None = None
    url: str = ""
    text: str = ""
    kind: str = ""
    is_yearly: bool = False


def write_calendar(name: str, events: Iterable[Event]) -> bytes:
    """Return a calendar: the same events always give the same bytes.

    Source: RFC 5545, with the name and the pause between two readings of RFC 7986.
    """
    head = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Koine//Calendar//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"NAME:{_text(name)}",
        f"X-WR-CALNAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
    ]
    lines = [*head, *(line for event in events for line in _event(event)), "END:VCALENDAR"]
    return b"".join(folded(line) for line in lines)


def _event(event: Event) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{event.uid}"
    yield f"DTSTAMP:{_moment(event.changed)}"
    yield f"LAST-MODIFIED:{_moment(event.changed)}"
    yield from _times(event)
    if event.is_yearly:
        is_leap_day = (event.begins.month, event.begins.day) == (2, 29)
        yield "RRULE:FREQ=YEARLY" + (";BYMONTH=2;BYMONTHDAY=-1" if is_leap_day else "")
    yield f"SUMMARY:{_text(event.summary)}"
    for name, value in (("DESCRIPTION", event.text), ("CATEGORIES", event.kind)):
        if value:
            yield f"{name}:{_text(value)}"
    if event.url:
        yield f"URL:{event.url}"
    yield "END:VEVENT"


def _times(event: Event) -> Iterator[str]:
    if isinstance(event.begins, dt.datetime):
        usual = event.begins + dt.timedelta(minutes=USUAL_MINUTES)
        ends = event.ends if isinstance(event.ends, dt.datetime) and event.ends > event.begins else usual
        yield f"DTSTART:{_moment(event.begins)}"
        yield f"DTEND:{_moment(ends)}"
        return
    last = event.ends if event.ends is not None and event.ends > event.begins else event.begins
    last = last.date() if isinstance(last, dt.datetime) else last
    yield f"DTSTART;VALUE=DATE:{event.begins:%Y%m%d}".replace(" ", "0")
    yield f"DTEND;VALUE=DATE:{last + dt.timedelta(days=1):%Y%m%d}"
    yield "TRANSP:TRANSPARENT"  # a day that has something on it is not a day one is away


def _moment(moment: dt.datetime) -> str:
    return f"{moment:%Y%m%dT%H%M%S}Z"


def _text(text: str) -> str:
    """Return a text as a value: what has a meaning in the format escaped, what no line may hold left out.

    >>> _text("a, b; c\\nd")
    'a\\\\, b\\\\; c\\\\nd'
    """
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    for sign in ("\\", ";", ","):
        plain = plain.replace(sign, f"\\{sign}")
    return "".join(letter for letter in plain.replace("\n", "\\n") if letter >= " " and letter != "\x7f")


def folded(line: str) -> bytes:
    """Return a line cut into pieces of no more octets than allowed, never within a letter, with its ends.

    >>> folded("X:" + "a" * 80)
    b'X:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\r\\n aaaaaaa\\r\\n'
    """
    rest, pieces = line.encode("utf-8", "replace"), []
    while len(rest) > WIDEST - bool(pieces):
        end = WIDEST - bool(pieces)
        while rest[end] & 0xC0 == 0x80:
            end -= 1
        pieces.append(rest[:end])
        rest = rest[end:]
    return b"\r\n ".join([*pieces, rest]) + b"\r\n"
