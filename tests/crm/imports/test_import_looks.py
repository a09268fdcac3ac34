"""A look that takes long is no work of a web request, and one clock holds for every way into a file."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace

import pytest

from crm.errors import ImportRowError
from crm.imports import jobs, lease, service, work
from crm.imports.delimited import FOUND, find_delimiter
from crm.imports.model import Limits
from crm.imports.reader import look_at_file
from crm.imports.service import import_settings
from crm.imports.slots import free_slot
from tests.crm.imports.workbooks import sheet_of, table_of, text_cell, write_workbook

PEOPLE = b"Name;E-mail;City\nAna;ana@x.org;Cluj\n"


@pytest.fixture
def slow_file(tmp_path) -> bytes:
    """A small workbook whose reading takes minutes: each row has its only cell in the last column."""
    rows = "".join(f'<row r="{number}">{text_cell(f"XFD{number}", "x")}</row>' for number in range(3, 40_000))
    path = write_workbook(
        tmp_path / "slow.xlsx", sheet_of(table_of([["name", "city"], ["Ana", "Cluj"]]) + rows)
    )
    assert path.stat().st_size < 400_000
    return path.read_bytes()


@pytest.fixture
def shop(engine, settings):
    """What a worker works with, by the app's own settings; files may take three seconds."""
    place = import_settings(settings)
    return lease.ImportWorkshop(engine, replace(place, limits=replace(place.limits, seconds=3)))


def post(browser, content: bytes, name: str, **options):
    headers = browser.api_token("manager")
    data = {"file": (io.BytesIO(content), name), "options": json.dumps({"entity": "customer", **options})}
    return browser.post("/api/v1/import/", data=data, headers=headers)


def test_both_readers_of_a_file_share_one_clock(tmp_path, slow_file):
    path = tmp_path / "slow.xlsx"
    begun = time.monotonic()
    with pytest.raises(ImportRowError) as refused:
        look_at_file(path, path.name, Limits(seconds=3))
    assert refused.value.code == "import.too_slow"
    assert time.monotonic() - begun < 8


def test_a_look_that_takes_long_becomes_a_workers_and_ends_with_the_right_reason(client, shop, slow_file):
    browser = client()
    begun = time.monotonic()
    answer = post(browser, slow_file, "slow.xlsx")
    assert answer.status_code == 202 and time.monotonic() - begun < 6
    batch_id = answer.json["batch"]
    headers = browser.api_token("manager")
    assert browser.get(f"/api/v1/import/{batch_id}", headers=headers).json["state"] == "looking"
    assert work.look_batch(shop, batch_id)
    told = browser.get(f"/api/v1/import/{batch_id}", headers=headers).json
    assert told["state"] == "failed" and "took too long" in told["problem"]


def test_an_upload_while_another_is_read_waits_for_a_worker_and_goes_on_as_told(client, shop, settings):
    browser = client()
    with free_slot(import_settings(settings).files_url) as is_free:
        assert is_free
        batch_id = post(browser, PEOPLE, "people.csv", map={"City": ""}).json["batch"]
    assert work.look_batch(shop, batch_id)
    assert work.check_batch(shop, batch_id)
    headers = browser.api_token("manager")
    told = browser.get(f"/api/v1/import/{batch_id}", headers=headers).json
    assert (told["state"], told["created"]) == ("checked", 1)
    assert told["notes"] == ["These columns are not imported: City."]


def test_the_wizard_waits_with_its_page_and_shows_the_columns_then(client, shop, settings):
    browser = client("manager")
    with free_slot(import_settings(settings).files_url):
        data = {"entity": "customer", "file": (io.BytesIO(PEOPLE), "people.csv")}
        page = browser.submit("/import/", data).location
    waiting = browser.get(page).text
    assert 'data-poll="1"' in waiting and "Reading file" in waiting
    batch_id = int(page.rsplit("/", 1)[1])
    assert work.look_batch(shop, batch_id)
    assert "Match columns to fields" in browser.get(f"{page}/progress").text
    with free_slot(import_settings(settings).files_url):
        assert browser.submit(f"{page}/sheet", {"header_row": "1", "delimiter": ","}, page).status_code == 302
    assert work.look_batch(shop, batch_id)
    assert "Name;E-mail;City" in browser.get(page).text


def test_a_look_that_fails_later_leaves_the_import_as_it_was(client, shop, settings):
    browser = client("manager")
    data = {"entity": "customer", "file": (io.BytesIO(PEOPLE), "people.csv")}
    page = browser.submit("/import/", data).location
    with free_slot(import_settings(settings).files_url):
        browser.submit(f"{page}/sheet", {"header_row": "7"}, page)
    assert work.look_batch(shop, int(page.rsplit("/", 1)[1]))
    text = browser.get(page).text
    assert "Row 7 is empty" in text and "Match columns to fields" in text


def test_a_lease_is_renewed_while_a_file_is_read(workshop, monkeypatch, slow_file):
    place = replace(workshop.shop.settings, patience=1, limits=Limits(seconds=5))
    with workshop.session_as() as session:
        found = service.entity_of(session, "customer")
        batch_id = service.start_import(session, place, found, io.BytesIO(slow_file), "slow.xlsx")
        session.commit()
    beats = []
    real = lease.Attempt.beat
    monkeypatch.setattr(
        lease.Attempt, "beat", lambda self, **values: (beats.append(values), real(self, **values))
    )
    assert work.look_batch(replace(workshop.shop, settings=replace(place, patience=None)), batch_id)
    assert [values["total"] for values in beats] == [5] * len(beats) and len(beats) >= 1
    assert workshop.batch(batch_id)["state"] == "failed"


