"""Files and pictures: uploaded in the form and over REST, seen by who sees the record, and never left behind."""

from __future__ import annotations

import copy
import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crm import file_store
from crm.entities.load import documents_from_json
from crm.errors import TooLargeError
from crm.fields.base import Field
from crm.fields.file import FileType, tidy_name
from crm.imports.matching import check_columns
from crm.imports.model import Column
from crm.messages import render
from crm.records.file_rows import stored_file
from crm.records.files import Upload, erase_files, inspect_upload, sweep_uploads
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.texts import Text
from crm.web.app import build_app
from tests.browsing import Browser
from tests.factories import user_id

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
PDF = b"%PDF-1.7\n" + b"x" * 100
FIELDS = {
    "photo": {"type": "image", "label": {"en": "Photo"}},
    "papers": {
        "type": "file",
        "many": True,
        "max_mb": 1,
        "accept": ["pdf", "docx"],
        "label": {"en": "Papers"},
    },
}


@pytest.fixture
def open_browser(engine: sa.Engine, settings: Any) -> Callable[[str], Browser]:
    """A function that signs a user in to a house whose customers have photos and papers."""
    bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
    customer = next(body for body in bodies if body.get("entity") == "customer" and "fields" in body)
    customer["fields"] |= FIELDS
    customer["list"]["columns"] = ["name", "photo", "papers"]
    sales = next(body for body in bodies if body.get("role") == "service")
    sales["entities"]["customer"]["hidden"] = ["papers"]
    publish_schema(engine, documents_from_json(bodies), "files")
    app = build_app(get_workspace(engine), settings, engine)
    app.test_client_class = Browser

    def open_one(username: str) -> Browser:
        browser = app.test_client()
        browser.sign_in(username)
        return browser

    return open_one


def sent(name: str, content: bytes) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def upload(browser: Browser, field: str, name: str, content: bytes) -> Any:
    data = {"file": sent(name, content), "entity": "customer", "field": field}
    headers = {"X-CSRFToken": browser.token("/profile/")}
    return browser.post("/api/v1/files/", data=data, headers=headers, content_type="multipart/form-data")


def call(browser: Browser, method: str, path: str, body: dict) -> Any:
    headers = {"X-CSRFToken": browser.token("/profile/")}
    return browser.open(path, method=method, json=body, headers=headers)


def rows(engine: sa.Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(sa.select(stored_file).order_by(stored_file.c.id)))


def contents(settings: Any) -> list[Path]:
    folder = file_store.local_path(settings.files_url, "files")
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def test_a_form_uploads_shows_replaces_and_removes_files(open_browser, engine):
    browser = open_browser("admin")
    assert 'enctype="multipart/form-data"' in browser.get("/customer/add").text
    made = browser.submit(
        "/customer/add",
        {"name": "A", "upload-photo": sent("me.png", PNG), "upload-papers": sent("α.pdf", PDF)},
    )
    assert made.status_code == 302
    record, listed = browser.get(made.location).text, browser.get("/customer/list/").text
    photo, papers = (row.id for row in rows(engine))
    assert f'src="/files/{photo}/small"' in record and "α.pdf" in record and "me.png" in listed
    edit = made.location.replace("show", "edit")
    browser.submit(edit, {"papers": str(papers), "upload-photo": sent("new.png", PNG)})
    shown = browser.get(made.location).text
    assert "new.png" in shown and "α.pdf" in shown and "me.png" in shown  # the old name in the history
    assert browser.get(f"/files/{photo}", buffered=True).status_code == 404  # replaced
    browser.submit(edit, {"papers": ""})
    assert browser.get(f"/files/{papers}", buffered=True).status_code == 404


def test_what_is_sent_out_cannot_run_and_is_not_kept_by_caches(open_browser):
    browser = open_browser("admin")
    made = browser.submit("/customer/add", {"name": "A", "upload-papers": sent("x.pdf", PDF)})
    answer = browser.get(
        browser.get(f"/api/v1{made.location.replace('show/', '')}").json["result"]["papers"][0]["url"],
        buffered=True,
    )
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"] == "attachment; filename=x.pdf"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "application/octet-stream"


