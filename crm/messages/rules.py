"""Sentences of the area: rules."""

from crm.texts import N_

MESSAGES = {
}
