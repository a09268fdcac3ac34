"""The pages of a publish in work, in two directions, on a phone and a desktop."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from crm.database import utcnow
from crm.drafts.publications import publication
from crm.records.rekey import rekey
from crm.revisions.column_moves import move
from crm.revisions.workspace import get_workspace
from tests.browser.visitor import DESKTOP, PHONE, Visitor

VIEWS = [
    pytest.param({"width": DESKTOP, "language": "en"}, id="en-desktop"),
    pytest.param({"width": PHONE, "language": "he", "dark": True}, id="he-phone-dark"),
]


@pytest.fixture
def published(engine: sa.Engine) -> list[str]:
    """The pages of a publish in work, of one that was refused, and of a revision with something left to do."""
    workspace, far = get_workspace(engine), utcnow() + timedelta(days=1)
    customer = workspace.schema.entities["customer"]
    asked = {"user_id": 1, "user_name": "admin", "draft_id": 1, "version": 1, "created_at": utcnow()}
    problem = {"file": None, "line": None, "column": None, "field": "city", "message": "Σέρρες"}
    place = {"table_name": "customer", "old_column": "city", "column_name": "_new_1", "fingerprint": "x"}
    with engine.begin() as connection:
        connection.execute(sa.insert(publication).values(state="working", lease_until=far, **asked))
        connection.execute(
            sa.insert(publication).values(state="refused", problems=json.dumps([problem]), **asked)
        )
        uid = customer.fields["city"].uid
        connection.execute(sa.insert(move).values(field_uid=uid, after=7, lease_until=far, **place))
        row = {"entity_uid": customer.uid, "revision": 1, "after": 7, "outdated": False, "lease_until": far}
        connection.execute(sa.insert(rekey).values(**row))
        connection.execute(sa.text("DROP INDEX ix_customer_city"))
    return ["/admin/schema/publishing/1", "/admin/schema/publishing/2", "/admin/schema/publish/1"]


@pytest.mark.parametrize("view", VIEWS)
def test_pages_of_a_publish_in_work_are_sound(
    visit: Callable[..., Visitor], view: dict, published: list[str]
) -> None:
    assert visit("admin", **view).look_at(published) == {}
