"""Sentences of the area: edit (what an admin does to documents in the web)."""

from crm.texts import N_

MESSAGES = {
    "edit.field_exists": N_("There is a field “%(name)s” already. Choose another name."),
    "edit.entity_exists": N_("There is an entity “%(name)s” already. Choose another name."),
    "edit.choice_exists": N_("Two choices have the internal name “%(name)s”. Change one of them."),
}
