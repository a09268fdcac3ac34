"""What every `flask crm` command shares: settings, engine, workspace, `--json` and the exit code."""

from __future__ import annotations

import functools
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import click
import sqlalchemy as sa

from crm.database import CrmSession, build_engine, only_reading
from crm.errors import CrmError, NotFoundError, Problem
from crm.messages import render
from crm.own_tables.version import require_current
from crm.permissions.model import SYSTEM, Actor
from crm.permissions.service import actor_of_user, zone_of
from crm.permissions.store import find_user_id
from crm.revisions.workspace import Workspace, get_workspace, load_schema

if TYPE_CHECKING:
    from config import Settings
    from crm.entities.model import Schema

TELL_SECONDS = 1.0  # between two lines about work in progress
LOOK_SECONDS = 0.2  # between two looks at work that somebody else does

no_wait = click.option("--no-wait", is_flag=True, help="Leave the work to the workers and answer at once.")
"""The option of every command whose work a worker may do."""


@dataclass
class Context:
    """What a command works with; each part is made when it is first asked for."""

    settings: Settings
    is_json: bool = False

    @cached_property
    def engine(self) -> sa.Engine:
        """Return the engine of the configured database.

        Errors: UnavailableError when its tables are not those of this release.
        """
        engine = build_engine(self.settings.database_url)
        with only_reading(), engine.connect() as connection:
            require_current(connection)
        return engine

    @cached_property
    def workspace(self) -> Workspace:
        """Return the live revision's workspace.

        Errors: SchemaError when nothing was published yet.
        """
        with only_reading():
            return get_workspace(self.engine)

    @cached_property
    def schema(self) -> Schema:
        """Return what the live revision declares; for commands that read no record.

        Errors: SchemaError when nothing was published yet.
        """
        with only_reading():
            return load_schema(self.engine)[0]

    @contextmanager
    def session(self, username: str | None = None) -> Iterator[CrmSession]:
        """Open a session of the command line, or of the user whose rights are to count; commit at the end.

        Shape:  both are read before: on SQLite a writer that begins and then reads apart waits for itself.
        Errors: NotFoundError when there is no such user.
        """
        workspace, actor = self.workspace, self.actor(username)
        with CrmSession(workspace.bind(self.engine)) as session:
            session.workspace, session.actor = workspace, actor
            yield session
            session.commit()

    @contextmanager
    def reading_session(self, username: str | None = None) -> Iterator[CrmSession]:
        """Open a session as `session` does, for a command that only reads and need not wait for a writer."""
        with only_reading(), self.session(username) as session:
            yield session

    def actor(self, username: str | None) -> Actor:
        """Return the actor of a named user, or the command line, which may do everything.

        Errors: NotFoundError when there is no such user.
        """
        zone = self.settings.time_zone
        if not username:
            return replace(SYSTEM, language=self.language, time_zone=zone_of(zone))
        with only_reading(), self.engine.connect() as connection:
            user_id = find_user_id(connection, username)
            if user_id is None:
                raise NotFoundError("permissions.no_such_user", name=username)
            return actor_of_user(connection, user_id, self.workspace.schema, self.language, zone)

    @property
    def language(self) -> str:
        """Return the language commands speak."""
        return self.settings.language

    def answer(self, facts: dict[str, Any], text: str) -> None:
        """Print the outcome: `facts` as one line of JSON with `--json`, else the text."""
        click.echo(json.dumps(facts, ensure_ascii=False, default=str) if self.is_json else text)


def crm_command(group: click.Group, name: str, **options: Any) -> Callable[[Callable], click.Command]:
    """Make a function a command of a group; it takes a `Context` and its own parameters.

    A `CrmError` is told on standard error (with `--json` as an answer on standard output) and exits with 1.

    Shape:  put it above the function's click options:

        @crm_command(schema, "check")
        @click.argument("folder")
        def check(context: Context, folder: str) -> None: ...
    """

    def wrap(function: Callable[..., Any]) -> click.Command:
        @functools.wraps(function)
        def run(is_json: bool, **values: Any) -> None:
            from config import current_settings

            context = Context(current_settings(), is_json)
            try:
                function(context, **values)
            except CrmError as error:
                fail(context, error)
            except sa.exc.OperationalError:
                fail(context, CrmError("web.no_database"))

        vars(function).pop("__click_params__", None)  # the command's now; to register again begins anew
        with_json = click.option("--json", "is_json", is_flag=True, help="Answer in JSON.")(run)
        return group.command(name, **options)(with_json)

    return wrap


@contextmanager
def telling(look: Callable[[], str]) -> Iterator[None]:
    """Tell on standard error how far the work of this block is, whoever does it: what is new, once a second.

    Shape:  `look` says it in a line; "" for nothing to say. What it asks the database it only reads.
    """
    over = threading.Event()

    def tell() -> None:
        said = ""
        while not over.wait(TELL_SECONDS):
            with suppress(sa.exc.SQLAlchemyError), only_reading():  # whoever works will say what is wrong
                line = look()
                if line and line != said:
                    said = line
                    click.echo(line, err=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def fail(context: Context, error: CrmError) -> NoReturn:
    """Tell an error with every problem, and end with exit code 1."""
    message = render(error, context.language)
    lines = [place(problem) + render(problem, context.language) for problem in error.problems]
    if context.is_json:
        shown = [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "row": problem.row,
                "field": problem.field,
                "code": problem.code,
                "message": render(problem, context.language),
            }
            for problem in error.problems
        ]
        click.echo(json.dumps({"error": {"code": error.code, "message": message}, "problems": shown}))
    for line in [message, *lines]:
        click.echo(line, err=True)
    sys.exit(1)


def place(problem: Problem) -> str:
    """Return where a problem is, as `file:line: `."""
    parts = [str(part) for part in (problem.file, problem.line or problem.row) if part]
    return ":".join(parts) + ": " if parts else ""
