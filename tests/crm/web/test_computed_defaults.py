"""Computed defaults read what is given: in the form, over REST, in an import; never more than the reader may see."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from crm.database import open_session
from crm.errors import RecordError
from crm.permissions.model import SYSTEM
from crm.records.service import create_record
from crm.revisions.workspace import get_workspace
from tests.crm.web.house import House
from tests.factories import make_record
from workflows.organisation import Organisation, RuleWorkshop
from workflows.runs.jobs import work_off

FIRM = """
entity: firm
label: Firm
plural: Firms
fields:
  name: {type: text, required: true}
  secret: {type: text}
  boss: {type: user}
  rate: {type: decimal, places: 2}
"""
CASE = """
entity: case
label: Case
plural: Cases
fields:
  name: {type: text}
  firm: {type: reference, to: firm}
  boss: {type: user}
"""
TASK = """
entity: task
label: Task
plural: Tasks
fields:
  later: {type: decimal, places: 2, default: = price * 2}
  name: {type: text, default: = case.name}
  case: {type: reference, to: case}
  firm: {type: reference, to: firm, default: = case.firm}
  boss: {type: user, default: = case.firm.boss}
  note: {type: text, default: = case.firm.secret}
  price: {type: decimal, places: 2, default: = case.firm.rate / 3}
  share: {type: integer, at_most: 5, default: = case.firm.rate}
"""
SELLER = """
role: seller
label: Seller
entities:
  firm: {can: [read], hidden: [secret]}
  case: {can: [read], records: [{field: boss, is: me}]}
  task: {can: [read, create]}
"""
CHIEF = """
role: chief
label: Chief
entities:
  firm: {can: [read, create, update]}
  case: {can: [read, create]}
  task: {can: [read, create, import]}
admin: true
"""


@pytest.fixture
def tasks_house(house_on_each: House) -> tuple[House, dict[str, int]]:
    """A house with a firm and two cases, one of which a seller may see; the ids."""
    house = house_on_each
    house.wait_until_serving(
        house.publish(
            entities_firm=FIRM, entities_case=CASE, entities_task=TASK, roles_seller=SELLER, roles_chief=CHIEF
        )
    )
    sonia = house.user_id("sonia")
    with open_session(house.engine, get_workspace(house.engine), SYSTEM) as session:
        firm = make_record(session, "firm", name="Acme", secret="Hush", boss=sonia, rate="4.00")
        case = make_record(session, "case", name="Leak", firm=firm, boss=sonia)
        other = make_record(session, "case", name="Unseen", firm=firm)
        ids = {"firm": firm.id, "case": case.id, "other": other.id, "sonia": sonia}
    return house, ids


def made(house: House, **values: object) -> dict[str, object]:
    """Create a task and return what it holds."""
    with open_session(house.engine, get_workspace(house.engine), SYSTEM) as session:
        task = create_record(session, session.workspace.schema.entities["task"], values)
        names = ("name", "firm_id", "boss_id", "note", "price", "later", "share")
        return {name: getattr(task, name) for name in names}


def test_a_default_is_computed_from_what_is_given_and_fits_its_field(tasks_house):
    house, ids = tasks_house
    found = made(house, case=ids["case"])
    assert (found["name"], found["firm_id"], found["boss_id"]) == ("Leak", ids["firm"], ids["sonia"])
    assert str(found["price"]) == "1.33" and found["share"] == 4 and found["note"] == "Hush"
    assert str(found["later"]) == "2.66"  # it stands above the default it reads
    assert made(house, case=ids["case"], name="Mine", firm=None)["name"] == "Mine"
    assert set(made(house).values()) == {None}


def test_a_default_that_does_not_fit_is_a_problem_of_its_field(tasks_house):
    house, ids = tasks_house
    with open_session(house.engine, get_workspace(house.engine), SYSTEM) as session:
        make_record(session, "firm", name="Big", rate="90")
        firm = make_record(session, "firm", name="Bigger", rate="99")
        case = make_record(session, "case", name="Dear", firm=firm).id
    with pytest.raises(RecordError) as caught:
        made(house, case=case)
    assert [problem.field for problem in caught.value.problems] == ["share"]


def test_the_form_shows_defaults_of_the_record_it_was_opened_from(tasks_house):
    house, ids = tasks_house
    browser = house.browser()
    browser.sign_in("sonia")
    form = browser.get(f"/task/add?case={ids['case']}").text
    assert 'value="Leak"' in form and re.search(rf'<option value="{ids["firm"]}"[^>]*selected', form)
    assert "Hush" not in form  # her role hides it
    assert "Unseen" not in browser.get(f"/task/add?case={ids['other']}").text


def test_rest_computes_defaults_from_the_body_within_the_callers_rights(tasks_house):
    house, ids = tasks_house
    browser = house.browser()
    browser.sign_in("sonia")
    headers = {"X-CSRFToken": browser.token()}
    answer = browser.post("/api/v1/task/", json={"case": ids["case"], "price": "3"}, headers=headers)
    assert answer.status_code == 201
    found = browser.get(f"/api/v1/task/{answer.json['id']}").json["result"]
    assert (found["name"], found["firm"]["id"], found["boss"]["id"]) == ("Leak", ids["firm"], ids["sonia"])
    assert (found["price"], found["later"], found["note"]) == (
        "3.00",
        "6.00",
        None,
    )  # her role hides the note
    empty = browser.post("/api/v1/task/", json={"case": ids["case"], "name": None}, headers=headers).json[
        "id"
    ]
    assert browser.get(f"/api/v1/task/{empty}").json["result"]["name"] is None


FOLLOW = """
rule: follow
label: Follow
entity: case
when: record_created
then:
  - create_record: {entity: task, values: {case: "= id", share: "= 2 + 1"}}
"""


def test_a_record_that_a_rule_creates_has_its_defaults(tasks_house, tmp_path):
    house, ids = tasks_house
    documents = {"entities_firm": FIRM, "entities_case": CASE, "entities_task": TASK}
    house.publish(**documents, roles_seller=SELLER, roles_chief=CHIEF, rules_follow=FOLLOW)
    with open_session(house.engine, get_workspace(house.engine), SYSTEM) as session:
        make_record(
            session, "case", name="Noise", firm=session.get(session.workspace.models["firm"], ids["firm"])
        )
    work_off(RuleWorkshop(house.engine, Organisation(mail_folder=tmp_path / "mail")))
    with open_session(house.engine, get_workspace(house.engine), SYSTEM) as session:
        (task,) = session.scalars(sa.select(session.workspace.models["task"])).all()
        assert (task.name, task.firm_id, task.boss_id) == ("Noise", ids["firm"], ids["sonia"])
        assert (str(task.price), str(task.later), task.share, task.note) == ("1.33", "2.66", 3, "Hush")
