"""A publish while an import waits or runs: the rest of its rows go on with what was published; none is lost."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from crm.entities.load import documents_from_json
from crm.entities.usage import Usage
from crm.imports import applying, lease, service, undo, work
from crm.kept_problems import decode_problems
from crm.messages import render
from crm.records.journal import change
from crm.records.service import update_record
from crm.revisions.publish import publish_schema
from crm.revisions.rename import rename_document
from crm.revisions.workspace import get_workspace
from tests.crm.imports.bench import counts, csv_of

GARAGE = {"entity": "garage", "fields": {"name": {"type": "text"}}}
ROWS = 50
CHUNK = 10
TABLE = [["name", "city", "remark"], *([f"N{number:02}", f"{number}", "x"] for number in range(ROWS))]


def publish_fields(engine, edit: Callable[[dict], None], *more: dict, entity: str = "customer") -> None:
    """Publish the live documents after an edit of one entity's fields, and more documents."""
    documents = [copy.deepcopy(dict(document.body)) for document in get_workspace(engine).schema.documents]
    edit(next(body for body in documents if body.get("entity") == entity)["fields"])
    documents += more
    publish_schema(engine, documents_from_json(documents), "test")


@pytest.fixture(autouse=True)
def _small_chunks_and_what_nothing_else_uses(engine, begin_at, monkeypatch):
    monkeypatch.setattr(applying, "CHUNK", CHUNK)

    def remark(fields: dict) -> None:
        fields["remark"] = {"type": "text", "label": "Remark"}

    begin_at(__name__, lambda: publish_fields(engine, remark, GARAGE))


def add(fields: dict) -> None:
    fields["shoe_size"] = {"type": "text", "default": "42"}


def rename(fields: dict) -> None:
    fields["comment"] = {**fields.pop("remark"), "was": "remark"}


def remove(fields: dict) -> None:
    fields.pop("remark")


def retype(fields: dict) -> None:
    fields["remark"] = {"type": "choice", "choices": {"x": {"label": "x"}}}


def between_chunks(monkeypatch, chunk: int, deed: Callable[[], None]) -> None:
    """Do something once, before a chunk of an import's run begins."""
    real, calls = lease.Attempt.hold_to_write, []

    def hold(self):
        calls.append(1)
        if len(calls) == chunk:
            deed()
        real(self)

    monkeypatch.setattr(lease.Attempt, "hold_to_write", hold)


def stored(engine, session_as, field: str) -> list:
    """Return (name, a field) of all customers, by name."""
    with session_as() as session:
        session.workspace = get_workspace(engine)
        table = session.workspace.models.table("customer")
        column = session.workspace.schema.entities["customer"].fields[field].column
        rows = session.connection().execute(sa.select(table.c.name, table.c[column]).order_by(table.c.name))
        return [tuple(row) for row in rows]


def changes(session_as, batch_id: int) -> int:
    with session_as() as session:
        asked = sa.select(sa.func.count(change.c.record_id.distinct())).where(change.c.batch_id == batch_id)
        return session.connection().scalar(asked)


NAMES = [f"N{number:02}" for number in range(ROWS)]


@pytest.mark.parametrize(
    ("edit", "outcome"),
    [
        (add, ("shoe_size", [None] * 20 + ["42"] * 30)),
        (rename, ("comment", ["x"] * ROWS)),
        (retype, ("remark", ["x"] * ROWS)),
    ],
)
def test_a_run_goes_on_with_what_was_published(workshop, engine, session_as, monkeypatch, edit, outcome):
    batch = workshop.check(csv_of(TABLE), "customer")
    between_chunks(monkeypatch, 3, lambda: publish_fields(engine, edit))
    batch = workshop.apply(batch["id"])
    assert (batch["state"], counts(batch), batch["done"]) == ("done", {"created": ROWS}, ROWS)
    assert batch["revision"] == get_workspace(engine).number
    field, values = outcome
    assert stored(engine, session_as, field) == list(zip(NAMES, values, strict=True))
    assert changes(session_as, batch["id"]) == ROWS


