"""Sentences of the area: conditions."""

from crm.texts import N_, NP_

KINDS = {
    "text": NP_("value.type", "text"),
    "number": NP_("value.type", "number"),
    "boolean": N_("true or false"),
    "date": NP_("value.type", "date"),
    "datetime": N_("date and time"),
    "reference": NP_("value.type", "reference"),
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
    "is_true": NP_("phrase", "%(field)s holds"),
    "is_not_true": N_("%(field)s does not hold"),
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
    "within_last": N_("%(field)s is within the last %(span)s"),
    "within_next": N_("%(field)s is within the next %(span)s"),
    "ago": N_("%(field)s is from %(near)s to %(far)s ago"),
    "any_of": N_("there are %(children)s"),
    "any_of_where": N_("there are %(children)s for which %(condition)s"),
    "none_of": N_("there are no %(children)s"),
    "none_of_where": N_("there are no %(children)s for which %(condition)s"),
    "in_segment": N_("the record belongs to the segment “%(segment)s”"),
    "not_in_segment": N_("the record does not belong to the segment “%(segment)s”"),
    "field_in_segment": N_("%(field)s belongs to the segment “%(segment)s”"),
    "field_not_in_segment": N_("%(field)s does not belong to the segment “%(segment)s”"),
    "changed": N_("%(field)s has changed"),
    "not_changed": N_("%(field)s has not changed"),
    "changed_to": N_("%(field)s has changed to %(value)s"),
    "changed_from": N_("%(field)s has changed from %(value)s"),
    "not": N_("it is not so that %(condition)s"),
    "none": N_("none of this is so: %(conditions)s"),
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
    "count_where": N_("number of %(children)s (for which %(condition)s)"),
    "sum": N_("total of %(field)s over %(children)s"),
    "sum_where": N_("total of %(field)s over %(children)s (for which %(condition)s)"),
    "min": N_("smallest %(field)s of %(children)s"),
    "min_where": N_("smallest %(field)s of %(children)s (for which %(condition)s)"),
    "max": N_("largest %(field)s of %(children)s"),
    "max_where": N_("largest %(field)s of %(children)s (for which %(condition)s)"),
    "avg": N_("average %(field)s of %(children)s"),
    "avg_where": N_("average %(field)s of %(children)s (for which %(condition)s)"),
    "last": N_("last %(field)s of %(children)s"),
    "last_where": N_("last %(field)s of %(children)s (for which %(condition)s)"),
    "if": N_("%(then)s if %(condition)s, else %(otherwise)s"),
    "today": NP_("phrase", "today"),
    "now": NP_("phrase", "now"),
    "nothing": NP_("phrase", "nothing"),
    "day": N_("the day of %(value)s"),
    "days_between": N_("days from %(first)s to %(second)s"),
    "add_span": N_("%(first)s plus %(span)s"),
    "add_days": N_("%(first)s plus %(second)s (days)"),
    "year": N_("year of %(value)s"),
    "month": N_("month of %(value)s"),
    "round": N_("%(first)s rounded (decimal places: %(second)s)"),
    "least": N_("the smallest of %(values)s"),
    "greatest": N_("the largest of %(values)s"),
    "coalesce": N_("the first of %(values)s that is not empty"),
    "concat": NP_("phrase", "%(values)s joined"),
    "upper": N_("%(value)s in capitals"),
    "lower": N_("%(value)s in small letters"),
    "length": N_("length of %(value)s"),
}
"""What a value is called within a condition."""

