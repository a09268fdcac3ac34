"""`flask crm segment NAME`."""

from __future__ import annotations

import click

from crm.commands import Context, crm_command
from crm.segments.service import segment_members


def register(group: click.Group) -> None:
    """Add the command."""

    @crm_command(group, "segment", help="Count a segment, or list its record ids.")
    @click.argument("name")
    @click.option("--ids", is_flag=True, help="Print the ids, one per line.")
    def segment(context: Context, name: str, ids: bool) -> None:
        with context.reading_session() as session:
            found = segment_members(session, name).ids
        text = "\n".join(map(str, found)) if ids else str(len(found))
        context.answer({"segment": name, "count": len(found), "ids": found}, text)
