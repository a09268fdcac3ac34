"""The pages of rules and notifications, as admins and users see them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crm import notifications
from crm.database import utcnow
from crm.notifications import Notice, add_notification
from tests.factories import make_complaint, make_customer, user_id
from workflows.mail import outbox
from workflows.mail.deliver import deliver_mail
from workflows.organisation import Organisation, RuleWorkshop
from workflows.pages import period_words
from workflows.rules.words import path_words
from workflows.runs import jobs, pauses, store


@pytest.fixture
def shipped_workshop(engine, clock, tmp_path):
    """A workshop with the shipped rules."""
    return RuleWorkshop(engine, Organisation(mail_folder=tmp_path / "mail"), clock=clock)


def test_rules_are_listed_with_what_starts_them(client):
    page = client("admin").get("/admin/rules/")
    assert page.status_code == 200
    assert "Every hour" in page.text
    assert "/admin/rules/escalate_old_complaint/" in page.text


@pytest.mark.parametrize("path", ["/admin/rules/", "/admin/rules/birthday/", "/admin/rules/run/1"])
def test_rules_are_for_those_who_configure(client, path):
    assert client("sales").get(path).status_code in (302, 403)
    assert client().get(path).status_code in (302, 401, 403)


def test_a_rule_shows_its_steps_as_sentences(client):
    page = client("admin").get("/admin/rules/escalate_old_complaint/")
    assert "Set “Status” to “Escalated”" in page.text
    assert "Send email “Complaint delayed” to: Customer: Email" in page.text


def test_an_unknown_rule_or_run_is_not_found(client):
    admin = client("admin")
    assert admin.get("/admin/rules/nonsense/").status_code == 404
    assert admin.get("/admin/rules/run/99999999999999999999999").status_code == 404


def test_a_run_says_why_it_ran_and_what_it_did(client, session, shipped_workshop):
    customer = make_customer(session, name="<i>Ada</i>", email="ada@example.com")
    make_complaint(session, customer=customer)
    session.commit()
    jobs.work_off(shipped_workshop)
    admin = client("admin")
    runs = admin.get("/admin/rules/confirm_complaint/runs").text
    number = runs.split("/admin/rules/run/")[1].split('"')[0]
    page = admin.get(f"/admin/rules/run/{number}").text
    assert "ada@example.com" in page
    assert "system:system" in page
    assert "<i>Ada" not in page
    configurator = client("configurator").get(f"/admin/rules/run/{number}").text
    assert "ada@example.com" not in configurator and "The details are hidden" in configurator


def test_who_may_not_read_what_a_rule_reads_cannot_try_it(client, session):
    customer = make_customer(session, email="ada@example.com")
    complaint = make_complaint(session, customer=customer).id
    session.commit()
    session.close()
    for who, status in (("configurator", 403), ("admin", 200)):
        browser, path = client(), "/api/v1/rule/confirm_complaint/try"
        answer = browser.post(path, json={"record": complaint}, headers=browser.api_token(who))
        assert answer.status_code == status and ("ada@example.com" in answer.text) == (who == "admin")


def test_a_failed_run_is_tried_again_by_post(client, session, shipped_workshop):
    make_complaint(session, customer=make_customer(session, email="ada@example.com"))
    session.commit()
    jobs.work_off(shipped_workshop)
    session.execute(store.run.update().values(state="failed"))
    session.commit()
    admin = client("admin")
    assert "/admin/rules/run/1/retry" in admin.get("/admin/rules/run/1").text
    assert admin.submit("/admin/rules/run/1/retry", {}, "/admin/rules/run/1").status_code == 302
    assert store.find_run(session, 1)["state"] == "waiting"


def test_trying_a_rule_over_rest_changes_nothing(client, session):
    number = make_complaint(session, customer=make_customer(session, email="ada@example.com")).id
    session.commit()
    browser = client()
    headers = browser.api_token("admin")
    answer = browser.post("/api/v1/rule/confirm_complaint/try", json={"record": number}, headers=headers)
    assert answer.status_code == 200
    assert answer.json["firings"][0]["effects"][0]["to"] == ["ada@example.com"]
    assert answer.json["considered"] == 1


def test_a_mail_that_was_given_up_is_shown_and_sent_again(client, session, shipped_workshop):
    make_complaint(session, customer=make_customer(session, email="ada@example.com"))
    session.commit()
    jobs.work_off(shipped_workshop)
    values = {"state": "failed", "attempts": 6, "error": "550 No such mailbox"}
    session.execute(outbox.message.update().values(**values))
    number = session.execute(outbox.message.select()).one().key.split(":")[0]
    session.commit()
    admin = client("admin")
    page = f"/admin/rules/run/{number}"
    assert "550 No such mailbox" in admin.get(page).text
    admin.submit(f"{page}/retry", {}, page)
    assert deliver_mail(replace(shipped_workshop, clock=utcnow)) == 1
    assert f"{page}/retry" not in admin.get(page).text


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"record": "x"}, 400),
        ({"record": -1}, 400),
        ([1], 400),
        ({"since": "soon"}, 422),
        ({"since": "30d"}, 200),
    ],
)
def test_odd_wishes_over_rest_are_refused(client, asked, status):
    browser = client()
    headers = browser.api_token("admin")
    answer = browser.post("/api/v1/rule/confirm_complaint/try", json=asked, headers=headers)
    assert answer.status_code == status
    assert status == 200 or answer.json["error"]["message"]


def test_trying_a_rule_is_for_those_who_configure(client):
    browser = client()
    headers = browser.api_token("sales")
    assert browser.post("/api/v1/rule/birthday/try", json={}, headers=headers).status_code == 403


def test_notifications_show_what_is_mine_and_count_it(client, session):
    number = make_complaint(session).id
    for name in ("sales", "service"):
        add_notification(
            session,
            Notice(user_id(session, name), {"en": f"<b>For {name}</b>", "el": "Για"}, "complaint", number),
        )
    session.commit()
    browser = client("service")
    page = browser.get("/notifications/")
    assert "&lt;b&gt;For service" in page.text
    assert "For sales" not in page.text
    assert "1" in browser.get("/notifications/count").text


def test_reading_a_notification_leads_to_its_record(client, session):
    mine, number = user_id(session, "service"), make_complaint(session).id
    add_notification(session, Notice(mine, "Look", "complaint", number))
    session.commit()
    key = notifications.list_notifications(session, mine)[0]["id"]
    session.rollback()
    answer = client("service").submit(f"/notifications/{key}/read", {}, "/notifications/")
    assert answer.headers["Location"].endswith(f"/complaint/show/{number}")
    assert notifications.count_unread(session, mine) == 0


def test_nobody_reads_somebody_elses_notification(client, session):
    mine = user_id(session, "service")
    add_notification(session, Notice(mine, "Look"))
    session.commit()
    key = notifications.list_notifications(session, mine)[0]["id"]
    session.rollback()
    assert client("sales").submit(f"/notifications/{key}/read", {}, "/profile/").status_code == 404
    session.rollback()
    assert notifications.count_unread(session, mine) == 1


def test_all_are_marked_as_read_by_post_only(client, session):
    mine = user_id(session, "service")
    add_notification(session, Notice(mine, "Look"))
    session.commit()
    browser = client("service")
    assert browser.get("/notifications/read").status_code in (404, 405)
    assert browser.submit("/notifications/read", {}, "/notifications/").status_code == 302
    assert "Look" in browser.get("/notifications/").text
    session.rollback()
    assert notifications.count_unread(session, mine) == 0


@pytest.mark.parametrize("before", ["abc", "-1", "999999999999999999999999", "٣"])
def test_an_odd_page_of_notifications_is_the_first(client, before):
    assert client("service").get("/notifications/", query_string={"before": before}).status_code == 200


def test_what_a_page_says_of_runs_is_in_words(app) -> None:
    with app.test_request_context("/?_l_=en"):
        said = [period_words(period) for period in ("2026-11-25T08:00", "2026-11-25", "2026-W60")]
    assert said == ["25 Nov 2026, 08:00", "25 Nov 2026", "2026-W60"]


def test_a_way_to_a_person_is_named_by_its_fields(session) -> None:
    schema = session.workspace.schema
    complaint = schema.entities["complaint"]
    assert path_words("customer.email", schema, complaint, "en") == "Customer: Email"
    assert path_words("office@example.com", schema, complaint, "en") == "office@example.com"


def test_runs_are_found_by_rule_status_record_and_cause(client, session, shipped_workshop):
    number = make_complaint(session, customer=make_customer(session, email="ada@example.com")).id
    session.commit()
    jobs.work_off(shipped_workshop)
    admin = client("admin")
    page = admin.get(
        f"/admin/rules/all-runs?rule=confirm_complaint&state=done&record={number}&days=3000"
    ).text
    assert page.count("/admin/rules/run/") == 1
    for nothing in ("state=failed", "cause=schedule", "record=99999", "before=1"):
        assert (
            "/admin/rules/run/"
            not in admin.get(f"/admin/rules/all-runs?rule=confirm_complaint&{nothing}").text
        )
    assert admin.get("/admin/rules/all-runs?record=%00&days=x&state=x&before=-1").status_code == 200
    run = admin.get("/admin/rules/run/" + page.split("/admin/rules/run/")[1].split('"')[0]).text
    assert " ms</span>" in run
    assert client("sales").get("/admin/rules/all-runs").status_code in (302, 403)


def test_what_waits_has_a_page_and_failed_runs_are_retried_together(client, session, shipped_workshop):
    make_complaint(session, customer=make_customer(session, email="ada@example.com"))
    session.commit()
    jobs.work_off(shipped_workshop)
    session.execute(store.run.update().values(state="failed"))
    row = {"rule": "confirm_complaint", "is_paused": True, "since": utcnow(), "last_run": 0}
    session.execute(pauses.pause.insert().values(row))
    session.commit()
    admin = client("admin")
    assert "/admin/rules/confirm_complaint/resume" in admin.get("/admin/rules/what-waits").text
    admin.submit("/admin/rules/confirm_complaint/resume", {"held": "run"}, "/admin/rules/what-waits")
    assert "/admin/rules/confirm_complaint/resume" not in admin.get("/admin/rules/what-waits").text
    page = "/admin/rules/confirm_complaint/runs?state=failed"
    assert "/admin/rules/run/" in admin.get(page).text
    admin.submit("/admin/rules/confirm_complaint/retry-all", {}, page)
    assert "/admin/rules/run/" not in admin.get(page).text
