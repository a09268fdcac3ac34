"""Sentences of the area: reports."""

from crm.texts import N_

MESSAGES = {
    "segment.not_found": N_("There is no segment “%(name)s”."),
}
