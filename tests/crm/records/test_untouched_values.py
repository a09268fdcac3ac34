"""What nobody touches stays, on every surface: beside new limits, retired choices, an hour that comes twice."""

from __future__ import annotations

import copy
import datetime as dt
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook

from crm.entities.load import documents_from_json
from crm.errors import RecordError, SchemaError
from crm.fields.base import Situation
from crm.records.export import export_columns, export_rows
from crm.records.journal import list_changes
from crm.records.listing import ListQuery, list_records
from crm.records.service import create_record, update_record
from crm.revisions.publish import publish_schema, rollback_schema
from crm.revisions.workspace import get_workspace
from crm.web.app import build_app
from tests.browsing import Browser
from tests.crm.imports.bench import Workshop, counts, csv_of, shop_in
from tests.crm.records.rotating import open_system
from tests.crm.web.form_reader import form_of

COLOURS = {"red": {"label": {"en": "Red", "el": "Κόκκινο", "ro": "Roșu", "he": "אדום"}, "color": "red"},
           "blue": {"label": "Blue"}, "green": {"label": "Green"}}  # fmt: skip
FIELDS: dict[str, Any] = {
    "name": {"type": "text", "required": True},
    "amount": {"type": "decimal"},
    "code": {"type": "text"},
    "begins": {"type": "date"},
    "ends": {"type": "date", "after": "begins"},
    "called_at": {"type": "datetime"},
    "is_sure": {"type": "boolean"},
    "colour": {"type": "choice", "choices": COLOURS},
    "colours": {"type": "choices", "choices": COLOURS},
}
TIGHTER = {
    **FIELDS,
    "amount": {"type": "decimal", "at_least": 0},
    "code": {"type": "text", "max_length": 3, "pattern": "[A-Z]+"},
    "ends": {"type": "date", "after": "2026-06-01"},
}
FEWER = {key: COLOURS[key] for key in ("blue", "green")}
RETIRED = {
    **FIELDS,
    "colour": {"type": "choice", "choices": FEWER},
    "colours": {"type": "choices", "choices": FEWER},
}
VALUES = {
    "name": "Old",
    "amount": "-120.50",
    "code": "much too long",
    "ends": "2026-01-05",
    "called_at": "2026-10-25T01:30:00Z",  # the second of two equal hours in Athens
    "colour": "red",
    "colours": ["red", "blue"],
}


class Trial:
    """An entity of our own beside the shipped ones, with one record."""

    def __init__(self, engine: Any, settings: Any, begin_at: Any) -> None:
        self.engine, self.settings = engine, settings
        self.id = begin_at(__name__, self.begin)

    def begin(self) -> int:
        self.publish(FIELDS)
        with self.open() as session:
            made = create_record(session, self.entity(session), VALUES, Situation(source="api")).id
            session.commit()
        return made

    def publish(self, fields: dict[str, Any], *more: dict[str, Any]) -> int:
        bodies = [dict(document.body) for document in get_workspace(self.engine).schema.documents]
        bodies = [body for body in bodies if body.get("entity") != "trial" or "fields" not in body]
        trial = {"entity": "trial", "label": "Trial", "title": "{name}", "fields": copy.deepcopy(fields)}
        trial |= {"kanban": {"by": "colour"}, "list": {"columns": ["name", "colour", "colours"]}}
        return publish_schema(self.engine, documents_from_json([*bodies, trial, *more]), "Trial")

    def open(self) -> Any:
        return open_system(self.engine)

    @staticmethod
    def entity(session: Any) -> Any:
        return session.workspace.schema.entities["trial"]

    def save(self, values: dict[str, Any], source: str = "api") -> None:
        with self.open() as session:
            update_record(session, self.entity(session), self.id, values, Situation(source=source))
            session.commit()

    def changed(self) -> list[str]:
        """Return the fields that were changed since the record was made."""
        with self.open() as session:
            rows = list_changes(session, self.entity(session), self.id)
        return sorted({name for row in rows if row["kind"] == "updated" for name in row["values"]})

    def browser(self, language: str = "en") -> Browser:
        app = build_app(get_workspace(self.engine), self.settings, self.engine)
        app.test_client_class = Browser
        browser = app.test_client()
        browser.sign_in("admin")
        browser.get(f"/lang/{language}")
        return browser

    def save_form(self, browser: Browser, **other: Any) -> Any:
        page = browser.get(f"/trial/edit/{self.id}").text
        start = page.index('id="record-form"')
        form = form_of(page[start : page.index("</form>", start)])
        for name, value in other.items():
            form.setlist(name, value if isinstance(value, list) else [value])
        return browser.post(f"/trial/edit/{self.id}", data=form)

    def export(self) -> list[list[Any]]:
        with self.open() as session:
            names = export_columns(session, self.entity(session))
            return [names, *export_rows(session, self.entity(session), ListQuery([]), names)]


@pytest.fixture
def trial(engine, settings, begin_at) -> Trial:
    return Trial(engine, settings, begin_at)


@pytest.mark.parametrize("fields", [TIGHTER, RETIRED], ids=["limits", "choices"])
def test_a_form_changes_only_what_somebody_touched(trial, fields):
    trial.publish(fields)
    assert trial.save_form(trial.browser(), name="New").status_code == 302
    assert trial.changed() == ["name"]


@pytest.mark.parametrize("fields", [TIGHTER, RETIRED], ids=["limits", "choices"])
@pytest.mark.parametrize("source", ["api", "rule"])
def test_rest_and_rules_judge_only_what_they_change(trial, fields, source):
    trial.publish(fields)
    trial.save({**VALUES, "name": "New"}, source)
    assert trial.changed() == ["name"]