MESSAGES = {
    "conditions.mixed_currencies": N_("Amounts in different currencies can neither be added nor compared."),
    "conditions.mixed_children": N_(
        "These amounts may be in different currencies, and those are not added. Add a condition on “%(name)s” "
        "that lets one currency pass."
    ),
    "conditions.other_currency": N_(
        "This gives amounts in “%(found)s”, but they would be shown in “%(shown)s”. Set currency or currency_field."
    ),
    "conditions.in_formula": N_("At character %(position)s of the formula: %(problem)s"),
    "conditions.unknown_field": N_("There is no field “%(name)s” in “%(entity)s”."),
    "conditions.unknown_field_near": N_(
        "There is no field “%(name)s” in “%(entity)s”. Did you mean “%(near)s”?"
    ),
    "conditions.unknown_children": N_("“%(entity)s” has no children called “%(name)s”."),
    "conditions.unknown_children_near": N_(
        "“%(entity)s” has no children called “%(name)s”. Did you mean “%(near)s”?"
    ),
    "conditions.unknown_entity": N_("There is no entity “%(name)s”."),
    "conditions.unknown_entity_near": N_("There is no entity “%(name)s”. Did you mean “%(near)s”?"),
    "conditions.unknown_operator": N_("“%(name)s” is not known here. Use one of: %(known)s."),
    "conditions.unknown_operator_near": N_(
        "“%(name)s” is not known here. Did you mean “%(near)s”? You can use: %(known)s."
    ),
    "conditions.unknown_function": N_("There is no function “%(name)s”."),
    "conditions.unknown_function_near": N_("There is no function “%(name)s”. Did you mean “%(near)s”?"),
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
    "conditions.unknown_sign": N_("“%(sign)s” has no meaning in a formula."),
    "conditions.field_expected": N_("“%(value)s” is not the name of a field."),
    "conditions.field_missing": N_("This line names no field."),
    "conditions.path_too_long": N_("“%(path)s” leads over more than %(limit)s records."),
    "conditions.not_a_reference": N_("“%(name)s” in “%(path)s” does not refer to one other record."),
    "conditions.children_need_count": N_(
        "“%(name)s” are many records. Ask with count_of, sum_of, any_of or none_of."
    ),
    "conditions.children_expected": N_("“%(value)s” does not name children such as “lines”."),
    "conditions.not_children": N_("“%(name)s” is not the name of children."),
    "conditions.value_missing": N_("“%(name)s” must name what to add up, such as “orders.total”."),
    "conditions.value_not_wanted": N_("“%(name)s” must name only the children, not a field of theirs."),
    "conditions.segment_of_other": N_("The segment “%(name)s” selects “%(entity)s”, not “%(here)s”."),
    "conditions.segment_in_circle": N_("A segment asks about itself here: %(circle)s."),
    "conditions.formula_broken": N_(
        "The field “%(name)s” cannot be calculated; its own formula has a problem."
    ),
    "conditions.formula_in_circle": N_("A formula needs its own outcome here: %(circle)s."),
    "conditions.formula_expected": N_("“%(value)s” is not a formula."),
    "conditions.formula_too_long": N_("A formula has at most %(limit)s characters."),
    "conditions.number_too_long": N_("A number has at most %(limit)s digits."),
    "conditions.unexpected": N_("“%(found)s” was not expected."),
    "conditions.expected_sign": N_("“%(sign)s” was expected, but “%(found)s” follows."),
    "conditions.value_expected": N_("A value was expected, but “%(found)s” follows."),
    "conditions.whole_number_expected": N_("A whole number was expected, but “%(found)s” follows."),
    "conditions.arguments": N_(
        "This function takes from %(least)s to %(most)s values in its brackets, not %(found)s."
    ),
    "conditions.round_places": N_("The second value of round is a number of places from 0 to %(most)s."),
    "conditions.kinds_differ": N_(
        "A value of kind “%(first)s” cannot be compared or mixed with “%(second)s”."
    ),
    "conditions.kind_expected": N_("A value of kind “%(expected)s” was expected here, not “%(found)s”."),
    "conditions.not_ordered": N_("Values of kind “%(kind)s” have no order; they can only be equal or not."),
    "conditions.not_a_value": N_(
        "“%(value)s” does not fit here; a value of kind “%(kind)s” was expected, such as “%(example)s”."
    ),
    "conditions.use_is_empty": N_("An empty value cannot be compared. Write “is_empty: true”."),
    "conditions.encrypted": N_("“%(name)s” is encrypted and cannot stand in a formula."),
    "conditions.encrypted_day": N_(
        "“%(name)s” is encrypted and can only be compared with a moment, such as 2026-03-29 12:30: "
        "a whole day cannot be found."
    ),
    "conditions.no_hours": N_("A date has no hours. Use days, weeks, months or years."),
    "conditions.duration_expected": N_("“%(value)s” is not a span of time such as “2 days” or “3 months”."),
    "conditions.lines_expected": N_("A list of conditions was expected, not “%(value)s”."),
    "conditions.line_expected": N_(
        "A condition was expected, such as {field: status, is: open}, not “%(value)s”."
    ),
    "conditions.group_empty": N_("“%(group)s” has no conditions in it."),
    "conditions.operator_missing": N_("This line asks nothing of its field. Use one of: %(known)s."),
    "conditions.operator_not_here": N_("“%(name)s” does not fit this kind of value. Use one of: %(known)s."),
    "conditions.one_operator": N_(
        "A line asks one thing, but this one has “%(first)s” and “%(second)s”. Write two lines."
    ),
    "conditions.true_or_false": N_("“%(operator)s” takes true or false, not “%(value)s”."),
    "conditions.list_expected": N_("A list of values was expected, not “%(value)s”."),
    "conditions.two_expected": N_("Two values were expected, such as [1, 10], not “%(value)s”."),
    "conditions.change_of_own": N_(
        "Only a stored field of the record itself can be seen to change, not “%(name)s”."
    ),
    "conditions.too_many_lines": N_("There are more than %(limit)s conditions."),
    "conditions.too_many_options": N_("There are more than %(limit)s values in the list."),
    "conditions.too_deep": N_("The conditions lie more than %(limit)s levels deep in one another."),
    "conditions.too_large": N_("There is too much to calculate: more than %(limit)s parts."),
}
