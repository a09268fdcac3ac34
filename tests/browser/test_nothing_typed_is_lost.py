"""What was typed into a form stays, whatever happens to the request that should have saved it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.visitor import Visitor
from tests.factories import make_customer, user_id

Visit = Callable[..., Visitor]

TYPED = "Αφοί Παπαδόπουλου, typed for ten minutes"


@pytest.fixture
def form(visit: Visit, session) -> Visitor:
    """The form of a new customer with a name in it."""
    visitor = visit("sales")
    visitor.forgiven = ("Failed to load resource",)
    visitor.open("/customer/add")
    visitor.page.locator("#field-name").fill(TYPED)
    return visitor


def save(visitor: Visitor) -> None:
    visitor.page.locator("#record-form").get_by_role("button", name="Save", exact=True).click()


def assert_kept(visitor: Visitor) -> None:
    assert visitor.page.locator("#field-name").input_value() == TYPED
    assert visitor.page.url.endswith("/customer/add")


def test_a_saved_form_leads_to_its_record_with_the_message(form: Visitor) -> None:
    save(form)
    form.page.wait_for_url("**/customer/show/*")
    form.page.locator(".toast-line", has_text="Saved.").wait_for()
    assert form.errors == []


def test_a_session_that_is_over_keeps_it_and_saves_it_after_signing_in(form: Visitor, app, address) -> None:
    from tests.browser.conftest import sign_in

    form.context.clear_cookies()
    save(form)
    form.page.get_by_role("link", name="Sign in").wait_for()
    assert_kept(form)
    form.context.add_cookies(sign_in(app, address, "sales", "en"))
    save(form)
    form.page.wait_for_url("**/customer/show/*")
    assert TYPED in form.page.locator("h1").inner_text()


def test_an_old_form_token_is_renewed_without_a_word(form: Visitor) -> None:
    form.page.locator("#record-form [name=csrf_token]").evaluate("input => (input.value = 'old')")
    form.page.locator("meta[name=csrf-token]").evaluate("meta => (meta.content = 'old')")
    save(form)
    form.page.wait_for_url("**/customer/show/*")


@pytest.mark.parametrize("status", [413, 429, 500, 503, 507])
def test_a_server_that_cannot_save_now_keeps_it(form: Visitor, status: int) -> None:
    answers = [status]

    def answer(route) -> None:
        if route.request.method == "POST" and answers:
            route.fulfill(status=answers.pop(), content_type="text/html", body="<h1>Busy</h1>")
        else:
            route.continue_()

    form.page.route("**/customer/add", answer)
    save(form)
    form.page.locator(".toast-line.is-bad").wait_for()
    assert_kept(form)
    save(form)
    form.page.wait_for_url("**/customer/show/*")


def test_a_connection_that_is_gone_keeps_it(form: Visitor) -> None:
    form.context.set_offline(True)
    save(form)
    form.page.get_by_text("No connection.").wait_for()
    assert_kept(form)


def test_values_that_put_the_record_out_of_reach_come_back_with_the_reason(visit: Visit, session) -> None:
    mine = make_customer(session, name="Mine", owner=user_id(session, "sales")).id
    other = user_id(session, "service")
    session.commit()
    visitor = visit("sales")
    visitor.forgiven = ("Failed to load resource",)
    visitor.open(f"/customer/edit/{mine}")
    page = visitor.page
    page.locator("#field-name").fill(TYPED)
    page.locator("#field-owner").evaluate(
        "(select, id) => { select.tomselect.addOption({ value: id, text: 'Service' });"
        " select.tomselect.setValue(id); }",
        str(other),
    )
    save(visitor)
    page.get_by_text("you would lose access to this record").wait_for()
    assert page.locator("#field-name").input_value() == TYPED
    assert (
        page.locator("#field-owner-error").inner_text() == "This value decides who has access to the record."
    )


def test_a_refused_form_can_be_corrected_and_saved(form: Visitor) -> None:
    form.page.locator("#field-name").fill("")
    form.page.locator("#field-city").fill("Βόλος")
    save(form)
    form.page.locator(".error-summary").wait_for()
    assert form.page.locator("#field-city").input_value() == "Βόλος"
    form.page.locator("#field-name").fill("Second try")
    save(form)
    form.page.wait_for_url("**/customer/show/*")
    assert form.errors == []


def test_two_clicks_save_one_record(form: Visitor, session) -> None:
    button = form.page.locator("#record-form").get_by_role("button", name="Save", exact=True)
    button.dblclick()
    form.page.wait_for_url("**/customer/show/*")
    form.open("/customer/list/")
    assert form.page.locator("tbody tr").count() == 1
