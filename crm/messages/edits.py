"""Sentences of the area: edit (what an admin does to documents in the web)."""

from crm.texts import N_

MESSAGES = {
    "edit.field_exists": N_("There is already a field “%(name)s”. Choose another name."),
    "edit.entity_exists": N_("There is already an entity “%(name)s”. Choose another name."),
    "edit.choice_exists": N_("Two choices have the internal name “%(name)s”. Change one of them."),
}
