"""`flask crm keys rotate`."""

from __future__ import annotations

import time

import click

from crm.commands import Context, crm_command
from crm.errors import UnavailableError
from crm.records.rotation import reseal_everything
from crm.secrets import RELOAD_SECONDS, add_key, current_keys


def register(group: click.Group) -> None:
    """Add the commands."""
    keys = click.Group("keys", help="The keys of encrypted fields.")
    group.add_command(keys)

    @crm_command(keys, "rotate", help="Make a new key and seal every encrypted value by it.")
    @click.option(
        "--no-new-key", is_flag=True, help="Seal by the first key there is; also to go on after a stop."
    )
    def rotate(context: Context, no_new_key: bool) -> None:
        if not no_new_key:
            if context.settings.encryption_keys:
                raise UnavailableError("secrets.not_in_file")
            current_keys()  # the first one is made like at any start
            add_key(context.settings.instance)
            time.sleep(2 * RELOAD_SECONDS)  # until every process knows it, and finds what it sealed
        facts = {"key": current_keys()[0].id, **reseal_everything(context.engine, context.workspace)}
        words = "Sealed {values} values and {changes} rows of the history by the key {key}."
        context.answer(facts, words.format(**facts))
