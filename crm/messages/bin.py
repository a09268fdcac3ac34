"""Sentences of the area: the bin."""

from crm.texts import N_

MESSAGES = {
    "bin.not_found": N_("This record is not in the bin, or you don't have access to it."),
    "bin.cannot_restore": N_("Can't restore: %(entity)s, %(id)s."),
    "bin.fields_gone": N_("Restored without fields that were removed or changed type: %(entity)s, %(id)s."),
    "bin.link_gone": N_("Restored without “%(label)s”: the linked record no longer exists."),
    "bin.points_elsewhere": N_("“%(label)s” of record %(id)s has another value by now and keeps it."),
}
