"""Where everything meets: `app` answers the web, `create_app` serves `flask crm`, `wire` joins the parts.

Nothing of ours is loaded before it is used, so imports stand in the functions: a command that answers from one table
must not load pages, workbooks and demo data first, and `--help` nothing at all. `tests/test_command_imports.py` counts.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import click
from flask import Flask

from config import Settings, SettingsError, current_settings

if TYPE_CHECKING:
    import sqlalchemy as sa
    from flask_appbuilder import AppBuilder

    from crm.errors import Problem
    from crm.revisions.proposal import Proposal
    from crm.revisions.workspace import Workspace
    from crm.secrets import Key
    from crm.web.serving.host import Host, Source

COMMANDS = {
    "init": ("crm.web.commands", "Create the database, publish schemas/, make the user admin."),
    "upgrade": (
        "crm.own_tables.commands",
        "Bring the tables of an older release to this one, as a start does.",
    ),
    "user": ("crm.web.commands", "People who may sign in."),
    "demo": ("crm.demo.commands", "Add believable records with their history."),
    "schema": ("crm.revisions.commands", "Check, compare, publish and export the schema."),
    "pack": ("crm.revisions.commands", "Add and remove packs of documents."),
    "segment": ("crm.segments.commands", "Count a segment, or list its record ids."),
    "report": ("crm.reports.commands", "Run a report."),
    "export": ("crm.reports.commands", "Write records to a workbook or csv file."),
    "why": ("crm.permissions.commands", "Why a user may or may not: the chain of roles and conditions."),
    "import": ("crm.imports.commands", "Import a workbook or text file."),
    "import-look": ("crm.imports.commands", "Show the sheets and columns of a file; writes nothing."),
    "import-status": ("crm.imports.commands", "Show how far an import is."),
    "import-undo": ("crm.imports.commands", "Take back what an import wrote and nobody changed since."),
    "keys": ("crm.records.commands", "The keys of encrypted fields."),
    "hook": ("workflows.hooks.commands", "The secrets of webhooks, by which others call in."),
    "rule": ("workflows.commands", "What happens by itself."),
    "worker": ("crm.runtime.processes", "Run jobs until Ctrl-C."),
    "scheduler": ("crm.runtime.processes", "Start what is due, until Ctrl-C; of many schedulers one does."),
}
"""Every command and group of `flask crm`: the module that adds it, which is loaded when it is called, and its help."""

TABLE_HOMES = (
    "crm.bulk.store",
    "crm.drafts.publications",
    "crm.drafts.store",
    "crm.events",
    "crm.imports.store",
    "crm.notifications",
    "crm.leaving.handover",
    "crm.permissions.feeds",
    "crm.permissions.sign_ins",
    "crm.permissions.store",
    "crm.records.bin",
    "crm.records.distinct",
    "crm.records.file_rows",
    "crm.records.journal",
    "crm.records.rekey",
    "crm.records.reminders",
    "crm.records.sequences",
    "crm.revisions.column_moves",
    "crm.revisions.finish",
    "crm.revisions.packs",
    "crm.revisions.parked",
    "crm.revisions.processes",
    "crm.revisions.store",
    "crm.web.entity.recent",
    "crm.web.entity.saved_views",
    "crm.web.forms.once",
    "workflows.approvals.store",
    "workflows.calls.outbox",
    "workflows.hooks.store",
    "workflows.mail.outbox",
    "workflows.people",
    "workflows.runs.budget",
    "workflows.runs.edges",
    "workflows.runs.pauses",
    "workflows.runs.rehearsals",
    "workflows.runs.store",
)
"""Every module that declares tables of our own; an upgrade loads them all, to see what a database lacks."""


@cache
def wire() -> None:
    """Make the packages known to each other; every process does it once, whatever it is for."""
    from crm import database, queue
    from crm.calendars import kind as calendar_kind
    from crm.drafts.follow import DRAFTS
    from crm.entities import kinds, taken_names, usage
    from crm.imports.uses import IMPORTS
    from crm.permissions import guard as _guard
    from crm.permissions import kind as role_kind
    from crm.permissions.counts import tell_impact
    from crm.permissions.grants import judge_publisher, tell_publisher
    from crm.permissions.store import choosable
    from crm.records.rekey import plan_rekeying
    from crm.reports import kind as report_kinds
    from crm.revisions import impact, publish
    from crm.revisions.packs import PACKS
    from crm.revisions.rename import rename_on_shelves
    from crm.secrets import use_keys
    from crm.segments import kind as segment_kind
    from crm.web.entity.saved_views import VIEWS
    from crm.web.more_pages import MORE_PAGES
    from workflows import wiring as workflows

    database.TABLE_HOMES.extend(TABLE_HOMES)
    for kind in (
        calendar_kind.KIND,
        segment_kind.KIND,
        role_kind.KIND,
        report_kinds.REPORT,
        report_kinds.DASHBOARD,
    ):
        kinds.register_kind(kind)
    workflows.register_kinds()
    workflows.listen()
    MORE_PAGES.append(rule_pages)
    usage.SHELVES += [VIEWS, IMPORTS, DRAFTS, PACKS]
    taken_names.TAKEN.append(is_taken)
    publish.BEFORE_PUBLISH += [judge_publisher, judge_by_building, judge_calls]
    publish.TELL.append(tell_publisher)
    publish.TELL_IMPACT.append(tell_impact)
    impact.WHO_MAY.append(choosable)
    use_keys(ring_of_settings)
    publish.ON_PUBLISH += [sync_permissions, rename_on_shelves]
    publish.ON_OTHER_WORDS.append(plan_rekeying)
    publish.AFTER_PUBLISH.append(finish_publish)
    queue.declare_when_needed(declare_jobs)
    assert _guard, "the guard listens once it is imported"


def declare_jobs() -> None:
    """Declare every package's jobs, for workers, ticks, for the scheduler, and how to count what waits."""
    from crm import backlog, queue
    from crm.bulk import jobs as bulk_jobs
    from crm.drafts import jobs as draft_jobs
    from crm.imports import jobs as import_jobs
    from crm.leaving import jobs as leaving_jobs
    from crm.records import jobs as record_jobs
    from crm.revisions import jobs as revision_jobs
    from crm.runtime import scheduler
    from workflows.runs import jobs as rule_jobs

    for jobs in (rule_jobs, bulk_jobs, import_jobs, leaving_jobs, draft_jobs, revision_jobs, record_jobs):
        queue.declare(jobs.JOBS)
        scheduler.TICKS.extend(jobs.TICKS)
        backlog.BACKLOG.update(getattr(jobs, "BACKLOG", {}))


