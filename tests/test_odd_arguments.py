"""Odd arguments to every route: cut in the middle, too deep, too long, of the wrong type; the answer is never 5xx.

Routes come from the app's map, argument names from the code, values from the lists below, all drawn by a seed.
`KOINE_CASES=20` tries more of each route.
"""

from __future__ import annotations

import json
import os
import random
import re
import zlib
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from werkzeug.routing import Rule

from config import ROOT
from tests.counting import statements
from tests.factories import make_customer, make_deal

if TYPE_CHECKING:
    from flask import Flask

    from tests.browsing import Browser

pytestmark = pytest.mark.slow

CASES = int(os.environ.get("KOINE_CASES", "2"))
ENTITIES = ("deal", "customer")  # they stand for all: the pages of the others are the same
LEFT_OUT = ("/static/", "/appbuilder/static/", "/logout/")
MOST_STATEMENTS = 300  # of one request; an argument must not make a page ask again and again
NORMAL = {"entity": "deal", "kind": "entity", "field": "stage", "name": "deal", "code": "en", "locale": "en"}
TEXTS = (
    "", " ", "\0", "a\0b", "²", "٣", "1_000", " 1 ", "-1", "0", "1.5", "1e400", "NaN", "Infinity", "9" * 19,
    "9" * 400, "x" * 9_000, "true", "None", "[]", "{}", "[1", '{"a":', "[" * 900, '{"a":' * 300, "'", "\"><b>", "%",
    "%%s%(x)s", "{0.x}", "../../etc/passwd", "..%2f..", "\\\\host\\x", "\u202e", "\ufeff", "\ufffd", "\U0010ffff",
    "\r\nX: 1", ";", "a,b,,", "|1|", "2026-13-45", "0000-00-00", "99999-01-01", "0001-01-01", "9999-12-31",
    "2026-02-30T25:61", "24:00", "me", "= 1 / 0", "= (((", "(", "!(", "(filters:!((col:name,opr:eq,value:'a",
    "(page:-1)", "(page_size:99999999999999999999)", "(order_column:!n)",
    "(filters:!((col:!(1),opr:(a:1),value:!n)))", "(columns:!(!(!(", "(where:!('" + "(" * 200 + "'))",
    "(search:" + "a" * 3_000 + ")", "(q:!", "!", "'", "!n", "(a:b", "(:)", "(a:(" + "a:(" * 300, "deal", "customer",
    "name", "stage", "id", "__class__", "query",
)  # fmt: skip
RAW = ("%ED%A0%80", "%FF%FE", "%C0%80", "%", "%u0041", "%F4%90%80%80", "a%00b")  # no text in UTF-8
JSON = (
    None, True, -1, 1e308, 10**30, "", "\ud800", "\udfff\ud800", [], {}, [[]], [None], {"": ""}, {"a": {"a": {"a": 1}}},
    [1] * 500, "x" * 9_000, {"id": {"x": 1}}, [{"col": 1}], {"en": 1}, "1", 1.5,
)  # fmt: skip
BODIES = (
    b"", b"null", b"[]", b"1", b'"x"', b"{", b'{"a":', b"\xff\xfe", b"[" * 5_000, b'{"a":' * 3_000,
    b'{"name": "\\ud800"}',
    b'{"a": NaN}', b'{"a": 1e999}', b'{"' + b"a" * 9_000 + b'": 1}',
)  # fmt: skip
HEADERS = {
    "If-Match": ('"', "*", '"x"', "W/", "9" * 400, '"-1"', "\x80"),
    "Accept-Language": ("", "*;q=x", "he;q=9", "x" * 5_000, "el,,,;;", "\x80", "zz-ZZ"),
    "Accept": ("", "*", "a/b/c;q=x", "text/html;q=²"),
    "Cookie": ("koine", "koine=x.y.z", "koine_known={", "koine=" + "x" * 5_000),
    "HX-Request": ("x",),
    "X-Form": ("1", "2"),
    "Authorization": ("", "Bearer", "Bearer ", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic x"),
    "Content-Type": (
        "",
        "x",
        "application/json; charset=x",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
    ),
    "Range": ("bytes=9-1", "bytes=x"),
    "If-Modified-Since": ("never",),
    "Idempotency-Key": ("", "x" * 5_000),
    "X-Forwarded-For": ("x", "999.9.9.9"),
    "Host": ("x",),
}


@cache
def known_names() -> tuple[str, ...]:
    """Return every name the code asks an address, a form or a body for."""
    asked = re.compile(
        r"(?:args|form|values|sent|body|asked|json|data)\.(?:get|getlist|pop)\(\s*[\"']([\w.-]{1,40})[\"']"
    )
    files = [*(ROOT / "crm").rglob("*.py"), *(ROOT / "workflows").rglob("*.py")]
    found = {name for file in files for name in asked.findall(file.read_text())}
    return tuple(
        sorted({*found, "page_deal", "psize_deal", "_flt_0_name", "_oc_DealView", "q", "csrf_token"} - {"pk"})
    )


def routes(app: Flask) -> Iterator[Rule]:
    """Yield the routes to try."""
    schema = app.extensions["crm_workspace"].schema
    others = tuple(f"/{name}/" for name in schema.entities if name not in ENTITIES)
    others += tuple(f"/api/v1{start}" for start in others)
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        if not rule.rule.startswith((*LEFT_OUT, *others)) and "view-as" not in rule.rule:
            yield rule


class Odd:
    """Makes up requests for one route."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.random = random.Random(zlib.crc32(rule.rule.encode()))

    def text(self) -> str:
        """Return an odd text, ready for an address."""
        if self.random.random() < 0.15:
            return self.random.choice(RAW)
        return quote(self.random.choice(TEXTS)[:2_000], safe="")

    def path(self, is_odd: bool) -> str:
        """Return an address of the route; an odd one has one odd part."""
        names = re.findall(r"<([^>]+)>", self.rule.rule)
        odd = self.random.choice(names) if names and is_odd else None
        found = self.rule.rule
        for name in names:
            converter, _, argument = name.rpartition(":")
            usual = NORMAL.get(argument, "1")
            value = self.text() or "x" if name == odd else usual
            if converter.startswith("int") and name == odd:
                value = self.random.choice(("0", "9" * 19, "9" * 400, "00001"))
            found = found.replace(f"<{name}>", value)
        return found

    def query(self) -> str:
        """Return odd arguments."""
        names = self.random.sample(known_names(), 3) + ["q"]
        return "&".join(f"{name}={self.text()}" for name in names)

    def headers(self) -> dict[str, str]:
        """Return an odd header, mostly none."""
        if self.random.random() < 0.6:
            return {}
        name = self.random.choice(sorted(HEADERS))
        return {name: self.random.choice(HEADERS[name])}

    def form(self, token: str) -> dict[str, Any]:
        """Return an odd form with its token."""
        names = self.random.sample(known_names(), 6) + ["name", "title", "id", "rowid"]
        found = {name: self.random.choice(TEXTS) for name in names}
        return {**found, "csrf_token": token}

    def body(self) -> bytes:
        """Return an odd body, or JSON with odd values under known names."""
        if self.random.random() < 0.3:
            return self.random.choice(BODIES)
        names = self.random.sample(known_names(), 4) + ["name", "title", "documents", "filters"]
        found = {name: self.random.choice((*JSON, *TEXTS[:20])) for name in names}
        return json.dumps(found).encode()

    def requests(self, token: str) -> Iterator[dict[str, Any]]:
        """Yield what to send: for reading, and what changes something as a form and as JSON."""
        for number in range(CASES):
            query = self.query()
            if "GET" in self.rule.methods:
                yield {
                    "method": "GET",
                    "path": self.path(number % 2 == 0),
                    "query_string": query,
                    "headers": self.headers(),
                }
            for method in sorted(self.rule.methods & {"POST", "PUT", "PATCH", "DELETE"}):
                sent = {
                    "method": method,
                    "path": self.path(number % 2 == 1),
                    "query_string": query if number % 2 else "",
                }
                yield {**sent, "data": self.form(token), "headers": self.headers()}
                headers = {"Content-Type": "application/json", "X-CSRFToken": token}
                yield {**sent, "data": self.body(), "headers": headers}


@pytest.mark.both_databases("each refuses values of its own: NUL, half surrogates, large numbers")
@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_no_argument_of_any_route_is_answered_with_5xx(
    app: Flask, session: Any, client: Any, engine: Any, role: str, caplog: pytest.LogCaptureFixture
) -> None:
    customer = make_customer(session)
    make_deal(session, customer=customer.id)
    session.commit()
    browser: Browser = client(role)
    token = browser.token("/profile/")
    broken: list[str] = []
    for rule in routes(app):
        for asked in Odd(rule).requests(token):
            if not is_in(browser):
                browser = client(role)
                token = browser.token("/profile/")
            caplog.clear()
            with statements(engine) as noted:
                answer = browser.open(**asked)
                answer.get_data()
                answer.close()
            if answer.status_code >= 500 or len(noted) > MOST_STATEMENTS:
                broken.append(told(asked, answer.status_code, len(noted), caplog))
    assert not broken, f"{len(broken)} answers:\n" + "\n".join(broken)


def is_in(browser: Browser) -> bool:
    """Return whether the browser still has its cookie."""
    return browser.get_cookie("koine") is not None


def told(asked: dict[str, Any], status: int, count: int, caplog: pytest.LogCaptureFixture) -> str:
    """Return a request that went wrong, with the end of its trace."""
    traces = [
        str(record.exc_info[1]) + _place(record.exc_info[2]) for record in caplog.records if record.exc_info
    ]
    return f"{status} ({count} statements) {asked['method']} {asked['path'][:150]} {str(asked)[:500]}\n    {traces[:1]}"


def _place(trace: Any) -> str:
    """Return where in our code an error came from."""
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    ours = [place for place in places if "/crm/" in place or "/workflows/" in place]
    return f" at {[*ours[-2:], *places[-1:]]}"