@pytest.mark.parametrize("fields", [TIGHTER, RETIRED], ids=["limits", "choices"])
def test_an_export_is_an_import_without_a_change(trial, fields, session_as, tmp_path):
    trial.publish(fields)
    table = trial.export()
    book = Workbook()
    for row in table:
        book.active.append([value if value is not None else "" for value in row])
    written = BytesIO()
    book.save(written)
    text = csv_of([["" if value is None else value for value in row] for row in table])
    told = [f"{name}={name}" for name in table[0]]
    workshop = Workshop(shop_in(trial.engine, tmp_path / "files"), lambda *_who: trial.open())
    for name, content in (("rows.xlsx", written.getvalue()), ("rows.csv", text)):
        batch = workshop.run(content, "trial", name=name, mode="update", keys=["id"], told=told)
        assert counts(batch) == {"unchanged": 1}, [row.problems for row in workshop.rows(batch["id"])]


@pytest.mark.parametrize(
    ("field", "bad", "good"),
    [("amount", "-1", "1"), ("code", "abcd", "ABC"), ("ends", "2026-02-02", "2026-07-01")],
)
def test_what_is_touched_is_judged(trial, field, bad, good):
    trial.publish(TIGHTER)
    with pytest.raises(RecordError) as caught:
        trial.save({field: bad})
    assert [problem.field for problem in caught.value.problems] == [field]
    trial.save({field: good})
    assert trial.changed() == [field]


def test_a_limit_in_another_field_is_kept_whichever_of_the_two_is_sent(trial):
    for values in ({"begins": "2026-02-01"}, {"begins": "2026-02-01", "ends": "2026-01-05"}):
        with pytest.raises(RecordError) as caught:
            trial.save(values)
        assert [problem.field for problem in caught.value.problems] == ["ends"]
    trial.save({"begins": "2026-01-01"})


def test_both_hours_are_kept_and_the_minutes_can_be_changed(trial):
    trial.save_form(trial.browser(), called_at="2026-10-25T03:45")
    with trial.open() as session:
        record = session.get(session.workspace.models["trial"], trial.id)
        assert record.called_at == dt.datetime(2026, 10, 25, 1, 45)


@pytest.mark.parametrize(
    ("language", "label"), [("en", "Red"), ("el", "Κόκκινο"), ("ro", "Roșu"), ("he", "אדום")]
)
def test_a_retired_choice_is_shown_by_its_last_label(trial, language, label):
    trial.publish(RETIRED)
    browser = trial.browser(language)
    for page in ("/trial/list/", f"/trial/show/{trial.id}", "/trial/list/?f.colour.is=red"):
        assert label in browser.get(page).text, page
    form = browser.get(f"/trial/edit/{trial.id}").text
    marked = {"en": "Red (no longer available)", "el": "Κόκκινο (δεν προσφέρεται πλέον)",
              "ro": "Roșu (nu se mai oferă)", "he": "אדום (לא זמין עוד)"}  # fmt: skip
    assert form.count(f"selected>{marked[language]}</option>") == 2


def test_a_retired_choice_can_be_left_but_not_chosen(trial):
    trial.publish(RETIRED)
    with trial.open() as session, pytest.raises(RecordError):
        create_record(session, trial.entity(session), {"name": "x", "colour": "red"}, Situation(source="api"))
    trial.save_form(trial.browser(), colours=["green", "red"])
    trial.save({"colour": "blue"})
    with trial.open() as session:
        record = session.get(session.workspace.models["trial"], trial.id)
        assert (record.colour, record.colours) == ("blue", ("green", "red"))
    with pytest.raises(RecordError) as caught:
        trial.save({"colour": "red"})
    assert [problem.field for problem in caught.value.problems] == ["colour"]


def test_an_import_neither_brings_a_retired_choice_nor_loses_one(trial, tmp_path):
    trial.publish(RETIRED)
    workshop = Workshop(shop_in(trial.engine, tmp_path / "files"), lambda *_who: trial.open())
    table = [["name", "colour"], ["Old", "Red"], ["Another", "Red"]]
    batch = workshop.check(csv_of(table), "trial", mode="upsert", keys=["name"])
    assert [row.action for row in workshop.rows(batch["id"])] == ["unchanged", "error"]


def test_a_retired_choice_finds_its_records_and_a_rollback_offers_it_again(trial):
    live = get_workspace(trial.engine).number
    trial.publish(RETIRED)
    with trial.open() as session:
        page = list_records(session, trial.entity(session), ListQuery([{"field": "colour", "is": "red"}]))
        assert [row["id"] for row in page.rows] == [trial.id]
        field = trial.entity(session).fields["colour"]
        assert list(field.options["retired"]) == ["red"]
    rollback_schema(trial.engine, live)
    assert "retired" not in get_workspace(trial.engine).schema.entities["trial"].fields["colour"].options
    trial.save({"colour": "blue"})
    trial.save({"colour": "red"})


def test_no_rule_may_name_a_retired_choice(trial):
    trial.publish(RETIRED)
    body = {"segment": "reds", "label": "Reds", "entity": "trial", "if": [{"field": "colour", "is": "red"}]}
    with pytest.raises(SchemaError):
        trial.publish(RETIRED, body)


def test_a_box_that_was_never_answered_stays_so(trial):
    trial.save_form(trial.browser(), name="New")
    with trial.open() as session:
        assert session.get(session.workspace.models["trial"], trial.id).is_sure is None
