"""Sentences of the area: records."""

from crm.texts import N_, NP_

MESSAGES = {
    "record.not_found": N_("There is no such record, or it is not open to you."),
    "record.unknown_field": N_("There is no field “%(name)s”."),
    "record.required": N_("“%(label)s” is needed."),
    "record.has_problems": N_("The record was not saved: please correct what is marked."),
    "record.check": NP_("label", "%(message)s"),
    "record.move_not_allowed": N_("“%(old)s” cannot become “%(new)s”."),
    "record.refused_by_database": N_("The database refused the row."),
    "record.choice_retired": N_("“%(value)s” is no longer offered. Choose another value."),
    "record.no_such_reference": N_("There is no such %(entity)s (%(id)s), or it is not open to you."),
    "record.no_such_user": N_(
        "There is no such user (%(id)s), or the user is inactive or does not have the role this needs."
    ),
    "people.not_oneself": N_("You cannot deactivate yourself."),
    "people.last_admin": N_("This is the last active administrator. Make somebody else one first."),
    "people.still_active": N_("This user is still active: use “user leave”."),
    "people.admins_only": N_("Only administrators may do this."),
    "people.bad_successor": N_("Nothing was handed over: please correct what is marked."),
    "people.no_such_handover": N_("There is no such handover."),
    "people.never_deleted": N_(
        "Users are deactivated and never deleted: records and history keep their names."
    ),
    "people.inactive": NP_("user", "%(name)s (inactive)"),
    "people.deleted": N_("Deleted user %(number)s"),
    "record.not_unique": N_("Another record already has this value for “%(label)s”."),
    "record.changed_since": N_(
        "Somebody saved this record after you opened it. Load it again to see what changed."
    ),
    "record.saved_meanwhile": N_(
        "Somebody saved this record after you opened it. What only they changed is in the form now; look through "
        "it and save again."
    ),
    "record.theirs": N_("They wrote “%(value)s” here. Yours replaces it when you save."),
    "record.has_children": N_(
        "This record cannot be deleted: it still has %(count)s records of %(children)s."
    ),
    "file.too_large": N_("This file is too large: at most %(limit)s MB fit."),
    "file.empty": N_("The file “%(value)s” is empty."),
    "file.program": N_("“%(value)s” is a program, and programs are not kept here."),
    "file.not_accepted": N_("“%(value)s” is not a file of the kinds this field takes: %(known)s."),
    "file.no_room": N_(
        "There is no room left for files. Tell your administrator; nothing was kept of this one."
    ),
    "file.too_many_loose": N_(
        "You have uploaded %(most)s files without saving a record. Save or wait a day before you upload more."
    ),
    "file.not_found": N_("There is no such file, or you may not see it."),
    "file.none_sent": N_("No file was sent."),
    "record.no_such_file": N_("There is no uploaded file with the number %(id)s for this field."),
    "record.gone_meanwhile": N_(
        "What this record refers to was deleted a moment ago. Choose another one and save again."
    ),
    "record.field_gone": N_(
        "The field “%(label)s” was removed while you were editing. This value was not saved: %(value)s"
    ),
    "record.fields_gone": N_("Nothing is saved yet. Copy what you need into another field and save again."),
    "record.leads_away": N_("This value decides who has access to the record."),
    "record.out_of_reach": N_("Not saved: with these values you would lose access to this record."),
    "record.encrypted_order": N_("The list cannot be sorted by “%(name)s”: the field is encrypted."),
    "record.search_too_long": N_("A search has at most %(limit)s characters."),
    "record.bad_query": N_("This cannot be answered as it was asked."),
    "record.unknown_filter": N_("“%(name)s” in the address is no filter of this list."),
    "record.bad_argument": N_("“%(value)s” is no value for “%(name)s” in the address."),
    "record.calendar_cut": N_(
        "There are too many records to show at once: from %(day)s on some are missing. Filter, or look at fewer days."
    ),
    "record.calendar_end_hidden": N_(
        "You may not see when they end, so each record is on the day it begins."
    ),
    "record.search_is_rebuilt": N_(
        "What is searched in “%(entity)s” was changed; until all records follow, a search may not find every one."
    ),
    "record.looks_same": N_("Not saved yet: there are %(entity)s that look the same."),
    "record.too_many": N_("At most %(limit)s records can be handled at once."),
}
