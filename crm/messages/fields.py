"""Sentences of the area: fields."""

from crm.texts import N_

MESSAGES = {
}