def test_rows_with_a_value_for_a_removed_field_are_told_so(workshop, engine, session_as, monkeypatch):
    table = [*TABLE[:31], *([name, city, ""] for name, city, _remark in TABLE[31:])]
    batch = workshop.check(csv_of(table), "customer")
    between_chunks(monkeypatch, 3, lambda: publish_fields(engine, remove))
    batch = workshop.apply(batch["id"])
    assert (batch["state"], counts(batch)) == ("done", {"created": 40, "failed": 10})
    assert [name for name, _ in stored(engine, session_as, "city")] == NAMES[:20] + NAMES[30:]
    refused = [row for row in workshop.rows(batch["id"]) if row.action == "error"]
    [problem] = decode_problems(refused[0].problems)
    assert (refused[0].number, refused[-1].number, batch["problems_key"] is not None) == (22, 31, True)
    assert render(problem, "en") == "The field “Remark” was removed during the import. The row was skipped."


def test_without_the_key_field_every_row_left_is_refused(workshop, engine, session_as, monkeypatch):
    batch = workshop.check(csv_of(TABLE), "customer", mode="upsert", keys=("remark", "name"))
    between_chunks(monkeypatch, 3, lambda: publish_fields(engine, remove))
    batch = workshop.apply(batch["id"])
    assert (batch["state"], counts(batch)) == ("done", {"created": 20, "failed": 30})


def test_a_plan_made_before_a_publish_is_made_anew_by_the_run(workshop, engine, session_as):
    batch = workshop.check(csv_of(TABLE), "customer")
    publish_fields(engine, rename)
    batch = workshop.apply(batch["id"])
    assert counts(batch) == {"created": ROWS}
    assert stored(engine, session_as, "comment") == [(name, "x") for name in NAMES]


def test_columns_matched_before_a_publish_are_checked_under_their_new_names(workshop, engine):
    batch_id = workshop.start(csv_of(TABLE), "customer")
    publish_fields(engine, rename)
    work.check_batch(workshop.shop, batch_id)
    batch = workshop.batch(batch_id)
    fields = [column["field"] for column in batch["matching"]["columns"]]
    assert (batch["state"], fields) == ("checked", ["name", "city", "comment"])
    assert counts(workshop.apply(batch_id)) == {"created": ROWS}


def test_a_changed_record_is_planned_anew_with_its_new_field(workshop, engine, session_as, monkeypatch):
    workshop.run(csv_of(TABLE), "customer")
    later = [TABLE[0], *([name, city, "x y"] for name, city, _remark in TABLE[1:])]
    batch = workshop.check(csv_of(later), "customer", mode="update", keys=("name",))
    between_chunks(monkeypatch, 3, lambda: publish_fields(engine, rename))
    batch = workshop.apply(batch["id"])
    assert counts(batch) == {"updated": ROWS}
    assert stored(engine, session_as, "comment") == [(name, "x y") for name in NAMES]


def test_a_key_that_was_written_before_the_publish_is_not_written_again(workshop, engine, monkeypatch):
    table = [*TABLE, ["N00", "again", "x"]]
    batch = workshop.check(csv_of(table), "customer", mode="upsert", keys=("name",))
    between_chunks(monkeypatch, 3, lambda: publish_fields(engine, rename))
    batch = workshop.apply(batch["id"])
    assert counts(batch) == {"created": ROWS, "failed": 1}


def test_a_publish_of_something_else_keeps_the_plan(workshop, engine, monkeypatch):
    batch = workshop.check(csv_of(TABLE), "customer")
    between_chunks(
        monkeypatch,
        3,
        lambda: publish_fields(engine, lambda fields: fields.update(more={"type": "text"}), entity="product"),
    )
    monkeypatch.setattr(applying, "read_rows", None)  # the file is not read again
    assert counts(workshop.apply(batch["id"])) == {"created": ROWS}


