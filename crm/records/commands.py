"""`flask crm keys rotate`, `flask crm keys status`."""

from __future__ import annotations

import time
from typing import Any

import click

from crm import queue
from crm.commands import Context, crm_command, no_wait, telling
from crm.errors import UnavailableError
from crm.records.rotation import JOB, count_left, key_status, reseal_everything
from crm.secrets import RELOAD_SECONDS, add_key, current_keys


def register(group: click.Group) -> None:
    """Add the commands."""
    keys = click.Group("keys", help="The keys of encrypted fields.")
    group.add_command(keys)

    @crm_command(keys, "rotate", help="Make a new key and seal every encrypted value by it.")
    @click.option(
        "--no-new-key", is_flag=True, help="Seal by the first key there is; also to go on after a stop."
    )
    @no_wait
    def rotate(context: Context, no_new_key: bool, no_wait: bool) -> None:
        if not no_new_key:
            if context.settings.encryption_keys:
                raise UnavailableError("secrets.not_in_file")
            current_keys()  # the first one is made like at any start
            add_key(context.settings.instance)
            time.sleep(2 * RELOAD_SECONDS)  # until every process knows it, and finds what it sealed
        if no_wait and queue.ring(JOB):
            key = current_keys()[0].id
            context.answer({"key": key, "state": "waiting"}, f"A worker seals everything by the key {key}.")
        else:
            reseal(context)

    @crm_command(keys, "status", help="Which key seals what, and which may be taken out of the ring.")
    def status(context: Context) -> None:
        found = key_status(context.engine)
        context.answer({"keys": found}, "\n".join(line for key in found for line in status_lines(key)))


def reseal(context: Context) -> None:
    """Seal everything by the first key and answer how much it was; what had to be left makes the exit code 1."""
    with telling(lambda: f"Sealed by older keys: {count_left(context.engine)}."):
        facts = {"key": current_keys()[0].id, **reseal_everything(context.engine)}
    words = "Sealed {values} values, {texts} texts and {changes} rows of the history by the key {key}."
    if facts["left"]:
        words += "\n{left} were left, which do not open or which somebody held: see flask crm keys status."
    context.answer(facts, words.format(**facts))
    if facts["left"]:
        raise click.exceptions.Exit(1)


def status_lines(key: dict[str, Any]) -> list[str]:
    """Return what is known of one key as lines of text."""
    if key["is_first"]:
        role = "seals"
    elif not key["is_known"]:
        role = "is not in the ring: what it sealed does not open"
    else:
        role = "is still in use: rotate" if key["in_use"] else "may be removed"
    return [f"{key['key']} {role}", *(f"  {count:>9} {name}" for name, count in key["places"].items())]
