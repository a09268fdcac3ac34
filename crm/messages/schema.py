"""Sentences of the area: schema."""

from crm.texts import N_

MESSAGES = {
    "schema.alias": N_("References such as *%(name)s are not supported. Enter the value itself."),
    "schema.anchor": N_(
        "Anchors such as &%(name)s are not supported. Enter the value wherever it is needed."
    ),
    "schema.tag": N_("Tags such as %(tag)s are not supported. Use plain values only."),
    "schema.merge_key": N_("The merge key << is not supported. Enter the keys themselves."),
    "schema.too_deep": N_("The document is nested too deeply. Limit in levels: %(limit)s."),
    "schema.several_documents": N_("Put one document in one file, without --- between."),
    "schema.file_too_large": N_("The file is larger than %(limit)s kB."),
    "schema.not_yaml": N_("This YAML can't be read: %(why)s."),
    "schema.not_utf8": N_("The file is not UTF-8 text. Save it as UTF-8."),
    "schema.key_not_text": N_("A key must be a single word."),
    "schema.duplicate_key": N_("The key “%(key)s” appears twice. Remove one."),
    "schema.no_files": N_("There are no .yaml files in the folder “%(folder)s”."),
    "schema.too_many_files": N_("The folder “%(folder)s” contains too many files. Limit: %(limit)s."),
    "schema.empty_file": N_("The file is empty."),
    "schema.not_a_document": N_(
        "A document starts with a key that says what it is, such as “entity: order”."
    ),
    "schema.file_name": N_("The file name must match the content. Rename the file to %(expected)s."),
    "schema.unknown_kind": N_("“%(name)s” is not a document type."),
    "schema.unknown_kind_near": N_("“%(name)s” is not a document type. Did you mean “%(near)s”?"),
    "schema.declared_twice": N_("Already declared in %(other)s: %(kind)s “%(name)s”. Remove one of them."),
    "schema.expected_map": N_("“%(key)s” needs keys with values under it."),
    "schema.expected_list": N_("“%(key)s” needs a list."),
    "schema.bad_gender": N_("“%(value)s” is not a gender. Use m, f or n."),
    "schema.expected_text": N_("“%(key)s” needs a text, or one text per language."),
    "schema.encrypted_link": N_(
        "A field of type “%(name)s” can't be encrypted: the database uses it to link records."
    ),
    "schema.encrypted_file": N_(
        "A field of type “%(name)s” can't be encrypted: its content is in the file storage, "
        "not in the database."
    ),
    "schema.encrypted_computed": N_(
        "A field of type “%(name)s” can't be encrypted: it is calculated and not stored."
    ),
    "schema.encrypted_sequence": N_(
        "A field of type “%(name)s” can't be encrypted: the database continues its numbering."
    ),
    "schema.encrypted_not_searched": N_(
        "An encrypted field can't be searched: the search index is readable. Turn one of them off."
    ),
    "schema.encrypted_not_here": N_(
        "“%(name)s” is encrypted. It can be shown, filtered and compared for equality, but not used here."
    ),
    "schema.no_keys": N_(
        "“%(name)s” can't be encrypted: there are no encryption keys. Set CRM_ENCRYPTION_KEYS."
    ),
    "secrets.no_keys": N_("There are no keys for the encrypted fields. Set CRM_ENCRYPTION_KEYS."),
    "secrets.unknown_key": N_(
        "An encrypted value needs the key %(key)s, which is not in CRM_ENCRYPTION_KEYS. Add it."
    ),
    "secrets.not_ours": N_(
        "An encrypted value can't be decrypted: it was changed or moved in the database. "
        "Restore it from a backup."
    ),
    "secrets.not_in_file": N_(
        "The keys come from CRM_ENCRYPTION_KEYS. Put a new one in front there, restart every process, "
        "then run this again with --no-new-key."
    ),
    "schema.expected_boolean": N_("“%(key)s” needs true or false, not “%(value)s”."),
    "schema.expected_number": N_("“%(key)s” needs a number."),
    "schema.one_or_two_columns": N_("“columns” of a section is 1 or 2."),
    "schema.check_always": N_("A validation without a condition would refuse every record. Add a condition."),
    "schema.bad_name": N_(
        "“%(name)s” is not a valid internal name. Use small Latin letters, digits and _, "
        "starting with a letter. Limit in characters: 48."
    ),
    "schema.needs_agreement": N_("This would remove items that are in use. Confirm the removal."),
    "schema.needs_yes": N_("This would remove items that are in use. Add --yes to remove them."),
    "schema.loses_entity": N_("Entity: %(name)s. Its records are archived and come back with a rollback."),
    "schema.loses_role": N_("Role: %(name)s. Users who have it lose its permissions."),
    "schema.loses_access": N_("Your own access to the settings."),
    "schema.nothing_to_remove": N_("Nothing to remove: %(kind)s “%(name)s” doesn't exist."),
    "schema.remove_needs_names": N_("“remove” is a list of objects with “kind” and “name”."),
    "schema.replace_is_true_or_false": N_("“replace” is true or false."),
    "schema.replace_needs_base": N_("With “replace”, “base” must name the revision that is replaced."),
    "schema.replace_or_remove": N_(
        "With “replace”, leave “remove” out: documents that are not sent are removed."
    ),
    "schema.base_is_a_number": N_("“base” is the number of a revision."),
    "schema.too_many_documents": N_("Too many documents at once. Limit: %(limit)s."),
    "schema.cannot_be_built": N_("Nothing was published: these changes don't work (%(reason)s)."),
    "schema.reserved_name": N_("The name “%(name)s” is reserved. Choose another."),
    "schema.missing_key": N_("The key “%(key)s” is missing."),
    "schema.unknown_key": N_("The key “%(key)s” is not known here."),
    "schema.unknown_key_near": N_("The key “%(key)s” is not known here. Did you mean “%(near)s”?"),
    "schema.unknown_field": N_("There is no field “%(name)s”."),
    "schema.unknown_field_near": N_("There is no field “%(name)s”. Did you mean “%(near)s”?"),
    "schema.unknown_entity": N_("There is no entity “%(name)s”."),
    "schema.unknown_entity_near": N_("There is no entity “%(name)s”. Did you mean “%(near)s”?"),
    "schema.unknown_type": N_("There is no field type “%(name)s”."),
    "schema.unknown_type_near": N_("There is no field type “%(name)s”. Did you mean “%(near)s”?"),
    "schema.unknown_language": N_("“%(name)s” is not a supported language. Use en, el, ro or he."),
    "schema.unknown_language_near": N_("“%(name)s” is not a supported language. Use en, el, ro or he."),
    "schema.unknown_deed": N_(
        "“%(name)s” is not a permission. Use read, create, update, delete, import or export."
    ),
    "schema.unknown_deed_near": N_("“%(name)s” is not a permission. Did you mean “%(near)s”?"),
    "schema.field_count": N_("An entity needs from 1 to %(limit)s fields."),
    "schema.caller_needs_phone": N_(
        "“%(name)s” is not a phone field. A caller's number needs a field of type “phone”."
    ),
    "schema.beside_needs_word": N_("“%(name)s” can't be used here. Use a choice or a text field."),
    "schema.day_needs_date": N_("“%(name)s” can't be used here. Use a date, or a date and time."),
    "schema.duty_needs_type": N_("“%(name)s” can't be used here. Use a field of the type: %(types)s."),
    "schema.done_needs_flag": N_(
        "“%(name)s” can't be used here. Use a yes/no field, or a single choice field with “done_is”."
    ),
    "schema.done_is_needs_choice": N_("“done_is” needs a single choice field under “done”."),
    "schema.yearly_needs_date": N_("“%(name)s” can't be used here. Only a date can come back every year."),
    "schema.bad_clock": N_('“%(value)s” is not a time. Enter it in quotes, like "08:00".'),
    "schema.bad_times": N_("Enter a number from 1 to %(limit)s."),
    "schema.default_in_circle": N_(
        "These default values depend on one another: %(circle)s. Change one of them."
    ),
    "schema.default_asks_records": N_(
        "The default value of “%(name)s” uses linked records, segments or changes. A new record has none yet."
    ),
    "schema.default_comes_later": N_(
        "“%(name)s” has no value before the record is saved, so no default can use it."
    ),
    "schema.default_does_not_fit": N_("The result of this formula doesn't fit “%(name)s”."),
    "schema.board_needs_choice": N_(
        "A board needs a single choice field for its columns; “%(name)s” is not one."
    ),
    "schema.required_in_circle": N_(
        "The first record can't be created: each one requires another: %(circle)s. Make one "
        "of these fields optional."
    ),
    "schema.inverse_taken": N_(
        "There is already a field or relation “%(name)s” (%(entity)s). Choose another name for “inverse”."
    ),
    "schema.empty_records": N_(
        "An empty list of conditions gives no access. Remove “records” to give access to all "
        "records (%(entity)s)."
    ),
    "schema.not_available_yet": N_("“%(what)s” is not available yet in this version."),
    "schema.not_unique": N_(
        "“%(entity)s.%(field)s” can't be unique: these values appear more than once: %(values)s."
    ),
    "schema.values_do_not_convert": N_(
        "The type of “%(field)s” can't be changed. Values that convert: %(good)s. Values "
        "that don't: %(bad)s. Record and value: %(examples)s."
    ),
    "schema.back_added": N_(
        "Can be undone: rolling back archives it with its values, and a later rollback restores them."
    ),
    "schema.back_removed": N_("Can be undone: the values are archived, and rolling back restores them."),
    "schema.back_changed": N_("Can be undone: no stored data changes."),
    "schema.back_type": N_(
        "Rolling back restores the earlier values. Values written since then are converted where possible."
    ),
    "schema.note_untranslated": N_("“%(name)s” has no label yet in: %(languages)s."),
    "schema.note_same_label": N_("“%(first)s” and “%(second)s” (%(entity)s) have the same label: %(label)s."),
    "schema.note_same_entity": N_(
        "The entities “%(first)s” and “%(second)s” have the same label: %(label)s."
    ),
    "schema.note_counts_hidden": N_(
        "Some counts are not shown: you don't have access to all of these records."
    ),
    "schema.note_unused": N_("“%(field)s” (%(entity)s) isn't used in any form, list, condition or report."),
    "schema.note_no_index": N_(
        "“%(field)s” filters many records (%(entity)s: %(count)s; %(names)s) without an "
        "index. Add “index: true” to make it fast."
    ),
    "schema.note_alike": N_(
        "There are already duplicates (%(entity)s) with the same %(fields)s. Groups: %(count)s."
    ),
    "schema.note_unused_choices": N_("No record (%(entity)s) has these choices of “%(field)s”: %(choices)s."),
    "schema.note_no_layout": N_(
        "“%(field)s” is in no section of the form (%(entity)s). It appears under “Other”."
    ),
    "schema.note_no_search": N_(
        "The search can't find these records (%(entity)s): no field is searchable. Add “search: true” to one."
    ),
    "schema.was_twice": N_("“%(name)s” can only be renamed once. Keep one of the lines “was”."),
    "schema.too_many_columns": N_(
        "No room for “%(entity)s.%(field)s”: the table has reached its limit of columns "
        "(%(limit)s, removed fields included)."
    ),
    "schema.database_refused": N_("The database refused “%(what)s”: %(why)s."),
    "schema.tables_in_use": N_(
        "Nothing was published: these records are in use for a long time. Try again soon."
    ),
    "schema.takes_long": N_("The values of many records are converted first, in the background."),
    "schema.other_kind": N_("A document of type “%(expected)s” is needed here, not “%(found)s”."),
    "schema.not_everywhere": N_(
        "A process still uses revision %(oldest)s instead of %(live)s. Wait until all "
        "processes are up to date."
    ),
    "schema.purged": N_(
        "The values of “%(name)s” were permanently deleted (%(count)s, %(at)s). The field comes back empty."
    ),
    "schema.has_problems": N_("Nothing was published. Problems found: %(count)s."),
    "schema.no_documents": N_('Send {"documents": […]}: each document as an object or as YAML text.'),
    "schema.no_number": N_('Send {"number": …}: the number of the revision to roll back to.'),
    "schema.nothing_published": N_("Nothing is published yet. Run “flask crm init” first."),
    "schema.no_such_revision": N_("Revision %(number)s not found."),
    "schema.publish_busy": N_("Another administrator is publishing. Try again in a moment."),
    "schema.published_since": N_(
        "Revision %(live)s was published after you started from %(base)s. Review the "
        "changes, then publish again."
    ),
    "schema.pack_taken": N_("Already exists: %(kind)s “%(name)s”. Rename it in the pack."),
    "schema.no_such_pack": N_("Pack “%(name)s” not found."),
}
