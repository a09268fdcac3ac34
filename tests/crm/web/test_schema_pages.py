"""The pages on which an admin shapes entities and their fields."""

from __future__ import annotations

import pytest

from crm.drafts import service as drafts
from crm.entities.check import FIELD_KEYS
from crm.fields import FIELD_TYPES
from crm.web.schema.controls import KEYS, control_of_key

PAGES = [
    "/admin/schema/", "/admin/schema/new", "/admin/schema/deal/", "/admin/schema/deal/form", "/admin/schema/deal/lists",
    "/admin/schema/deal/checks", "/admin/schema/deal/general", "/admin/schema/deal/add", "/admin/schema/deal/preview",
    "/admin/schema/deal/add/choice", "/admin/schema/deal/fields/stage",
    "/admin/schema/deal/uses",
]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_for_those_who_configure(client, path):
    assert client("admin").get(path).status_code == 200
    assert client("configurator").get(path).status_code == 200
    assert client("manager").get(path).status_code in (302, 403)


def body_in_draft(session_as, name="deal", who="admin"):
    session = session_as(who)
    found = drafts.document_of(session, drafts.find_draft(session), "entity", name)
    session.close()
    return found.body


CHOICE = {
    "label.en": "Loyalty", "label.he": "נאמנות", "_list": "true", "_section": "0",
    "choice.was": ["", ""], "choice.key": ["", "gold"], "choice.place": ["2", "1"], "choice.en": ["Silver", ""],
    "choice.el": ["", ""], "choice.ro": ["", ""], "choice.he": ["כסף", "זהב"], "choice.color": ["gray", "yellow"],
}  # fmt: skip


def test_a_choice_field_is_added_to_the_draft(client, session_as):
    admin = client("admin")
    answer = admin.submit("/admin/schema/deal/add/choice", CHOICE)
    assert answer.status_code == 302, answer.text
    body = body_in_draft(session_as)
    assert body["fields"]["loyalty"] == {
        "type": "choice",
        "label": {"en": "Loyalty", "he": "נאמנות"},
        "choices": {
            "gold": {"label": {"he": "זהב"}, "color": "yellow"},
            "silver": {"label": {"en": "Silver", "he": "כסף"}, "color": "gray"},
        },
    }
    assert body["list"]["columns"][3] == "loyalty" and body["form"][0]["fields"][-1] == "loyalty"
    assert "נאמנות" in admin.get("/admin/schema/deal/preview?_l_=he").text


UNCHANGED = [
    "deal/fields/stage", "deal/fields/customer", "deal/general", "deal/lists", "deal/checks", "deal/fields/lost_reason",
    "complaint/fields/opened_at", "customer/general", "deal/fields/expected", "activity/lists", "customer/checks",
]  # fmt: skip


@pytest.mark.parametrize("path", [f"/admin/schema/{each}" for each in UNCHANGED])
def test_a_form_that_is_sent_as_it_was_drawn_changes_nothing(client, session_as, path):
    admin = client("admin")
    answer = admin.post(path, data=sent_as_drawn(admin.get(path).text))
    assert answer.status_code == 302, answer.text
    session = session_as("admin")
    draft = drafts.find_draft(session)
    session.close()
    assert draft is None or draft.edits == (), draft.edits[0].body


def sent_as_drawn(html: str) -> dict[str, list[str]]:
    """Return what a browser would send of the page's largest form."""
    from html.parser import HTMLParser

    class Forms(HTMLParser):
        forms: list[dict]
        select = option = area = None

        def handle_starttag(self, tag, attrs):
            found = dict(attrs)
            if tag == "form":
                self.forms.append({})
            elif tag == "input" and self.forms and found.get("name"):
                if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                    self.add(found["name"], found.get("value") or "")
            elif tag == "select":
                self.select, self.first, self.picked = found, None, False
            elif tag == "option" and self.select is not None:
                if "selected" in found:
                    self.picked = True
                    self.add(self.select.get("name"), found.get("value", ""))
                elif self.first is None:
                    self.first = found.get("value", "")
            elif tag == "textarea":
                self.area, self.words = found.get("name"), ""

        def handle_data(self, data):
            if self.area:
                self.words += data

        def handle_endtag(self, tag):
            if tag == "select":
                if not self.picked and "multiple" not in self.select:
                    self.add(self.select.get("name"), self.first or "")
                self.select = None
            elif tag == "textarea" and self.area:
                self.add(self.area, self.words.removeprefix("\n"))
                self.area = None

        def add(self, name, value):
            if name:
                self.forms[-1].setdefault(name, []).append(value)

    parser = Forms()
    parser.forms = [{}]
    parser.feed(html)
    return max(parser.forms, key=lambda form: sum(map(len, form.values())))


