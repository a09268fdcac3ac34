"""What a move on the board needs besides comes back as a form, whoever asks for it: a field, a condition, a check."""

from __future__ import annotations

import re

import pytest

from crm.revisions.workspace import get_workspace
from tests.crm.revisions.publishing import publish_changed
from tests.factories import make_deal

CHECK = {
    "when": [{"field": "stage", "is": "won"}, {"field": "amount", "below": 5000}],
    "message": {"en": "A deal this small is not won.", "he": "קטן מדי"},
}


@pytest.fixture
def workspace(engine):
    """The shipped schemas; a check on what is won, and a field that is called as a control of the board."""

    def shape(entities: dict) -> None:
        deal = entities["deal"]
        deal["same_if"] = [["name", "stage"]]
        deal["checks"] = [*(deal.get("checks") or []), CHECK]
        deal["fields"]["version"] = {
            "type": "text",
            "label": "Version",
            "required_if": [{"field": "stage", "is": "offer"}],
        }

    publish_changed(engine, shape)
    return get_workspace(engine)


@pytest.fixture
def deal(session) -> int:
    """A deal at its beginning; its number."""
    number = make_deal(session, stage="prospect", amount="1000").id
    session.commit()
    return number


@pytest.fixture
def move(client, deal):
    """A function that moves the deal: `move("lost", **{"ask-lost_reason": "price"})` gives the answer."""
    browser = client("admin")

    def send(to: str, **more: str):
        return browser.submit(
            "/deal/board/", {"id": deal, "from": "prospect", "to": to, **more}, page="/profile/"
        )

    return send


def test_a_required_field_is_asked_without_a_reproach(move) -> None:
    answer = move("lost")
    assert answer.status_code == 422
    assert 'name="ask-lost_reason"' in answer.json["form"] and "field-error" not in answer.json["form"]
    assert "ask-stage" not in answer.json["form"] and "ask-name" not in answer.json["form"]
    assert 'name="ask-competitor"' in answer.json["form"]  # it appears with the stage
    assert answer.json["error"]["problems"]


def test_what_was_asked_is_saved_with_the_move(move, session, deal) -> None:
    reason = next(iter(session.workspace.schema.entities["deal"].fields["lost_reason"].options["choices"]))
    assert move("lost", **{"ask-lost_reason": reason}).status_code == 200
    record = session.get(session.workspace.models["deal"], deal)
    session.refresh(record)
    assert (record.stage, record.lost_reason) == ("lost", reason)


def test_nothing_chosen_is_told_beside_the_field(move) -> None:
    form = move("lost", **{"ask-lost_reason": ""}).json["form"]
    assert "field-error" in form and 'id="ask-ask-lost_reason-error"' in form


def test_a_check_is_told_with_its_fields(move) -> None:
    form = move("won").json["form"]
    assert "A deal this small is not won." in form and 'name="ask-amount"' in form
    assert move("won", **{"ask-amount": "9000"}).status_code == 200


def test_a_field_called_like_a_control_of_the_board_is_no_other(move, session, deal) -> None:
    assert 'name="ask-version"' in move("offer").json["form"]
    assert move("offer", **{"ask-version": "B-7"}).status_code == 200
    record = session.get(session.workspace.models["deal"], deal)
    session.refresh(record)
    assert record.version == "B-7"


@pytest.mark.parametrize("to", ["", "nonsense", "prospect" * 50])
def test_a_move_nothing_makes_possible_asks_nothing(move, to: str) -> None:
    answer = move(to)
    assert answer.status_code in (200, 422) and not answer.json.get("form")


def test_a_move_that_makes_a_duplicate_is_asked_about(move, session, deal) -> None:
    name = session.get(session.workspace.models["deal"], deal).name
    there = make_deal(session, name=name, stage="qualified", amount="1000").id
    session.commit()
    asked = move("qualified")
    assert asked.status_code == 409 and f'href="/deal/show/{there}"' in asked.json["form"]
    mark = re.search(r'name="_same" value="([^"]+)"', asked.json["form"])[1]
    assert move("qualified", _same="9+0").status_code == 409
    assert move("qualified", _same=mark).status_code == 200
