"""Before a revision is gone back to, its page, the API and the command say everything that would happen."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from crm.entities.load import documents_from_json
from crm.imports.store import add_batch
from crm.own_tables.upgrade import upgrade
from crm.revisions.commands import register
from crm.revisions.parked import purge_parked, weigh_rollback
from crm.revisions.publish import publish_schema, rollback_schema
from crm.revisions.workspace import get_workspace
from crm.web.app import build_app
from crm.web.entity.saved_views import save_view
from crm.web.schema.words import changed_documents, inner_changes
from tests.browsing import Browser
from tests.factories import make_deal

pytestmark = pytest.mark.slow

ROLLBACK = "/api/v1/schema/rollback"


class House:
    """A house whose deals had a budget and a mark, which are gone by now."""

    def __init__(self, engine: sa.Engine, settings: Any, session_as: Callable) -> None:
        self.engine, self.settings, self.session_as = engine, settings, session_as
        upgrade(engine)

    def publish(self, change: Callable[[dict], None]) -> int:
        """Publish the live documents after a change of the deals' fields."""
        bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(self.engine).schema.documents]
        change(next(body for body in bodies if body.get("entity") == "deal")["fields"])
        return publish_schema(self.engine, documents_from_json(bodies), "Change")

    def make_deal(self, **values: Any) -> int:
        session = self.session_as()
        session.workspace = get_workspace(self.engine)
        record = make_deal(session, **values).id
        session.commit()
        session.close()
        return record

    def browser(self, who: str = "admin") -> Browser:
        app = build_app(get_workspace(self.engine), self.settings, self.engine)
        app.test_client_class = Browser
        browser = app.test_client()
        browser.sign_in(who)
        return browser


@pytest.fixture
def house(engine: sa.Engine, settings: Any, session_as: Callable) -> House:
    return House(engine, settings, session_as)


@pytest.fixture
def with_budget(house: House) -> int:
    """The revision in which deals had a budget; one deal has one."""
    number = house.publish(lambda fields: fields.update(budget={"type": "text", "label": "Budget"}))
    house.make_deal(budget="750")
    house.make_deal()
    house.publish(lambda fields: fields.pop("budget"))
    return number


def test_the_values_that_come_back_are_counted(house, with_budget):
    found, _stored = weigh_rollback(house.engine, with_budget)
    assert found["rows"] == {"deal.budget: values come back": 1}
    assert (found["sql"], found["purged"]) == ([], [])
    page = house.browser().get(f"/admin/schema/history/{with_budget}").text
    assert "Restored values: <bdi>1</bdi>" in page


def test_what_was_purged_is_said_before_the_button(house, with_budget):
    purge_parked(house.engine, user_name="maria")
    page = house.browser().get(f"/admin/schema/history/{with_budget}").text
    assert "Comes back empty" in page and "permanently deleted values: 1: <bdi>maria</bdi>" in page
    assert "<bdi>Deals · Budget</bdi>" in page and "ALTER TABLE" in page
    assert "Restored values" not in page


def test_what_is_live_already_is_not_called_empty(house, with_budget):
    purge_parked(house.engine)
    rollback_schema(house.engine, with_budget)
    assert weigh_rollback(house.engine, with_budget)[0]["purged"] == []


