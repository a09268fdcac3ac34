"""Thumbnails: drawn once, seen by who sees the picture, swept with it; a wicked picture is an icon and no more."""

from __future__ import annotations

import datetime as dt
import io
import struct
import zlib

import pytest
from PIL import Image

from crm.records import pictures
from crm.records.file_rows import stored_file
from crm.records.files import sweep_uploads
from tests.crm.web.test_files import contents, open_browser, rows, sent, upload  # noqa: F401 - a fixture
from tests.factories import user_id

ORIENTATION, ARTIST = 0x0112, 0x013B
ICON = b"<svg"


def picture(form: str = "JPEG", size: tuple[int, int] = (1200, 600), **more: object) -> bytes:
    """Return a picture whose left half is red."""
    drawn, target = Image.new("RGB", size, "blue"), io.BytesIO()
    drawn.paste("red", (0, 0, size[0] // 2, size[1]))
    drawn.save(target, form, **more)
    return target.getvalue()


def bomb() -> bytes:
    """Return a small PNG that claims to be, and is, 30,000 pixels wide and high."""

    def part(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    packer = zlib.compressobj(9)
    line = bytes(30_000 // 8 + 1)
    body = b"".join(packer.compress(line) for _ in range(30_000)) + packer.flush()
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", body) + part(b"IEND", b"")


def saved(browser, name: str, content: bytes):
    """Save a customer with a photo; return its page."""
    made = browser.submit("/customer/add", {"name": "A", "upload-photo": sent(name, content)})
    assert made.status_code == 302, made.text
    return made.location


def test_lists_and_records_show_a_small_picture_that_leads_to_the_whole_one(open_browser, engine):  # noqa: F811
    browser = open_browser("admin")
    page = saved(browser, "me & you.jpg", picture())
    [row] = rows(engine)
    for path in ("/customer/list/", page):
        text = browser.get(path).text
        assert f'src="/files/{row.id}/small"' in text and f'href="/files/{row.id}"' in text
        assert "me &amp; you.jpg" in text
    answer = browser.get(f"/files/{row.id}/small", buffered=True)
    with Image.open(io.BytesIO(answer.data)) as small:
        assert (answer.mimetype, small.format, small.size) == ("image/webp", "WEBP", (400, 200))
    assert (
        answer.headers["Cache-Control"] == "no-store"
        and "sandbox" in answer.headers["Content-Security-Policy"]
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_picture_is_turned_as_it_was_taken_and_its_metadata_stay_behind(open_browser, engine):  # noqa: F811
    browser, exif = open_browser("admin"), Image.Exif()
    exif[ORIENTATION], exif[ARTIST] = 6, "Maria of Athens"
    saved(browser, "turned.jpg", picture(exif=exif))
    data = browser.get(f"/files/{rows(engine)[0].id}/small", buffered=True).data
    with Image.open(io.BytesIO(data)) as small:
        assert small.size == (200, 400)
        assert small.getpixel((100, 20))[0] > 200  # what was on the left is above
        assert not small.getexif()
    assert b"Maria" not in data


@pytest.mark.parametrize("form", ["PNG", "GIF", "WEBP"])
def test_every_kind_a_page_shows_is_drawn(open_browser, engine, form):  # noqa: F811
    browser = open_browser("admin")
    saved(browser, f"a.{form.lower()}", picture(form))
    data = browser.get(f"/files/{rows(engine)[0].id}/small", buffered=True).data
    assert Image.open(io.BytesIO(data)).size == (400, 200)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bomb.png", bomb()),
        ("cut.jpg", picture()[:900]),
        ("empty.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 40),
        ("page.gif", b"GIF89a/*<script>alert(1)</script>*/=1;"),
        ("both.jpg", b"\xff\xd8\xff<html><script>alert(1)</script></html>"),
    ],
)
def test_a_wicked_picture_breaks_no_page_and_shows_an_icon(open_browser, engine, name, content):  # noqa: F811
    browser = open_browser("admin")
    page = saved(browser, name, content)
    assert browser.get(page).status_code == browser.get("/customer/list/").status_code == 200
    answer = browser.get(f"/files/{rows(engine)[0].id}/small", buffered=True)
    assert answer.status_code == 200 and answer.data.startswith(ICON) and answer.mimetype == "image/svg+xml"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_a_thumbnail_is_drawn_once_and_swept_with_its_picture(open_browser, engine, settings, monkeypatch):  # noqa: F811
    browser = open_browser("admin")
    page = saved(browser, "a.jpg", picture())
    number = rows(engine)[0].id
    first = browser.get(f"/files/{number}/small", buffered=True).data
    assert len(contents(settings)) == 2
    monkeypatch.setattr(pictures, "draw", lambda _path: pytest.fail("It was drawn already."))
    assert browser.get(f"/files/{number}/small", buffered=True).data == first
    with engine.begin() as connection:
        connection.execute(stored_file.update().values(record_id=None))
    later = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(days=2)
    assert sweep_uploads(engine, settings.files_url, later) == 1
    assert contents(settings) == [] and browser.get(page).status_code == 200


def test_a_thumbnail_is_seen_only_with_its_record(open_browser, engine, session):  # noqa: F811
    admin = open_browser("admin")
    owner = user_id(session, "admin")
    session.rollback()
    admin.submit("/customer/add", {"name": "A", "owner": owner, "upload-photo": sent("a.jpg", picture())})
    path = f"/files/{rows(engine)[0].id}/small"
    assert admin.get(path, buffered=True).status_code == 200
    assert open_browser("sales").get(path, buffered=True).status_code == 404
    loose = upload(admin, "photo", "b.jpg", picture()).json["id"]
    assert admin.get(f"/files/{loose}/small", buffered=True).status_code == 404