def test_cancelling_stops_the_reading(workshop, monkeypatch, slow_file):
    place = replace(workshop.shop.settings, patience=1)
    with workshop.session_as() as session:
        found = service.entity_of(session, "customer")
        batch_id = service.start_import(session, place, found, io.BytesIO(slow_file), "slow.xlsx")
        session.commit()
    real = lease.Attempt.beat

    def cancelled(self, **values):
        workshop.deed(batch_id, service.cancel)
        real(self, **values)

    monkeypatch.setattr(lease.Attempt, "beat", cancelled)
    begun = time.monotonic()
    assert not work.look_batch(workshop.shop, batch_id)
    assert time.monotonic() - begun < 10 and workshop.batch(batch_id)["state"] == "cancelled"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("header_row", -5), ("header_row", 0), ("header_row", "1"), ("header_row", True), ("header_row", 1.5),
        ("rules", "x"), ("rules", 1), ("mode", "delete"), ("mode", []), ("encoding", "klingon"),
        ("encoding", "base64"), ("delimiter", "ab"), ("delimiter", '"'), ("delimiter", ""), ("sheet", 3),
        ("map", 7), ("map", {"City": 3}), ("key", {"a": 1}), ("key", "nothing"), ("long_cells", "yes"),
        ("apply", 1), ("colour", "red"),
    ],
)  # fmt: skip
def test_an_option_that_makes_no_sense_is_400_and_named(client, option, value):
    answer = post(client(), PEOPLE, "people.csv", **{option: value})
    assert answer.status_code == 400, answer.text
    assert option in answer.json["error"]["message"]


def test_equal_headers_are_refused_until_a_program_says_which_is_meant(client, shop):
    content = b"Name;City;City\nAna;Cluj;Dej\n"
    answer = post(client(), content, "people.csv")
    assert answer.status_code == 422
    assert "B, C" in json.dumps(answer.json)
    browser = client()
    batch_id = post(browser, content, "people.csv", map={"C": "city", "B": None}).json["batch"]
    assert work.check_batch(shop, batch_id)


def test_an_import_that_shall_run_by_itself_is_written_after_its_check(client, shop):
    browser = client()
    batch_id = post(browser, PEOPLE, "people.csv", apply=True).json["batch"]
    assert work.check_batch(shop, batch_id)
    assert work.apply_batch(shop, batch_id)
    headers = browser.api_token("manager")
    assert browser.get(f"/api/v1/import/{batch_id}", headers=headers).json["created"] == 1


@pytest.mark.parametrize("delimiter", ["^", "~", "§", " ", "#"])
def test_any_single_character_parts_columns_by_rest_and_in_the_wizard(client, shop, delimiter):
    content = f"Name{delimiter}City\nAna{delimiter}Cluj\n".encode()
    browser = client("manager")
    batch_id = post(client(), content, "people.csv", delimiter=delimiter).json["batch"]
    assert work.check_batch(shop, batch_id)
    assert ">Cluj<" not in browser.get(f"/import/{batch_id}").text
    data = {"entity": "customer", "file": (io.BytesIO(content), "people.csv")}
    page = browser.submit("/import/", data).location
    browser.submit(f"{page}/sheet", {"delimiter": "other", "other_delimiter": delimiter}, page)
    text = browser.get(page).text
    assert "<strong" in text and ">City<" in text and f'value="{delimiter}"' in text


def test_workers_look_at_one_file_at_a_time_and_ring_for_the_next(client, settings, monkeypatch):
    browser, rung = client(), []
    with free_slot(import_settings(settings).files_url):
        first, second = (post(browser, PEOPLE, "people.csv").json["batch"] for _ in range(2))
    monkeypatch.setattr(jobs, "current_settings", lambda: settings)
    monkeypatch.setattr(jobs.queue, "ring", lambda *bell: rung.append(bell))
    headers = browser.api_token("manager")

    def state(batch_id: int) -> str:
        return browser.get(f"/api/v1/import/{batch_id}", headers=headers).json["state"]

    with free_slot(import_settings(settings).files_url, "worker"):
        jobs.look_batch(first)
    assert (state(first), rung) == ("looking", [])
    jobs.look_batch(first)
    assert state(first) == "checking"
    assert ("imports.look_batch", second) in rung


def test_long_checks_leave_a_worker_free_and_short_ones_do_not_wait_for_them(client, settings, monkeypatch):
    browser, rung = client(), []
    house = import_settings(settings).files_url
    first, second = (post(browser, PEOPLE, "people.csv").json["batch"] for _ in range(2))
    monkeypatch.setattr(jobs, "current_settings", lambda: settings)
    monkeypatch.setattr(jobs.queue, "ring", lambda *bell: rung.append(bell))
    headers = browser.api_token("manager")

    def state(batch_id: int) -> str:
        return browser.get(f"/api/v1/import/{batch_id}", headers=headers).json["state"]

    with free_slot(house, "check"):  # somebody checks a long file; of two workers the other stays free
        jobs.check_batch(first)
        assert state(first) == "checked", "a short one does not wait"
        monkeypatch.setattr(jobs, "LONG_ROWS", 1)
        jobs.check_batch(second)
        assert state(second) == "checking", "a second long one does"
    jobs.check_batch(second)
    assert state(second) == "checked"


@pytest.mark.parametrize("delimiter", FOUND)
def test_an_even_delimiter_is_found_by_itself(tmp_path, delimiter):
    file = tmp_path / "people.csv"
    file.write_text(f"Name{delimiter}City{delimiter}Note\nAna{delimiter}Cluj{delimiter}a, b; c\n")
    assert find_delimiter(file, "utf-8") == delimiter
