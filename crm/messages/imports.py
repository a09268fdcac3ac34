"""Sentences of the area: imports."""

from crm.texts import N_

MESSAGES = {
}
