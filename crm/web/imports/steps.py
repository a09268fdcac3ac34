"""What the wizard's pages show of an import: its step, its columns with samples, its rows, its counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
from flask import url_for
from flask_babel import pgettext

from crm.database import CrmSession, utcnow
from crm.entities.model import Entity
from crm.errors import CrmError
from crm.events import NAMED_LISTENERS
from crm.fields import FIELD_TYPES
from crm.imports import service, store
from crm.imports.carry import names_today
from crm.imports.cells import cell_text
from crm.imports.coding import decode_cells, decode_changes
from crm.imports.delimited import DELIMITERS, ENCODINGS
from crm.imports.matching import missing_required, shown_header
from crm.imports.model import Column, Matching, build_look, build_matching
from crm.imports.notes import has_doubts
from crm.imports.service import Batch
from crm.kept_problems import decode_problems, told_note
from crm.messages import render
from crm.permissions.service import writable_fields
from crm.records.journal import CREATED, UPDATED
from crm.records.values import situation_of
from crm.revisions.former_names import read_former_names
from crm.texts import N_, NP_
from crm.web.language import current_language, spoken

STEPS = (NP_("step", "File"), NP_("step", "Match columns"), NP_("step", "Preview"), NP_("step", "Import"))
STEP_OF = {
    "looking": 1,
    "matching": 2,
    "checking": 3,
    "checked": 3,
    "applying": 4,
    "done": 4,
    "undoing": 4,
    "undone": 4,
}
BUSY = ("looking", "checking", "applying", "undoing")
STATES = {
    "looking": (NP_("state.import", "Reading file"), "yellow"),
    "matching": (NP_("state.import", "Needs your input"), "blue"),
    "checking": (NP_("state.import", "Preparing preview"), "yellow"),
    "checked": (NP_("state.import", "Preview ready"), "blue"),
    "applying": (NP_("state.import", "Importing"), "yellow"),
    "done": (NP_("state.import", "Imported"), "green"),
    "cancelled": (NP_("state.import", "Stopped"), "gray"),
    "failed": (NP_("state.import", "Failed"), "red"),
    "undoing": (NP_("state.import", "Undoing"), "yellow"),
    "undone": (NP_("state.import", "Undone"), "gray"),
}
FORMATS: Mapping[str, dict[str, Any]] = {
    "day": {"day_first": True},
    "month": {"day_first": False},
    "comma": {"decimal": ","},
    "point": {"decimal": "."},
}
FORMAT_WORDS = {
    "day": N_("day first: 31/12/2026"),
    "month": N_("month first: 12/31/2026"),
    "comma": NP_("option", "1.234,56"),
    "point": NP_("option", "1,234.56"),
}
FORMATS_OF_KIND = {"date": ("day", "month"), "datetime": ("day", "month"), "number": ("comma", "point")}
SAMPLES = 3
SHOWN_ROWS = 5
SHOWN_PROBLEMS = 50
SHOWN_CHANGES = 10


def describe(session: CrmSession, batch: Batch, error: CrmError | None = None) -> dict[str, Any]:
    """Return what the page of an import shows.

    Shape:  `error` is what was refused just now; its sentences come first.
    """
    entity = service.entity_of(session, batch["entity"])
    state, color = STATES[batch["state"]]
    return {
        "title": pgettext("title", "Import %(id)s", id=batch["id"]),
        "batch": batch,
        "entity": entity,
        "state_label": spoken(state),
        "state_color": color,
        "steps": [spoken(step) for step in STEPS],
        "step": STEP_OF.get(batch["state"], 4 if batch["done"] else 2),
        "is_busy": batch["state"] in BUSY,
        "before": lambda: (
            store.count_before(session.connection(), batch["id"]) if has_no_worker(batch) else 0
        ),
        "url": url_for("ImportView.show", batch_id=batch["id"]),
        "has_doubts": batch["state"] == "checked" and has_doubts(batch["notes"]),
        "rules": lambda: rules_told(session, batch),
        "notes": [told_note(note, current_language()) for note in batch["notes"]],
        "failure": told_note(batch["problem"], current_language()) if batch["problem"] else "",
        "errors": errors_of(error) if error else [],
        "file": lambda: file_of(batch),
        "match": lambda: match_of(session, entity, batch),
        "problem_rows": lambda: problem_rows(session, entity, batch),
        "changed_rows": lambda: changed_rows(session, entity, batch),
    }


def rules_told(session: CrmSession, batch: Batch) -> list[str]:
    """Return what the rules are called that will look at the records an import writes; nothing when it goes without."""
    if (batch["matching"] or {}).get("rules", "run") != "run":
        return []
    kinds = {kind for kind, count in ((CREATED, batch["created"]), (UPDATED, batch["updated"])) if count}
    schema, language = session.workspace.schema, current_language()
    found = (label for told in NAMED_LISTENERS for label in told(schema, batch["entity"], kinds))
    return [label.get(language) for label in found]


def has_no_worker(batch: Batch) -> bool:
    """Return whether an import waits for somebody to begin or go on with it."""
    return batch["state"] in BUSY and (batch["lease_until"] is None or batch["lease_until"] < utcnow())


def in_history(session: CrmSession, batch: Batch) -> dict[str, Any]:
    """Return what the list of imports shows of one; its entity may be gone by now."""
    state, color = STATES[batch["state"]]
    return {
        "title": pgettext("title", "Import %(id)s", id=batch["id"]),
        "batch": batch,
        "entity": session.workspace.schema.entities.get(batch["entity"]),
        "state_label": spoken(state),
        "state_color": color,
        "url": url_for("ImportView.show", batch_id=batch["id"]),
    }


def errors_of(error: CrmError) -> list[str]:
    """Return what was refused, in sentences."""
    language = current_language()
    return [render(problem, language) for problem in error.problems] or [render(error, language)]


def file_of(batch: Batch) -> dict[str, Any]:
    """Return the sheets and first rows of the file, and how its text is written."""
    look = build_look(batch["look"])
    sheet = look.get_sheet(batch["sheet"])
    return {
        "look": look,
        "sheet": sheet,
        "rows": [(number, [cell_text(cell) for cell in cells]) for number, cells in sheet.first_rows],
        "shown": SHOWN_ROWS,
        "is_text": look.encoding is not None,
        "encodings": dict.fromkeys([look.encoding, *ENCODINGS]),
        "delimiters": {mark: spoken(DELIMITER_WORDS[mark]) for mark in DELIMITERS},
        "other": OTHER,
    }


OTHER = "other"  # the choice of a delimiter that is typed
DELIMITER_WORDS = {
    ";": NP_("option", "semicolon ;"),
    ",": NP_("option", "comma ,"),
    "\t": NP_("option", "tab"),
    "|": NP_("option", "bar |"),
}


def match_of(session: CrmSession, entity: Entity, batch: Batch) -> dict[str, Any]:
    """Return every column with samples, and what it may fill."""
    matching = build_matching(batch["matching"])
    sheet = service.sheet_of(batch)
    below = [cells for number, cells in sheet.first_rows if number > sheet.header_row]
    fillable = [
        field
        for field in entity.fields.values()
        if FIELD_TYPES[field.type].writable and FIELD_TYPES[field.type].importable
    ]
    own = writable_fields(session.actor, entity, "import")
    hidden = session.actor.rights(entity.name).hidden
    language = current_language()
    return {
        "matching": matching,
        "columns": [column_of(column, below, entity) for column in matching.columns],
        "fields": [
            (field.name, field.label.get(language), field.required, field.name in own)
            for field in fillable
            if field.name not in hidden
        ],
        "missing": [field.label.get(language) for field in missing_required(matching.columns, entity)],
    }


def column_of(column: Column, rows: Sequence[Sequence[Any]], entity: Entity) -> dict[str, Any]:
    """Return one column as the table shows it."""
    cells = [row[column.index] for row in rows if column.index < len(row) and row[column.index] is not None]
    field = entity.fields.get(column.field or "")
    kind = FIELD_TYPES[field.type].kind if field else ""
    formats = FORMATS_OF_KIND.get(kind, ()) if any(isinstance(cell, str) for cell in cells) else ()
    chosen = next((name for name in formats if is_chosen(column, FORMATS[name])), "")
    return {
        "column": column,
        "header": shown_header(column),
        "samples": [cell_text(cell) for cell in cells[:SAMPLES]],
        "formats": [(name, spoken(FORMAT_WORDS[name]), name == chosen) for name in formats],
    }


def is_chosen(column: Column, shape: Mapping[str, Any]) -> bool:
    """Return whether a column is read in a way."""
    return all(getattr(column, name) == value for name, value in shape.items())


def problem_rows(session: CrmSession, entity: Entity, batch: Batch) -> list[dict[str, Any]]:
    """Return the first refused rows: their cells, which of them are wrong, and why."""
    matching = build_matching(batch["matching"])
    rows = store.list_plan_rows(session.connection(), batch["id"], 0, SHOWN_PROBLEMS, ("error",))
    former = read_former_names(session.connection())
    return [
        problem_row(row, matching, lambda names: names_today(former, entity, names, batch["revision"]))
        for row in rows
    ]


def problem_row(
    row: Any, matching: Matching, today: Callable[[Iterable[str | None]], dict[str, str]]
) -> dict[str, Any]:
    """Return one refused row; `today` gives the names of today by those it was planned with."""
    cells, found = decode_cells(row.content), decode_problems(row.problems)
    names = today([problem.field for problem in found])
    problems = [replace(problem, field=names.get(problem.field, "")) for problem in found]
    headers = {column.field: column.header for column in matching.filled}
    language = current_language()
    wrong = {problem.field for problem in problems}
    return {
        "number": row.number,
        "cells": [
            (
                shown_header(column),
                cell_text(cells[column.index] if column.index < len(cells) else None),
                column.field in wrong,
            )
            for column in matching.filled
        ],
        "reasons": [(headers.get(problem.field, ""), render(problem, language)) for problem in problems],
    }


def changed_rows(session: CrmSession, entity: Entity, batch: Batch) -> list[dict[str, Any]]:
    """Return the first rows that change a record, with what they change; hidden fields stay out."""
    rows = store.list_plan_rows(session.connection(), batch["id"], 0, SHOWN_CHANGES, ("update",))
    hidden, situation = session.actor.rights(entity.name).hidden, situation_of(session)
    former, shown = read_former_names(session.connection()), []
    for row in rows:
        planned, _gone = former.values_today(entity, orjson.loads(row.content or "{}"), batch["revision"])
        edits = decode_changes(entity, planned).items()
        changes = [
            (label_of(entity, name), *(in_words(entity, name, value, situation) for value in pair))
            for name, pair in edits
            if name not in hidden
        ]
        shown.append({"number": row.number, "record_id": row.record_id, "changes": changes})
    return shown


def label_of(entity: Entity, name: str) -> str:
    """Return a field's label in the reader's language."""
    return entity.fields[name].label.get(current_language())


def in_words(entity: Entity, name: str, value: Any, situation: Any) -> str:
    """Return one value as text."""
    field = entity.fields[name]
    if FIELD_TYPES[field.type].points:
        numbers = value if isinstance(value, list | tuple) else [value]
        return ", ".join(f"#{number}" for number in numbers if number is not None)
    return FIELD_TYPES[field.type].display(field, value, situation)
