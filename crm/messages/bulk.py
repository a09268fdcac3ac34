"""Sentences of the area: bulk changes."""

from crm.texts import N_

MESSAGES = {
    "bulk.no_such_job": N_("Bulk change not found, or you don't have access to it."),
    "bulk.has_ended": N_("This bulk change has already ended."),
    "bulk.cannot_undo": N_("This bulk change is still running, or it is already undone."),
    "bulk.no_undo": N_("What a button started can't be undone as a whole."),
    "bulk.nothing_to_set": N_("Choose a field to edit."),
    "bulk.no_files": N_("Files can't be added to many records at once: “%(label)s”."),
    "bulk.field_gone": N_("A field of this bulk change was removed. The remaining records were not changed."),
    "bulk.entity_gone": N_("The records of this bulk change no longer exist: their entity was removed."),
    "bulk.changed_since": N_("Kept: “%(label)s” was changed since then."),
    "bulk.partly_kept": N_("A field you can't see, or that was removed, was not restored."),
    "bulk.gone_since": N_("The record was deleted since then."),
    "bulk.ended": N_("Bulk change finished. Changed: %(changed)s. Not changed: %(refused)s."),
    "bulk.undo_ended": N_("Bulk change undone. Restored: %(changed)s. With exceptions: %(refused)s."),
    "bulk.wrong_request": N_(
        "Send “ids” or “filters”, and one of “values”, “delete” or “button”. Check the request: %(key)s."
    ),
    "bulk.no_such_change": N_("Change not found, or you don't have access to it."),
    "bulk.nothing_to_undo": N_("There is nothing to undo: the fields already have these values."),
    "inplace.not_editable": N_("This field can't be edited here."),
    "inplace.theirs": N_("%(person)s changed this to “%(value)s”. Saving keeps your value."),
    "merge.wrong_request": N_("Send “into”, a list “from” and “values”: record numbers. Check the request."),
    "merge.two_or_three": N_("Choose two or three records to merge."),
    "merge.not_allowed": N_("You need permission to edit the record that stays and to delete the others."),
    "merge.not_among": N_("Record %(id)s is not one of those that are merged."),
    "merge.cannot_move": N_("Not merged: a related record can't be moved."),
}