def finish_publish(engine: sa.Engine) -> None:
    """Leave to the workers what a publish leaves to be done, and get ready for the rules it brought."""
    from crm.records.jobs import rebuild_soon
    from crm.revisions.jobs import finish_soon
    from workflows.wiring import prepare_edges

    finish_soon(engine)
    rebuild_soon(engine)
    prepare_edges(engine)


def rule_pages(builder: AppBuilder, workspace: Workspace) -> None:
    """Add the pages of rules to an app."""
    from workflows import pages
    from workflows.hooks import pages as hook_pages

    pages.register(builder, workspace)
    hook_pages.register(builder, workspace)


def is_taken(name: str) -> bool:
    """Return whether an entity of this name would share an address with a page of the app."""
    from crm.web import trial

    return trial.is_taken(name)


def judge_calls(connection: sa.Connection, proposal: Proposal, user_name: str) -> list[Problem]:
    """Return what rules that are to go live must not call; who publishes nothing does not load what looks."""
    from workflows.calls.judging import judge_calls as judge

    return judge(connection, proposal, user_name)


def judge_by_building(connection: sa.Connection, proposal: Proposal, user_name: str) -> list[Problem]:
    """Return why the app of a proposal cannot be built, having tried."""
    from crm.web import trial

    return trial.judge_by_building(connection, proposal, user_name)


def sync_permissions(connection: sa.Connection, workspace: Workspace) -> None:
    """Write the permissions of a revision in its publish; only who publishes loads what knows them."""
    from crm.web.fab import permissions

    permissions.sync_permissions(connection, workspace)


