"""Sentences of the area: conditions."""

from crm.texts import N_, NP_

KINDS = {
    "text": NP_("value.type", "text"),
    "number": NP_("value.type", "number"),
    "boolean": N_("yes or no"),
    "date": NP_("value.type", "date"),
    "datetime": N_("date and time"),
    "reference": NP_("value.type", "linked record"),
    "user": NP_("value.type", "user"),
    "many": NP_("value.type", "several values"),
    "none": NP_("value.type", "file"),
}
"""What a kind of value is called."""

EXAMPLES = {
    "text": "abc",
    "number": "1250.50",
    "boolean": "true",
    "date": "2026-03-29",
    "datetime": "2026-03-29 12:30",
    "reference": "17",
    "user": "me",
    "many": "abc",
    "none": "17",
}
"""How a value of a kind is written in a condition, in every language."""

SENTENCES = {
    "is": N_("%(field)s is %(value)s"),
    "is_not": N_("%(field)s is not %(value)s"),
    "is_one_of": N_("%(field)s is %(values)s"),
    "is_none_of": N_("%(field)s is not %(values)s"),
    "is_true": N_("%(field)s is yes"),
    "is_not_true": N_("%(field)s is no"),
    "is_empty": N_("%(field)s is empty"),
    "is_not_empty": N_("%(field)s is not empty"),
    "above": N_("%(field)s is above %(value)s"),
    "at_least": N_("%(field)s is at least %(value)s"),
    "below": N_("%(field)s is below %(value)s"),
    "at_most": N_("%(field)s is at most %(value)s"),
    "after": N_("%(field)s is after %(value)s"),
    "from": N_("%(field)s is on or after %(value)s"),
    "before": N_("%(field)s is before %(value)s"),
    "until": N_("%(field)s is on or before %(value)s"),
    "between": N_("%(field)s is from %(low)s to %(high)s"),
    "holds": N_("%(field)s include %(value)s"),
    "holds_not": N_("%(field)s do not include %(value)s"),
    "contains": N_("%(field)s contains %(value)s"),
    "contains_not": N_("%(field)s does not contain %(value)s"),
    "starts_with": N_("%(field)s starts with %(value)s"),
    "starts_with_not": N_("%(field)s does not start with %(value)s"),
    "older_than": N_("%(field)s is more than %(span)s ago"),
    "older_than_hours": NP_("hours", "%(field)s is more than %(span)s ago"),
    "older_than_days": NP_("days", "%(field)s is more than %(span)s ago"),
    "older_than_weeks": NP_("weeks", "%(field)s is more than %(span)s ago"),
    "older_than_months": NP_("months", "%(field)s is more than %(span)s ago"),
    "older_than_years": NP_("years", "%(field)s is more than %(span)s ago"),
    "within_last": N_("%(field)s is within the last %(span)s"),
    "within_last_hours": NP_("hours", "%(field)s is within the last %(span)s"),
    "within_last_days": NP_("days", "%(field)s is within the last %(span)s"),
    "within_last_weeks": NP_("weeks", "%(field)s is within the last %(span)s"),
    "within_last_months": NP_("months", "%(field)s is within the last %(span)s"),
    "within_last_years": NP_("years", "%(field)s is within the last %(span)s"),
    "within_next": N_("%(field)s is within the next %(span)s"),
    "within_next_hours": NP_("hours", "%(field)s is within the next %(span)s"),
    "within_next_days": NP_("days", "%(field)s is within the next %(span)s"),
    "within_next_weeks": NP_("weeks", "%(field)s is within the next %(span)s"),
    "within_next_months": NP_("months", "%(field)s is within the next %(span)s"),
    "within_next_years": NP_("years", "%(field)s is within the next %(span)s"),
    "ago": N_("%(field)s is from %(near)s to %(far)s ago"),
    "any_of": N_("there are %(children)s"),
    "any_of_where": N_("there are %(children)s where %(condition)s"),
    "none_of": N_("there are no %(children)s"),
    "none_of_where": N_("there are no %(children)s where %(condition)s"),
    "in_segment": N_("the record is in the segment “%(segment)s”"),
    "not_in_segment": N_("the record is not in the segment “%(segment)s”"),
    "field_in_segment": N_("%(field)s is in the segment “%(segment)s”"),
    "field_not_in_segment": N_("%(field)s is not in the segment “%(segment)s”"),
    "changed": N_("%(field)s has changed"),
    "not_changed": N_("%(field)s has not changed"),
    "changed_to": N_("%(field)s has changed to %(value)s"),
    "changed_from": N_("%(field)s has changed from %(value)s"),
    "not": NP_("phrase", "not (%(condition)s)"),
    "none": N_("none of these: %(conditions)s"),
    "always": NP_("phrase", "always"),
    "never": NP_("phrase", "never"),
}
"""What a condition says, line by line."""

