"""Sentences of the area: reports."""

from crm.texts import N_

MESSAGES = {
}
