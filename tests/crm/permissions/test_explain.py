"""Why may somebody see this: what the explanation says is what the guard and the services do, for every role."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
import sqlalchemy as sa

from crm.database import write_intent
from crm.errors import NotAllowedError, NotFoundError
from crm.messages import render
from crm.permissions.explain import Question, explain
from crm.permissions.model import DEEDS, Actor, EntityRights, Role
from crm.permissions.rows import may_touch, row_criteria
from crm.permissions.service import readable_fields, writable_fields
from crm.permissions.store import save_profile
from crm.records.export import export_columns, export_rows
from crm.records.listing import ListQuery
from crm.texts import Text
from tests.factories import make_customer, make_deal, make_product, user_id
from tests.test_permission_matrix import MAKERS, ROLES, links

NAMES = ("email", "phone", "notes")  # of customers


@pytest.fixture(autouse=True)
def _may_write_again():
    yield
    write_intent.set(True)


def settle(session):
    """Commit, and let the sessions from here on read only: so two of them can be open on SQLite."""
    session.commit()
    write_intent.set(False)


def make_records(session, role):
    """Return records by entity: the user's own, a colleague's of the same team, and somebody else's."""
    save_profile(session.connection(), user_id(session, role), team_id=1)
    colleague = "manager" if role != "manager" else "viewer"
    save_profile(session.connection(), user_id(session, colleague), team_id=1)
    found = {name: [] for name in MAKERS}
    for who in (role, colleague, "admin"):
        owner = user_id(session, who)
        customer = make_customer(session, owner=owner, do_not_contact=who == "admin", status="active")
        found["customer"].append(customer.id)
        for name in MAKERS.keys() - {"customer"}:
            ties = links(session.workspace.schema.entities[name], customer.id, owner)
            found[name].append(MAKERS[name](session, **ties).id)
    settle(session)
    return found


def differences(system, reader, records):
    """Return every question whose explanation says something else than the guard and the services do."""
    wrong = []
    for name, ids in records.items():
        entity = reader.workspace.schema.entities[name]
        cls = reader.workspace.models[name]
        for record_id in ids:
            seen = reader.scalar(sa.select(cls.id).where(cls.id == record_id)) is not None
            for deed in ("read", "update", "delete", "create"):
                told = explain(system, reader.actor, Question(name, deed, record_id)).allowed
                done = seen if deed == "read" else may_touch(reader, entity, deed, record_id)
                wrong += [(name, deed, record_id, told)] if told != done else []
        open_fields = {
            "read": readable_fields(reader.actor, entity),
            "update": writable_fields(reader.actor, entity, "update"),
        }
        for deed, fields in open_fields.items():
            may_at_all = {deed, "read"} <= reader.actor.rights(name).can
            for field in entity.fields:
                told = explain(system, reader.actor, Question(name, deed, None, field)).allowed
                wrong += [(name, deed, field, told)] if told != (may_at_all and field in fields) else []
    return wrong


@pytest.mark.parametrize("role", ROLES)
def test_the_explanation_says_what_the_guard_does(session, session_as, role):
    records = make_records(session, role)
    reader = session_as(role)
    assert differences(session, reader, records) == []


def test_a_right_that_passes_by_the_roles_is_noticed(session, session_as, monkeypatch):
    records = make_records(session, "sales")
    real = row_criteria
    monkeypatch.setattr(
        "crm.permissions.guard.row_criteria",
        lambda session, entity, deed: None if entity.name == "contact" else real(session, entity, deed),
    )
    assert {name for name, *_rest in differences(session, session_as("sales"), records)} == {"contact"}


def test_the_columns_the_guard_refuses_are_those_told_to_be_hidden(session, session_as):
    for role in ROLES:
        reader = session_as(role)
        for name, entity in reader.workspace.schema.entities.items():
            for field in entity.fields.values():
                attribute = getattr(reader.workspace.models[name], field.column, None)
                if attribute is None or "read" not in reader.actor.rights(name).can:
                    continue
                told = explain(session, reader.actor, Question(name, "read", None, field.name)).allowed
                assert told == can_select(reader, attribute), (role, name, field.name)
        reader.close()


def can_select(reader, attribute):
    try:
        reader.execute(sa.select(attribute).limit(1))
    except NotAllowedError:
        return False
    return True


def test_every_line_is_a_sentence_with_its_outcome(session, session_as):
    mine = make_customer(session, owner=user_id(session, "external_agent"), do_not_contact=False).id
    settle(session)
    reader = session_as("external_agent").actor
    found = explain(session, reader, Question("customer", "read", mine))
    way = found.needs[0].ways[0]
    assert [(line.text, line.holds) for line in way.lines] == [
        ("Owner of Source campaign is me", False),
        ("Do not contact is No", True),
    ]
    assert found.allowed is False and "for this record" in render(found.verdict, "en")
    hebrew = replace(session.actor, language="he")
    session.actor = hebrew
    assert (
        "Owner"
        not in explain(session, reader, Question("customer", "read", mine)).needs[0].ways[0].lines[0].text
    )