BAD = [
    ({"_name": "name"}, "There is already a field “name”."),
    ({"_name": "Robert'); DROP TABLE"}, "is not a valid internal name"),
    ({"_name": "id"}, "is reserved"),
    ({"_name": "x" * 300}, "is not a valid internal name"),
    ({"max_length": "many"}, "max_length"),
    ({"pattern": "(["}, "pattern"),
]


@pytest.mark.parametrize(("wrong", "told"), BAD)
def test_a_wrong_field_is_refused_with_its_input_kept(client, wrong, told):
    answer = client("admin").submit(
        "/admin/schema/deal/add/text", {"label.en": "<b>Mine</b>", "_name": "mine", **wrong}
    )
    assert answer.status_code == 422
    assert told in answer.text.replace("&#39;", "'")
    assert "&lt;b&gt;Mine" in answer.text and "<b>Mine" not in answer.text


def test_conditions_are_edited_by_buttons_and_a_field_that_is_drawn_again_is_not_saved(client, session_as):
    sent = {"label.en": "Mine", "show_if": "1", "_conditions": "add:show_if:field"}
    answer = client("admin").submit("/admin/schema/deal/add/text", sent)
    assert answer.status_code == 200
    assert 'value="remove:show_if/' in answer.text and 'value="Mine"' in answer.text
    session = session_as("admin")
    assert drafts.find_draft(session) is None
    session.close()


def test_everything_follows_a_renamed_field(client, session_as):
    admin, path = client("admin"), "/admin/schema/deal/fields/stage"
    sent = sent_as_drawn(admin.get(path).text)
    assert admin.post(path, data={**sent, "_name": "step"}).status_code == 302
    body = body_in_draft(session_as)
    assert body["fields"]["lost_reason"]["show_if"] == [{"field": "step", "is": "lost"}]
    assert body["fields"]["step"]["was"] == "stage" and body["kanban"]["by"] == "step"
    session = session_as("admin")
    _schema, problems = drafts.propose(session, drafts.find_draft(session))
    session.close()
    assert problems == []


def test_a_wrong_formula_names_its_place_and_the_nearest_field(client):
    wrong = {"label.en": "Sum", "of": "money", "formula": "amuont * 2"}
    answer = client("admin").submit("/admin/schema/deal/add/formula", wrong)
    assert answer.status_code == 422 and "amount" in answer.text and 'id="key-formula-error"' in answer.text


def test_a_stale_form_is_refused_and_keeps_its_input(client, session_as):
    admin, path = client("admin"), "/admin/schema/deal/fields/next_step"
    old = sent_as_drawn(admin.get(path).text)
    admin.post(path, data={**old, "help.en": "First"})
    answer = admin.post(path, data={**old, "help.en": "Second"})
    assert answer.status_code == 422 and "Second" in answer.text
    assert "The draft has changed since you opened this page." in answer.text
    assert body_in_draft(session_as)["fields"]["next_step"]["help"] == {"en": "First"}


def test_a_field_is_renamed_moved_retyped_and_removed(client, session_as):
    admin, base = client("admin"), "/admin/schema/deal/fields/"
    sent = sent_as_drawn(admin.get(base + "next_step").text)
    assert admin.post(base + "next_step", data={**sent, "_name": "step"}).status_code == 302
    assert body_in_draft(session_as)["fields"]["step"]["was"] == "next_step"
    page = "/admin/schema/deal/"
    admin.submit(base + "step/move", {"steps": "-1"}, page)
    assert list(body_in_draft(session_as)["fields"]).index("step") == 10
    admin.submit(base + "step/type", {"type": "long_text"}, page)
    assert body_in_draft(session_as)["fields"]["step"]["type"] == "long_text"
    admin.submit(base + "step/remove", {}, page)
    assert "step" not in str(body_in_draft(session_as)["form"]).replace("next_step_on", "")


def test_an_entity_is_added_with_its_roles(client, session_as):
    sent = {"label.en": "Project", "plural.he": "פרויקטים", "menu": "sales", "access.sales": "work"}
    answer = client("admin").submit("/admin/schema/new", sent)
    assert answer.location == "/admin/schema/project/"
    assert list(body_in_draft(session_as, "project")) == ["entity", "label", "plural", "menu", "fields"]
    session = session_as("admin")
    schema, problems = drafts.propose(session, drafts.find_draft(session))
    assert problems == [] and "update" in schema.parts["role"]["sales"].entities["project"].can


def test_sections_are_shaped(client, session_as):
    admin, path = client("admin"), "/admin/schema/deal/form"
    admin.submit(path, {"deed": "add_section", "label.en": "More"})
    admin.submit(path, {"deed": "place_field", "field": "owner", "section": "4"})
    admin.submit(path, {"deed": "move_section", "section": "4", "steps": "-9"})
    assert body_in_draft(session_as)["form"][0] == {"section": {"en": "More"}, "fields": ["owner"]}
    for odd in (
        {"deed": "place_field", "field": "nonsense", "section": "0"},
        {"deed": "remove_section", "section": "99"},
        {},
    ):
        assert admin.submit(path, odd).status_code == 302


