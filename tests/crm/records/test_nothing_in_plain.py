"""What an encrypted field holds stands nowhere in plain: not in the database, the file store, Redis or the logs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import sqlalchemy as sa
from redis import Redis

from crm import queue
from crm.errors import RecordError, UnavailableError
from crm.imports import files
from crm.kept_problems import decode_problems
from crm.messages import render
from crm.records.bulk import load_rows
from crm.records.rotation import key_status, reseal_everything
from crm.records.service import create_record, update_record
from crm.secrets import SealedSource, add_key, new_secret, open_blocks
from crm.web.entity.saved_views import list_views, save_view
from tests.conftest import find_actor
from tests.crm.imports.bench import Workshop as Imports
from tests.crm.imports.bench import csv_of, shop_in
from tests.crm.records.rotating import open_system, publish_customers, use_folder
from workflows.organisation import Organisation, RuleWorkshop
from workflows.runs import jobs, store

SECRET = {"type": "text", "encrypted": True, "unique": True, "max_length": 20}
FIRST, SECOND, EDITED, TOO_LONG = "Aardvark-1", "Bumblebee-2", "Chimpanzee-3", "Dromedary-4-is-far-too-long"
FILTERED, SAVED = "Elephant-5", "Flamingo-6"
WORDS = (FIRST, SECOND, EDITED, TOO_LONG, FILTERED, SAVED)


@pytest.fixture
def workshop(engine: sa.Engine, session_as: Any, tmp_path: Path) -> Imports:
    """Imports into a house whose customers have a secret; its files lie in `files`, its keys in `keys`."""
    use_folder(tmp_path / "keys")
    publish_customers(engine, account=SECRET)

    def open_live(*_who: str) -> Any:
        return open_system(engine)

    return Imports(shop_in(engine, tmp_path / "files"), open_live)


def everything(engine: sa.Engine, folder: Path) -> bytes:
    """Return every byte that is kept: of the database's tables and files, and of the file store."""
    found = b""
    with engine.connect() as connection:
        for table in sa.inspect(connection).get_table_names():
            quoted = connection.dialect.identifier_preparer.quote(table)
            rows = connection.exec_driver_sql(f"SELECT * FROM {quoted}")  # noqa: S608
            found += repr([tuple(row) for row in rows]).encode()
    if engine.dialect.name == "sqlite":
        place = Path(engine.url.database)
        found += b"".join(file.read_bytes() for file in place.parent.glob(place.name + "*"))
    return found + b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def in_plain(found: bytes) -> list[str]:
    return [word for word in WORDS if word.encode() in found]


def live_through(workshop: Imports, engine: sa.Engine) -> int:
    """Import, refuse, undo, import again, edit, refuse an edit, save a view; return a customer."""
    rows = [("Name", "account"), ("Anna", FIRST), ("Boris", SECOND), ("Clara", TOO_LONG), ("Dora", FIRST)]
    first = workshop.run(csv_of(rows), "customer", told=["account=account"])
    assert (first["created"], first["failed"]) == (2, 2), first
    workshop.undo(first["id"])
    again = workshop.run(csv_of(rows[:3]), "customer", told=["account=account"])
    assert again["created"] == 2
    update = workshop.run(
        csv_of([("account", "Name"), (FIRST, "Anne")]),
        "customer",
        mode="update",
        keys=["account"],
        told=["account=account"],
    )
    assert update["updated"] == 1
    with open_system(engine) as session:
        entity = session.workspace.schema.entities["customer"]
        one = create_record(session, entity, {"name": "Eva", "account": SAVED}).id
        update_record(session, entity, one, {"account": EDITED})
        session.actor = find_actor(engine, session.workspace, "admin")
        save_view(session, "customer", "mine", f"_flt_0_account={FILTERED}", False)
        session.commit()
        with pytest.raises(RecordError) as refused:
            update_record(session, entity, one, {"account": TOO_LONG})
        assert TOO_LONG not in "".join(render(found, "en") for found in refused.value.problems)
    return one


