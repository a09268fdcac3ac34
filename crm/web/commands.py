"""`flask crm init` and `flask crm user add`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import sqlalchemy as sa

from config import ROOT
from crm.commands import Context, crm_command
from crm.database import only_reading, utcnow
from crm.errors import NotFoundError, RecordError
from crm.leaving.handover import get_handover, hand_over, leave, run_handover, same_for_all
from crm.messages import render
from crm.permissions.store import find_number


def register(group: click.Group) -> None:
    """Add the commands of this package."""

    @crm_command(group, "init", help="Create the database, publish schemas/, make the user admin.")
    @click.option(
        "--from", "folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=ROOT / "schemas",
        help="The folder of documents an empty database begins with.",
    )  # fmt: skip
    def init(context: Context, folder: Path) -> None:
        from crm.own_tables.upgrade import Upgraded
        from crm.runtime.first_start import prepare

        facts = prepare(replace(context.settings, demo=False), folder)
        made = f"\nUser admin, password {facts['password']}" if facts["password"] else ""
        context.answer(
            facts, f"{Upgraded(**facts['tables']).say()}\nRevision {facts['revision']} is live.{made}"
        )

    @group.group("user", help="People who may sign in.")
    def user() -> None:
        pass

    _leaving(user)

    @crm_command(user, "add", help="Add a user.")
    @click.argument("name")
    @click.option("--role", "roles", multiple=True, required=True, help="A role; may be repeated.")
    @click.option("--password", required=True)
    @click.option("--email", default="")
    @click.option("--full-name", default="", help="First and last name.")
    def add(
        context: Context, name: str, roles: tuple[str, ...], password: str, email: str, full_name: str
    ) -> None:
        from werkzeug.security import generate_password_hash

        from crm.web.fab.passwords import find_weakness

        first, _, last = (full_name or name).partition(" ")
        with context.engine.begin() as connection:
            hashed = generate_password_hash(password) if password else ""
            user_id = add_user(connection, name, hashed, roles, (first, last, email))
        weakness = find_weakness(password)
        if weakness is not None:
            click.echo(render(weakness, context.language), err=True)
        context.answer({"id": user_id, "name": name, "roles": roles}, f"User {name} was added.")


def _leaving(user: click.Group) -> None:
    """Add the commands for people who leave."""

    @crm_command(user, "leave", help="Deactivate a user; somebody takes over all they hold.")
    @click.argument("name")
    @click.option(
        "--to", "successor", default="", help="Who takes it over; without it, it stays with the user."
    )
    def leave_command(context: Context, name: str, successor: str) -> None:
        _hand_over(context, name, successor, leave)

    @crm_command(user, "hand-over", help="Hand over what an inactive or deleted user (#12) still holds.")
    @click.argument("name")
    @click.option("--to", "successor", default="", help="Who takes it over; without it nobody does.")
    def hand_over_command(context: Context, name: str, successor: str) -> None:
        _hand_over(context, name, successor, hand_over)


def _hand_over(context: Context, name: str, successor: str, act: Callable[..., int]) -> None:
    with context.session() as session:
        connection = session.connection()
        user_id = _user_id(connection, name)
        to = _user_id(connection, successor) if successor else None
        stays = act is leave and not successor
        number = act(session, user_id, {} if stays else same_for_all(session, user_id, to))
    run_handover(context.engine, number)
    with only_reading(), context.engine.connect() as connection:
        found = get_handover(connection, number)
    context.answer(found.as_json(), f"{name}: {found.done} of {found.total} records were handed over.")
    if found.refused:
        raise SystemExit(1)


def _user_id(connection: sa.Connection, name: str) -> int:
    """Return the number of a user, of an inactive one too; `#12` is the number itself.

    Errors: NotFoundError.
    """
    if name[:1] == "#" and name[1:].isdecimal() and len(name) < 11:
        return int(name[1:])
    found = find_number(connection, name)
    if found is None:
        raise NotFoundError("permissions.no_such_user", name=name)
    return found


def add_user(
    connection: sa.Connection, name: str, hashed: str, roles: tuple[str, ...], person: tuple[str, str, str]
) -> int:
    """Write a user with roles and return the id.

    Shape:  `hashed` is the password's hash as werkzeug makes it; `person` holds first name, last name and mail
            address, each may be empty.
    Errors: RecordError when the name is taken, a role does not exist, or name or password is missing.
    """
    from flask_appbuilder.security.sqla.models import Role, User, assoc_user_role  # a second of loading

    if not name.strip() or not hashed:
        raise RecordError("web.no_name")
    table = User.__table__
    if connection.scalar(sa.select(table.c.id).where(sa.func.lower(table.c.username) == name.lower())):
        raise RecordError("web.user_exists", name=name)
    known = dict(connection.execute(sa.select(Role.name, Role.id)).all())
    for role in roles:
        if role not in known:
            raise RecordError("web.unknown_role", name=role, roles=", ".join(sorted(known)))
    first, last, email = person
    row = {
        "username": name,
        "first_name": first or name,
        "last_name": last,
        "email": email or f"{name}@localhost",
        "password": hashed,
        "active": True,
        "created_on": utcnow(),
        "changed_on": utcnow(),
    }
    user_id = connection.execute(sa.insert(table).values(**row)).inserted_primary_key[0]
    links = [{"user_id": user_id, "role_id": known[role]} for role in dict.fromkeys(roles)]
    connection.execute(sa.insert(assoc_user_role), links)
    return user_id
