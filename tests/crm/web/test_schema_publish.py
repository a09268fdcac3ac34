"""The pages from a draft to a live revision and back, as an administrator walks through them."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from crm import queue
from crm.drafts import service
from crm.drafts.publications import publication, run_publication
from crm.entities.load import documents_from_json
from crm.records.rekey import rebuild_search_keys
from crm.revisions import indexes, publish
from crm.revisions.column_moves import move
from crm.revisions.finish import finish_indexes
from crm.revisions.processes import report_process
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.crm.revisions.publishing import fill_customers, publish_changed
from tests.factories import make_customer

DRAFT = "/admin/schema/draft/"


@pytest.fixture
def prepared(session_as):
    """A function that leaves a draft of a user in which the deals have lost a choice and won a field."""

    def prepare(username: str = "admin"):
        session = session_as(username)

        def change(body: dict) -> dict:
            body["fields"]["colour"] = {"type": "text", "label": {"en": "Colour <b>"}}
            body["fields"]["lost_reason"]["required"] = True
            return body

        draft = service.edit_document(session, "entity", "deal", change)
        session.commit()
        return draft

    return prepare


def test_without_edits_the_page_says_that_nothing_is_prepared(client):
    assert "No changes yet" in client("admin").get(DRAFT).text


def test_the_draft_shows_what_changes_before_it_happens(client, prepared):
    prepared()
    page = client("admin").get(DRAFT).text
    assert "New: Field “Colour &lt;b&gt;”" in page and "Changed: Field “Reason for losing”" in page
    assert "ALTER TABLE" in page and "Effect on the data" in page
    assert "Colour <b>" not in page


def test_the_draft_says_before_it_is_published_what_its_owner_may_not_publish(client, session_as):
    session = session_as("configurator")
    rule = {"rule": "spy", "entity": "customer", "when": "record_saved"}
    steps = [{"notify": {"to": {"role": "configurator"}, "text": {"en": "{credit_limit}"}}}]
    draft = service.save_document(
        session, service.open_draft(session), "rule", "spy", {**rule, "then": steps}
    )
    session.commit()
    browser, said = client("configurator"), "to take over the draft"
    assert said in browser.get(DRAFT).text
    refused = browser.submit(DRAFT + "publish", {"why": "", "version": draft.version}, DRAFT)
    assert refused.status_code == 422 and said in refused.text
    assert said not in client("admin").get(f"{DRAFT}{draft.id}").text


def test_publishing_makes_the_draft_live_and_leads_to_its_arrival(client, prepared, engine):
    draft = prepared()
    before = get_workspace(engine).number
    answer = client("admin").submit(DRAFT + "publish", {"why": "Colours", "version": draft.version}, DRAFT)
    assert answer.location == f"/admin/schema/publish/{before + 1}"
    assert "colour" in get_workspace(engine).schema.entities["deal"].fields


def test_a_page_of_an_older_version_of_the_draft_publishes_nothing_and_keeps_the_words(
    client, prepared, engine
):
    prepared()
    before = get_workspace(engine).number
    answer = client("admin").submit(DRAFT + "publish", {"why": "My long reason", "version": 0}, DRAFT)
    assert answer.status_code == 409 and "My long reason" in answer.text
    assert get_workspace(engine).number == before


def test_a_draft_with_problems_is_refused_with_each_of_them(client, session_as, engine):
    session = session_as("admin")
    draft = service.edit_document(
        session, "segment", "champions", lambda body: {**body, "if": [{"field": "nmae", "is": "x"}]}
    )
    session.commit()
    answer = client("admin").submit(DRAFT + "publish", {"version": draft.version}, DRAFT)
    assert (
        answer.status_code == 422
        and "nmae" in answer.text
        and "Problems to fix before publishing" in answer.text
    )


def test_a_change_is_taken_back_from_the_page(client, prepared, session_as):
    prepared()
    client("admin").submit(DRAFT + "revert", {"kind": "entity", "name": "deal"}, DRAFT)
    assert service.find_draft(session_as("admin")).edits == ()


def test_a_draft_is_discarded(client, prepared, session_as):
    prepared()
    client("admin").submit(DRAFT + "discard", {}, DRAFT)
    assert service.find_draft(session_as("admin")) is None


def test_colleagues_see_a_draft_and_take_it_over(client, prepared, session_as):
    draft = prepared()
    browser = client("configurator")
    assert f'href="{DRAFT}{draft.id}"' in browser.get(DRAFT).text
    page = browser.get(f"{DRAFT}{draft.id}").text
    assert "New: Field “Colour" in page and DRAFT + "publish" not in page
    browser.submit(f"{DRAFT}{draft.id}/take", {}, f"{DRAFT}{draft.id}")
    assert service.find_draft(session_as("configurator")).id == draft.id


def publish_a_change(engine, **keys: object) -> int:
    """Publish something about the deals meanwhile."""
    bodies = [dict(document.body) for document in get_workspace(engine).schema.documents]
    place = next(
        index
        for index, body in enumerate(bodies)
        if next(iter(body)) == "entity" and body["entity"] == "deal"
    )
    bodies[place] = {**bodies[place], **keys}
    return publish_schema(engine, documents_from_json(bodies), "Icons", "colleague")


def test_what_was_published_meanwhile_is_shown_and_never_overwritten(prepared, engine, settings):
    from crm.web.app import build_app
    from tests.browsing import Browser

    draft = prepared()
    live = publish_a_change(engine, icon="star")
    app = build_app(get_workspace(engine), settings, engine)
    app.test_client_class = Browser
    browser = app.test_client()
    browser.sign_in("admin")
    page = browser.get(DRAFT).text
    assert "Published since then" in page and "Keep both" in page and "star" in page
    refused = browser.submit(DRAFT + "publish", {"version": draft.version}, DRAFT)
    assert refused.status_code == 409 and get_workspace(engine).number == live
    browser.submit(DRAFT + "settle", {"kind": "entity", "name": "deal", "way": "merged"}, DRAFT)
    done = browser.submit(DRAFT + "publish", {"version": draft.version + 1}, DRAFT)
    deal = get_workspace(engine).schema.entities["deal"]
    assert done.status_code == 302 and deal.icon == "star" and "colour" in deal.fields


def test_the_arrival_names_the_processes_that_are_not_there_yet(client, engine):
    number = get_workspace(engine).number
    report_process(engine, "one", "web", number)
    report_process(engine, "two", "worker", number - 1)
    page = client("admin").get(f"/admin/schema/publish/{number}").text
    assert "hx-trigger" in page and "two" in page and "1 of 2" in page
    report_process(engine, "two", "worker", number)
    state = client("admin").get(f"/admin/schema/publish/{number}/state").text
    assert "is current everywhere" in state and "hx-trigger" not in state


def test_the_arrival_says_why_a_process_could_not_take_the_revision_up(client, engine):
    number = get_workspace(engine).number
    report_process(engine, "one", "web", number - 1, failure="ValueError: no table <b>")
    page = client("admin").get(f"/admin/schema/publish/{number}").text
    assert "load the revision" in page and "ValueError: no table &lt;b&gt;" in page


def test_the_arrival_shows_which_index_is_still_being_built(client, engine):
    number = get_workspace(engine).number
    report_process(engine, "one", "web", number)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP INDEX ix_customer_city"))
    page = client("admin").get(f"/admin/schema/publish/{number}").text
    assert "One index is still being built" in page and "<bdi>City</bdi>" in page and 'data-poll="1"' in page
    finish_indexes(engine)
    state = client("admin").get(f"/admin/schema/publish/{number}/state").text
    assert "still being built" not in state and "hx-trigger" not in state


def test_the_arrival_shows_how_far_the_search_keys_are(client, engine, monkeypatch):
    monkeypatch.setattr(publish, "AFTER_PUBLISH", [])
    fill_customers(engine, 3)
    number = publish_changed(
        engine, lambda entities: entities["customer"]["fields"]["street"].update(search=True)
    )
    report_process(engine, "one", "web", number)
    page = client("admin").get(f"/admin/schema/publish/{number}").text
    assert "The search index is being updated" in page and "0 of 3" in page and 'data-poll="1"' in page
    rebuild_search_keys(engine)
    state = client("admin").get(f"/admin/schema/publish/{number}/state").text
    assert "being updated" not in state and "hx-trigger" not in state


def version_of(session_as) -> int:
    """Return the version of the administrator's draft."""
    session = session_as("admin")
    draft = service.find_draft(session)
    session.close()
    return draft.version