def ring_of_settings() -> tuple[Key, ...]:
    """Return the keys of encrypted fields: the given ones, or those of the instance folder.

    Production makes none by itself: keys that one machine made would be missing on the others.
    """
    from crm.secrets import read_keys

    settings = current_settings()
    return read_keys(settings.encryption_keys, settings.instance, may_make=not settings.is_production)


def build_source(settings: Settings, engine: sa.Engine) -> Source:
    """Return where the host learns of revisions: the database."""
    from crm.database import only_reading
    from crm.own_tables.version import require_current
    from crm.revisions.processes import new_process_id, report_process
    from crm.revisions.store import earlier_numbers, live_number
    from crm.revisions.workspace import load_workspace
    from crm.web.app import build_app
    from crm.web.serving.host import Source

    process_id = new_process_id()

    def read_number() -> int:
        with only_reading(), engine.connect() as connection:
            return live_number(connection)

    def build(number: int) -> Flask:
        if number in _built_before_fork:
            return _built_before_fork.pop(number)
        with only_reading():
            with engine.connect() as connection:
                require_current(connection)
            workspace = load_workspace(engine, number)
        return build_app(workspace, settings, engine)

    def earlier_ones(number: int) -> list[int]:
        with only_reading(), engine.connect() as connection:
            return earlier_numbers(connection, number)

    return Source(
        read_number,
        build,
        report=lambda number, failure: report_process(engine, process_id, "web", number, failure),
        dispose=lambda app: app.extensions["crm_workspace"].models.dispose(),
        earlier=earlier_ones,
    )


_built_before_fork: dict[int, Flask] = {}  # by revision


def build_before_fork(settings: Settings) -> None:
    """Build the live revision's app for the processes that are forked next, which share its memory."""
    from crm.database import build_engine
    from crm.queue.declared import known_jobs

    wire()
    known_jobs()
    source = build_source(join_redis(settings), build_engine(settings.database_url))
    number = source.live_number()
    _built_before_fork[number] = source.build(number)


def join_redis(settings: Settings) -> Settings:
    """Start logging and ring the Redis there is: the given one, or the app's own when it runs."""
    from crm import queue
    from crm.runtime.redis_server import find_redis_url
    from crm.web.serving.headers import start_logging

    start_logging(settings.log_level.upper())
    url = find_redis_url(settings.redis_url, settings.instance)
    queue.use_redis(url)
    return replace(settings, redis_url=url or "")


def build_host(settings: Settings) -> Host:
    """Return the WSGI callable; it builds its first app at the first request, or when it is warmed."""
    from crm.database import build_engine, limit_waits
    from crm.web.serving.host import Host

    wire()
    settings = join_redis(settings)
    engine = build_engine(settings.database_url)
    limit_waits(engine)
    return Host(build_source(settings, engine))


class LazyHost:
    """`app:app`: a host made at its first request, so that `flask crm` can import this module for nothing."""

    @property
    def host(self) -> Host:
        """Return the host of this process."""
        return _host()

    def __call__(self, environ: dict, start_response: object) -> object:
        """Answer a request."""
        return _host()(environ, start_response)

    def warm(self) -> None:
        """Build the first app before the first reader comes; for the web server's start."""
        _host().warm()


@cache
def _host() -> Host:
    host = build_host(current_settings())
    host.watch()
    return host


def create_app() -> Flask:
    """Return the light Flask app behind `flask crm`: commands, no pages."""
    light = Flask("crm")
    light.cli.add_command(Commands("crm", help="Koine: schema, data, users and processes."))
    return light


class Commands(click.Group):
    """`flask crm`: knows every command, and loads the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands and groups."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, None when there is none of this name."""
        if name in COMMANDS and name not in self.commands:
            if not self.commands:
                prepare_commands()
            import_module(COMMANDS[name][0]).register(self)
        return self.commands.get(name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


def prepare_commands() -> None:
    """Do what every command needs: the packages joined, and the Redis of the running app to ring."""
    try:
        join_redis(current_settings())
    except SettingsError as error:
        click.echo("\n".join(error.problems), err=True)
        sys.exit(2)
    wire()


app = LazyHost()
