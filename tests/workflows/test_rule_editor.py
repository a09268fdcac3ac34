"""The editor of rules: any rule comes back from its form as it went in, and each button does one thing to the draft."""

from __future__ import annotations

import pytest

from crm.drafts.service import document_of, find_draft
from crm.entities.declared_names import DeclaredNames
from crm.entities.load import load_document
from crm.texts import LANGUAGES
from tests.crm.web.form_reader import form_of
from tests.factories import make_complaint, make_customer
from workflows.actions import ACTIONS
from workflows.editor.parts import Surroundings, parts_of
from workflows.editor.starters import list_starters
from workflows.rules.sentence import say_rule
from workflows.triggers import TRIGGERS

HOME = "/admin/rules/"
BRANCHED = """
rule: branched
label: {en: Branched}
entity: complaint
when: {changed: status}
if: [{field: status, is: open}]
then:
  - wait: {for: 3 hours, and_then_only_if: [{field: status, is: open}]}
  - choose:
      - if: [{field: severity, is: urgent}]
        then: [{set_field: {field: status, to: escalated}}, stop]
      - else: [{notify: {to: [owner, {role: manager}], text: {en: "Look at {number}", el: "Δείτε {number}"}}}]
  - send_email: {to: [customer.email, "boss@example.com"], template: complaint_received}
  - update_related: {through: customer, where: [{field: status, is: active}], values: {status: at_risk}}
  - create_record: {entity: activity, values: {subject: "{number}", customer: "= customer", kind: task}}
  - assign: {field: owner, to: {user: service}}
priority: 3
"""


@pytest.fixture
def admin(client):
    return client("admin")


@pytest.fixture
def draft_of(session_as):
    """A function that returns a rule as the administrator's draft has it; None where the draft says nothing of it."""

    def look(name: str):
        with session_as("admin") as session:
            draft = find_draft(session)
            return draft.find_edit("rule", name) if draft else None

    return look


def fields_of(html: str) -> list[tuple[str, str]]:
    """Return what the editor's form would send."""
    return list(form_of(html.split("data-rule ")[1].split("</form>")[0]).items(multi=True))


def form_at(browser, path: str) -> list[tuple[str, str]]:
    return fields_of(browser.get(path).text)


def send(browser, path: str, fields: list[tuple[str, str]], **more: str):
    kept = [pair for pair in fields if pair[0] not in more]
    data: dict[str, list[str]] = {}
    for key, value in [*kept, *more.items()]:
        data.setdefault(key, []).append(value)
    return browser.post(path, data=data)


def test_every_shipped_rule_comes_back_from_its_form_as_it_was(admin, draft_of, workspace):
    for name in workspace.schema.parts["rule"]:
        path = f"{HOME}{name}/"
        answer = send(admin, path, form_at(admin, path))
        assert answer.status_code == 302, (name, answer.text)
        assert draft_of(name) is None, name


def test_branches_waits_and_lists_come_back_as_they_were_written(admin, draft_of, session_as):
    text = BRANCHED
    admin.submit("/admin/schema/documents/new/rule", {"text": text, "deed": "save"})
    path = f"{HOME}branched/"
    assert send(admin, path, form_at(admin, path)).status_code == 302
    assert draft_of("branched").body == load_document(text, "")[0].body


def test_a_new_rule_is_written_step_by_step_without_scripts(admin, draft_of):
    path = f"{HOME}new-rule"
    fields = form_at(admin, f"{path}?entity=complaint")
    page = send(
        admin, path, fields, **{"_rule": "add:then", "add.then": "set_field", "rule.b.label.en": "Close it"}
    )
    assert page.status_code == 200
    assert draft_of("close_it") is None  # a button saves nothing
    fields = fields_of(page.text)
    page = send(admin, path, fields, **{"_rule": "add:then", "add.then": "notify", "s1.b.field": "status"})
    fields = fields_of(page.text)
    assert '<option value="resolved"' in page.text
    page = send(
        admin, path, fields, **{"_rule": "up:s2", "s1.b.to": "resolved", "s2.b": "", "s2.b.to": "way:owner"}
    )
    fields = fields_of(page.text)
    answer = send(admin, path, fields, **{"s2.b.text.en": "{number} is closed."})
    assert answer.headers["Location"].endswith("/admin/rules/close_it/"), answer.text
    assert draft_of("close_it").body == {
        "rule": "close_it", "label": {"en": "Close it"}, "entity": "complaint", "enabled": False,
        "when": "record_created",
        "then": [
            {"notify": {"to": "owner", "text": {"en": "{number} is closed."}}},
            {"set_field": {"field": "status", "to": "resolved"}},
        ],
    }  # fmt: skip


