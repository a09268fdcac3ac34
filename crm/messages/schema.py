"""Sentences of the area: schema."""

from crm.texts import N_

MESSAGES = {
    "schema.alias": N_("References such as *%(name)s are not used here. Write the value out."),
    "schema.anchor": N_(
        "Anchors such as &%(name)s are not used here. Write the value out where it is needed."
    ),
    "schema.tag": N_("Tags such as %(tag)s are not used here. Write plain values only."),
    "schema.merge_key": N_("The merge key << is not used here. Write the keys out."),
    "schema.too_deep": N_("The document is nested deeper than %(limit)s levels."),
    "schema.several_documents": N_("Put one document in one file, without --- between."),
    "schema.file_too_large": N_("The file is larger than %(limit)s kB."),
    "schema.not_yaml": N_("This is not readable YAML: %(why)s."),
    "schema.not_utf8": N_("The file is not UTF-8 text. Save it as UTF-8."),
    "schema.key_not_text": N_("A key must be a word."),
    "schema.duplicate_key": N_("The key “%(key)s” stands here twice. Keep one of them."),
    "schema.no_files": N_("There are no .yaml files in the folder “%(folder)s”."),
    "schema.too_many_files": N_("The folder “%(folder)s” holds more than %(limit)s files."),
    "schema.empty_file": N_("The file is empty."),
    "schema.not_a_document": N_(
        "A document is a map whose first key says what it is, such as “entity: order”."
    ),
    "schema.file_name": N_("A file is named after what it holds: this one should be %(expected)s."),
    "schema.unknown_kind": N_("“%(name)s” is no kind of document."),
    "schema.unknown_kind_near": N_("“%(name)s” is no kind of document. Did you mean “%(near)s”?"),
    "schema.declared_twice": N_("The %(kind)s “%(name)s” is declared already, in %(other)s."),
    "schema.expected_map": N_("“%(key)s” needs keys with values under it."),
    "schema.expected_list": N_("“%(key)s” needs a list."),
    "schema.expected_text": N_("“%(key)s” needs a text, or one text per language."),
    "schema.encrypted_link": N_(
        "A field of type “%(name)s” cannot be encrypted: the database follows it to other records."
    ),
    "schema.encrypted_file": N_(
        "A field of type “%(name)s” cannot be encrypted: its content lies in the file store, not in the database."
    ),
    "schema.encrypted_computed": N_(
        "A field of type “%(name)s” cannot be encrypted: it is computed when it is read and stored nowhere."
    ),
    "schema.encrypted_sequence": N_(
        "A field of type “%(name)s” cannot be encrypted: the database counts its numbers on."
    ),
    "schema.encrypted_not_searched": N_(
        "An encrypted field cannot be searched: the search keeps its words readable."
    ),
    "schema.encrypted_not_here": N_(
        "“%(name)s” is encrypted: it can be shown, compared for equality and filtered, but not stand here."
    ),
    "schema.no_keys": N_("“%(name)s” is to be encrypted, but there are no keys. Set CRM_ENCRYPTION_KEYS."),
    "secrets.no_keys": N_("There are no keys for the encrypted fields. Set CRM_ENCRYPTION_KEYS."),
    "secrets.unknown_key": N_(
        "An encrypted value was sealed by the key %(key)s, which is not in CRM_ENCRYPTION_KEYS."
    ),
    "secrets.not_ours": N_("An encrypted value cannot be opened: it was changed or moved in the database."),
    "secrets.not_in_file": N_(
        "The keys come from CRM_ENCRYPTION_KEYS. Put a new one in front there, restart every process, "
        "then run this again with --no-new-key."
    ),
    "schema.expected_boolean": N_("“%(key)s” needs true or false, not “%(value)s”."),
    "schema.expected_number": N_("“%(key)s” needs a number."),
    "schema.one_or_two_columns": N_("“columns” of a section is 1 or 2."),
    "schema.check_always": N_("A check without a condition would refuse every record. Say when it refuses."),
    "schema.bad_name": N_(
        "“%(name)s” is no name: use small Latin letters, digits and _, beginning with a letter, at most 48."
    ),
    "schema.needs_agreement": N_("This would remove what people use. Confirm that it may go."),
    "schema.needs_yes": N_("This would remove what people use. Add --yes when it may go."),
    "schema.loses_entity": N_("Entity: %(name)s. Its records are archived and come back with a rollback."),
    "schema.loses_role": N_("Role: %(name)s. Users who have it lose its permissions."),
    "schema.loses_access": N_("Your own access to the configuration."),
    "schema.nothing_to_remove": N_("There is nothing to remove: %(kind)s “%(name)s”."),
    "schema.remove_needs_names": N_("“remove” is a list of objects with “kind” and “name”."),
    "schema.replace_is_true_or_false": N_("“replace” is true or false."),
    "schema.replace_needs_base": N_("With “replace”, “base” must name the revision that is replaced."),
    "schema.replace_or_remove": N_("With “replace”, leave “remove” out: what is not sent goes."),
    "schema.base_is_a_number": N_("“base” is the number of a revision."),
    "schema.too_many_documents": N_("Send at most %(limit)s documents at once."),
    "schema.cannot_be_built": N_("Koine cannot serve these changes: %(reason)s. Nothing was published."),
    "schema.reserved_name": N_("The name “%(name)s” is taken by the system. Choose another one."),
    "schema.missing_key": N_("The key “%(key)s” is missing."),
    "schema.unknown_key": N_("The key “%(key)s” is not known here."),
    "schema.unknown_key_near": N_("The key “%(key)s” is not known here. Did you mean “%(near)s”?"),
    "schema.unknown_field": N_("There is no field “%(name)s”."),
    "schema.unknown_field_near": N_("There is no field “%(name)s”. Did you mean “%(near)s”?"),
    "schema.unknown_entity": N_("There is no entity “%(name)s”."),
    "schema.unknown_entity_near": N_("There is no entity “%(name)s”. Did you mean “%(near)s”?"),
    "schema.unknown_type": N_("There is no field type “%(name)s”."),
    "schema.unknown_type_near": N_("There is no field type “%(name)s”. Did you mean “%(near)s”?"),
    "schema.unknown_language": N_("“%(name)s” is no language of ours: write en, el, ro or he."),
    "schema.unknown_language_near": N_("“%(name)s” is no language of ours: write en, el, ro or he."),
    "schema.unknown_deed": N_(
        "“%(name)s” is no right. Rights are read, create, update, delete, import and export."
    ),
    "schema.unknown_deed_near": N_("“%(name)s” is no right. Did you mean “%(near)s”?"),
    "schema.field_count": N_("An entity needs fields: at least one, at most %(limit)s."),
    "schema.caller_needs_phone": N_(
        "Only a field of type “phone” can take a caller's number; “%(name)s” is none."
    ),
    "schema.beside_needs_word": N_("“%(name)s” holds no word; a choice or a text is needed here."),
    "schema.day_needs_date": N_("A date, or a date and time, is needed here; “%(name)s” is none."),
    "schema.default_in_circle": N_("These defaults read one another and never get a value: %(circle)s."),
    "schema.default_asks_records": N_(
        "The default of “%(name)s” asks for linked records, segments or changes. A new record has none of these yet."
    ),
    "schema.default_comes_later": N_(
        "“%(name)s” has no value before the record is saved, so no default can use it."
    ),
    "schema.default_does_not_fit": N_("What this formula gives is no value for “%(name)s”."),
    "schema.board_needs_choice": N_("A board needs a choice field for its columns; “%(name)s” is none."),
    "schema.required_in_circle": N_(
        "No record could be the first, for each needs another one before it: %(circle)s. Let one of these fields be "
        "empty."
    ),
    "schema.inverse_taken": N_(
        "%(entity)s already has a field or children called “%(name)s”. Name the inverse otherwise."
    ),
    "schema.empty_records": N_(
        "An empty list of conditions opens nothing. Remove “records” to open every record of %(entity)s."
    ),
    "schema.not_available_yet": N_("“%(what)s” is not available yet in this version."),
    "schema.not_unique": N_(
        "“%(entity)s.%(field)s” cannot be unique: these values stand more than once: %(values)s."
    ),
    "schema.values_do_not_convert": N_(
        "“%(field)s” cannot change its type: %(good)s values convert, %(bad)s do not. Record and value: %(examples)s."
    ),
    "schema.back_added": N_(
        "Can be taken back: a rollback sets it aside with its values, and a later one brings them again."
    ),
    "schema.back_removed": N_(
        "Can be taken back: the values are set aside, and a rollback brings them again."
    ),
    "schema.back_changed": N_("Can be taken back: nothing that is stored changes."),
    "schema.back_type": N_(
        "A rollback brings the values back as they were before; what is written in between is converted, where it "
        "can be."
    ),
    "schema.note_untranslated": N_("“%(name)s” has no label yet in: %(languages)s."),
    "schema.note_same_label": N_(
        "“%(first)s” and “%(second)s” of %(entity)s have the same label: %(label)s."
    ),
    "schema.note_same_entity": N_(
        "The entities “%(first)s” and “%(second)s” have the same label: %(label)s."
    ),
    "schema.note_counts_hidden": N_(
        "Some counts are not shown: you don't have access to all of these records."
    ),
    "schema.note_unused": N_("Nothing uses “%(field)s” of %(entity)s: no form, list, condition or report."),
    "schema.note_no_index": N_(
        "“%(field)s” selects among %(count)s records of %(entity)s (%(names)s) and has no index. “index: true” makes "
        "that quick."
    ),
    "schema.note_alike": N_(
        "Records of %(entity)s are alike already in %(fields)s: %(count)s groups of them."
    ),
    "schema.note_unused_choices": N_(
        "No record of %(entity)s holds these choices of “%(field)s”: %(choices)s."
    ),
    "schema.note_no_layout": N_(
        "No section of the form of %(entity)s names “%(field)s”; it stands under “Other”."
    ),
    "schema.note_no_search": N_(
        "No field of %(entity)s is searched, so the search does not find its records."
    ),
    "schema.was_twice": N_("“%(name)s” cannot have become two: keep one of the lines “was”."),
    "schema.too_many_columns": N_(
        "“%(entity)s.%(field)s” does not fit: the table has no room for more than %(limit)s columns, those of removed "
        "fields included."
    ),
    "schema.database_refused": N_("The database refused “%(what)s”: %(why)s."),
    "schema.tables_in_use": N_(
        "Nothing was published: somebody reads these records for very long. Try again soon."
    ),
    "schema.takes_long": N_("The values of many records are converted first; a worker does it."),
    "schema.other_kind": N_("A document of the kind “%(expected)s” is expected here; this is “%(found)s”."),
    "schema.not_everywhere": N_(
        "A process still works with revision %(oldest)s, and %(live)s is live. Wait until all have taken it up."
    ),
    "schema.purged": N_(
        "The values of “%(name)s” are gone: %(count)s were dropped on %(at)s. It returns empty."
    ),
    "schema.has_problems": N_("Nothing was published: %(count)s problems were found."),
    "schema.no_documents": N_('Send {"documents": […]}: each document as an object or as YAML text.'),
    "schema.no_number": N_('Send {"number": …}: the number of the revision to go back to.'),
    "schema.nothing_published": N_("Nothing is published yet. Run “flask crm init” first."),
    "schema.no_such_revision": N_("There is no revision %(number)s."),
    "schema.publish_busy": N_("Another administrator is publishing. Try again in a moment."),
    "schema.published_since": N_(
        "Somebody published revision %(live)s after you began at %(base)s. Look at their changes, then publish again."
    ),
    "schema.pack_taken": N_("There is a %(kind)s “%(name)s” already. Rename the one of the pack."),
    "schema.no_such_pack": N_("No pack called “%(name)s” is added."),
}
