"""Where everything meets: `app` answers the web, `create_app` serves `flask crm`, `wire` joins the parts."""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import cache

import click
import sqlalchemy as sa
from flask import Flask

from config import Settings, SettingsError, current_settings
from crm import queue
from crm.database import build_engine, only_reading
from crm.demo import commands as demo_commands
from crm.drafts import jobs as draft_jobs
from crm.drafts.follow import DRAFTS
from crm.entities import kinds, taken_names, usage
from crm.imports import commands as import_commands
from crm.imports import jobs as import_jobs
from crm.imports.uses import IMPORTS
from crm.own_tables import commands as table_commands
from crm.own_tables.version import require_current
from crm.permissions import commands as permission_commands
from crm.permissions import guard as _guard
from crm.permissions import kind as role_kind
from crm.permissions.grants import judge_publisher, tell_publisher
from crm.records import commands as record_commands
from crm.records import jobs as record_jobs
from crm.records.rekey import plan_rekeying
from crm.reports import commands as report_commands
from crm.reports import kind as report_kinds
from crm.revisions import commands as schema_commands
from crm.revisions import jobs as revision_jobs
from crm.revisions import publish
from crm.revisions.packs import PACKS
from crm.revisions.processes import new_process_id, report_process
from crm.revisions.rename import rename_on_shelves
from crm.revisions.store import earlier_numbers, live_number
from crm.revisions.workspace import load_workspace
from crm.runtime import processes, scheduler
from crm.runtime.redis_server import find_redis_url
from crm.secrets import Key, read_keys, use_keys
from crm.segments import commands as segment_commands
from crm.segments import kind as segment_kind
from crm.web import commands as web_commands
from crm.web.app import build_app
from crm.web.entity.saved_views import VIEWS
from crm.web.fab.permissions import sync_permissions
from crm.web.pages import PAGES
from crm.web.serving.headers import start_logging
from crm.web.serving.host import Host, Source
from crm.web.trial import is_taken, judge_by_building
from workflows import commands as rule_commands
from workflows import pages as rule_pages
from workflows import wiring as workflows
from workflows.runs import jobs as rule_jobs

KINDS = (segment_kind.KIND, role_kind.KIND, report_kinds.REPORT, report_kinds.DASHBOARD)
"""Every kind of document but entity, in the order in which they are built."""

COMMANDS = (
    web_commands.register,
    table_commands.register,
    demo_commands.register,
    schema_commands.register,
    segment_commands.register,
    report_commands.register,
    permission_commands.register,
    import_commands.register,
    record_commands.register,
    rule_commands.register,
    processes.register,
)
"""Every package's commands: functions that add theirs to the group `flask crm`."""


JOBS = (rule_jobs, import_jobs, draft_jobs, revision_jobs, record_jobs)
"""Every package's jobs, for workers, and ticks, for the scheduler."""


@cache
def wire() -> None:
    """Make the packages known to each other; every process does it once, whatever it is for."""
    for kind in KINDS:
        kinds.register_kind(kind)
    workflows.register_kinds()
    PAGES.append(rule_pages.register)
    usage.SHELVES += [VIEWS, IMPORTS, DRAFTS, PACKS]
    taken_names.TAKEN.append(is_taken)
    publish.BEFORE_PUBLISH += [judge_publisher, judge_by_building]
    publish.TELL.append(tell_publisher)
    use_keys(ring_of_settings)
    publish.ON_PUBLISH += [sync_permissions, rename_on_shelves]
    publish.ON_OTHER_WORDS.append(plan_rekeying)
    publish.AFTER_PUBLISH += [revision_jobs.finish_soon, record_jobs.rebuild_soon, workflows.prepare_edges]
    for jobs in JOBS:
        queue.declare(jobs.JOBS)
        scheduler.TICKS.extend(jobs.TICKS)
    assert _guard, "the guard listens once it is imported"


def ring_of_settings() -> tuple[Key, ...]:
    """Return the keys of encrypted fields: the given ones, or those of the instance folder.

    Production makes none by itself: keys that one machine made would be missing on the others.
    """
    settings = current_settings()
    return read_keys(settings.encryption_keys, settings.instance, may_make=not settings.is_production)


def build_source(settings: Settings, engine: sa.Engine) -> Source:
    """Return where the host learns of revisions: the database."""
    process_id = new_process_id()

    def read_number() -> int:
        with only_reading(), engine.connect() as connection:
            return live_number(connection)

    def build(number: int) -> Flask:
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


def join_redis(settings: Settings) -> Settings:
    """Start logging and ring the Redis there is: the given one, or the app's own when it runs."""
    start_logging(settings.log_level.upper())
    url = find_redis_url(settings.redis_url, settings.instance)
    queue.use_redis(url)
    return replace(settings, redis_url=url or "")


def build_host(settings: Settings) -> Host:
    """Return the WSGI callable; it builds its first app at the first request, or when it is warmed."""
    settings = join_redis(settings)
    return Host(build_source(settings, build_engine(settings.database_url)))


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
    try:
        join_redis(current_settings())
    except SettingsError as error:
        click.echo("\n".join(error.problems), err=True)
        sys.exit(2)
    light = Flask("crm")
    group = click.Group("crm", help="Koine: schema, data, users and processes.")
    for register in COMMANDS:
        register(group)
    light.cli.add_command(group)
    return light


wire()
app = LazyHost()
