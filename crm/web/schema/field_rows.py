"""The list of an entity's fields: what each is, who sees it, and what uses it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext, npgettext, pgettext

from crm.drafts.edits import fields_of
from crm.drafts.keys import missing_languages
from crm.entities.duties import DUTIES
from crm.entities.usage import Usage, Use
from crm.fields.base import TypeWords
from crm.fields.fold import fold
from crm.permissions.model import Actor, Role
from crm.web.language import current_language, spoken
from crm.web.schema.controls import words_of_type
from crm.web.schema.key_forms import label_of_field
from crm.web.schema.shaping import live_body

LAYOUT_KEYS = ("title", "list", "form", "kanban", "calendar", "timeline", *DUTIES, "new_caller", "same_if")
LAYOUT, FIELDS, RULES, SEGMENTS, REPORTS, ROLES, OTHERS = (
    "layout",
    "fields",
    "rules",
    "segments",
    "reports",
    "roles",
    "others",
)
GROUP_OF_KIND = {
    "entity": FIELDS,
    "rule": RULES,
    "segment": SEGMENTS,
    "report": REPORTS,
    "dashboard": REPORTS,
    "role": ROLES,
}


@dataclass(frozen=True)
class FieldRow:
    """One field as the list draws it.

    Shape:  `state` is live, changed or new. `uses` counts places by group, `seen_by` says which roles read it.
    """

    name: str
    label: str
    words: TypeWords
    required: bool
    unique: bool
    personal: bool
    missing: tuple[str, ...]
    state: str
    uses: Mapping[str, int]
    seen_by: str

    def matches(self, text: str) -> bool:
        """Return whether label, key or type hold a text."""
        return fold(text) in fold(f"{self.label} {self.name} {spoken(self.words.label)}")


def field_rows(name: str, body: Mapping, usage: Usage, roles: Iterable[Role]) -> list[FieldRow]:
    """Return the fields of an entity in their order."""
    live, readers = fields_of(live_body(name)), readers_of(name, roles)
    return [
        _row(key, field, live, group_uses(name, usage.of_field(name, key)), seen_by(key, readers))
        for key, field in fields_of(body).items()
    ]


def _row(name: str, body: Any, live: Mapping, uses: Mapping[str, int], seen: str) -> FieldRow:
    former = live.get(name) or live.get(str(body.get("was") or ""))
    return FieldRow(
        name,
        label_of_field(name, body),
        words_of_type(str(body.get("type"))),
        body.get("required") is True,
        body.get("unique") is True,
        body.get("personal") is True,
        tuple(missing_languages(body.get("label"))),
        "new" if former is None else "live" if former == body and name in live else "changed",
        uses,
        seen,
    )


def group_uses(entity: str, uses: Iterable[Use]) -> dict[str, int]:
    """Return how many places use a field: in the layout, in other fields, rules, segments, reports, roles."""
    found: dict[str, int] = {}
    for use in uses:
        group = GROUP_OF_KIND.get(use.kind, OTHERS)
        if (use.kind, use.name) == ("entity", entity) and use.path[0] in LAYOUT_KEYS:
            group = LAYOUT
        found[group] = found.get(group, 0) + 1
    return found


def group_labels() -> dict[str, str]:
    """Return what the groups of uses are called, in the order they are shown."""
    return {
        LAYOUT: pgettext("place", "Layout"),
        FIELDS: gettext("Fields and validations"),
        RULES: pgettext("place", "Rules"),
        SEGMENTS: pgettext("place", "Segments"),
        REPORTS: pgettext("place", "Reports"),
        ROLES: pgettext("place", "Roles"),
        OTHERS: pgettext("place", "Other"),
    }


def readers_of(entity: str, roles: Iterable[Role]) -> dict[str, frozenset[str]]:
    """Return the fields hidden from each role that may read an entity, by the role's label."""
    language, found = current_language(), {}
    for role in roles:
        rights = Actor("user", "", roles=(role,)).rights(entity)
        if "read" in rights.can:
            found[role.label.get(language)] = rights.hidden
    return found


def seen_by(field: str, readers: Mapping[str, frozenset[str]]) -> str:
    """Return who sees a field, in words."""
    seeing = [label for label, hidden in readers.items() if field not in hidden]
    if not seeing:
        return pgettext("place", "Administrators only")
    if len(seeing) == len(readers):
        return (
            npgettext("place", "%(num)s role", "All %(num)s roles", len(seeing))
            if len(seeing) > 1
            else seeing[0]
        )
    return ", ".join(seeing)
