"""Sentences of the area: records."""

from crm.texts import N_

MESSAGES = {
}
