"""Sentences of the area: web."""

from crm.texts import N_

MESSAGES = {
}
