"""Building an app on trial: which names the app needs for itself, and whether a revision can be served at all.

No list says which names are taken: they are read from the addresses and blueprints of an app without entities.
"""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Iterator
from functools import cache

import sqlalchemy as sa
from flask import Flask

from config import Settings, load_settings
from crm.entities.identity import Identities
from crm.entities.kinds import KINDS
from crm.entities.model import Schema
from crm.errors import Problem
from crm.revisions.models import Models
from crm.revisions.proposal import Proposal
from crm.revisions.workspace import Workspace
from crm.web.app import assemble_app
from crm.web.entity.cells import view_name

logger = logging.getLogger(__name__)

UNDER = ("/", "/api/v1/", "/admin/schema/")  # what an entity's name follows in addresses
PAGE = re.compile(r"(View|Api)$")


def is_taken(name: str) -> bool:
    """Return whether an entity of this name would share an address or a blueprint with a page of the app."""
    app = app_without_entities()
    parts = {part for prefix in UNDER for part in parts_under(app, prefix)}
    return name in parts or PAGE.sub("", view_name(name)) in {PAGE.sub("", known) for known in app.blueprints}


@cache
def app_without_entities() -> Flask:
    """Return an app as it is before anything is declared; it never answers anybody."""
    schema = Schema(0, {}, {kind: {} for kind in KINDS})
    return try_app(Workspace(schema, Models(schema), Identities()))


def try_app(workspace: Workspace) -> Flask:
    """Return the app of a workspace that touches no database."""
    return assemble_app(workspace, trial_settings(), sa.create_engine("sqlite://"))


@cache
def trial_settings() -> Settings:
    """Return settings that lead nowhere: no installation's database, Redis or folder."""
    with tempfile.TemporaryDirectory() as folder:
        return load_settings({"CRM_INSTANCE": folder})


def parts_under(app: Flask, prefix: str) -> Iterator[str]:
    """Yield what stands in the place of a name in the app's own addresses.

    >>> from flask import Flask
    >>> app = Flask("doctest", static_folder=None)
    >>> app.add_url_rule("/lang/<code>", "lang")
    >>> list(parts_under(app, "/"))
    ['lang']
    """
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(prefix):
            yield rule.rule.removeprefix(prefix).split("/")[0]


def judge_by_building(_connection: sa.Connection, proposal: Proposal, _user_name: str) -> list[Problem]:
    """Return why the app of a proposal cannot be built, having tried; nothing of it answers anybody."""
    try:
        try_app(Workspace(proposal.schema, proposal.models, proposal.after))
    except Exception as error:  # Whatever the reason, a revision that cannot be served must not go live.
        logger.exception("The app of a proposed revision could not be built")
        return [Problem("schema.cannot_be_built", {"reason": f"{type(error).__name__}: {error}"})]
    return []
