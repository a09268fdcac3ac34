"""The entity manager: what the list says of each entity, of each field, and what stands around them."""

from __future__ import annotations

import json
import re

import pytest

from crm.drafts import service as drafts
from crm.drafts.history import origins_of
from crm.drafts.texts import count_missing, set_text, texts_of
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from tests.factories import make_deal

ROW = re.compile(r"<tr.*?</tr>", re.DOTALL)


def rows_of(html: str) -> dict[str, str]:
    """Return the words of every row of the page's table by the key that stands in it."""
    rows = [re.sub(r"<[^>]+>", " ", row) for row in ROW.findall(html)]
    keys = re.findall(r"<tr(?:(?!</tr>).)*?<code dir=\"ltr\">(\w+)</code>", html, re.DOTALL)
    return dict(zip(keys, [" ".join(row.split()) for row in rows[1:]], strict=True))


def edit(session_as, change, kind="entity", name="deal"):
    session = session_as("admin")
    drafts.edit_document(session, kind, name, change)
    session.commit()
    session.close()


def body_of(session_as, name="deal"):
    session = session_as("admin")
    found = drafts.document_of(session, drafts.find_draft(session), "entity", name)
    session.close()
    return found.body


def test_the_list_says_what_an_entity_holds_and_whether_the_draft_changes_it(client, session, session_as):
    make_deal(session)
    session.commit()
    session.close()
    edit(session_as, lambda body: {**body, "menu_place": 7, "color": "purple"})
    admin = client("admin")
    page = admin.get("/admin/schema/").text
    rows = rows_of(page)
    assert "Deals deal 1 17 7 Built-in Changed in the draft" in rows["deal"] and "admin" in rows["deal"]
    assert "Built-in" in rows["contact"] and "Changed in" not in rows["contact"]
    assert 'class="icon-tile pill-purple"' in page


def test_the_list_is_searched_in_every_language_and_sorted(client, session):
    make_deal(session)
    session.commit()
    session.close()
    admin = client("admin")
    assert list(rows_of(admin.get("/admin/schema/?q=ΕΥΚΑΙΡΊΕΣ").text)) == ["deal"]
    assert "No entity found for" in admin.get("/admin/schema/?q=unicorn").text
    assert next(iter(rows_of(admin.get("/admin/schema/?sort=fields").text))) == "customer"
    assert list(rows_of(admin.get("/admin/schema/?sort=name").text))[:2] == ["activity", "campaign"]
    assert len(rows_of(admin.get("/admin/schema/?sort=nonsense").text)) == 11


def test_an_entity_is_custom_when_it_came_later_and_says_who_changed_it_last(engine, session_as):
    session = session_as("admin")
    edit(
        session_as, lambda _body: {"entity": "machine", "fields": {"name": {"type": "text"}}}, name="machine"
    )
    documents = drafts.documents_of(session, drafts.find_draft(session))
    session.close()
    publish_schema(engine, documents, "Machines", "eleni", get_workspace(engine).number)
    session = session_as("admin")
    session.workspace = get_workspace(engine)
    origins = origins_of(session)
    assert not origins["machine"].is_built_in and origins["machine"].user_name == "eleni"
    assert origins["deal"].is_built_in and origins["deal"].user_name != "eleni"


def test_the_list_of_fields_says_who_sees_and_who_uses_each(client):
    rows = rows_of(client("admin").get("/admin/schema/deal/").text)
    assert (
        "Single choice Yes — All 6 roles Layout 5 Fields and validations 4 Rules 4 Reports 6 Roles 1"
        in rows["stage"]
    )
    assert "Accounting, Manager, Marketing, Sales, Viewer" in rows["probability"]
    assert "Service" not in rows["expected"], "what is calculated from a hidden field is hidden"


FOUND = {"reason": ["lost_reason"], "percentage": ["probability"], "next_s": ["next_step", "next_step_on"]}


@pytest.mark.parametrize(("asked", "found"), FOUND.items())
def test_fields_are_found_by_label_key_and_type(client, asked, found):
    page = client("admin").get(f"/admin/schema/deal/?q={asked}").text
    assert list(rows_of(page)) == found and "/move" not in page


def test_a_moved_field_keeps_the_focus_without_scripts(client, session_as):
    admin = client("admin")
    answer = admin.submit("/admin/schema/deal/fields/customer/move", {"steps": "-1"}, "/admin/schema/deal/")
    assert list(body_of(session_as)["fields"])[:2] == ["customer", "name"]
    page = admin.get(answer.location).text
    focused = re.findall(r'aria-label="(Move [^"]*)"[^>]* autofocus', page)
    assert focused == ["Move down: Customer"], "the other button is closed on top"


def test_a_field_is_put_to_a_place(client, session_as):
    admin = client("admin")
    for place in ("2", "nonsense"):
        admin.submit("/admin/schema/deal/fields/owner/move", {"place": place}, "/admin/schema/deal/")
    assert list(body_of(session_as)["fields"]).index("owner") == 2


