"""Sentences of the area: reports."""

from crm.texts import N_

MESSAGES = {
    "segment.kept_or_asked": N_(
        "A segment needs either conditions (“if”) or a field that keeps it (“kept_in”)."
    ),
    "segment.kept_in_tags": N_("“%(name)s” can't keep a segment. Use a field of tags."),
    "report.cut": N_("Too many groups to show. Only the largest are shown: %(limit)s."),
    "report.cannot_group": N_("Records can't be grouped by “%(name)s”. Choose another field."),
    "report.closed": N_("You can't see the report “%(report)s”: it uses data you don't have access to."),
    "segment.closed": N_("You can't use the segment “%(segment)s”: it uses data you don't have access to."),
    "segment.not_found": N_("There is no segment “%(name)s”."),
    "schema.unknown_period": N_("“%(name)s” is not a period. Use day, week, month, quarter or year."),
    "schema.unknown_period_near": N_("“%(name)s” is not a period. Did you mean “%(near)s”?"),
    "schema.unknown_chart": N_("“%(name)s” is not a chart type. Use one of: %(known)s."),
    "schema.unknown_chart_near": N_("“%(name)s” is not a chart type. Did you mean “%(near)s”?"),
    "schema.unknown_part": N_("“%(name)s” is neither a group nor a measure of this report."),
    "schema.unknown_part_near": N_("“%(name)s” is not part of this report. Did you mean “%(near)s”?"),
    "schema.unknown_report": N_("There is no report “%(name)s”."),
    "schema.unknown_report_near": N_("There is no report “%(name)s”. Did you mean “%(near)s”?"),
    "report.too_many_groups": N_("Too many fields to group by. Limit: %(limit)s."),
    "report.period_needs_date": N_("“%(name)s” is not a date, so it can't be grouped by month or year."),
    "report.date_needs_period": N_("“%(name)s” is a date. Choose a period, such as {month: %(name)s}."),
    "report.not_a_reference": N_("“%(name)s” is not a linked record."),
    "report.one_measure": N_("A measure must be one of: %(known)s."),
    "report.not_a_number": N_("“%(name)s” is not a number."),
    "report.not_found": N_("Report “%(name)s” not found, or you don't have access to it."),
}