def test_after_import_undo_and_edit_no_byte_of_a_secret_is_found(workshop, engine, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    one = live_through(workshop, engine)
    assert in_plain(everything(engine, tmp_path / "files")) == []
    assert in_plain(caplog.text.encode()) == []
    with open_system(engine) as session:
        assert (
            load_rows(session, session.workspace.schema.entities["customer"], [one])[one]["account"] == EDITED
        )
        session.actor = find_actor(engine, session.workspace, "admin")
        [view] = list_views(session, "customer")
        assert parse_qs(view["query"]) == {"_flt_0_account": [FILTERED]}


def test_the_log_of_a_rule_keeps_what_it_wrote_sealed_and_shows_it(workshop, engine, tmp_path, clock):
    publish_customers(
        engine,
        {
            "rule": "hide",
            "entity": "customer",
            "enabled": True,
            "when": {"changed": ["account"]},
            "then": [{"set_field": {"field": "account", "to": "public"}}],
        },
    )
    with open_system(engine) as session:
        entity = session.workspace.schema.entities["customer"]
        one = create_record(session, entity, {"name": "Eva"}).id
        session.commit()
        update_record(session, entity, one, {"account": FIRST})
        session.commit()
    rules = RuleWorkshop(engine, Organisation(mail_folder=tmp_path / "mail"), clock=clock)
    jobs.work_off(rules)
    with rules.reading() as session:
        run = store.list_runs(session, 10, "hide")[-1]  # the next one is held back: it would follow itself
        [step] = store.list_steps(session, run["id"])
    assert list(run["why"]["changed"]) == ["account"]
    assert step["effect"]["changes"] == {"account": [FIRST, "public"]}
    assert in_plain(everything(engine, tmp_path / "files")) == []


def test_redis_is_told_numbers_only(workshop, engine, tmp_path, redis_server):
    live_through(workshop, engine)
    queue.ring("imports.check_batch", 1)
    Redis.from_url(redis_server.url).save()
    dump = b"".join(file.read_bytes() for file in redis_server.folder.rglob("*") if file.is_file())
    assert b"check_batch" in dump or b"REDIS" in dump
    assert in_plain(dump) == []


def test_the_problem_file_of_a_sealed_import_opens_for_whom_it_is_meant(workshop, engine, tmp_path):
    rows = [("Name", "account"), ("Clara", TOO_LONG)]
    batch = workshop.run(csv_of(rows), "customer", told=["account=account"])
    [row] = workshop.rows(batch["id"])
    assert decode_problems(row.problems)[0].code == "text.too_long"
    url = workshop.shop.settings.files_url
    with files.local_file(url, batch["problems_key"], files.secret_of(batch)) as path:
        assert path.read_bytes()[:2] == b"PK"
    with pytest.raises(UnavailableError), files.local_file(url, batch["problems_key"], new_secret()):
        pass


def test_a_new_key_seals_imports_and_views_anew(workshop, engine, tmp_path):
    live_through(workshop, engine)
    add_key(tmp_path / "keys")
    done = reseal_everything(engine)
    assert done["texts"] > 10 and done["left"] == 0
    assert [key["in_use"] for key in key_status(engine)] == [True, False]
    with open_system(engine) as session:
        session.actor = find_actor(engine, session.workspace, "admin")
        assert list_views(session, "customer")[0]["query"] == f"_flt_0_account={FILTERED}"
    assert workshop.batch(1)["look"]["sheets"][0]["first_rows"][1][1][1] == FIRST
    assert in_plain(everything(engine, tmp_path / "files")) == []


def test_a_file_that_was_uploaded_before_there_were_secrets_is_sealed_at_its_check(
    engine, session_as, tmp_path
):
    workshop = Imports(shop_in(engine, tmp_path / "files"), lambda *_who: open_system(engine))
    batch_id = workshop.start(csv_of([("Name",), (FIRST,)]), "customer")
    assert in_plain(everything(engine, tmp_path / "files")) == [FIRST]
    use_folder(tmp_path / "keys")
    publish_customers(engine, account=SECRET)
    from crm.imports import work

    assert work.check_batch(workshop.shop, batch_id)
    assert workshop.apply(batch_id)["created"] == 1
    assert (
        b"".join(file.read_bytes() for file in (tmp_path / "files").rglob("*.csv*")).find(FIRST.encode()) < 0
    )


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 3 << 20])
def test_a_sealed_stream_gives_its_bytes_back_and_notices_a_cut(size, tmp_path):
    secret, file, plain = new_secret(), tmp_path / "sealed", tmp_path / "plain"
    plain.write_bytes(b"\xce\xb1" * (size // 2) + b"x" * (size % 2))
    with plain.open("rb") as source, file.open("wb") as target:
        sealed = SealedSource(source, secret, "name")
        while block := sealed.read():
            target.write(block)
    with file.open("rb") as source:
        assert b"".join(open_blocks(source, secret, "name")) == plain.read_bytes()
    with file.open("r+b") as source:
        source.truncate(max(0, file.stat().st_size - (1 << 20) - 16))
    if size > 1 << 20:
        with file.open("rb") as source, pytest.raises(UnavailableError):
            b"".join(open_blocks(source, secret, "name"))