def test_texts_are_set_side_by_side_and_the_draft_counts_those_that_lack_a_language(client, session_as):
    edit(
        session_as, lambda body: set_text(body, ("fields", "stage", "choices", "won", "label"), {"en": "Won"})
    )
    admin = client("admin")
    for page in ("/admin/schema/", "/admin/schema/draft/"):
        assert admin.get(page).text.count("one text isn") == 1
    path = "/admin/schema/deal/labels?missing=1"
    page = admin.get(path).text
    assert page.count('name="path"') == 1 and page.count('class="pill pill-orange"') == 3
    words = {"text.en": "Won", "text.el": "Κερδισμένη", "text.ro": "Câștigată", "text.he": "נסגרה"}
    place = json.dumps(["fields", "stage", "choices", "won", "label"])
    assert admin.submit(path, {"path": place, **words}).status_code == 302
    won = body_of(session_as)["fields"]["stage"]["choices"]["won"]
    assert won["label"]["he"] == "נסגרה" and won["color"] == "green"
    assert "Nothing is missing" in admin.get(path).text


def test_texts_of_places_there_are_not_are_left_out(client, session_as):
    admin = client("admin")
    words = {"text.en": "X", "text.el": "", "text.ro": "", "text.he": ""}
    for odd in ('["fields", "no", "label"]', "[]", "x", '{"a": 1}', '[["fields"]]'):
        assert admin.submit("/admin/schema/deal/labels", {"path": odd, **words}).status_code == 302
    session = session_as("admin")
    assert drafts.find_draft(session) is None or drafts.find_draft(session).edits == ()


def test_a_choice_that_loses_its_words_stays_a_choice():
    choices = {"one": "One", "two": {"en": "Two"}}
    body = {"entity": "x", "fields": {"a": {"type": "choice", "choices": choices}}}
    emptied = set_text(body, ("fields", "a", "choices", "one"), {})
    assert emptied["fields"]["a"]["choices"] == {"one": None, "two": {"en": "Two"}}
    assert dict(texts_of(body))["fields", "a", "choices", "two"] == {"en": "Two"} and count_missing(body) == 1


def test_what_surrounds_an_entity_is_shown(client):
    admin = client("admin")
    relations = admin.get("/admin/schema/deal/relations").text
    assert (
        "/admin/schema/deal/fields/customer" in relations
        and "/admin/schema/contract/fields/deal" in relations
    )
    assert 'value="contact" selected' in admin.get("/admin/schema/deal/add/reference?to=contact").text
    rights = admin.get("/admin/schema/deal/rights").text
    assert "Stage is Won" in rights and "Expected amount, Probability" in rights
    closed = re.sub(r"<[^>]+>", "", rights[rights.index("No access") :])
    assert "Counter" in closed and "Manager" not in closed
    assert 'href="/admin/rules/' in admin.get("/admin/schema/deal/rules").text


def test_a_colour_there_is_not_is_refused(session_as):
    edit(session_as, lambda body: {**body, "color": "blu"})
    session = session_as("admin")
    _schema, problems = drafts.propose(session, drafts.find_draft(session))
    assert [problem.params["near"] for problem in problems] == ["blue"]


FEATURES = {
    "label.en": "Visit",
    "icon": "car",
    "color": "teal",
    "board": "1",
    "board_label": "Status",
    "board_columns": "Not begun\r\nOn the way\r\n",
    "calendar": "1",
    "calendar_label": "Day of the visit",
    "link": "customer",
    "timeline": "1",
    "import": "1",
    "access.sales": "work",
    "access.manager": "all",
    "access.viewer": "read",
}


def test_a_new_entity_begins_with_what_its_features_need(client, session_as):
    answer = client("admin").submit("/admin/schema/new", FEATURES)
    assert answer.location == "/admin/schema/visit/"
    body = body_of(session_as, "visit")
    assert list(body["fields"]) == ["name", "customer", "status", "day_of_the_visit"]
    assert body["kanban"] == {"by": "status"} and body["calendar"] == {"from": "day_of_the_visit"}
    assert body["timeline"] == {"at": "day_of_the_visit", "title": "name"}
    assert (body["icon"], body["color"]) == ("car", "teal")
    status = body["fields"]["status"]
    assert status["label"]["he"] == "סטטוס" and status["default"] == "not_begun"
    assert status["choices"]["on_the_way"] == {"label": {"en": "On the way"}, "color": "azure"}
    session = session_as("admin")
    schema, problems = drafts.propose(session, drafts.find_draft(session))
    assert problems == []
    can = {
        name: role.entities["visit"].can
        for name, role in schema.parts["role"].items()
        if "visit" in role.entities
    }
    assert can["sales"] == {"read", "create", "update", "export", "import"}
    assert can["viewer"] == {"read"} and "delete" in can["manager"] and len(can) == 3