def test_a_second_publish_while_the_rest_is_planned_is_carried_over_too(
    workshop, engine, session_as, monkeypatch
):
    batch = workshop.check(csv_of(TABLE), "customer")

    def rename_again(fields: dict) -> None:
        fields["hint"] = {**fields.pop("comment"), "was": "comment"}

    real, calls = lease.Attempt.hold_to_write, []

    def hold(self):
        calls.append(1)
        if len(calls) in (3, 6):
            publish_fields(engine, rename if len(calls) == 3 else rename_again)
        real(self)

    monkeypatch.setattr(lease.Attempt, "hold_to_write", hold)
    assert counts(workshop.apply(batch["id"])) == {"created": ROWS}
    assert stored(engine, session_as, "hint") == [(name, "x") for name in NAMES]


def test_a_publish_waits_for_the_chunk_that_is_being_written(workshop, engine, session_as, monkeypatch):
    batch = workshop.check(csv_of(TABLE), "customer")
    real, others = applying.Executor.execute, []

    def execute(executor, rows):
        if not others:
            others.append(threading.Thread(target=publish_fields, args=(engine, retype)))
            others[0].start()
            others[0].join(0.5)  # most of the publish, but not its end
            assert others[0].is_alive()
        return real(executor, rows)

    monkeypatch.setattr(applying.Executor, "execute", execute)
    workshop.deed(batch["id"], service.begin_apply)
    work.apply_batch(workshop.shop, batch["id"])
    others[0].join()
    assert counts(workshop.batch(batch["id"])) == {"created": ROWS}
    assert stored(engine, session_as, "remark") == [(name, "x") for name in NAMES]


def test_an_entity_that_was_removed_ends_its_import_with_a_sentence(workshop, engine):
    batch = workshop.check(csv_of([["name"], ["A"]]), "garage")
    documents = [dict(document.body) for document in get_workspace(engine).schema.documents]
    kept = [body for body in documents if body.get("entity") != "garage"]
    publish_schema(engine, documents_from_json(kept), "test")
    workshop.deed(batch["id"], service.begin_apply)
    assert not work.apply_batch(workshop.shop, batch["id"])
    batch = workshop.batch(batch["id"])
    assert (batch["state"], batch["problem"][0]) == ("failed", "import.unknown_entity")


def test_a_worker_that_knows_an_older_revision_takes_the_live_one(workshop, engine, session_as, monkeypatch):
    batch, old = workshop.check(csv_of(TABLE), "customer"), get_workspace(engine)
    publish_fields(engine, retype)
    known = iter([old])
    monkeypatch.setattr(
        "crm.workshop.get_workspace", lambda engine: next(known, None) or get_workspace(engine)
    )
    assert counts(workshop.apply(batch["id"])) == {"created": ROWS}
    assert stored(engine, session_as, "remark") == [(name, "x") for name in NAMES]


def test_an_undo_goes_on_after_a_publish(workshop, engine, session_as, monkeypatch):
    batch = workshop.run(csv_of(TABLE), "customer")
    between_chunks(monkeypatch, 3, lambda: publish_fields(engine, add))
    assert workshop.undo(batch["id"])["removed"] == ROWS
    assert stored(engine, session_as, "city") == []


def rename_entity(engine, old: str, new: str) -> None:
    documents = rename_document(get_workspace(engine).schema.documents, "entity", old, new)
    publish_schema(engine, documents_from_json(dict(one.body) for one in documents), "test")


def in_the_live_revision(workshop, engine):
    """Let the steps of the wizard speak the live revision, as they do in a process that took it up."""
    opened = workshop.session_as

    def open_one(*who):
        session = opened(*who)
        session.workspace = get_workspace(engine)
        return session

    workshop.session_as = open_one


