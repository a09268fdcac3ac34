"""The ways to look at an entity's records, list, board and calendar, each with the filter one has now."""

from __future__ import annotations

from collections.abc import Iterator

from flask import request, url_for
from flask_babel import pgettext

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.permissions.service import readable_fields
from crm.records.days import readable_days
from crm.web.entity.arguments import address_with
from crm.web.entity.cells import view_name

OF_ONE_WAY = ("more", "view", "day", "page", "after")  # arguments that mean something in one of the ways only


def filter_pairs() -> list[tuple[str, str]]:
    """Return the arguments of the request that every way of looking understands: filters, search, order."""
    return [
        (name, value)
        for name, value in request.args.items(multi=True)
        if name not in OF_ONE_WAY and not name.startswith("page_")
    ]


def switch_of(session: CrmSession, entity: Entity, current: str) -> list[dict[str, str]]:
    """Return the other ways to look at what is shown now, as far as they are open to the reader."""
    pairs = filter_pairs()
    return [
        {"label": label, "icon": icon, "url": address_with(_path(entity, name), pairs)}
        for name, label, icon in _ways(session, entity)
        if name != current
    ]


def _ways(session: CrmSession, entity: Entity) -> Iterator[tuple[str, str, str]]:
    yield "list", pgettext("view", "List"), "list"
    if entity.board is not None and entity.board.by in readable_fields(session.actor, entity):
        yield "board", pgettext("view", "Board"), "layout-kanban"
    if readable_days(session, entity) is not None:
        yield "calendar", pgettext("view", "Calendar"), "calendar"


def _path(entity: Entity, name: str) -> str:
    return url_for(f"{view_name(entity.name)}.{name}")
