"""Sentences of the area: fields."""

from crm.texts import N_

MESSAGES = {
    # What a person typed, or a file holds.
    "text.not_a_text": N_("“%(value)s” is not a text."),
    "text.too_long": N_("This text has %(length)s characters; at most %(limit)s fit."),
    "text.no_match": N_("“%(value)s” does not have the form this field asks for."),
    "email.not_an_address": N_("“%(value)s” is not an e-mail address. Write it like maria@example.com."),
    "url.not_an_address": N_(
        "“%(value)s” is not the address of a web page. Write it like https://example.com."
    ),
    "phone.not_a_number": N_(
        "“%(value)s” is not a phone number of %(region)s. Write another country's number with + and its code."
    ),
    "number.not_a_number": N_("“%(value)s” is not a number. Write it like %(example)s."),
    "number.not_whole": N_("“%(value)s” is not a whole number."),
    "number.too_many_places": N_("“%(value)s” has more than %(places)s decimal places."),
    "number.too_big": N_("This number is too big: at most %(digits)s digits fit before the decimal point."),
    "number.too_small": N_("The number must be at least %(limit)s."),
    "number.too_large": N_("The number must be at most %(limit)s."),
    "money.other_currency": N_("“%(value)s” is another currency; this amount is in %(currency)s."),
    "rating.out_of_range": N_("A rating is a whole number from 1 to %(most)s."),
    "boolean.not_yes_or_no": N_("“%(value)s” is neither yes nor no."),
    "date.not_a_date": N_("“%(value)s” is not a date. Write it like %(example)s."),
    "date.not_a_moment": N_("“%(value)s” is not a date with a time. Write it like %(example)s."),
    "date.skipped_hour": N_("%(value)s does not exist on that day: the clocks go forward over it."),
    "date.too_early": N_("This must be after %(limit)s."),
    "date.too_late": N_("This must be before %(limit)s."),
    "choice.unknown": N_("“%(value)s” is not one of the choices: %(known)s."),
    "choice.too_many": N_("At most %(most)s choices fit."),
    "reference.not_a_record": N_("“%(value)s” is not the number of a record."),
    "reference.too_many": N_("At most %(most)s records fit."),
    "tax_id.wrong_length": N_("“%(value)s” is no %(what)s: it has too many or too few digits."),
    "tax_id.wrong_form": N_("“%(value)s” is no %(what)s: it holds other signs than such a number has."),
    "tax_id.wrong_check_digit": N_("“%(value)s” is no %(what)s: the check digit is wrong, so it has a slip."),
    "tax_id.impossible": N_("“%(value)s” is no %(what)s: no such number is given to anybody."),
    "iban.wrong_form": N_("“%(value)s” is not an IBAN. Write it like GR16 0110 1050 0000 1054 7023 795."),
    "iban.wrong_check_digits": N_(
        "“%(value)s” is not an IBAN: the check digits are wrong, so it has a slip."
    ),
    "tags.too_long": N_("The tag “%(value)s” is too long: at most %(limit)s characters fit."),
    "tags.too_many": N_("At most %(most)s tags fit."),
    "location.not_a_point": N_(
        "“%(value)s” is not a point on the map. Write latitude and longitude like 37.98381, 23.72754."
    ),
    "file.not_a_file": N_("“%(value)s” is not the number of an uploaded file."),
    "file.too_many": N_("At most %(most)s files fit."),
    "file.not_by_import": N_("Files cannot be imported. Upload them in the form of the record."),
    "address.too_long": N_("This address is too long: at most %(lines)s lines and %(limit)s characters fit."),
    # What an admin wrote under a field.
    "field.bad_default": N_("Field “%(name)s”: the default “%(value)s” is not a value of this field."),
    "field.expected_whole_number": N_(
        "Field “%(name)s”: “%(key)s” must be a whole number from %(least)s to %(most)s, not “%(value)s”."
    ),
    "field.expected_number": N_("Field “%(name)s”: “%(key)s” must be a number, not “%(value)s”."),
    "field.expected_boolean": N_("Field “%(name)s”: “%(key)s” must be true or false, not “%(value)s”."),
    "field.bad_accept": N_(
        "Field “%(name)s”: “%(value)s” is no kind of file. Name endings such as pdf, types such as image/png, "
        "or image, document, text, audio, video, archive."
    ),
    "field.not_for_files": N_("Field “%(name)s”: “%(key)s” does not exist for files."),
    "field.expected_name": N_("Field “%(name)s”: “%(key)s” must be a name, not “%(value)s”."),
    "field.expected_date_or_field": N_(
        "Field “%(name)s”: “%(key)s” must be a date such as 2026-03-29 or the name of a field, "
        "not “%(value)s”."
    ),
    "field.expected_lines": N_("Field “%(name)s”: “%(key)s” must be a list of conditions."),
    "field.unknown_word": N_("Field “%(name)s”: “%(key)s” cannot be “%(value)s”. Did you mean %(near)s?"),
    "field.one_of_two": N_("Field “%(name)s”: “%(key)s” and “%(other)s” exclude each other."),
    "field.limits_cross": N_("Field “%(name)s”: “at_least” is greater than “at_most”."),
    "field.bad_pattern": N_(
        "Field “%(name)s”: “%(value)s” is not a pattern we can match. "
        "Look-around and back-references do not exist."
    ),
    "field.too_long_to_index": N_(
        "Field “%(name)s”: only a text with “max_length” of at most %(most)s can be unique or have an index."
    ),
    "field.no_choices": N_(
        "Field “%(name)s” needs “choices”: a map of 1 to %(most)s keys, each with a label."
    ),
    "field.bad_choice_key": N_(
        "Field “%(name)s”: “%(value)s” cannot be the key of a choice. A key is a text of at most %(most)s "
        "characters without commas, semicolons and bars; put quotation marks around numbers and dates."
    ),
    "field.bad_choice": N_(
        "Field “%(name)s”: the choice “%(value)s” takes a label per language and a color."
    ),
    "field.choice_twice": N_("Field “%(name)s” names a choice twice."),
    "field.bad_moves": N_(
        "Field “%(name)s”: “next” must name for a choice the list of choices that may follow."
    ),
    "field.no_target": N_("Field “%(name)s” needs “to”: the entity it refers to."),
    "field.clears_required": N_(
        "Field “%(name)s” is required, so deleting what it refers to cannot clear it."
    ),
    "field.bad_sequence": N_(
        "Field “%(name)s”: “%(value)s” is not a pattern of numbers. Write it like C-{year}-{number:5}, "
        "with {number} once."
    ),
    "field.no_formula": N_("Field “%(name)s” needs “formula”: a text of at most %(most)s characters."),
    "field.bad_over": N_(
        "Field “%(name)s”: “over” must name children, or one of their fields like lines.amount, "
        "not “%(value)s”."
    ),
    "field.bad_inverse": N_("Field “%(name)s”: “inverse” takes a name and a label."),
}