def test_an_undo_restores_values_of_fields_and_entities_that_were_renamed_since(workshop, engine, session_as):
    workshop.run(csv_of(TABLE[:4]), "customer")
    later = [TABLE[0], *([name, city, "y"] for name, city, _remark in TABLE[1:4])]
    batch = workshop.run(csv_of(later), "customer", mode="update", keys=("name",))
    publish_fields(engine, rename)
    rename_entity(engine, "customer", "client")
    in_the_live_revision(workshop, engine)
    assert undo.count_undo(workshop.shop, batch["id"]) == {"removed": 0, "restored": 3, "kept": 0}
    assert workshop.undo(batch["id"])["restored"] == 3
    with session_as() as session:
        table = get_workspace(engine).models.table("client")
        assert session.connection().scalars(sa.select(table.c.remark)).all() == ["x"] * 3


def test_an_undo_after_a_rename_keeps_what_was_touched_since(workshop, engine, session_as):
    batch = workshop.run(csv_of(TABLE[:3]), "customer")
    publish_fields(engine, rename)
    rename_entity(engine, "customer", "client")
    with session_as() as session:
        session.workspace = get_workspace(engine)
        entity = session.workspace.schema.entities["client"]
        [first, _second] = session.scalars(sa.select(session.workspace.models["client"].id)).all()
        update_record(session, entity, first, {"comment": "mine"})
        session.commit()
    batch = workshop.undo(batch["id"])
    assert (batch["removed"], batch["kept"]) == (1, 1)


def test_a_batch_shows_its_columns_by_the_names_of_today(workshop, engine):
    batch_id = workshop.start(csv_of(TABLE), "customer", mode="upsert", keys=("remark",))
    publish_fields(engine, rename)
    rename_entity(engine, "customer", "client")
    in_the_live_revision(workshop, engine)
    with workshop.session_as() as session:
        batch = service.get_batch(session, batch_id)
    fields = [column["field"] for column in batch["matching"]["columns"]]
    assert (batch["entity"], fields) == ("client", ["name", "city", "comment"])
    assert batch["matching"]["keys"] == ["comment"]


def test_a_column_whose_field_was_removed_fills_nothing(workshop, engine):
    batch_id = workshop.start(csv_of(TABLE), "customer")
    publish_fields(engine, remove)
    in_the_live_revision(workshop, engine)
    with workshop.session_as() as session:
        assert service.get_batch(session, batch_id)["matching"]["columns"][2]["field"] is None


def test_the_same_file_is_recognised_under_the_new_name_of_its_entity(workshop, engine):
    first = workshop.run(csv_of(TABLE[:3]), "customer")
    rename_entity(engine, "customer", "client")
    in_the_live_revision(workshop, engine)
    again = workshop.check(csv_of(TABLE[:3]), "client")
    assert ["import.same_file", {"id": first["id"]}] in again["notes"]


def uses_of(engine, field: str) -> set[tuple[str, str, str]]:
    with engine.connect() as connection:
        usage = Usage(get_workspace(engine).schema.documents).add_shelves(connection)
    uses = [use for use in usage.of_field("customer", field) if use.kind == "import"]
    return {(use.name, use.label.get("en"), use.place) for use in uses}


def test_an_import_that_is_not_done_uses_the_fields_its_columns_fill_by_todays_names(workshop, engine):
    batch = workshop.check(csv_of(TABLE[:3]), "customer", mode="upsert", keys=("name",))
    number = str(batch["id"])
    assert uses_of(engine, "remark") == {(number, "An import", "columns.C")}
    publish_fields(engine, rename)
    assert uses_of(engine, "comment") == {(number, "An import", "columns.C")}
    assert (number, "An import", "keys.1") in uses_of(engine, "name")
    workshop.apply(batch["id"])
    assert uses_of(engine, "name") == set()


def test_only_who_may_see_an_import_is_told_its_file(workshop, session_as):
    mine = workshop.start(csv_of(TABLE[:3]), "customer", who="admin")
    others = workshop.start(csv_of(TABLE[:3]), "customer", name="secret.csv")
    with session_as("admin") as session:
        assert service.open_imports(session) == {str(mine): "rows.csv", str(others): "secret.csv"}
    with session_as("configurator") as session:
        assert service.open_imports(session) == {}
