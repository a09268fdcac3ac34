"""What every answer carries, and what an error looks like: page, piece or JSON, in the reader's language."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask, abort, flash

from crm.errors import ConflictError, NotAllowedError, Problem, RecordError
from crm.web import pages
from tests.crm.web.form_reader import form_of
from tests.crm.web.house import Browser, House, build_house, open_house


def register_trouble(builder: object, _workspace: object) -> None:
    """Add pages that fail in every way."""
    from flask import current_app

    app: Flask = current_app
    failures = {
        "record": lambda: RecordError("http.422", [Problem("http.404", field="name")]),
        "denied": lambda: NotAllowedError("http.403"),
        "conflict": lambda: ConflictError("http.409"),
        "bug": lambda: KeyError("secret detail"),
        "wrong": lambda: sa.exc.OperationalError("select x", {}, Exception("no such column: secret detail")),
        "away": lambda: sa.exc.OperationalError("select 1", {}, Exception("secret detail")),
    }

    def fail(kind: str) -> str:
        if kind.isdecimal():
            abort(int(kind))
        if kind == "flash":
            flash("Saved by the test")
            return ""
        raise failures[kind]()

    app.add_url_rule("/trouble/<kind>", "trouble", fail, methods=["GET", "POST"])
    app.add_url_rule("/api/v1/trouble/<kind>", "api_trouble", fail)


@pytest.fixture(scope="module")
def trouble(tmp_path_factory: pytest.TempPathFactory, prepared: Path) -> House:
    """A house with pages that fail."""
    folder = tmp_path_factory.mktemp("trouble")
    shutil.copy(prepared, folder / "crm.db")
    pages.PAGES.append(register_trouble)
    try:
        return open_house(f"sqlite:///{folder / 'crm.db'}", folder)
    finally:
        pages.PAGES.remove(register_trouble)


STATUSES = {"record": 422, "denied": 403, "conflict": 409, "bug": 500, "wrong": 500, "away": 503}


@pytest.mark.parametrize(("kind", "status"), STATUSES.items())
def test_an_error_is_a_page_with_its_status_and_no_trace(trouble: House, kind: str, status: int) -> None:
    answer = trouble.browser().get(f"/trouble/{kind}")
    assert answer.status_code == status
    assert answer.mimetype == "text/html"
    assert (answer.headers["X-Request-ID"] in answer.text) == (status >= 500)
    assert "secret detail" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(("kind", "status"), STATUSES.items())
def test_an_error_of_the_api_has_the_one_shape(trouble: House, kind: str, status: int) -> None:
    answer = trouble.browser().get(f"/api/v1/trouble/{kind}")
    assert answer.status_code == status
    error = answer.json["error"]
    assert error["code"] == f"http.{status}"
    assert error["message"]
    assert isinstance(error["problems"], list)


def test_the_problems_of_an_error_name_their_field(trouble: House) -> None:
    error = trouble.browser().get("/api/v1/trouble/record").json["error"]
    assert error["problems"] == [
        {"field": "name", "line": None, "message": "Page not found. It may have been moved or deleted."}
    ]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 503])
@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_every_status_has_a_sentence(trouble: House, status: int, prefix: str) -> None:
    answer = trouble.browser().get(f"{prefix}/trouble/{status}")
    assert answer.status_code == status
    assert "%(" not in answer.text


def test_a_request_of_htmx_gets_a_piece(trouble: House) -> None:
    answer = trouble.browser().get("/trouble/conflict", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert "<html" not in answer.text


def test_a_program_gets_json_where_it_asks_for_it(trouble: House) -> None:
    answer = trouble.browser().get("/trouble/denied", headers={"Accept": "application/json"})
    assert answer.json["error"]["code"] == "http.403"


def test_the_page_of_an_error_is_in_the_readers_language(trouble: House) -> None:
    answer = trouble.browser("he").get("/trouble/away")
    assert '<html lang="he" dir="rtl"' in answer.text


def test_a_wrong_method_says_which_are_right(browser: Browser) -> None:
    answer = browser.delete("/health")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


POLICY = (
    "default-src 'self'; script-src 'self'; "
    "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; img-src 'self' data: blob:; "
    "object-src 'none'; base-uri 'none'; frame-ancestors 'self'; form-action 'self'"
)


@pytest.mark.parametrize("path", ["/", "/login/", "/profile/", "/nothing", "/health", "/api/v1/nothing"])
def test_every_answer_is_dressed(still_admin: Browser, path: str) -> None:
    headers = still_admin.get(path).headers
    assert headers["Content-Security-Policy"] == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]


def test_a_static_file_with_its_mark_is_kept_for_a_year(admin: Browser) -> None:
    with admin.get("/static/css/crm.css?v=1234567890") as kept:
        assert "immutable" in kept.headers["Cache-Control"]
        assert "Set-Cookie" not in kept.headers
    with admin.get("/static/css/crm.css") as plain:
        assert "immutable" not in plain.headers.get("Cache-Control", "")


def test_a_style_sheet_travels_packed_to_browsers_that_unpack_it(admin: Browser) -> None:
    plain = admin.get("/static/css/crm.css")
    packed = admin.get("/static/css/crm.css", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.mimetype == plain.mimetype == "text/css"
    again = admin.get(
        "/static/css/crm.css", headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["no/such.css", "../app.py", "css/%2e%2e/%2e%2e/app.py"])
def test_what_is_no_static_file_is_not_found(admin: Browser, path: str) -> None:
    assert admin.get(f"/static/{path}", headers={"Accept-Encoding": "gzip"}).status_code == 404


def test_a_given_request_id_is_kept_and_a_strange_one_is_not(browser: Browser) -> None:
    assert (
        browser.get("/health", headers={"X-Request-ID": "abcdef-123456"}).headers["X-Request-ID"]
        == "abcdef-123456"
    )
    strange = browser.get("/health", headers={"X-Request-ID": "<script>alert(1)</script>"})
    assert len(strange.headers["X-Request-ID"]) == 16


def test_in_production_cookies_and_transport_are_secure(tmp_path: Path) -> None:
    house = build_house(f"sqlite:///{tmp_path / 'crm.db'}", tmp_path, env="production")
    answer = house.browser().get("/login/", base_url="https://localhost")
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    cookie = answer.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_messages_that_nobody_reads_do_not_swell_the_cookie(trouble: House) -> None:
    browser = trouble.browser()
    for _ in range(30):
        answer = browser.get("/trouble/flash")
    assert len(answer.headers["Set-Cookie"]) < 1_500
    assert browser.get("/login/").text.count("Saved by the test") == 5


def test_an_upload_beyond_the_limit_is_refused(house: House) -> None:
    browser = house.browser()
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
    for kind in kinds:
        assert browser.post("/login/", data=b"x" * 5_000_000, content_type=kind).status_code == 413
    browser.sign_in("sonia")
    assert browser.post("/profile/", data=b"x" * 5_000_000, content_type=kinds[0]).status_code == 413
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    file = head + b"x" * 5_000_000 + b"\r\n--x--\r\n"
    assert browser.post("/profile/", data=file, content_type=kinds[1]).status_code == 400


def test_a_number_no_database_holds_is_not_found(house: House) -> None:
    admin = house.browser()
    admin.sign_in("admin")
    for path in ("/admin/schema/draft/{}", "/api/v1/schema/drafts/{}", "/admin/schema/publishing/{}/state"):
        assert admin.get(path.format("9" * 400)).status_code == 404
        assert admin.get(path.format(2**63)).status_code == 404


def test_a_page_takes_forms_and_no_json(house: House) -> None:
    admin = house.browser()
    admin.sign_in("admin")
    headers = {"X-CSRFToken": admin.token()}
    assert admin.post("/roles/add", json={"name": 1.5}, headers=headers).status_code == 415
    assert admin.post("/userinfoeditview/form", json=1, headers=headers).status_code == 415


@pytest.mark.parametrize("body", ['{"username": "\\ud800"}', "[" * 100_000, '{"username": ', "\x80"])
def test_json_that_cannot_be_stored_is_400(house: House, body: str) -> None:
    data = body.encode("latin-1")
    answer = house.browser().post("/api/v1/security/login", data=data, content_type="application/json")
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/static/../config.py", "/static/..%2fconfig.py", "/static/%2e%2e/config.py", "/files/..%2f..%2fetc%2fpasswd",
        "/lang/..%2f..",
        "/report/../../x", "/api/v1/..%2f/1", "/api/v1/schema/documents/..%2f..", "/admin/schema/..%2f..",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_house(house: House, path: str) -> None:
    admin = house.browser()
    admin.sign_in("admin")
    assert admin.get(path).status_code == 404


def test_a_form_of_our_own_that_cannot_be_taken_now_can_be_sent_once_more(trouble: House) -> None:
    browser, sent = trouble.browser(), {"name": "Ann", "notes": "a long text"}
    browser.sign_in("admin")
    token = browser.token()
    busy = browser.post("/trouble/away", data={**sent, "csrf_token": token})
    assert busy.status_code == 503 and form_of(busy.text).to_dict() == {**sent, "csrf_token": token}
    old = {"data": {**sent, "csrf_token": "old"}, "headers": {"Origin": "http://localhost"}}
    stale = browser.post("/trouble/record?x=1", **old)
    typed = stale.text.partition('action="/trouble/record?x=1"')[2].partition("</form>")[0]
    fresh = form_of(typed).to_dict()
    assert stale.status_code == 400 and fresh.pop("csrf_token") != "old" and fresh == sent
    for origin in ("http://evil.example", ""):
        strange = browser.post("/trouble/record", data=sent, headers={"Origin": origin})
        assert strange.status_code == 400 and "a long text" not in strange.text
