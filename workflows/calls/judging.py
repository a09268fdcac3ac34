"""Whether rules that are to go live call anybody they may not: names are looked up, as no check of documents does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from config import current_settings
from crm.entities.model import Document
from crm.entities.secret_words import can_open
from crm.errors import Problem
from crm.revisions.proposal import Proposal
from workflows.actions.call_webhook import bare_url
from workflows.calls.addresses import RefusedAddressError, look_up, read_url

LOOK_UP_SECONDS = 2.0  # of one name; one that is not found in time is judged when it is called


def judge_calls(_connection: sa.Connection, proposal: Proposal, _user_name: str) -> list[Problem]:
    """Return what is wrong with the calls of rules that are new or were changed: internal addresses, lost secrets."""
    old = {(one.kind, one.name): one.body for one in proposal.old_documents}
    return [
        problem
        for document in proposal.documents
        if document.kind == "rule" and old.get(("rule", document.name)) != document.body
        for path, body in calls_of(document.body.get("then"), ("then",))
        for problem in _judge(document, path, body)
    ]


def calls_of(steps: Any, path: tuple) -> Iterator[tuple[tuple, Mapping]]:
    """Yield every call among some steps, those in branches included, with its place."""
    if isinstance(steps, list):
        for index, step in enumerate(steps):
            yield from calls_of(step, (*path, index))
    elif isinstance(steps, Mapping):
        for key, value in steps.items():
            if key == "call_webhook" and isinstance(value, Mapping):
                yield (*path, key), value
            else:
                yield from calls_of(value, (*path, key))


def _judge(document: Document, path: tuple, body: Mapping) -> Iterator[Problem]:
    if "secret" in body and not can_open(body["secret"]):
        yield Problem("rule.secret_not_ours").at(**document.place(*path, "secret"))
    target = read_url(bare_url(body.get("url")))
    if target is None:
        return  # the check has said so
    try:
        look_up(target, current_settings().webhook_hosts, LOOK_UP_SECONDS)
    except RefusedAddressError:
        yield Problem("rule.address_refused", {"host": target.host}).at(**document.place(*path, "url"))
    except OSError:
        return
