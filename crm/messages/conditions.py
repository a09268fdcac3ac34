"""Sentences of the area: conditions."""

from crm.texts import N_

MESSAGES = {
}