def test_what_is_wrong_stands_at_its_step(admin, draft_of):
    path = f"{HOME}big_deal_won/"
    answer = send(admin, path, form_at(admin, path), **{"s1.b.to": "much"})
    assert answer.status_code == 422
    step = answer.text.split('id="node-s1"')[1].split('id="node-s2"')[0]
    assert "field-error" in step
    assert "much" in step
    assert draft_of("big_deal_won") is None


def test_a_form_of_an_older_draft_is_refused(admin):
    path = f"{HOME}birthday/"
    fields = form_at(admin, path)
    admin.submit(f"{HOME}welcome_customer/switch", {"to": "off"}, path)
    answer = send(admin, path, fields, **{"rule.b.priority": "5"})
    assert answer.status_code in (302, 422)
    fields = form_at(admin, path)
    admin.submit(f"{HOME}birthday/switch", {"to": "off"}, path)
    assert send(admin, path, fields, **{"rule.b.priority": "7"}).status_code == 422


def test_rules_are_switched_copied_ordered_and_removed_in_the_draft(admin, draft_of):
    admin.submit(f"{HOME}birthday/switch", {"to": "off"}, HOME)
    assert draft_of("birthday").body["enabled"] is False
    admin.submit(f"{HOME}birthday/copy", {}, HOME)
    assert draft_of("birthday_2").body["enabled"] is False
    admin.submit(f"{HOME}order", {"field": "welcome_customer", "place": "0"}, HOME)
    assert draft_of("welcome_customer").body["priority"] == 1
    assert draft_of("birthday").body.get("priority") is None
    admin.submit(f"{HOME}birthday_2/delete", {}, HOME)
    assert draft_of("birthday_2") is None
    admin.submit(f"{HOME}birthday/switch", {"to": "on"}, HOME)
    assert draft_of("birthday") is None  # as it is live
    page = admin.get(HOME).text
    assert page.index("welcome_customer") < page.index("/admin/rules/birthday/")


def test_the_first_activation_asks_for_a_test_run(admin, draft_of):
    admin.submit(f"{HOME}birthday/copy", {}, HOME)
    path = f"{HOME}birthday_2/"
    asked = admin.submit(f"{path}switch", {"to": "on"}, HOME)
    assert asked.headers["Location"].endswith("/activate")
    assert draft_of("birthday_2").body["enabled"] is False
    admin.submit(f"{path}switch", {"to": "on", "skip": "1"}, HOME)
    assert draft_of("birthday_2").body["enabled"] is True
    admin.submit(f"{path}switch", {"to": "off"}, HOME)
    assert admin.submit(f"{path}try", {"what": "now"}, f"{path}try").status_code == 302
    admin.submit(f"{path}switch", {"to": "on"}, HOME)
    assert draft_of("birthday_2").body["enabled"] is True


def test_a_test_run_in_the_web_shows_records_conditions_and_mails(admin, session):
    make_complaint(
        session, customer=make_customer(session, name="<b>Ada</b>", email="ada@example.com", language="el")
    )
    make_complaint(session, customer=make_customer(session, name="Bob", email=None))
    session.commit()
    path = f"{HOME}confirm_complaint/"
    send(admin, path, form_at(admin, path), **{"rule.b.priority": "4"})
    admin.submit(f"{path}try", {"what": "changes", "changes": "50"}, f"{path}try")
    page = admin.get(f"{path}try").text
    assert "ada@example.com" in page
    assert "Λάβαμε το παράπονό σας" in page
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page
    assert "of Customer is not empty" in page
    assert "Only the draft: 0. Only the current version: 0." in page
    assert admin.get(f"{path}try/state").status_code == 200


