"""What every `flask crm` command shares: settings, engine, workspace, `--json` and the exit code."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import click
import sqlalchemy as sa

from crm.database import build_engine, only_reading
from crm.errors import CrmError, Problem
from crm.messages import render
from crm.own_tables.version import require_current
from crm.revisions.workspace import Workspace, load_workspace

if TYPE_CHECKING:
    from config import Settings


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
        return load_workspace(self.engine)

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