def test_two_roles_are_told_apart(session, session_as):
    reader = session_as("sales").actor
    both = replace(reader, roles=(*reader.roles, *session_as("manager").actor.roles))
    other = make_customer(session, owner=user_id(session, "admin")).id
    settle(session)
    found = explain(session, both, Question("customer", "read", other, "credit_limit"))
    assert found.allowed is True
    assert [(way.role.name, way.holds) for way in found.needs[0].ways] == [
        ("sales", False),
        ("manager", True),
    ]
    assert [(way.role.name, way.word) for way in found.field.ways] == [
        ("sales", "hidden"),
        ("manager", "open"),
    ]


def some_rights(random):
    """Return what a role might say about an entity with the fields a, b and c."""
    chosen = [{name for name in among if random.random() < 0.5} for among in (DEEDS, NAMES, NAMES)]
    return EntityRights(frozenset(chosen[0]), (), frozenset(chosen[1]), frozenset(chosen[2]))


def test_any_roles_together_are_explained_as_they_are(session):
    random, entity = Random(7), session.workspace.schema.entities["customer"]
    for _case in range(150):
        given = [some_rights(random) for _role in range(random.randint(1, 3))]
        roles = [Role(str(n), Text(str(n)), {"customer": rights}) for n, rights in enumerate(given)]
        actor = Actor("user", "x", 1, tuple(roles))
        for deed in ("read", "create", "update", "import"):
            fields = (
                readable_fields(actor, entity) if deed == "read" else writable_fields(actor, entity, deed)
            )
            may_at_all = {deed, "import" if deed == "import" else "read"} <= actor.rights("customer").can
            for name in NAMES:
                told = explain(session, actor, Question("customer", deed, None, name))
                assert told.allowed == (may_at_all and name in fields), (given, deed, name)
                assert render(told.verdict, "he")


def test_who_asks_learns_nothing_of_records_and_fields_hidden_from_him(session, session_as):
    secret = make_customer(session, credit_limit="900").id
    product = make_product(session).id
    settle(session)
    configurator = session_as("configurator")
    with pytest.raises(NotFoundError):
        explain(configurator, session_as("sales").actor, Question("customer", "read", secret))
    with pytest.raises(NotFoundError):
        explain(configurator, session_as("sales").actor, Question("customer", "read", 999_999))
    lines = ({"field": "cost", "above": 5},)
    asked = Actor(
        "user", "x", 1, (Role("r", Text("R"), {"product": EntityRights(frozenset({"read"}), lines)}),)
    )
    half = Role(
        "half", Text("H"), {"product": EntityRights(frozenset({"read"}), (), frozenset({"cost"}))}, admin=True
    )
    configurator.actor = Actor("user", "y", 2, (half,))
    found = explain(configurator, asked, Question("product", "read", product))
    assert found.allowed is None and found.needs[0].ways[0].lines[0].is_secret


def test_only_who_may_configure_asks(session_as):
    sales = session_as("sales")
    with pytest.raises(NotAllowedError):
        explain(sales, sales.actor, Question("deal"))


def test_an_administrator_may_do_everything_but_what_nobody_does(session, session_as):
    admin = session_as("admin").actor
    assert all(explain(session, admin, Question("deal", deed)).allowed for deed in DEEDS)
    assert explain(session, admin, Question("deal", "update", None, "expected")).allowed is False


@pytest.mark.parametrize(
    "asked", [Question("nothing"), Question("deal", "eat"), Question("deal", "read", None, "nothing")]
)
def test_what_is_not_there_is_named(session, asked):
    with pytest.raises(NotFoundError):
        explain(session, session.actor, asked)


def test_an_export_holds_only_records_a_role_gives_for_it(session, session_as):
    mine = make_deal(session, owner=user_id(session, "sales")).id
    make_deal(session, owner=user_id(session, "admin"))
    settle(session)
    reader = session_as("sales")
    viewer = next(iter(session_as("viewer").actor.roles))
    reader.actor = replace(reader.actor, roles=(*reader.actor.roles, viewer))
    entity = reader.workspace.schema.entities["deal"]
    assert explain(session, reader.actor, Question("deal", "export", mine)).allowed is True
    found = list(export_rows(reader, entity, ListQuery(), export_columns(reader, entity, ["id"])))
    assert found == [[mine]]
