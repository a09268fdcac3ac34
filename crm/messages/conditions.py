"""Sentences of the area: conditions."""

from crm.texts import N_

KINDS = {
    "text": N_("text"),
    "number": N_("number"),
    "boolean": N_("true or false"),
    "date": N_("date"),
    "datetime": N_("date and time"),
    "reference": N_("reference"),
    "user": N_("user"),
    "many": N_("several values"),
    "none": N_("file"),
}
"""What a kind of value is called."""

MESSAGES = {
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
    "conditions.children_expected": N_("“%(value)s” does not name children such as “complaints”."),
    "conditions.not_children": N_("“%(name)s” is not the name of children."),
    "conditions.value_missing": N_("“%(name)s” must name what to add up, such as “orders.total”."),
    "conditions.value_not_wanted": N_("“%(name)s” must name only the children, not a field of theirs."),
    "conditions.segment_of_other": N_("The segment “%(name)s” selects “%(entity)s”, not “%(here)s”."),
    "conditions.segment_in_circle": N_("The segment “%(name)s” asks about itself."),
    "conditions.formula_in_circle": N_("The formula of “%(name)s” needs its own outcome."),
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
    "conditions.not_a_value": N_("“%(value)s” does not fit here; a value of kind “%(kind)s” was expected."),
    "conditions.use_is_empty": N_("An empty value cannot be compared. Write “is_empty: true”."),
    "conditions.encrypted": N_("“%(name)s” is encrypted and cannot stand in a formula."),
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
    "conditions.too_large": N_("There is too much to reckon here: more than %(limit)s parts."),
}