def test_two_features_with_one_name_are_refused_and_what_was_typed_stays(client):
    sent = {**FEATURES, "calendar_label": "Status"}
    answer = client("admin").submit("/admin/schema/new", sent)
    assert answer.status_code == 422 and "There is already a field “status”." in answer.text
    assert (
        "On the way" in answer.text
        and 'value="Visit"' in answer.text
        and 'value="work" selected' in answer.text
    )


def test_the_key_of_an_entity_that_was_never_published_can_be_changed(client, session_as):
    admin = client("admin")
    admin.submit("/admin/schema/new", FEATURES)
    edit(session_as, lambda _body: {"segment": "busy", "entity": "visit", "if": []}, "segment", "busy")
    general = "/admin/schema/visit/general"
    assert admin.submit(general, {"label.en": "Visit", "_name": "deal"}).status_code == 422
    answer = admin.submit(general, {"label.en": "Visit", "_name": "round"})
    assert answer.location == "/admin/schema/round/general"
    session = session_as("admin")
    draft = drafts.find_draft(session)
    names = {(each.kind, each.name): each.body for each in drafts.documents_of(session, draft)}
    assert ("entity", "visit") not in names and "was" not in names["entity", "round"]
    assert names["segment", "busy"]["entity"] == "round" and "round" in names["role", "sales"]["entities"]
    assert 'name="_name"' not in admin.get("/admin/schema/deal/general").text


def test_an_entity_with_records_goes_only_when_its_name_is_typed(client, session, session_as):
    make_deal(session)
    session.commit()
    session.close()
    admin, general = client("admin"), "/admin/schema/deal/general"
    assert 'href="/export/deal"' in admin.get(general).text
    answer = admin.submit("/admin/schema/deal/remove", {"confirm": "deels"}, general)
    assert answer.status_code == 422 and "Enter “Deals” to remove" in answer.text
    assert body_of(session_as)["entity"] == "deal"
    assert admin.submit("/admin/schema/deal/remove", {"confirm": " deals"}, general).status_code == 302
    session = session_as("admin")
    assert drafts.document_of(session, drafts.find_draft(session), "entity", "deal") is None


def test_icons_are_found_by_their_names(client):
    admin = client("admin")
    found = admin.get("/admin/schema/icons?icon_search=calendar&icon=car").text
    assert 'value="car"' in found and 'value="user"' not in found
    assert 'value="user"' in admin.get("/admin/schema/icons").text


def test_a_section_stands_in_one_column_or_two(client, session_as):
    admin, path = client("admin"), "/admin/schema/deal/form"
    admin.submit(path, {"deed": "columns", "section": "1", "columns": "1"})
    assert list(body_of(session_as)["form"][1]) == ["section", "columns", "fields"]
    preview = admin.get("/admin/schema/deal/preview").text
    assert preview.count('class="form-grid is-single"') == 1
    admin.submit(path, {"deed": "columns", "section": "1", "columns": "2"})
    session = session_as("admin")
    assert drafts.find_draft(session).edits == ()


@pytest.mark.parametrize("wrong", [3, "2", True, None, [1]])
def test_other_numbers_of_columns_are_refused(session_as, wrong):
    edit(
        session_as,
        lambda body: {**body, "form": [{"section": {"en": "A"}, "columns": wrong, "fields": ["name"]}]},
    )
    session = session_as("admin")
    _schema, problems = drafts.propose(session, drafts.find_draft(session))
    assert [problem.code for problem in problems] == ["schema.one_or_two_columns"]


MOVES = [
    ({"deed": "step_field", "field": "customer", "steps": "-1"}, "Move down: Customer"),
    ({"deed": "step_field", "field": "stage", "steps": "1"}, "Move down: Stage"),
    ({"deed": "move_section", "section": "2", "steps": "1"}, "Move up: Needs"),
    ({"deed": "place_field", "field": "owner", "section": "1"}, "Section: Owner"),
    ({"deed": "columns", "section": "1", "columns": "1"}, "One column"),
]


@pytest.mark.parametrize(("sent", "focused"), MOVES)
def test_the_keyboard_stays_where_it_was_in_the_form_of_sections(client, sent, focused):
    admin, path = client("admin"), "/admin/schema/deal/form"
    page = admin.get(admin.submit(path, sent).location).text
    assert re.findall(r'aria-label="([^"]*)"[^>]* autofocus', page) == [focused]


def test_fields_say_on_what_their_place_in_the_form_depends(client):
    page = client("admin").get("/admin/schema/deal/form").text
    assert page.count("Shown when…") == 2 and page.count("Required when…") == 1


def test_the_columns_that_are_shown_stand_first(client):
    page = client("admin").get("/admin/schema/deal/lists").text
    columns = re.findall(r'name="column" value="(\w+)"', page)
    assert columns[:7] == ["name", "customer", "stage", "amount", "probability", "closes_on", "owner"]
    assert len(columns) == len(set(columns)) == 22


def test_an_entity_that_the_draft_removes_stays_in_the_list(client, session_as):
    edit(session_as, lambda _body: None, name="competitor")
    row = rows_of(client("admin").get("/admin/schema/").text)["competitor"]
    assert "Removed in the draft" in row