def test_otherwise_moves_the_conditions_into_a_branch(admin):
    path = f"{HOME}confirm_complaint/"
    page = send(admin, path, form_at(admin, path), _rule="otherwise")
    fields = dict(fields_of(page.text))
    assert fields["s1.is"] == "step:choose"
    assert [fields[f"s{number}.is"] for number in (2, 3, 4)] == ["if", "step:send_email", "else"]


def test_the_editor_is_for_those_who_configure(client):
    sales = client("sales")
    for path in (
        HOME,
        f"{HOME}new-rule",
        f"{HOME}birthday/",
        f"{HOME}birthday/activate",
        f"{HOME}birthday/runs",
    ):
        assert sales.get(path).status_code in (302, 403), path
    assert sales.submit(f"{HOME}birthday/switch", {"to": "off"}, "/profile/").status_code in (302, 403)


def test_six_rules_are_offered_to_start_from(admin, draft_of, workspace):
    assert len(list_starters(workspace.schema)) == 6
    for body, _rule in list_starters(workspace.schema):
        fields = form_at(admin, f"{HOME}new-rule?start={body['rule']}")
        answer = send(admin, f"{HOME}new-rule", fields, name=body["rule"])
        assert answer.status_code == 302, answer.text
        assert draft_of(body["rule"]).body == body


def test_a_rule_reads_as_a_sentence(shipped):
    for rule in shipped.parts["rule"].values():
        assert all("%(" not in say_rule(rule, shipped, language) for language in LANGUAGES)
    asked = say_rule(shipped.parts["rule"]["approve_large_deal"], shipped, "en")
    assert "; If approved: Notify" in asked and "; If rejected: " in asked and "therwise" not in asked, asked
    said = say_rule(shipped.parts["rule"]["escalate_old_complaint"], shipped, "en")
    assert said.startswith("Every hour, if Status is Open, ")
    assert "Set “Status” to “Escalated”; Assign: least busy user" in said


def around(shipped, entity: str = "complaint") -> Surroundings:
    return Surroundings(shipped, shipped.entities[entity], "en", DeclaredNames(shipped.documents))


def controls(part) -> dict[str, str]:
    inner = part.parts if part.control == "group" else ()
    return {one.path[-1]: one.control for one in inner}


def test_controls_are_made_of_what_an_action_says_of_itself(shipped):
    assert controls(parts_of(ACTIONS["set_field"], {}, around(shipped))) == {"field": "choose", "to": "value"}
    mail = controls(parts_of(ACTIONS["send_email"], {}, around(shipped)))
    assert (mail["to"], mail["template"]) == ("recipients", "choose")
    related = parts_of(ACTIONS["update_related"], {"through": "customer"}, around(shipped))
    assert controls(related) == {"through": "choose", "where": "conditions", "values": "values"}
    assert {one.entity for one in related.parts[1:]} == {"customer"}
    dates = parts_of(TRIGGERS["days_before"], {}, around(shipped, "contract"))
    assert [key for key, _label in dates.parts[0].options] == ["starts_on", "ends_on", "warranty_until"]


def test_a_new_action_appears_in_the_editor_by_itself(monkeypatch, admin):
    kind = type("Shout", (type(ACTIONS["notify"]),), {"name": "shout", "label": "", "words": {}})
    monkeypatch.setitem(ACTIONS, "shout", kind())
    path = f"{HOME}birthday/"
    page = send(admin, path, form_at(admin, path), **{"_rule": "add:then", "add.then": "shout"})
    assert '<option value="shout">Shout</option>' in page.text
    fields = dict(fields_of(page.text))
    assert fields["s2.is"] == "step:shout"
    assert "s2.b.text.he" in fields


def test_the_draft_keeps_what_the_form_does_not_draw(admin, session_as):
    text = BRANCHED.replace("branched", "odd").replace(
        "  - assign: {field: owner, to: {user: service}}", "  - nonsense: {x: [1]}"
    )
    admin.submit("/admin/schema/documents/new/rule", {"text": text, "deed": "save"})
    path = f"{HOME}odd/"
    page = send(admin, path, form_at(admin, path), _rule="down:s1")
    assert "nonsense" in page.text
    with session_as("admin") as session:
        assert document_of(session, find_draft(session), "rule", "odd").body["then"][-1] == {
            "nonsense": {"x": [1]}
        }
