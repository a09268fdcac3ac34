"""Who uses something, as a page tells it: in words, each with the address where it is looked at or put right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import ngettext, pgettext

from crm.database import CrmSession
from crm.entities.usage import Use
from crm.imports.service import open_imports
from crm.imports.uses import UNNAMED
from crm.texts import Text
from crm.web.entity.saved_views import PRIVATE, own_views
from crm.web.language import current_language
from crm.web.schema.places import Names, names_of, place_words
from crm.web.schema.words import kind_label


def use_rows(session: CrmSession, uses: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return uses (`Use.as_json`) as (words, url, place, field).

    Shape:  private views and imports of others are counted at the end, and not named.
    """
    known = {"view": own_views(session), "import": open_imports(session)}
    documents = session.workspace.schema.documents
    names = names_of(documents, current_language())
    bodies = {(document.kind, document.name): document.body for document in documents}
    rows: list[dict[str, str]] = []
    unnamed: dict[tuple[str, str, str], set[str]] = {}
    for use in uses:
        field, name = str(use.get("field", "")), known.get(use["kind"], {}).get(use["name"], "")
        if use["label"] in (PRIVATE, UNNAMED) and not name:
            unnamed.setdefault((use["kind"], use["entity"], field), set()).add(use["name"])
            continue
        name = name or (Text(use["label"]).get(current_language()) if use["label"] else use["name"])
        words = pgettext("kind", "%(kind)s “%(name)s”", kind=kind_label(use["kind"]), name=name)
        body = bodies.get((use["kind"], use["name"]), {})
        place = place_words(use["place"], body, names, names.within(use["kind"], use["name"], body))
        rows.append({"words": words, "url": address_of(use), "place": place, "field": _field(field, names)})
    for (kind, entity, field), names in unnamed.items():
        url = f"/{entity}/list/" if kind == "view" else "/import/"
        rows.append({"words": _counted(kind, len(names)), "url": url, "place": "", "field": field})
    return rows


def _field(field: str, names: Names) -> str:
    """Return what people call the field `entity.name` that is used."""
    entity, _, name = field.partition(".")
    called = names.entities.get(entity, entity)
    return f"{called} › {names.fields.get(entity, {}).get(name, name)}" if name else called


def _counted(kind: str, count: int) -> str:
    if kind == "view":
        return ngettext("One private view of a colleague", "%(num)s private views of colleagues", count)
    return ngettext("One import of a colleague", "%(num)s imports of colleagues", count)


def drawn_uses(session: CrmSession, uses: Iterable[Use]) -> list[dict[str, str]]:
    """Return uses as the pages of an entity draw them."""
    return use_rows(session, (use.as_json() for use in uses))


def address_of(use: Mapping[str, Any]) -> str:
    """Return the page of what uses something."""
    pages = {
        "entity": f"/admin/schema/{use['name']}/",
        "role": f"/admin/roles/{use['name']}/",
        "rule": f"/admin/rules/{use['name']}/",
        "view": f"/{use['entity']}/list/",
        "import": f"/import/{use['name']}",
    }
    return pages.get(use["kind"], f"/admin/schema/documents/{use['kind']}/{use['name']}")