@pytest.mark.parametrize(
    ("field", "file", "said"),
    [
        ("papers", ("a.pdf", b"<html><script>x</script>"), "Accepted file types"),
        ("papers", ("a.png", PNG), "Accepted file types"),
        ("photo", ("a.png", b"<svg onload=alert(1)>"), "Accepted file types"),
        ("papers", ("invoice.pdf.exe", PDF), "is a program"),
        ("papers", ("a.pdf", b"MZ" + b"\0" * 9), "is a program"),
        ("papers", ("a.pdf", b""), "is empty"),
    ],
)
def test_what_a_field_does_not_take_is_refused_and_leaves_nothing(
    open_browser, engine, settings, field, file, said
):
    browser = open_browser("admin")
    answer = browser.submit("/customer/add", {"name": "A", f"upload-{field}": sent(*file)})
    assert answer.status_code == 422 and said in answer.text
    assert upload(browser, field, *file).status_code in (413, 422)
    assert rows(engine) == [] and contents(settings) == []


def test_a_refused_form_keeps_the_upload_for_the_next_try(open_browser, engine):
    browser = open_browser("admin")
    answer = browser.submit("/customer/add", {"name": "", "upload-photo": sent("me.png", PNG)})
    [row] = rows(engine)
    assert answer.status_code == 422 and "me.png" in answer.text and f'value="{row.id}"' in answer.text
    made = browser.submit("/customer/add", {"name": "A", "photo": str(row.id)})
    assert browser.get(f"/files/{row.id}", buffered=True).data == PNG and made.status_code == 302


def test_rest_takes_an_id_of_ones_own_upload_only(open_browser):
    admin, other = open_browser("admin"), open_browser("manager")
    first = call(admin, "POST", "/api/v1/customer/", {"name": "A"}).json["id"]
    second = call(admin, "POST", "/api/v1/customer/", {"name": "B"}).json["id"]
    mine = upload(admin, "papers", "a.pdf", PDF)
    assert mine.status_code == 201
    number = mine.json["id"]
    stolen = call(other, "PUT", f"/api/v1/customer/{first}", {"papers": [number]})
    assert stolen.status_code == 422 and "not found for this field" in stolen.text
    assert "a.pdf" not in other.submit(f"/customer/edit/{first}", {"name": "", "papers": str(number)}).text
    assert (
        call(admin, "PUT", f"/api/v1/customer/{first}", {"photo": number}).status_code == 422
    )  # another field
    taken = call(admin, "PUT", f"/api/v1/customer/{first}", {"papers": [number]}).json["result"]["papers"]
    assert [(one["id"], one["name"], one["size"]) for one in taken] == [(number, "a.pdf", len(PDF))]
    assert call(admin, "PUT", f"/api/v1/customer/{second}", {"papers": [number]}).status_code == 422
    assert call(admin, "PUT", f"/api/v1/customer/{first}", {"papers": taken}).status_code == 200


def test_a_file_is_seen_only_with_its_record_and_field(open_browser, session):
    admin = open_browser("admin")
    owner = user_id(session, "admin")
    session.rollback()
    made = admin.submit(
        "/customer/add",
        {
            "name": "A",
            "owner": owner,
            "upload-papers": sent("a.pdf", PDF),
            "upload-photo": sent("b.png", PNG),
        },
    )
    values = admin.get(f"/api/v1{made.location.replace('show/', '')}").json["result"]
    papers, photo = values["papers"][0]["id"], values["photo"]["id"]
    service, sales = open_browser("service"), open_browser("sales")  # papers hidden; the record out of reach
    assert [service.get(f"/files/{one}", buffered=True).status_code for one in (papers, photo)] == [404, 200]
    assert [sales.get(f"/files/{one}", buffered=True).status_code for one in (papers, photo)] == [404, 404]
    assert sales.get(f"/api/v1/files/{photo}", buffered=True).status_code == 404
    assert upload(service, "papers", "x.pdf", PDF).status_code == 422
    assert admin.get("/files/0").status_code == admin.get("/files/99999999999999999999").status_code == 404


def test_uploads_without_a_record_are_swept_after_a_day(open_browser, engine, settings):
    browser = open_browser("admin")
    kept = browser.submit("/customer/add", {"name": "A", "upload-photo": sent("kept.png", PNG)})
    upload(browser, "photo", "lost.png", PNG)
    assert sweep_uploads(engine, settings.files_url) == 0
    later = dt.datetime.now(dt.UTC).replace(tzinfo=None) + dt.timedelta(days=2)
    assert sweep_uploads(engine, settings.files_url, later) == 1
    assert [row.name for row in rows(engine)] == ["kept.png"] and len(contents(settings)) == 1
    assert kept.status_code == 302


def test_erased_files_leave_neither_name_nor_content(open_browser, engine, settings, session_as):
    browser = open_browser("admin")
    made = browser.submit("/customer/add", {"name": "A", "upload-photo": sent("Maria.png", PNG)})
    session = session_as()
    entity = get_workspace(engine).schema.entities["customer"]
    assert erase_files(session, entity, int(made.location.rsplit("/", 1)[1])) == 1
    session.commit()
    assert rows(engine)[0].name == ""
    assert sweep_uploads(engine, settings.files_url) == 1 and contents(settings) == [] and rows(engine) == []


