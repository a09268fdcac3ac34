"""Documents as text in the web: shown, checked at their lines, kept in the draft, taken along as files."""

from __future__ import annotations

import io
import zipfile

import pytest

from crm.entities.load import load_document
from crm.web.schema.skeletons import SKELETONS

LARGE = "/admin/schema/documents/segment/large_customers"


@pytest.fixture
def browser(client):
    return client("admin")


def send(browser, url, text, deed="save"):
    return browser.post(url, data={"csrf_token": browser.token(LARGE), "text": text, "deed": deed})


def text_of(browser):
    return browser.get(f"{LARGE}/download").data.decode()


def test_a_changed_text_is_kept_in_the_draft_and_marked(browser):
    changed = text_of(browser).replace("25000", "30000")
    assert send(browser, LARGE, changed).status_code == 302
    assert text_of(browser) == changed
    assert "Changed" in browser.get("/admin/schema/documents/").text


def test_a_wrong_name_is_shown_at_its_line_and_the_text_is_kept(browser):
    wrong = text_of(browser).replace("field: revenue", "field: revenu")
    answer = send(browser, LARGE, wrong, "check")
    line = next(place for place, words in enumerate(wrong.splitlines(), 1) if "revenu" in words)
    assert answer.status_code == 422
    assert f"Line {line}" in answer.text and "field: revenu" in answer.text and "“revenue”" in answer.text
    assert browser.get("/admin/schema/draft/").text.count("large_customers") == 0


def test_a_text_that_is_no_yaml_is_not_kept(browser):
    answer = send(browser, LARGE, "segment: large_customers\nif: [")
    assert answer.status_code == 422 and "Line" in answer.text
    assert "25000" in text_of(browser)


def test_a_document_of_another_kind_is_refused(browser):
    assert send(browser, LARGE, "role: large_customers\n").status_code == 422


def test_markup_in_a_text_stays_text(browser):
    answer = send(browser, LARGE, "segment: x\nlabel: </textarea><script>alert(1)</script>\n: [", "check")
    assert "<script>alert" not in answer.text


def test_a_new_document_comes_from_its_skeleton(browser):
    page = browser.get("/admin/schema/documents/new/segment").text
    assert "segment: my_segment" in page
    text = text_of(browser).replace("segment: large_customers", "segment: very_large")
    answer = send(browser, "/admin/schema/documents/new/segment", text)
    assert answer.location.endswith("/segment/very_large")
    assert "very_large" in browser.get("/admin/schema/draft/").text


@pytest.mark.parametrize("kind", SKELETONS)
def test_every_skeleton_is_yaml_of_its_kind(kind):
    document, problems = load_document(SKELETONS[kind], "text")
    assert problems == [] and document.kind == kind


def test_a_file_takes_the_place_of_the_text(browser):
    changed = text_of(browser).replace("25000", "40000")
    file = (io.BytesIO(changed.encode()), "large_customers.yaml")
    token = browser.token(LARGE)
    answer = browser.post(LARGE, data={"csrf_token": token, "deed": "save", "text": "x", "file": file})
    assert answer.status_code == 302 and text_of(browser) == changed


def test_all_documents_come_as_files_that_publish_nothing_new(browser, workspace):
    answer = browser.get("/admin/schema/documents/all.zip")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        names = archive.namelist()
        body = load_document(archive.read("entities/deal.yaml").decode(), "entities/deal.yaml")[0].body
    assert len(names) == len(workspace.schema.documents) + 1 and "revision.txt" in names
    assert body == next(d.body for d in workspace.schema.documents if (d.kind, d.name) == ("entity", "deal"))


def test_a_removed_document_goes_with_the_draft(browser):
    answer = browser.post(f"{LARGE}/remove", data={"csrf_token": browser.token(LARGE)})
    assert answer.status_code == 302 and browser.get(LARGE).status_code == 404
    assert "Removed" in browser.get("/admin/schema/documents/").text


def test_only_who_may_configure_sees_the_documents(client):
    assert client("sales").get(LARGE).status_code in (302, 403)
    assert client("configurator").get(LARGE).status_code == 200


UPLOAD = "/admin/schema/documents/upload/"


def send_files(browser, *files):
    token = browser.token(UPLOAD)
    sent = [(io.BytesIO(content), name) for name, content in files]
    return browser.post(UPLOAD, data={"csrf_token": token, "file": sent}, content_type="multipart/form-data")


def test_sent_files_are_shown_as_changes_and_then_kept_in_the_draft(browser):
    changed = text_of(browser).replace("25000", "40000")
    assert send_files(browser, ("large_customers.yaml", changed.encode())).location.endswith(UPLOAD)
    page = browser.get(UPLOAD).text
    assert "Large customers" in page and "<ins><bdi>40000</bdi></ins>" in page
    assert text_of(browser) != changed
    answer = browser.post(f"{UPLOAD}take", data={"csrf_token": browser.token(UPLOAD), "version": ""})
    assert answer.location.endswith("/admin/schema/draft/") and text_of(browser) == changed
    assert 'id="preview"' not in browser.get(UPLOAD).text


def test_files_with_problems_are_answered_with_all_of_them_and_nothing_is_kept(browser):
    answer = send_files(browser, ("x.yaml", b"segment: ["), ("y.zip", b"no zip"))
    assert answer.status_code == 422
    assert "x.yaml:" in answer.text and "y.zip" in answer.text
    assert 'id="preview"' not in browser.get(UPLOAD).text


def test_files_can_be_thrown_away_again(browser):
    send_files(browser, ("x.yaml", b"segment: new_one\nentity: customer\nif: [{field: id, above: 3}]\n"))
    browser.post(f"{UPLOAD}forget", data={"csrf_token": browser.token(UPLOAD)})
    assert 'id="preview"' not in browser.get(UPLOAD).text


def test_markup_in_the_name_of_a_file_stays_text(browser):
    answer = send_files(browser, ("<script>alert(1)<script>.yaml", b"segment: ["))
    assert answer.status_code == 422 and "<script>alert" not in answer.text
