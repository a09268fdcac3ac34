"""The database every test starts from: tables, the shipped schemas, one user per role."""

from __future__ import annotations

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

import app
from config import ROOT
from crm.database import build_engine
from crm.own_tables.upgrade import upgrade
from crm.runtime.first_start import publish_folder

PASSWORD = "open-sesame-4"  # of every user in the tests
CHEAP_HASH = "pbkdf2:sha256:1"  # nobody attacks these passwords


def build_template(url: str) -> None:
    """Fill an empty database with what every test needs."""
    app.wire()
    engine = build_engine(url)
    upgrade(engine)
    publish_folder(engine, ROOT / "schemas")
    with Session(engine) as session, session.begin():
        add_users(session)
    engine.dispose()


def add_users(session: Session) -> None:
    """Add a user for each role, named like it, and `admin`."""
    password = generate_password_hash(PASSWORD, CHEAP_HASH)
    for role in session.scalars(sa.select(Role).order_by(Role.id)):
        name = role.name.lower()
        if name != "public":
            session.add(
                User(
                    username=name,
                    first_name=name.capitalize(),
                    last_name="Tester",
                    email=f"{name}@example.com",
                    active=True,
                    password=password,
                    roles=[role],
                )
            )
