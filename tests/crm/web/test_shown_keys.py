"""Keys of entities, reports and dashboards that no shipped document uses, each with the effect it has."""

from __future__ import annotations

import re
import shutil

import pytest

from crm.database import open_session
from crm.errors import RecordError
from crm.permissions.model import SYSTEM
from crm.records.journal import list_changes
from crm.records.service import create_record, update_record
from crm.revisions.workspace import get_workspace
from tests.crm.web.house import House, open_house

FIRM = """
entity: firm
label: Firm
plural: Firms
icon: building
color: purple
fields:
  name: {type: text, required: true}
  phone: {type: phone, region: RO}
  tax: {type: tax_id, kind: ro.cui}
  rate: {type: integer}
  code: {type: text, read_only: true, default: "A1"}
  limit: {type: integer, read_only_if: [{field: rate, above: 5}]}
  quiet: {type: text, history: false}
  boss: {type: user, only_role: chief}
  high: {type: summary, of: count, over: visits, where: [{field: score, above: 2}]}
"""
VISIT = """
entity: visit
label: Visit
plural: Visits
fields:
  firm: {type: reference, to: firm, inverse: {name: visits, label: Visits}}
  score: {type: integer}
"""
SCORES = """
report: scores
label: Scores
help: What visits were worth
entity: visit
measures: {worst: {min: score}, best: {max: score}}
"""
HOME = """
dashboard: home
label: Home
cards:
  - kpi: {entity: visit, label: Mean, measure: {avg: score}}
  - kpi: {entity: visit, label: Least, measure: {min: score}}
  - kpi: {entity: visit, label: Most, measure: {max: score}}
  - kpi: {entity: visit, label: Good, measure: {share: [{field: score, above: 2}]}}
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory, prepared) -> House:
    """A house with a firm and its three visits."""
    folder = tmp_path_factory.mktemp("shown")
    shutil.copy(prepared, folder / "crm.db")
    house = open_house(f"sqlite:///{folder / 'crm.db'}", folder)
    published = house.publish(
        entities_firm=FIRM, entities_visit=VISIT, reports_scores=SCORES, dashboards_home=HOME
    )
    house.wait_until_serving(published)
    with session_of(house) as session:
        firm = save(session, "firm", name="Acme", rate=9, phone="0721 234 567", tax="RO 18547290")
        for score in (1, 3, 5):
            save(session, "visit", firm=firm.id, score=score)
    return house


def session_of(house: House):
    """Return a session of the system."""
    return open_session(house.engine, get_workspace(house.engine), SYSTEM)


def save(session, entity: str, **values):
    """Create a record."""
    return create_record(session, session.workspace.schema.entities[entity], values)


def test_numbers_are_read_by_their_region_and_kind(shown):
    with session_of(shown) as session:
        firm = session.get(session.workspace.models["firm"], 1)
        assert (firm.phone, firm.tax) == ("+40721234567", "18547290")
        with pytest.raises(RecordError):
            save(session, "firm", name="B", tax="18547291")
        session.rollback()


def test_a_summary_counts_only_what_its_where_says(shown):
    browser = shown.browser()
    browser.sign_in("admin")
    assert browser.get("/api/v1/firm/1").json["result"]["high"] in ("2", 2)


def test_a_user_without_the_role_is_not_chosen_and_the_look_up_offers_none(shown):
    browser, seller = shown.browser(), shown.user_id("sonia")
    browser.sign_in("admin")
    offered = {int(one["value"]) for one in browser.get("/lookup/firm/boss?q=").json}
    assert offered == {shown.user_id("chris")}
    with session_of(shown) as session:
        with pytest.raises(RecordError):
            save(session, "firm", name="B", boss=seller)
        session.rollback()


def test_a_read_only_field_is_drawn_without_a_control_always_or_if_its_condition_holds(shown):
    browser = shown.browser()
    browser.sign_in("admin")
    form = browser.get("/firm/edit/1").text
    for name, is_open in (("rate", True), ("code", False), ("limit", False)):
        control = form.partition(f'id="field-{name}"')[2].partition(">")[0]
        assert ("readonly" not in control and "disabled" not in control and bool(control)) is is_open, name


def test_a_field_without_history_leaves_no_value_in_the_journal(shown):
    with session_of(shown) as session:
        entity = session.workspace.schema.entities["firm"]
        update_record(session, entity, 1, {"quiet": "hush", "name": "Acme 2"})
        assert set(list_changes(session, entity, 1)[0]["values"]) == {"name"}
        session.rollback()


def test_pages_show_color_help_and_every_measure(shown):
    browser = shown.browser()
    browser.sign_in("admin")
    home, report = browser.get("/").text, browser.get("/reports/scores").text
    assert "pill-purple" in home
    assert "What visits were worth" in report
    facts = browser.get("/api/v1/report/scores").json
    assert facts["rows"] == [[1, 5]]
    figures = re.findall(r'figure-value"><bdi>([^<]*)', home)
    assert [re.sub(r"[^0-9.]", "", words) for words in figures] == ["3", "1", "5", "66.67"]
