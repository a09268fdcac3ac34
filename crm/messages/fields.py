"""Sentences of the area: fields."""

from crm.texts import N_

MESSAGES = {
    # What a person typed, or a file holds.
    "text.not_a_text": N_("“%(value)s” is not a text."),
    "text.too_long": N_("This text is too long. Characters: %(length)s. Limit: %(limit)s."),
    "text.no_match": N_("“%(value)s” doesn't match the format of this field."),
    "email.not_an_address": N_("“%(value)s” is not an email address. Enter one like maria@example.com."),
    "url.not_an_address": N_("“%(value)s” is not a web address. Enter one like https://example.com."),
    "phone.not_a_number": N_(
        "“%(value)s” is not a valid phone number (%(region)s). For another country, start "
        "with + and the country code."
    ),
    "number.not_a_number": N_("“%(value)s” is not a number. Enter one like %(example)s."),
    "number.not_whole": N_("“%(value)s” is not a whole number. Enter one without decimals."),
    "number.too_many_places": N_("“%(value)s” has too many decimal places. Limit: %(places)s."),
    "number.too_big": N_("This number is too big. Limit in digits before the decimal point: %(digits)s."),
    "number.too_small": N_("Enter a number of at least %(limit)s."),
    "number.too_large": N_("Enter a number of at most %(limit)s."),
    "money.other_currency": N_("“%(value)s” is in another currency. Enter the amount in %(currency)s."),
    "rating.out_of_range": N_("Enter a whole number from 1 to %(most)s."),
    "boolean.not_yes_or_no": N_("“%(value)s” is neither yes nor no. Enter one of them."),
    "date.not_a_date": N_("“%(value)s” is not a date. Enter one like %(example)s."),
    "date.not_a_moment": N_("“%(value)s” is not a date and time. Enter one like %(example)s."),
    "date.skipped_hour": N_(
        "%(value)s doesn't exist on that day: the clocks go forward. Choose another time."
    ),
    "date.too_early": N_("Enter a date after %(limit)s."),
    "date.too_late": N_("Enter a date before %(limit)s."),
    "choice.unknown": N_("“%(value)s” is not one of the choices: %(known)s."),
    "choice.too_many": N_("Too many choices. Limit: %(most)s."),
    "reference.not_a_record": N_("“%(value)s” is not the number of a record."),
    "reference.too_many": N_("Too many records. Limit: %(most)s."),
    "tax_id.wrong_length": N_("Not valid as %(what)s: “%(value)s”. It has too many or too few digits."),
    "tax_id.wrong_form": N_(
        "Not valid as %(what)s: “%(value)s”. It contains characters that don't belong there."
    ),
    "tax_id.wrong_check_digit": N_(
        "Not valid as %(what)s: “%(value)s”. The check digit is wrong; look for a typing error."
    ),
    "tax_id.impossible": N_("Not valid as %(what)s: “%(value)s”. Such a number is never issued."),
    "iban.wrong_form": N_("“%(value)s” is not an IBAN. Enter one like GR16 0110 1050 0000 1054 7023 795."),
    "iban.wrong_check_digits": N_(
        "“%(value)s” is not a valid IBAN: the check digits are wrong. Look for a typing error."
    ),
    "tags.too_long": N_("The tag “%(value)s” is too long. Limit in characters: %(limit)s."),
    "tags.too_many": N_("Too many tags. Limit: %(most)s."),
    "location.not_a_point": N_(
        "“%(value)s” is not a location. Enter latitude and longitude like 37.98381, 23.72754."
    ),
    "file.not_a_file": N_("“%(value)s” is not the number of an uploaded file."),
    "file.too_many": N_("Too many files. Limit: %(most)s."),
    "file.not_by_import": N_("Files can't be imported. Upload them in the form of the record."),
    "address.too_long": N_("This address is too long. Limits: lines: %(lines)s, characters: %(limit)s."),
    # What an admin wrote under a field.
    "field.bad_default": N_("Field “%(name)s”: the default value “%(value)s” doesn't fit this field."),
    "field.expected_whole_number": N_(
        "Field “%(name)s”: “%(key)s” must be a whole number from %(least)s to %(most)s, not “%(value)s”."
    ),
    "field.expected_number": N_("Field “%(name)s”: “%(key)s” must be a number, not “%(value)s”."),
    "field.expected_boolean": N_("Field “%(name)s”: “%(key)s” must be true or false, not “%(value)s”."),
    "field.bad_accept": N_(
        "Field “%(name)s”: “%(value)s” is not a file type. Enter extensions such as pdf, "
        "types such as image/png, or image, document, text, audio, video, archive."
    ),
    "field.not_for_files": N_("Field “%(name)s”: “%(key)s” can't be used for files."),
    "field.expected_name": N_("Field “%(name)s”: “%(key)s” must be a name, not “%(value)s”."),
    "field.expected_date_or_field": N_(
        "Field “%(name)s”: “%(key)s” must be a date such as 2026-03-29 or the name of a field, "
        "not “%(value)s”."
    ),
    "field.expected_lines": N_("Field “%(name)s”: “%(key)s” must be a list of conditions."),
    "field.unknown_word": N_("Field “%(name)s”: “%(key)s” cannot be “%(value)s”. Did you mean %(near)s?"),
    "field.one_of_two": N_("Field “%(name)s”: use either “%(key)s” or “%(other)s”, not both."),
    "field.limits_cross": N_("Field “%(name)s”: “at_least” is greater than “at_most”."),
    "field.bad_pattern": N_(
        "Field “%(name)s”: “%(value)s” is not a valid format. Look-around and "
        "back-references aren't supported."
    ),
    "field.too_long_to_index": N_(
        "Field “%(name)s”: to be unique or indexed, a text needs a “max_length” of at most %(most)s."
    ),
    "field.no_choices": N_("Field “%(name)s” needs “choices”: from 1 to %(most)s names, each with a label."),
    "field.bad_choice_key": N_(
        "Field “%(name)s”: “%(value)s” can't be the internal name of a choice. Use text "
        "without commas, semicolons or bars, and quotes around numbers and dates. Limit in "
        "characters: %(most)s."
    ),
    "field.bad_choice": N_(
        "Field “%(name)s”: the choice “%(value)s” can have a label per language and a color."
    ),
    "field.choice_twice": N_("Field “%(name)s” contains a choice twice. Remove one."),
    "field.bad_moves": N_(
        "Field “%(name)s”: “next” must list, for a choice, the choices that can follow it."
    ),
    "field.no_target": N_("Field “%(name)s” needs “to”: the entity of the linked record."),
    "field.clears_required": N_(
        "Field “%(name)s” is required, so deleting the linked record can't clear it. Choose "
        "another “on_delete”."
    ),
    "field.bad_sequence": N_(
        "Field “%(name)s”: “%(value)s” is not a number format. Enter one like "
        "C-{year}-{number:5}, with {number} once."
    ),
    "field.no_formula": N_("Field “%(name)s” needs “formula”: a text. Limit in characters: %(most)s."),
    "field.bad_over": N_(
        "Field “%(name)s”: “over” must name related records or one of their fields, like "
        "lines.amount, not “%(value)s”."
    ),
    "field.bad_inverse": N_("Field “%(name)s”: “inverse” takes a name and a label."),
}
