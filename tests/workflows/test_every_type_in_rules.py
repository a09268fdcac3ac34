"""Every type of field through every action that writes: what a rule writes is what REST would have written."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from crm.entities.load import documents_from_json
from crm.fields import FIELD_TYPES
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.web.app import build_app
from tests.browsing import Browser
from tests.crm.fields.samples import BODIES, VALUES, field_of
from tests.factories import make_product
from tests.workflows.conftest import TestWorkshop
from workflows.organisation import Organisation

NOT_COPIED = ("file", "image")  # a file belongs to one record for good
OWN = {"reference": {"to": "product"}, "references": {"to": "product"}}
NAMES = [name for name, kind in FIELD_TYPES.items() if kind.writable and name not in NOT_COPIED]
MOMENTS = (
    "2026-01-15T09:00:00Z",
    "2026-07-15T09:00:00Z",
    "2026-10-25T00:30:00Z",  # the hour that comes twice in Athens, the first time
    "2026-10-25T01:30:00Z",  # and the second
    "2026-11-01T06:30:00Z",  # the same in New York
)
COPY = {f"to_{name}": f"= f_{name}" for name in NAMES}
RULES: dict[str, list[dict[str, Any]]] = {
    "set_field": [{"set_field": {"field": f"to_{name}", "to": f"= f_{name}"}} for name in NAMES],
    "placeholders": [
        {"set_field": {"field": f"to_{name}", "to": f"{{f_{name}}}"}}
        for name in NAMES
        if name not in ("location", "references", "tags", "choices")
    ],
    "create_record": [{"create_record": {"entity": "part", "values": {"sample": "= id", **COPY}}}],
    "update_related": [{"update_related": {"through": "parts", "values": COPY}}],
}


def fields(prefix: str) -> dict[str, Any]:
    return {f"{prefix}_{name}": {"type": name, **OWN.get(name, BODIES.get(name, {}))} for name in NAMES}


class House:
    """A house with an entity of every type, and rules in a zone."""

    def __init__(self, engine: sa.Engine, settings: Any, clock: Any, products: list[int]) -> None:
        self.engine, self.settings, self.clock, self.products = engine, settings, clock, products

    def publish(self, steps: list[dict], entity: str, zone: str) -> None:
        sample = {"entity": "sample", "label": "Sample", "fields": {**fields("f"), **fields("to")}}
        part = {"entity": "part", "label": "Part", "fields": {
            **fields("f"), **fields("to"),
            "sample": {"type": "reference", "to": "sample", "inverse": {"name": "parts"}}}}  # fmt: skip
        rule = {"rule": "copies", "entity": entity, "when": "record_created", "then": steps}
        if zone:
            rule["time_zone"] = zone
        bodies = [dict(found.body) for found in get_workspace(self.engine).schema.documents]
        others = [body for body in bodies if next(iter(body)) != "rule"]
        documents = documents_from_json(copy.deepcopy([*others, sample, part, rule]))
        publish_schema(self.engine, documents, "types")
        self.workshop = TestWorkshop(self.engine, Organisation(), clock=self.clock)
        app = build_app(get_workspace(self.engine), self.settings, self.engine)
        app.test_client_class = Browser
        self.browser = app.test_client()
        self.browser.sign_in("admin")

    def values(self, moment: str) -> dict[str, Any]:
        sent = {f"f_{name}": FIELD_TYPES[name].to_json(field_of(name), VALUES[name][0]) for name in NAMES}
        return {
            **sent, "f_reference": self.products[0], "f_references": self.products[::-1], "f_datetime": moment,
        }  # fmt: skip

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"X-CSRFToken": self.browser.token("/profile/")}
        answer = self.browser.open(path, method=method, json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    def create(self, entity: str, **values: Any) -> int:
        return self.call("POST", f"/api/v1/{entity}/", values)["id"]

    def get(self, entity: str, number: int) -> dict[str, Any]:
        return self.call("GET", f"/api/v1/{entity}/{number}")["result"]

    def runs_well(self) -> bool:
        self.workshop.work_off()
        return {row["state"]: row["error"] for row in self.workshop.runs()} == {"done": None}


@pytest.fixture
def house(engine: sa.Engine, settings: Any, session: Any, clock: Any) -> Callable[..., House]:
    products = [make_product(session, name=f"Λάδι {n}").id for n in range(2)]
    session.commit()
    session.close()
    return House(engine, settings, clock, products)


def copied(record: dict[str, Any], names: list[str] = NAMES) -> dict[str, Any]:
    """Return what is not the same in the copies of a record's fields."""
    return {
        name: (record[f"f_{name}"], record[f"to_{name}"])
        for name in names
        if record[f"f_{name}"] != record[f"to_{name}"]
    }


@pytest.mark.parametrize("zone", ["", "America/New_York"])
def test_a_rule_writes_what_rest_would(house, zone):
    house.publish(RULES["set_field"], "sample", zone)
    for moment in MOMENTS:
        number = house.create("sample", **house.values(moment))
        assert house.runs_well()
        record = house.get("sample", number)
        assert record["f_datetime"] == moment
        assert copied(record) == {}


@pytest.mark.parametrize("zone", ["", "America/New_York"])
def test_a_placeholder_alone_is_the_value(house, zone):
    house.publish(RULES["placeholders"], "sample", zone)
    names = [step["set_field"]["field"].removeprefix("to_") for step in RULES["placeholders"]]
    for moment in MOMENTS:
        number = house.create("sample", **house.values(moment))
        assert house.runs_well()
        assert copied(house.get("sample", number), names) == {}


def test_a_new_record_of_a_rule_holds_what_rest_would_write(house):
    house.publish(RULES["create_record"], "sample", "America/New_York")
    for moment in MOMENTS:
        record = house.get("sample", house.create("sample", **house.values(moment)))
        assert house.runs_well()
        with house.workshop.reading() as session:
            part = max(session.scalars(sa.select(session.workspace.models["part"].id)))
        made = house.get("part", part)
        assert copied({**made, **{f"f_{name}": record[f"f_{name}"] for name in NAMES}}) == {}


def test_related_records_hold_what_rest_would_write(house):
    """The values are read at each of the related records."""
    house.publish(RULES["update_related"], "sample", "America/New_York")
    for moment in MOMENTS:
        part = house.create("part", **house.values(moment))
        number = house.create("sample")
        house.call("PUT", f"/api/v1/part/{part}", {"sample": number})
        assert house.runs_well()
        assert copied(house.get("part", part)) == {}


@pytest.mark.parametrize("zone", ["", "America/New_York"])
def test_now_is_now(house, zone):
    steps = [
        {"set_field": {"field": "to_datetime", "to": "= now()"}},
        {"set_field": {"field": "to_date", "to": "= now()"}},
        {"set_field": {"field": "to_text", "to": "= now()"}},
    ]
    house.publish(steps, "sample", zone)
    for moment in MOMENTS:
        house.clock.now = house.workshop.clock().fromisoformat(moment.removesuffix("Z"))
        record = house.get("sample", _made(house))
        here = house.workshop.clock().replace(tzinfo=UTC).astimezone(ZoneInfo(zone or "Europe/Athens"))
        assert record["to_datetime"] == moment
        assert record["to_date"] == here.date().isoformat()
        assert record["to_text"] == f"{here:%Y-%m-%d %H:%M:%S}"


def _made(house: House) -> int:
    number = house.create("sample")
    assert house.runs_well()
    return number