def test_who_uses_what_goes_and_what_is_set_aside_stands_on_the_page(house):
    first = get_workspace(house.engine).number
    house.publish(lambda fields: fields.update(mark={"type": "text", "label": "Mark"}))
    house.make_deal(mark="x")
    session = house.session_as("admin")
    session.workspace = get_workspace(house.engine)
    save_view(session, "deal", "By mark", "_flt_0_mark=x&_oc_deal=mark", is_shared=False)
    session.actor = replace(session.actor, user_id=4_711)
    save_view(session, "deal", "Nobody's business", "_flt_0_mark=x", is_shared=False)
    values = {
        "entity": "deal",
        "state": "checking",
        "user_id": 4_711,
        "file_name": "secret.csv",
        "file_key": "k",
    }
    values |= {
        "fingerprint": "f",
        "look": {},
        "revision": session.workspace.number,
        "created_at": session.clock(),
    }
    values["matching"] = {"columns": [{"index": 0, "header": "Hush", "field": "mark"}], "keys": []}
    number = add_batch(session.connection(), values)
    session.commit()
    page = house.browser().get(f"/admin/schema/history/{first}").text
    assert "<strong><bdi>Deals · Mark</bdi></strong> – Archived values: <bdi>1</bdi>" in page
    assert "and rolling back restores them" in page
    assert "Saved view “By mark”" in page and "One private view of a colleague" in page
    assert "Nobody" not in page and f'href="/import/{number}"' in page and "Import “secret.csv”" in page
    page = house.browser("configurator").get(f"/admin/schema/history/{first}").text
    assert "One import of a colleague" in page and "secret.csv" not in page and "Hush" not in page


def test_values_that_cannot_return_to_a_former_type_are_listed_and_do_not_stand_against_it(house):
    number = house.publish(lambda fields: fields.update(mark={"type": "integer", "label": "Mark"}))
    record = house.make_deal(mark=7)
    house.publish(lambda fields: fields["mark"].update(type="text"))
    house.make_deal(mark="many")
    found, stored = weigh_rollback(house.engine, number)
    [conversion] = stored.conversions
    assert (conversion.good, conversion.bad, conversion.returns) == (1, 1, "kept")
    assert found["problems"] == [] and record not in [refused.record for refused in conversion.refused]
    page = house.browser().get(f"/admin/schema/history/{number}").text
    assert "<bdi>many</bdi>" in page and "these records get their earlier value back" in page
    house.browser().submit(f"/admin/schema/history/{number}/rollback", {}, f"/admin/schema/history/{number}")
    assert get_workspace(house.engine).schema.entities["deal"].fields["mark"].type == "integer"


def test_a_purged_column_of_a_former_type_is_no_empty_field_but_leaves_what_cannot_convert_empty(house):
    number = house.publish(lambda fields: fields.update(mark={"type": "integer", "label": "Mark"}))
    house.make_deal(mark=7)
    house.publish(lambda fields: fields["mark"].update(type="text"))
    house.make_deal(mark="many")
    purge_parked(house.engine)
    found, stored = weigh_rollback(house.engine, number)
    assert (found["purged"], found["problems"], stored.conversions[0].returns) == ([], [], "dropped")
    assert "these records come back empty" in house.browser().get(f"/admin/schema/history/{number}").text
    rollback_schema(house.engine, number)
    with house.engine.connect() as connection:
        marks = connection.scalars(sa.text("SELECT mark FROM deal ORDER BY id")).all()
    assert marks == [7, None]


def test_the_page_that_is_older_than_the_live_revision_changes_nothing(house, with_budget):
    browser, url = house.browser(), f"/admin/schema/history/{with_budget}"
    seen = get_workspace(house.engine).number
    live = house.publish(lambda fields: fields.update(more={"type": "text"}))
    answer = browser.submit(url + "/rollback", {"base": seen}, url)
    assert answer.status_code == 409 and get_workspace(house.engine).number == live
    assert "Roll back" in answer.text


def test_a_right_that_going_back_would_give_stands_against_it(house):
    first = get_workspace(house.engine).number
    bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(house.engine).schema.documents]
    viewer = next(body for body in bodies if body.get("role") == "viewer")
    viewer["entities"]["deal"]["hidden"].append("amount")
    publish_schema(house.engine, documents_from_json(bodies), "Hidden")
    url = f"/admin/schema/history/{first}"
    page = house.browser("configurator").get(url).text
    assert "Rolling back is not possible now" in page and "which is hidden from you" in page
    assert f'action="{url}/rollback"' not in page
    assert f'action="{url}/rollback"' in house.browser("admin").get(url).text


