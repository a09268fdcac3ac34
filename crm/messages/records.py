"""Sentences of the area: records."""

from crm.texts import N_, NP_

MESSAGES = {
    "record.not_found": N_("Record not found, or you don't have access to it."),
    "record.unknown_field": N_("There is no field “%(name)s”."),
    "record.no_such_button": N_("There is no button “%(name)s” here."),
    "record.required": N_("Fill in “%(label)s”."),
    "record.has_problems": N_("Not saved. Correct the fields with errors."),
    "record.check": NP_("label", "%(message)s"),
    "record.move_not_allowed": N_("Can't change “%(old)s” to “%(new)s”. Choose an allowed value."),
    "record.refused_by_database": N_("The database didn't accept the row. Check its values."),
    "record.choice_retired": N_("“%(value)s” is no longer available. Choose another value."),
    "record.no_such_reference": N_("Record not found or no access: %(entity)s, %(id)s. Choose another."),
    "record.no_such_user": N_("No active user with the required role: %(id)s. Choose another user."),
    "people.not_oneself": N_("You can't deactivate your own account. Ask another administrator."),
    "people.last_admin": N_("This is the last active administrator. Give the role to another user first."),
    "people.still_active": N_("This user is still active. Use “user leave”."),
    "people.admins_only": N_("Only administrators can do this."),
    "people.bad_successor": N_("Nothing was handed over. Correct the fields with errors."),
    "people.no_such_handover": N_("Handover not found."),
    "people.never_deleted": N_("Users are deactivated, not deleted: records and history keep their names."),
    "people.inactive": NP_("user", "%(name)s (inactive)"),
    "people.deleted": N_("Deleted user %(number)s"),
    "record.not_unique": N_("Another record already has this value in “%(label)s”. Enter another value."),
    "record.changed_since": N_(
        "Someone saved this record after you opened it. Reload it to see the changes."
    ),
    "record.saved_meanwhile": N_(
        "Someone saved this record while you were editing. Their changes are in the form "
        "now. Review them and save again."
    ),
    "record.theirs": N_("Changed by someone else to “%(value)s”. Saving keeps your value."),
    "record.has_children": N_(
        "Can't delete: there are still related records (%(children)s: %(count)s). Delete or move them first."
    ),
    "file.too_large": N_("This file is too large. Limit: %(limit)s MB."),
    "file.empty": N_("The file “%(value)s” is empty. Choose another file."),
    "file.program": N_("“%(value)s” is a program. Programs can't be uploaded."),
    "file.not_accepted": N_("This field doesn't accept “%(value)s”. Accepted file types: %(known)s."),
    "file.no_room": N_("There is no space left for files. This file was not saved. Tell your administrator."),
    "file.too_many_loose": N_(
        "Too many files uploaded without saving a record: %(most)s. Save the record, or wait a day."
    ),
    "file.not_found": N_("File not found, or you don't have access to it."),
    "file.none_sent": N_("No file was sent. Choose a file."),
    "record.no_such_file": N_("Uploaded file %(id)s not found for this field. Upload it again."),
    "record.gone_meanwhile": N_("The linked record was just deleted. Choose another and save again."),
    "record.field_gone": N_(
        "The field “%(label)s” was removed while you were editing. This value was not saved: %(value)s"
    ),
    "record.fields_gone": N_("Nothing is saved yet. Copy what you need into another field and save again."),
    "record.leads_away": N_("This value decides who has access to the record."),
    "record.out_of_reach": N_("Not saved: with these values you would lose access to this record."),
    "record.encrypted_order": N_("The list can't be sorted by “%(name)s”: the field is encrypted."),
    "record.search_too_long": N_("The search is too long. Limit in characters: %(limit)s."),
    "record.bad_query": N_("This request has errors. Correct them and send it again."),
    "record.unknown_filter": N_("“%(name)s” in the address is not a filter of this list. Remove it."),
    "record.bad_argument": N_("“%(value)s” in the address is not a value for “%(name)s”."),
    "record.reminder": N_("%(kind)s at %(time)s: %(title)s"),
    "record.bad_move": N_("“%(value)s” is not a day or time to move to."),
    "record.calendar_cut": N_(
        "Too many records to show: some from %(day)s on are missing. Filter, or show fewer days."
    ),
    "record.calendar_end_hidden": N_(
        "You can't see the end dates, so each record is shown on the day it starts."
    ),
    "record.search_is_rebuilt": N_(
        "The searched fields of “%(entity)s” were changed. Until all records are updated, "
        "the search may miss some."
    ),
    "record.search_is_sorted_in_part": N_(
        "This search finds too many records to sort all of them. Add a word to it. Records sorted: %(count)s."
    ),
    "record.looks_same": N_("Not saved yet: possible duplicates found (%(entity)s)."),
    "record.too_many": N_("Too many records at once. Limit: %(limit)s."),
}
