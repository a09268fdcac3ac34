"""Every built-in analysis, by the word behind `kind:` of a report."""

from crm.reports.analyses.base import Analysis
from crm.reports.analyses.cohorts import Churn, CohortRetention
from crm.reports.analyses.lifetime_value import LifetimeValue
from crm.reports.analyses.rfm import Rfm
from crm.reports.analyses.segment_profile import SegmentProfile

ANALYSES: dict[str, Analysis] = {
    kind.name: kind
    for kind in (Rfm(), CohortRetention(), Churn(), LifetimeValue(), SegmentProfile())
}  # fmt: skip
LATER = ("funnel", "stage_duration", "at_risk", "look_alike", "forecast", "campaign_profit")

__all__ = ["ANALYSES", "LATER", "Analysis"]