def test_a_publish_that_takes_long_is_left_to_a_worker_and_watched(
    client, retyped, engine, session_as, monkeypatch
):
    monkeypatch.setattr(indexes, "SMALL", 1)
    monkeypatch.setattr(queue, "ring_or_do", lambda *_given: None)
    fitting, other = retyped("admin")
    with engine.begin() as connection:
        connection.execute(sa.text(f"UPDATE customer SET city = '13' WHERE id = {other:d}"))  # noqa: S608 - a number
    browser = client("admin")
    before = get_workspace(engine).number
    answer = browser.submit(DRAFT + "publish", {"why": "Numbers", "version": version_of(session_as)}, DRAFT)
    assert answer.location.startswith("/admin/schema/publishing/") and get_workspace(engine).number == before
    page = browser.get(answer.location).text
    assert "Waiting for a background process" in page and 'data-poll="1"' in page
    assert answer.location in browser.get(DRAFT).text
    run_publication(engine, int(answer.location.rpartition("/")[2]))
    state = browser.get(answer.location + "/state")
    assert state.headers["HX-Redirect"] == f"/admin/schema/publish/{before + 1}"
    assert browser.get(answer.location).location == f"/admin/schema/publish/{before + 1}"


def test_the_page_of_a_long_publish_shows_how_far_its_values_are(client, retyped, engine, session_as):
    retyped("admin")
    session = session_as("admin")
    draft = service.find_draft(session)
    row = {"user_id": 1, "user_name": "admin", "state": "working", "created_at": session.clock()}
    uid = session.workspace.schema.entities["customer"].fields["city"].uid
    session.close()
    with engine.begin() as connection:
        place = {"table_name": "customer", "old_column": "city", "column_name": "_new_1", "field_uid": uid}
        connection.execute(sa.insert(move).values(**place, fingerprint="x", after=1))
        done = sa.insert(publication).values(**row, draft_id=draft.id, version=draft.version)
        number = connection.execute(done).inserted_primary_key[0]
    page = client("admin").get(f"/admin/schema/publishing/{number}/state").text
    assert "1 of 2" in page and "<bdi>City</bdi>" in page and 'aria-current="step"' in page