PHRASES = {
    "path": N_("%(field)s of %(record)s"),
    "quoted": NP_("phrase", "“%(value)s”"),
    "me": NP_("phrase", "me"),
    "my_team": NP_("phrase", "my team"),
    "user": N_("user no. %(number)s"),
    "record": N_("record no. %(number)s"),
    "count": N_("number of %(children)s"),
    "count_where": N_("number of %(children)s (where %(condition)s)"),
    "sum": N_("total %(field)s of %(children)s"),
    "sum_where": N_("total %(field)s of %(children)s (where %(condition)s)"),
    "min": N_("smallest %(field)s of %(children)s"),
    "min_where": N_("smallest %(field)s of %(children)s (where %(condition)s)"),
    "max": N_("largest %(field)s of %(children)s"),
    "max_where": N_("largest %(field)s of %(children)s (where %(condition)s)"),
    "avg": N_("average %(field)s of %(children)s"),
    "avg_where": N_("average %(field)s of %(children)s (where %(condition)s)"),
    "last": N_("last %(field)s of %(children)s"),
    "last_where": N_("last %(field)s of %(children)s (where %(condition)s)"),
    "if": N_("%(then)s if %(condition)s, else %(otherwise)s"),
    "today": NP_("phrase", "today"),
    "now": NP_("phrase", "now"),
    "nothing": NP_("phrase", "empty"),
    "day": N_("the day of %(value)s"),
    "days_between": N_("days from %(first)s to %(second)s"),
    "add_span": N_("%(first)s plus %(span)s"),
    "add_days": N_("%(first)s plus %(second)s (days)"),
    "hours_between": N_("hours from %(first)s to %(second)s"),
    "add_hours": N_("%(first)s plus %(second)s (hours)"),
    "add_minutes": N_("%(first)s plus %(second)s (minutes)"),
    "working_days_between": N_("working days from %(first)s to %(second)s"),
    "add_working_hours": N_("%(first)s plus %(second)s (working hours)"),
    "by_calendar": N_("%(value)s (business calendar: %(calendar)s)"),
    "year": N_("year of %(value)s"),
    "month": N_("month of %(value)s"),
    "round": N_("%(first)s rounded (decimal places: %(second)s)"),
    "least": N_("the smallest of %(values)s"),
    "greatest": N_("the largest of %(values)s"),
    "coalesce": N_("the first of %(values)s that is not empty"),
    "concat": NP_("phrase", "%(values)s joined"),
    "upper": N_("%(value)s in upper case"),
    "lower": N_("%(value)s in lower case"),
    "length": N_("length of %(value)s"),
}
"""What a value is called within a condition."""

