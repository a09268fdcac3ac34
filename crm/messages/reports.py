"""Sentences of the area: reports."""

from crm.texts import N_

MESSAGES = {
    "report.cut": N_("There are more groups than can be shown; these are the %(limit)s largest ones."),
    "report.cannot_group": N_("Records cannot be grouped by “%(name)s”."),
    "report.closed": N_(
        "The report “%(report)s” counts something that is not open to you, so it cannot be shown to you."
    ),
    "segment.closed": N_(
        "The segment “%(segment)s” asks about something that is not open to you, so it cannot be evaluated for you."
    ),
    "segment.not_found": N_("There is no segment “%(name)s”."),
    "schema.unknown_period": N_("“%(name)s” is no period. Write day, week, month, quarter or year."),
    "schema.unknown_period_near": N_("“%(name)s” is no period. Did you mean “%(near)s”?"),
    "schema.unknown_chart": N_("“%(name)s” is no kind of chart. Write one of: %(known)s."),
    "schema.unknown_chart_near": N_("“%(name)s” is no kind of chart. Did you mean “%(near)s”?"),
    "schema.unknown_part": N_("“%(name)s” is neither a group nor a measure of this report."),
    "schema.unknown_part_near": N_("“%(name)s” is no part of this report. Did you mean “%(near)s”?"),
    "schema.unknown_report": N_("There is no report “%(name)s”."),
    "schema.unknown_report_near": N_("There is no report “%(name)s”. Did you mean “%(near)s”?"),
    "report.too_many_groups": N_("A report groups by at most %(limit)s fields."),
    "report.period_needs_date": N_("“%(name)s” is no date, so it has no months or years."),
    "report.date_needs_period": N_("“%(name)s” is a date: say which period, such as {month: %(name)s}."),
    "report.not_a_reference": N_("“%(name)s” does not point to another record."),
    "report.one_measure": N_("A measure says one of: %(known)s."),
    "report.not_a_number": N_("“%(name)s” is no number."),
    "report.not_found": N_("There is no report “%(name)s”, or it is not open to you."),
}
