"""Sentences of the area: schema."""

from crm.texts import N_

MESSAGES = {
}
