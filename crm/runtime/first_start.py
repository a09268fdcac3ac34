"""What has to be there before the first process: tables, a live revision, an admin, something to look at."""

from __future__ import annotations

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from config import ROOT, Settings
from crm.database import build_engine
from crm.entities.load import check_schema, load_documents
from crm.errors import SchemaError
from crm.own_tables.upgrade import upgrade
from crm.revisions.publish import publish_schema
from crm.revisions.store import live_number
from crm.revisions.workspace import get_workspace
from crm.secrets import current_keys

PREPARE_LOCK = 7_316_003  # any number, the same in every process
ADMIN_ROLE = "Admin"  # Flask-AppBuilder's own, which may do everything
DEMO_SEED = 1
PASSWORD_BYTES = 12


def prepare(settings: Settings, folder: Path = ROOT / "schemas") -> dict[str, Any]:
    """Bring the database to where the processes can start; safe to repeat, and to do twice at once.

    Shape:  {"revision", "is_new", "password", "demo", "tables"}: `password` only when one was made; it is kept nowhere.
            An empty database gets the documents of `folder`. `tables` is what `upgrade` did.
    Errors: SchemaError when they cannot be published; as `upgrade`.
    """
    engine = build_engine(settings.database_url)
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(engine, settings.instance):
        tables = upgrade(engine)
        number = find_live_number(engine)
        is_empty = not number
        refuse_without_keys(engine)
        if is_empty:
            number = publish_folder(engine, folder)
        is_new, password = ensure_admin(engine, settings.admin_password)
        demo = load_demo_data(engine, settings) if is_empty and settings.demo else 0
    facts = {"revision": number, "is_new": is_new, "password": password, "demo": demo}
    return {**facts, "tables": asdict(tables)}


def find_live_number(engine: sa.Engine) -> int:
    """Return the live revision's number; 0 when nothing is published."""
    with engine.connect() as connection:
        return live_number(connection)


def refuse_without_keys(engine: sa.Engine) -> None:
    """Let pass a database whose encrypted fields we have keys for, and one without any.

    Errors: UnavailableError.
    """
    workspace = get_workspace(engine) if find_live_number(engine) else None
    if workspace is not None and list(workspace.schema.encrypted_fields()):
        current_keys()


def publish_folder(engine: sa.Engine, folder: Path, why: str = "First start") -> int:
    """Publish the documents of a folder and return the revision's number.

    Errors: SchemaError, with every problem of every file.
    """
    documents, problems = load_documents(folder)
    problems += check_schema(documents, 0)[1]
    if problems:
        raise SchemaError("schema.has_problems", problems, count=len(problems))
    return publish_schema(engine, documents, why)


def ensure_admin(engine: sa.Engine, given: str = "") -> tuple[bool, str | None]:
    """Make the user `admin` when there is no user at all; return whether, and the password if we made it."""
    with Session(engine) as session, session.begin():
        if session.scalar(sa.select(sa.func.count()).select_from(User)):
            return False, None
        made = None if given else secrets.token_urlsafe(PASSWORD_BYTES)
        role = session.scalar(sa.select(Role).where(Role.name == ADMIN_ROLE)) or Role(name=ADMIN_ROLE)
        session.add(
            User(
                username="admin",
                first_name="Admin",
                last_name="Koine",
                email="admin@localhost.localdomain",
                active=True,
                password=generate_password_hash(given or made),
                roles=[role],
            )
        )
        return True, made


def load_demo_data(engine: sa.Engine, settings: Settings) -> int:
    """Fill an empty database with believable records; return how many."""
    from crm.demo import load_demo

    return load_demo(engine, settings.demo_size, DEMO_SEED)


@contextmanager
def alone(engine: sa.Engine, folder: Path) -> Iterator[None]:
    """Wait until no other process prepares the same database."""
    if engine.dialect.name != "postgresql":
        with (folder / "prepare.lock").open("w") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield
        return
    with engine.connect() as connection:
        own = connection.execution_options(isolation_level="AUTOCOMMIT")
        own.execute(sa.select(sa.func.pg_advisory_lock(PREPARE_LOCK)))
        try:
            yield
        finally:
            own.execute(sa.select(sa.func.pg_advisory_unlock(PREPARE_LOCK)))
