"""`flask crm upgrade`."""

from __future__ import annotations

from dataclasses import asdict

import click

from crm.commands import Context, crm_command
from crm.database import build_engine


def register(group: click.Group) -> None:
    """Add the commands of this package."""

    @crm_command(group, "upgrade", help="Bring the tables of an older release to this one, as a start does.")
    @click.option("--sql", "is_dry", is_flag=True, help="Only print the statements that would run now.")
    def upgrade_tables(context: Context, is_dry: bool) -> None:
        from crm.own_tables.upgrade import sql_of_upgrade, upgrade

        engine = build_engine(context.settings.database_url)
        if is_dry:
            statements = sql_of_upgrade(engine)
            context.answer({"sql": statements}, statements.rstrip() or "-- There is nothing to upgrade.")
            return
        done = upgrade(engine)
        context.answer(asdict(done), done.say())