MESSAGES = {
    "conditions.mixed_currencies": N_(
        "Amounts in different currencies can't be added or compared. Convert them to one currency first."
    ),
    "conditions.mixed_children": N_(
        "These amounts may be in different currencies, so they can't be added. Add a "
        "condition on “%(name)s” that selects one currency."
    ),
    "conditions.other_currency": N_(
        "This gives amounts in “%(found)s”, but they would be shown in “%(shown)s”. Set currency or currency_field."
    ),
    "conditions.in_formula": N_("At character %(position)s of the formula: %(problem)s"),
    "conditions.unknown_field": N_("There is no field “%(name)s” in “%(entity)s”."),
    "conditions.unknown_field_near": N_(
        "There is no field “%(name)s” in “%(entity)s”. Did you mean “%(near)s”?"
    ),
    "conditions.unknown_children": N_("“%(entity)s” has no related records “%(name)s”."),
    "conditions.unknown_children_near": N_(
        "“%(entity)s” has no related records “%(name)s”. Did you mean “%(near)s”?"
    ),
    "conditions.unknown_entity": N_("There is no entity “%(name)s”."),
    "conditions.unknown_entity_near": N_("There is no entity “%(name)s”. Did you mean “%(near)s”?"),
    "conditions.unknown_operator": N_("Unknown name: “%(name)s”. Use one of: %(known)s."),
    "conditions.unknown_operator_near": N_(
        "Unknown name: “%(name)s”. Did you mean “%(near)s”? You can use: %(known)s."
    ),
    "conditions.unknown_function": N_("There is no function “%(name)s”."),
    "conditions.unknown_function_near": N_("There is no function “%(name)s”. Did you mean “%(near)s”?"),
    "conditions.unknown_calendar": N_("There is no business calendar “%(name)s”."),
    "conditions.unknown_calendar_near": N_(
        "There is no business calendar “%(name)s”. Did you mean “%(near)s”?"
    ),
    "conditions.unknown_segment": N_("There is no segment “%(name)s”."),
    "conditions.unknown_segment_near": N_("There is no segment “%(name)s”. Did you mean “%(near)s”?"),
    "conditions.unknown_choice": N_("“%(name)s” is not a choice of “%(field)s”. The choices are: %(known)s."),
    "conditions.unknown_choice_near": N_(
        "“%(name)s” is not a choice of “%(field)s”. Did you mean “%(near)s”? The choices are: %(known)s."
    ),
    "conditions.unknown_unit": N_(
        "“%(name)s” is not a unit of time. Use hours, days, weeks, months or years."
    ),
    "conditions.unknown_unit_near": N_(
        "“%(name)s” is not a unit of time. Did you mean “%(near)s”? Use hours, days, weeks, months or years."
    ),
    "conditions.unknown_sign": N_("“%(sign)s” can't be used in a formula. Remove it."),
    "conditions.field_expected": N_("“%(value)s” is not the name of a field."),
    "conditions.field_missing": N_("This condition has no field. Enter one."),
    "conditions.path_too_long": N_("“%(path)s” is too long: the limit of linked records is %(limit)s."),
    "conditions.not_a_reference": N_("“%(name)s” in “%(path)s” is not a linked record."),
    "conditions.children_need_count": N_(
        "“%(name)s” can be several records. Use count_of, sum_of, any_of or none_of."
    ),
    "conditions.children_expected": N_("“%(value)s” is not the name of related records, such as “lines”."),
    "conditions.not_children": N_("“%(name)s” is not the name of related records."),
    "conditions.value_missing": N_("“%(name)s” must include the field to total, such as “orders.total”."),
    "conditions.value_not_wanted": N_("“%(name)s” must name only the related records, without a field."),
    "conditions.segment_of_other": N_("The segment “%(name)s” belongs to “%(entity)s”, not to “%(here)s”."),
    "conditions.segment_in_circle": N_(
        "This segment refers to itself: %(circle)s. Remove one of the references."
    ),
    "conditions.formula_broken": N_(
        "The field “%(name)s” can't be calculated: its own formula has a problem."
    ),
    "conditions.formula_in_circle": N_(
        "This formula refers to itself: %(circle)s. Remove one of the references."
    ),
    "conditions.formula_expected": N_("“%(value)s” is not a formula."),
    "conditions.formula_too_long": N_("This formula is too long. Limit in characters: %(limit)s."),
    "conditions.number_too_long": N_("This number is too long. Limit in digits: %(limit)s."),
    "conditions.unexpected": N_("Unexpected: “%(found)s”. Remove it or complete the formula before it."),
    "conditions.expected_sign": N_("Expected “%(sign)s”, found “%(found)s”."),
    "conditions.value_expected": N_("Expected a value, found “%(found)s”."),
    "conditions.whole_number_expected": N_("Expected a whole number, found “%(found)s”."),
    "conditions.arguments": N_(
        "Wrong number of values for this function: %(found)s. Allowed: %(least)s to %(most)s."
    ),
    "conditions.round_places": N_("The second value of round must be from 0 to %(most)s decimal places."),
    "conditions.kinds_differ": N_("Can't combine or compare “%(first)s” and “%(second)s”."),
    "conditions.kind_expected": N_("Expected “%(expected)s” here, found “%(found)s”."),
    "conditions.not_ordered": N_(
        "Values of type “%(kind)s” can't be ordered. Compare them with “=” or “!=”."
    ),
    "conditions.not_a_value": N_(
        "“%(value)s” doesn't fit here. Enter a value of type “%(kind)s”, such as “%(example)s”."
    ),
    "conditions.use_is_empty": N_("An empty value cannot be compared. Write “is_empty: true”."),
    "conditions.encrypted": N_("“%(name)s” is encrypted and can't be used in a formula."),
    "conditions.encrypted_day": N_(
        "“%(name)s” is encrypted. Compare it with a date and time, such as 2026-03-29 12:30, "
        "not with a whole day."
    ),
    "conditions.no_hours": N_("A date has no hours. Use days, weeks, months or years."),
    "conditions.duration_expected": N_("“%(value)s” is not a span of time such as “2 days” or “3 months”."),
    "conditions.lines_expected": N_("Enter a list of conditions, not “%(value)s”."),
    "conditions.line_expected": N_("Enter a condition, such as {field: status, is: open}, not “%(value)s”."),
    "conditions.group_empty": N_("“%(group)s” contains no conditions. Add one or remove it."),
    "conditions.operator_missing": N_("This condition has no operator. Use one of: %(known)s."),
    "conditions.operator_not_here": N_("“%(name)s” doesn't fit this type of value. Use one of: %(known)s."),
    "conditions.one_operator": N_(
        "This condition has two operators: “%(first)s” and “%(second)s”. Write two conditions."
    ),
    "conditions.true_or_false": N_("“%(operator)s” takes true or false, not “%(value)s”."),
    "conditions.list_expected": N_("Enter a list of values, not “%(value)s”."),
    "conditions.two_expected": N_("Enter two values, such as [1, 10], not “%(value)s”."),
    "conditions.change_of_own": N_(
        "Changes can only be detected in stored fields of the record itself, not in “%(name)s”."
    ),
    "conditions.too_many_lines": N_("Too many conditions. Limit: %(limit)s."),
    "conditions.too_many_options": N_("Too many values in the list. Limit: %(limit)s."),
    "conditions.too_deep": N_("The conditions are nested too deeply. Limit in levels: %(limit)s."),
    "conditions.too_large": N_("This is too much to calculate. Limit in parts: %(limit)s."),
}
