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
    "schema.unknown_analysis": N_("“%(name)s” is not an analysis."),
    "schema.unknown_analysis_near": N_("“%(name)s” is not an analysis. Did you mean “%(near)s”?"),
    "analysis.other_field": N_(
        "“%(name)s” can't be used as “%(key)s” of this analysis. Choose another field."
    ),
    "analysis.no_day": N_("“%(value)s” is not a day. Write it as 2026-11-30."),
    "analysis.bad_horizon": N_("Enter a whole number from 1 to %(most)s."),
    "analysis.bad_discount": N_("Enter the discount per year as a number from 0 to 10: 0.1 for 10%%."),
    "analysis.bad_group": N_("Enter the smallest group as a whole number of at least 1."),
    "analysis.several_currencies": N_(
        "The amounts are in several currencies: %(known)s. Add a condition that leaves one of them."
    ),
    "analysis.too_few": N_("Not enough buyers came back for this analysis. At least %(fewest)s are needed."),
    "analysis.unsure": N_("The model did not settle on these purchases. Treat the values as a rough guide."),
    "analysis.lifetime_value": N_(
        "What each buyer is expected to spend in the %(horizon)s after %(until)s, discounted. The BG/NBD "
        "model predicts the purchases, the Gamma-Gamma model their value. Purchases of one buyer on one day "
        "count as one."
    ),
    "analysis.rfm": N_(
        "Buyers by how recently, how often and for how much they bought up to %(until)s. Each of the three "
        "is scored from 1 to 5; the groups follow from the first two. Purchases of one buyer on one day "
        "count as one."
    ),
    "analysis.cohort_retention": N_(
        "Buyers by the period of their first purchase, up to %(until)s. Each further column shows the share "
        "of them who bought again that many periods later."
    ),
    "analysis.churn": N_(
        "Buyers by the period of their first purchase, up to %(until)s. Each further column shows the share "
        "of them who did not buy again that many periods later."
    ),
    "analysis.segment_profile": N_(
        "What separates the records that meet the target from the rest. Over all records the share is "
        "%(share)s; the lift is a group's share divided by it. Groups of fewer than %(fewest)s records are "
        "left out. The chance of a random finding is corrected for the number of groups compared."
    ),
    "report.not_found": N_("Report “%(name)s” not found, or you don't have access to it."),
}
