"""Who uses something, as a page tells it: in words, each with the address where it is looked at or put right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext, ngettext

from crm.database import CrmSession
from crm.entities.usage import Use
from crm.texts import Text
from crm.web.entity.saved_views import PRIVATE, own_views
from crm.web.language import current_language
from crm.web.schema.words import kind_label


def use_rows(session: CrmSession, uses: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return uses (`Use.as_json`) as (words, url, place, field); private views of others are counted, not named."""
    own, language = own_views(session), current_language()
    rows: list[dict[str, str]] = []
    private: dict[tuple[str, str], set[str]] = {}
    for use in uses:
        field = str(use.get("field", ""))
        if use["kind"] == "view" and use["label"] == PRIVATE and use["name"] not in own:
            private.setdefault((use["entity"], field), set()).add(use["name"])
            continue
        label = own.get(use["name"]) if use["kind"] == "view" else None
        label = label or (Text(use["label"]).get(language) if use["label"] else use["name"])
        words = gettext("%(kind)s “%(name)s”", kind=kind_label(use["kind"]), name=label)
        rows.append({"words": words, "url": address_of(use), "place": use["place"], "field": field})
    for (entity, field), names in private.items():
        words = ngettext("One private view of a colleague", "%(num)s private views of colleagues", len(names))
        rows.append({"words": words, "url": f"/{entity}/list/", "place": "", "field": field})
    return rows


def drawn_uses(session: CrmSession, uses: Iterable[Use]) -> list[dict[str, str]]:
    """Return uses as the pages of an entity draw them."""
    return use_rows(session, (use.as_json() for use in uses))


def address_of(use: Mapping[str, Any]) -> str:
    """Return the page of what uses something."""
    pages = {
        "entity": f"/admin/schema/{use['name']}/",
        "role": f"/admin/roles/{use['name']}/",
        "view": f"/{use['entity']}/list/",
        "import": f"/import/{use['name']}",
    }
    return pages.get(use["kind"], f"/admin/schema/documents/{use['kind']}/{use['name']}")
