"""`flask crm hook`: the secrets of webhooks."""

from __future__ import annotations

import click

from crm.commands import Context, crm_command
from crm.errors import NotFoundError, RuleError
from workflows.hooks import store
from workflows.triggers.webhook import NAME


def register(group: click.Group) -> None:
    """Add the commands of this package."""

    @group.group("hook", help="The secrets of webhooks, by which others call in.")
    def hook() -> None:
        pass

    @crm_command(
        hook, "secret", help="Make a new secret and show it, this once; the former counts for a day."
    )
    @click.argument("name")
    def secret(context: Context, name: str) -> None:
        with context.session() as session:
            if not NAME.match(name):
                raise RuleError("rule.bad_hook_name", value=name[:60])
            made = store.renew_secret(session, name)
        context.answer({"hook": name, "path": f"/hooks/{name}", "secret": made}, f"/hooks/{name}\n{made}")

    @crm_command(hook, "forget", help="Forget a secret at once: nobody is answered any more.")
    @click.argument("name")
    def forget(context: Context, name: str) -> None:
        with context.session() as session:
            if name not in store.list_hooks(session):
                raise NotFoundError("rule.hook_not_found", name=name[:60])
            store.forget_secret(session, name)
        context.answer({"hook": name, "forgotten": True}, name)
