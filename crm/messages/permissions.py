"""Sentences of the area: permissions."""

from crm.texts import N_

MESSAGES = {
}
