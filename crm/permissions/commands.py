"""`flask crm why USER ENTITY [ID]`: why somebody may or may not."""

from __future__ import annotations

import click

from crm.commands import Context, crm_command
from crm.permissions.explain import Question, explain
from crm.permissions.model import DEEDS
from crm.permissions.tell import facts_of, text_of


def register(group: click.Group) -> None:
    """Add the command."""

    @crm_command(group, "why", help="Why a user may or may not: the chain of roles and conditions.")
    @click.argument("user")
    @click.argument("entity")
    @click.argument("record_id", metavar="[ID]", required=False, type=int)
    @click.option("--field", default="", help="Ask about one field.")
    @click.option("--deed", default="read", type=click.Choice(DEEDS), show_default=True)
    def why(context: Context, user: str, entity: str, record_id: int | None, field: str, deed: str) -> None:
        with context.reading_session() as session:
            actor = context.actor(user)
            question = Question(entity, deed, record_id, field or None)
            facts = facts_of(explain(session, actor, question), context.language)
        context.answer(facts, text_of(facts))