def test_a_full_disk_is_said_and_leaves_nothing(open_browser, engine, settings, monkeypatch):
    browser = open_browser("admin")
    system, _path = file_store.place_of(settings.files_url, "x")

    class Full(io.BytesIO):
        def write(self, _block: Any) -> int:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(system), "open", lambda *_args, **_named: Full())
    answer = browser.submit("/customer/add", {"name": "A", "upload-photo": sent("a.png", PNG)})
    assert answer.status_code == 422 and "no space left for files" in answer.text
    assert upload(browser, "photo", "a.png", PNG).status_code == 507
    assert rows(engine) == [] and contents(settings) == []


def test_columns_of_files_are_refused_by_the_import_with_a_sentence(open_browser, engine, session_as):
    open_browser("admin")
    workspace = get_workspace(engine)
    entity, actor = workspace.schema.entities["customer"], session_as().actor
    problems = check_columns([Column(0, "Photo", "photo")], entity, actor, ())
    assert [problem.code for problem in problems] == ["import.field_not_importable"]


def test_a_file_that_is_too_large_is_refused_before_anything_is_written(settings):
    field = Field("papers", "file", Text("Papers"), options=FileType().build_options(FIELDS["papers"]))
    with pytest.raises(TooLargeError) as refused:
        inspect_upload(field, Upload("a.pdf", io.BytesIO(PDF * 12_000), 25))
    assert render(refused.value, "en") == "This file is too large. Limit: 1 MB."
    with pytest.raises(TooLargeError):  # a sender whose bytes are more than were counted
        file_store.write_file(settings.files_url, "files/a", io.BytesIO(PDF * 12_000), 1)
    assert contents(settings) == []


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.pdf", "y.pdf"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("a" * 300 + ".pdf", "a" * 251 + ".pdf"),
        ("חשבונית.pdf", "חשבונית.pdf"),
        ("\0", "file"),
    ],
)
def test_names_are_tidied(name, kept):
    assert tidy_name(name) == kept


def test_files_come_back_from_the_bin_move_with_a_merge_and_go_with_a_purge(
    open_browser, engine, settings, session_as
):
    browser = open_browser("admin")
    papers = [upload(browser, "papers", f"{name}.pdf", PDF + name.encode()).json["id"] for name in "abc"]
    photo = upload(browser, "photo", "p.png", PNG).json["id"]
    values = {"kind": "company", "country": "GR", "language": "el"}
    for name, files in (("One", papers[:1]), ("Two", papers[1:])):
        made = call(browser, "post", "/api/v1/customer/", {**values, "name": name, "papers": files})
        assert made.status_code == 201, made.text
    assert call(browser, "put", "/api/v1/customer/2", {"photo": photo}).status_code == 200

    def names(number, field="papers"):
        found = browser.get(f"/api/v1/customer/{number}").json["result"][field]
        return [each["name"] for each in found] if isinstance(found, list) else found and found["name"]

    assert call(browser, "delete", "/api/v1/customer/2", {}).status_code == 200
    assert browser.get(f"/files/{photo}").status_code == 404
    assert call(browser, "post", "/api/v1/customer/2/restore", {}).status_code == 200
    assert (names(2), names(2, "photo")) == (["b.pdf", "c.pdf"], "p.png")
    merged = call(browser, "post", "/api/v1/customer/merge", {"into": 1, "from": [2], "values": {"photo": 2}})
    assert merged.status_code == 200, merged.text
    assert (names(1), names(1, "photo")) == (["a.pdf", "b.pdf", "c.pdf"], "p.png")
    with browser.get(f"/files/{photo}") as shown:
        assert shown.status_code == 200
    undone = call(browser, "post", f"/api/v1/job/{merged.json['job']}/undo", {})
    assert (undone.json["state"], undone.json["refused"]) == ("done", 0), undone.text
    assert (names(1), names(1, "photo"), names(2), names(2, "photo")) == (
        ["a.pdf"],
        None,
        ["b.pdf", "c.pdf"],
        "p.png",
    )
    call(browser, "delete", "/api/v1/customer/2", {})
    assert browser.submit("/bin/customer/2/purge", {}, page="/profile/").status_code == 302
    sweep_uploads(engine, settings.files_url)
    assert [row.record_id for row in rows(engine)] == [1] and len(contents(settings)) == 1