def test_what_a_worker_could_not_publish_says_why_on_its_page_and_with_the_draft(
    client, retyped, engine, session_as, monkeypatch
):
    monkeypatch.setattr(indexes, "SMALL", 1)
    retyped("admin")
    browser = client("admin")
    answer = browser.submit(DRAFT + "publish", {"why": "", "version": version_of(session_as)}, DRAFT)
    page = browser.get(answer.location).text
    assert "Nothing was published." in page and "Σέρρες" in page and 'data-poll="1"' not in page
    assert "Why the last attempt failed" in browser.get(DRAFT).text


def test_the_history_says_who_when_why_and_what(client, engine):
    number = publish_a_change(engine, icon="star")
    browser = client("admin")
    assert "Icons" in browser.get("/admin/schema/history/").text
    page = browser.get(f"/admin/schema/history/{number}").text
    assert "colleague" in page and "<strong><bdi>Icon</bdi></strong>" in page and "star" in page


def test_going_back_shows_what_it_would_do_and_makes_a_new_revision(client, engine):
    first = get_workspace(engine).number
    second = publish_a_change(engine, icon="star")
    browser = client("admin")
    page = f"/admin/schema/history/{first}"
    assert "Effect of rolling back" in browser.get(page).text
    answer = browser.submit(page + "/rollback", {}, page)
    assert answer.location == f"/admin/schema/publish/{second + 1}"
    assert get_workspace(engine).schema.entities["deal"].icon != "star"


@pytest.mark.parametrize(
    "path",
    ["draft/999999", "publishing/999999", "history/999999", "publish/999999", "history/99999999999999999999"],
)
def test_what_is_not_there_is_not_found(client, path):
    assert client("admin").get(f"/admin/schema/{path}").status_code == 404


@pytest.fixture
def retyped(session_as, session):
    """A draft in which the city of customers becomes a whole number; one customer's fits, one's does not."""
    fitting, other = make_customer(session, city="12"), make_customer(session, city="Σέρρες", owner=None)
    session.commit()
    ids = fitting.id, other.id
    session.close()

    def prepare(username: str) -> tuple[int, int]:
        def change(body: dict) -> dict:
            body["fields"]["city"] = {"type": "integer", "label": {"en": "City number"}}
            return body

        mine = session_as(username)
        service.edit_document(mine, "entity", "customer", change)
        mine.commit()
        return ids

    return prepare


def test_values_that_do_not_convert_are_listed_with_their_records(client, retyped):
    _fitting, other = retyped("admin")
    page = client("admin").get(DRAFT).text
    assert "Customers · City number: values that convert: 1, values that don" in page
    assert "Σέρρες" in page and f'href="/customer/show/{other}"' in page


def test_who_may_not_read_the_records_sees_neither_how_many_nor_which(client, retyped):
    """How many records fit, told for one limit after the other, would tell what they hold."""
    _fitting, other = retyped("configurator")
    page = client("configurator").get(DRAFT).text
    assert "Some counts are not shown" in page and "1 do not." not in page
    assert f"/customer/show/{other}" not in page and "Σέρρες" not in page and "Record and value: …." in page


def test_who_still_uses_a_removed_field_is_linked(client, session_as):
    session = session_as("admin")

    def remove(body: dict) -> dict:
        del body["fields"]["satisfaction"]
        return body

    service.edit_document(session, "entity", "customer", remove)
    session.commit()
    page = client("admin").get(DRAFT).text
    assert 'href="/admin/roles/accountant/"' in page