def test_a_thousand_choices_fit(client, session_as):
    count = 1_000
    empty = [""] * count
    rows = {f"choice.{part}": empty for part in ("was", "el", "ro", "he", "color")}
    rows |= {f"choice.{part}": [f"c{number}" for number in range(count)] for part in ("key", "en")}
    answer = client("admin").submit(
        "/admin/schema/deal/add/choice", {"label.en": "Many", "choice.place": empty, **rows}
    )
    assert answer.status_code == 302
    assert len(body_in_draft(session_as)["fields"]["many"]["choices"]) == count


def test_every_type_and_key_has_its_words():
    own = {key for field_type in FIELD_TYPES.values() for key in field_type.keys}
    assert (own | set(FIELD_KEYS)) - {"type", "was"} - set(KEYS) == set()
    assert [name for name, field_type in FIELD_TYPES.items() if not field_type.words.sentence] == []


@pytest.mark.parametrize("kind", FIELD_TYPES)
def test_every_type_has_a_form_with_every_key_it_knows(client, kind):
    page = client("admin").get(f"/admin/schema/deal/add/{kind}").text
    missing = [key for key in FIELD_TYPES[kind].keys - {"next"} if f'data-field="{key}"' not in page]
    assert missing == []


def test_a_key_without_a_line_of_its_own_is_edited_as_yaml():
    assert control_of_key("brand_new").control == "yaml"


def test_checks_are_added_and_removed_with_the_editor(client, session_as):
    admin, path = client("admin"), "/admin/schema/contact/checks"
    sent = sent_as_drawn(admin.get(path).text)
    again = admin.post(path, data={**sent, "_conditions": "add:when.0:formula"})
    assert again.status_code == 200
    sent = sent_as_drawn(again.text)
    value = next(key for key in sent if key.startswith("when.0/") and key.endswith(".v"))
    wrong = admin.post(path, data={**sent, value: "nmae = 1", "check.en": ["Never."]})
    assert wrong.status_code == 422 and "name" in wrong.text
    answer = admin.post(path, data={**sent, value: "length(name) > 200", "check.en": ["Too long."]})
    assert answer.status_code == 302
    checks = body_in_draft(session_as, "contact")["checks"]
    assert checks == [{"when": [{"formula": "length(name) > 200"}], "message": {"en": "Too long."}}]
    sent = sent_as_drawn(admin.get(path).text)
    admin.post(path, data={**sent, "check.remove": "0"})
    assert "checks" not in body_in_draft(session_as, "contact")


def test_the_uses_of_fields_lead_to_their_documents(client):
    admin = client("admin")
    assert "/admin/schema/documents/report/" in admin.get("/admin/schema/deal/uses").text
    assert "/admin/schema/documents/" in admin.get("/admin/schema/deal/fields/stage").text


def test_no_record_is_seen_on_these_pages(client, session):
    from tests.factories import make_deal

    make_deal(session, name="Secret plan")
    session.commit()
    browser = client("configurator")
    assert all("Secret plan" not in browser.get(path).text for path in PAGES)


BROKEN = [
    {"fields": {"name": "text", "amount": None, "x": {"type": "nonsense"}, "y": {}}},
    {
        "fields": "none",
        "list": "name",
        "form": "x",
        "kanban": [1],
        "calendar": "x",
        "same_if": 3,
        "checks": "no",
    },
    {
        "list": {"columns": "name", "sort": 5},
        "form": [1, {"section": 2, "fields": "x"}],
        "label": 7,
        "plural": [],
    },
    {
        "same_if": ["x", [1]],
        "checks": [1, {"when": 3, "message": 4}],
        "title": 5,
        "icon": 6,
        "menu_place": "x",
    },
    {"fields": {"name": {"type": "choice", "choices": {"a": 1, "b": []}, "next": "x", "label": 3}}},
]


@pytest.mark.parametrize("wrong", BROKEN)
def test_a_document_that_yaml_broke_can_still_be_opened(client, session_as, wrong):
    session = session_as("admin")
    drafts.edit_document(session, "entity", "deal", lambda body: {**body, **wrong})
    session.commit()
    session.close()
    admin = client("admin")
    paths = [*PAGES, "/admin/schema/deal/fields/name", "/admin/schema/deal/fields/x"]
    answers = {path: admin.get(path).status_code for path in paths}
    assert {path: code for path, code in answers.items() if code not in (200, 302, 404)} == {}
    token = admin.token("/admin/schema/new")
    for path in ("form", "lists", "checks", "general", "add/choice", "add/text"):
        sent = {
            "csrf_token": token,
            "label.en": "Odd",
            "deed": "add_section",
            "column": "name",
            "_list": "true",
        }
        assert admin.post(f"/admin/schema/deal/{path}", data=sent).status_code in (200, 302, 422), path
