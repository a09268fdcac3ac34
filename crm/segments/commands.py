"""`flask crm segment NAME`."""

from __future__ import annotations

import click

from crm.commands import Context, crm_command
from crm.permissions.sight import rests_on
from crm.segments.service import segment_members


def register(group: click.Group) -> None:
    """Add the command."""

    @crm_command(group, "segment", help="Count a segment, or list its record ids.")
    @click.argument("name")
    @click.option("--ids", is_flag=True, help="Print the ids, one per line.")
    @click.option("--as", "user", default="", help="Count with this user's rights.")
    def segment(context: Context, name: str, ids: bool, user: str) -> None:
        with context.reading_session(user) as session:
            found = segment_members(session, name)
            rests = rests_on(found.narrowed, session.actor.language)
        text = "\n".join(map(str, found.ids)) if ids else "\n".join([str(len(found.ids)), *rests["notes"]])
        context.answer({"segment": name, "count": len(found.ids), "ids": found.ids, **rests}, text)