def test_the_api_tells_and_changes_nothing_when_it_is_only_asked(house, with_budget):
    live, browser = get_workspace(house.engine).number, house.browser()
    headers = browser.api_token("admin")
    told = browser.post(ROLLBACK, json={"number": with_budget, "dry_run": True}, headers=headers).json
    assert told["rows"] == {"deal.budget: values come back": 1} and told["base"] == live
    assert [row["name"] for row in told["added"]] == ["budget"]
    assert get_workspace(house.engine).number == live
    stale = browser.post(ROLLBACK, json={"number": with_budget, "base": live - 1}, headers=headers)
    assert stale.status_code == 409 and get_workspace(house.engine).number == live


def test_a_revision_of_many_documents_is_folded_with_counts(house):
    first = get_workspace(house.engine).number
    page = house.browser().get(f"/admin/schema/history/{first}").text
    count = len(get_workspace(house.engine).schema.documents)
    assert "Whole documents" in page and f"{count} new" in page
    assert f"Show {count - 40} more" in page
    assert '<details class="changed-document fold">' in page


def test_a_removed_choice_is_said_in_words():
    old = {"won": {"label": {"en": "Won", "he": "זכייה"}, "color": "green"}, "lost": {"label": "Lost"}}
    new = {"lost": {"label": "Lost"}, "open": {"label": "Open"}}
    assert list(inner_changes(old, new, "choices")) == [
        ("New choice: “Open”", "", "Label: Open"),
        ("Choice removed: “Won”", "Label: Won, Colour: Green", ""),
    ]


def test_a_map_within_a_document_is_never_shown_as_yaml():
    rights = {"sales": {"can": ["read", "update"], "hidden": ["amount"]}}
    [(place, before, after)] = inner_changes(rights, {}, "entities")
    assert (place, before, after) == ("entities.sales", "Permissions: Read, Edit, Hidden fields: amount", "")


def test_what_changes_in_a_role_is_said_by_the_labels_of_entities_and_fields():
    deal = {"entity": "deal", "label": "Deal", "plural": "Deals", "fields": {"amount": {"label": "Sum"}}}
    rights = {"deal": {"can": ["read"], "hidden": ["amount"]}}
    old = documents_from_json([deal, {"role": "desk", "label": "Desk", "entities": rights}])
    wider = {"deal": {"can": ["read", "update"]}}
    new = documents_from_json([deal, {"role": "desk", "label": "Desk", "entities": wider}])
    row = {"kind": "role", "name": "desk", "keys": ["entities"]}
    [found] = changed_documents({"added": [], "changed": [row], "removed": []}, old, new, "en")
    assert found.lines[0].keys == (
        ("Permissions › Deals › Permissions", "", "Edit"),
        ("Permissions › Deals › Hidden fields", "Sum", ""),
    )


def test_lines_of_the_document_itself_are_told_by_its_label():
    changes = {"added": [{"kind": "report", "name": "by_month"}], "changed": [], "removed": []}
    document = documents_from_json([{"report": "by_month", "label": {"en": "By month", "el": "Ανά μήνα"}}])
    [found] = changed_documents(changes, [], document, "el")
    assert found.lines[0].title.endswith("“Ανά μήνα”") and found.is_plain


def test_the_command_only_shows_what_it_would_do(house, with_budget, settings, monkeypatch):
    monkeypatch.setattr("config.current_settings", lambda: settings)
    purge_parked(house.engine, user_name="maria")
    group, live = click.Group("crm"), get_workspace(house.engine).number
    register(group)
    told = CliRunner().invoke(group, ["schema", "rollback", str(with_budget), "--dry-run"]).output
    assert "+ field deal.budget" in told and "ALTER TABLE" in told and "were permanently deleted (1," in told
    assert get_workspace(house.engine).number == live
