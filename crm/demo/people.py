"""Users and teams of the demo data, written into Flask-AppBuilder's tables and ours."""

from __future__ import annotations

import sqlalchemy as sa
from flask_appbuilder.security.sqla.models import Role, User
from sqlalchemy.orm import Session
from werkzeug.security import generate_password_hash

from crm.demo.users import DEMO_USERS
from crm.permissions import store

NO_PASSWORD = "!"  # what no password's hash can be: such a user cannot sign in


def ensure_users(connection: sa.Connection, password: str = "") -> dict[str, int]:
    """Make the demo users who are missing and return everybody's id by user name.

    Shape:  without `password` they get the admin's, so that one password opens a first look at every role.
    """
    with Session(connection, join_transaction_mode="create_savepoint") as session, session.begin():
        roles = {role.name: role for role in session.scalars(sa.select(Role))}
        known = {user.username: user for user in session.scalars(sa.select(User))}
        hashed = generate_password_hash(password) if password else _admin_hash(known)
        for person in DEMO_USERS:
            if person.name in known:
                continue
            user = User(
                username=person.name,
                first_name=person.first_name,
                last_name=person.last_name,
                email=f"{person.name}@example.org",
                active=True,
                password=hashed,
                roles=[roles[person.role]] if person.role in roles else [],
            )
            session.add(user)
            known[person.name] = user
        session.flush()
        ids = {name: user.id for name, user in known.items()}
    _ensure_profiles(connection, ids)
    return ids


def _admin_hash(known: dict[str, User]) -> str:
    return known["admin"].password if "admin" in known else NO_PASSWORD


def _ensure_profiles(connection: sa.Connection, ids: dict[str, int]) -> None:
    """Give everybody a language and a team, where none was chosen yet."""
    teams = {row.name: row.id for row in connection.execute(sa.select(store.team))}
    for person in DEMO_USERS:
        if person.team and person.team not in teams:
            insert = sa.insert(store.team).values(name=person.team).returning(store.team.c.id)
            teams[person.team] = connection.scalar(insert)
        if store.find_profile(connection, ids[person.name])["language"] is None:
            team_id = teams.get(person.team)
            store.save_profile(connection, ids[person.name], language=person.language, team_id=team_id)
