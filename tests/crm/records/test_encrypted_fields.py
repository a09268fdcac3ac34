"""Encrypted fields: plain to those who may see them, ciphertext in the database, its journal and its backups."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from crm.conditions import parse_conditions
from crm.entities.load import documents_from_json
from crm.errors import QueryError, RecordError, SchemaError, UnavailableError
from crm.fields import FIELD_TYPES
from crm.fields.base import Situation
from crm.messages import render
from crm.records.bulk import RecordEdit, insert_rows, load_rows, update_rows
from crm.records.journal import change, list_changes
from crm.records.listing import ListQuery, list_records
from crm.records.rotation import reseal_everything
from crm.records.service import create_record, delete_record, update_record
from crm.revisions.publish import diff_schema, publish_schema
from crm.revisions.workspace import get_workspace
from crm.secrets import Key, add_key, current_keys, read_keys, seal, unseal, use_keys
from workflows.placeholders import check_text

IBAN, OTHER = "GR1601101050000010547023795", "RO49AAAA1B31007593840000"
ENCRYPTABLE = [name for name, field_type in FIELD_TYPES.items() if not field_type.seal_refused]
SECRETS = {
    "account": {"type": "iban", "encrypted": True, "unique": True},
    "pay": {"type": "money", "currency": "EUR", "encrypted": True},
    "since": {"type": "date", "encrypted": True},
}


@pytest.fixture
def publish(engine: sa.Engine) -> Callable[..., None]:
    """A function that publishes customers with more fields; None takes one away."""
    fields: dict[str, Any] = {}

    def publish_fields(**more: Any) -> list:
        fields.update(more)
        bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
        customer = next(body for body in bodies if body.get("entity") == "customer" and "fields" in body)
        customer["fields"] |= fields
        documents = documents_from_json(bodies)
        publish_schema(engine, documents, "secrets")
        return documents

    return publish_fields


@pytest.fixture
def secret_session(publish: Any, engine: sa.Engine, session: Any) -> Any:
    """A session of a house whose customers have secrets."""
    publish(**SECRETS)
    session.close()
    session.workspace = get_workspace(engine)
    session.bind = session.workspace.bind(engine)
    return session


def customers(session: Any) -> Any:
    return session.workspace.schema.entities["customer"]


def raw(engine: sa.Engine, statement: str) -> list[tuple]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(statement))]


def ids(session: Any, line: dict) -> list[int]:
    page = list_records(session, customers(session), ListQuery([line]))
    assert page.notes == []
    return sorted(row["id"] for row in page.rows)


def test_nobody_reads_a_value_in_the_database_or_its_journal(secret_session, engine):
    session = secret_session
    made = create_record(session, customers(session), {"name": "A", "account": IBAN, "pay": "1234.50"})
    update_record(session, customers(session), made.id, {"account": OTHER, "since": "2026-03-29"})
    [bulk_id] = insert_rows(session, customers(session), [{"name": "B", "account": IBAN}])
    before = load_rows(session, customers(session), [bulk_id])[bulk_id]
    update_rows(session, customers(session), [RecordEdit(bulk_id, before, {"pay": 77})])
    history = list_changes(session, customers(session), made.id)
    delete_record(session, customers(session), bulk_id)
    session.commit()
    everything = str(raw(engine, "SELECT * FROM customer")) + str(raw(engine, "SELECT * FROM crm_change"))
    assert not any(word in everything for word in (IBAN, OTHER, "1234.5", "2026-03-29"))
    assert made.account == OTHER and str(made.pay) == "1234.50"
    assert history[0]["values"] == {"account": [IBAN, OTHER], "since": [None, "2026-03-29"]}


def test_equality_finds_by_blind_index_and_nothing_else_is_asked(secret_session):
    session = secret_session
    one = create_record(session, customers(session), {"name": "A", "account": IBAN, "pay": "5.00"}).id
    two = create_record(session, customers(session), {"name": "B", "account": OTHER}).id
    assert ids(session, {"field": "account", "is": IBAN}) == [one]
    assert ids(session, {"field": "account", "is_not": IBAN}) == [two]
    assert ids(session, {"field": "account", "is_one_of": [IBAN, OTHER]}) == [one, two]
    assert ids(session, {"field": "pay", "is": 5}) == [one]
    assert ids(session, {"field": "pay", "is_empty": True}) == [two]
    schema, entity = session.workspace.schema, customers(session)
    for line in (
        {"field": "account", "contains": "GR"},
        {"field": "account", "is": "= name"},
        {"field": "pay", "above": 3},
        {"formula": "pay > 3"},
        {"field": "since", "older_than": "2 days"},
    ):
        assert parse_conditions([line], entity, schema)[1], line
    with pytest.raises(QueryError) as refused:
        list_records(session, entity, ListQuery(order=(("pay", True),)))
    assert [problem.code for problem in refused.value.problems] == ["record.encrypted_order"]


def test_unique_holds_for_what_nobody_can_read(secret_session, engine):
    session = secret_session
    create_record(session, customers(session), {"name": "A", "account": IBAN})
    with pytest.raises(RecordError) as refused:
        create_record(session, customers(session), {"name": "B", "account": IBAN})
    assert [problem.code for problem in refused.value.problems] == ["record.not_unique"]
    session.commit()
    with pytest.raises(sa.exc.IntegrityError):
        insert_rows(session, customers(session), [{"name": "C", "account": IBAN}])
    session.rollback()


def test_a_field_is_encrypted_and_made_plain_again_with_its_values(publish, session, engine):
    publish(note={"type": "text"})
    session.close()
    session.workspace = get_workspace(engine)
    session.bind = session.workspace.bind(engine)
    made = create_record(session, customers(session), {"name": "A", "note": "Μυστικό"}).id
    session.commit()
    session.close()
    bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
    next(b for b in bodies if b.get("entity") == "customer" and "fields" in b)["fields"]["note"][
        "encrypted"
    ] = True
    rows = diff_schema(engine, documents_from_json(bodies))["rows"]
    assert rows == {"customer.note: values stay readable in a column set aside until it is purged": 1}
    for sealed in (True, False):
        publish(note={"type": "text", "encrypted": sealed})
        workspace = get_workspace(engine)
        session.workspace, session.bind = workspace, workspace.bind(engine)
        assert load_rows(session, customers(session), [made])[made]["note"] == "Μυστικό"
        column = customers(session).fields["note"].column
        session.close()
        assert ("Μυστικό" in str(raw(engine, f"SELECT {column} FROM customer"))) is not sealed  # noqa: S608


def test_a_new_key_seals_everything_anew_and_a_second_run_has_nothing_to_do(secret_session, engine, tmp_path):
    session = secret_session
    use_keys(lambda: read_keys("", tmp_path, may_make=True))
    made = create_record(session, customers(session), {"name": "A", "account": IBAN, "pay": "9"}).id
    session.commit()
    session.close()
    old, new = current_keys()[0], add_key(tmp_path)
    assert ids(session, {"field": "account", "is": IBAN}) == [made]  # still sealed by the old key
    session.close()
    assert reseal_everything(engine) == {"values": 2, "texts": 0, "changes": 1, "left": 0}
    assert reseal_everything(engine) == {"values": 0, "texts": 0, "changes": 0, "left": 0}
    use_keys(lambda: (new,))  # the old key is gone
    assert ids(session, {"field": "account", "is": IBAN}) == [made]
    assert list_changes(session, customers(session), made)[0]["values"]["account"] == [None, IBAN]
    assert session.scalar(sa.select(change.c.kind).where(change.c.record_id == made)) == "created"
    assert os.stat(tmp_path / "encryption_keys").st_mode & 0o777 == 0o600 and old.id != new.id


def test_a_value_that_was_moved_or_changed_does_not_open():
    token = seal("secret", "customer.account")
    assert unseal(token, "customer.account") == "secret"
    for moved, place in ((token, "customer.pay"), (token[:-2] + "AA", "customer.account")):
        with pytest.raises(UnavailableError):
            unseal(moved, place)
    use_keys(lambda: (Key(b"x" * 32),))
    with pytest.raises(UnavailableError):
        unseal(token, "customer.account")


def test_without_keys_nothing_is_published(publish):
    use_keys(tuple)
    with pytest.raises(SchemaError) as refused:
        publish(account={"type": "text", "encrypted": True})
    assert [problem.code for problem in refused.value.problems] == ["schema.no_keys"]


def test_production_makes_no_keys_by_itself(tmp_path):
    assert read_keys("", tmp_path, may_make=False) == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ({"type": "text", "encrypted": True, "search": True}, "be searched"),
        ({"type": "reference", "to": "deal", "encrypted": True}, "uses it to link records"),
        ({"type": "references", "to": "deal", "encrypted": True}, "uses it to link records"),
        ({"type": "user", "encrypted": True}, "uses it to link records"),
        ({"type": "file", "encrypted": True}, "is in the file storage"),
        ({"type": "image", "encrypted": True}, "is in the file storage"),
        (
            {"type": "formula", "of": "text", "formula": "name", "encrypted": True},
            "calculated and not stored",
        ),
        ({"type": "summary", "of": "count", "over": "deals", "encrypted": True}, "calculated and not stored"),
        ({"type": "sequence", "pattern": "C-{number:5}", "encrypted": True}, "continues its numbering"),
    ],
)
def test_what_cannot_be_sealed_is_refused(publish, field, said):
    with pytest.raises(SchemaError) as refused:
        publish(wrong=field)
    assert said in render(refused.value.problems[0], "en")


def test_every_type_can_be_sealed_or_is_refused_with_a_reason():
    assert {name for name in FIELD_TYPES if name not in ENCRYPTABLE} == {
        "reference", "references", "user", "file", "image", "sequence", "formula", "summary"
    }  # fmt: skip


def test_moments_and_choices_are_found_by_equality_and_words_by_emptiness(publish, session, engine):
    fields = {name: {"type": name, "encrypted": True, **KEYS.get(name, {})} for name in ENCRYPTABLE}
    publish(**{f"f_{name}": body for name, body in fields.items()})
    session.close()
    session.workspace = get_workspace(engine)
    session.bind = session.workspace.bind(engine)
    one = create_record(
        session,
        customers(session),
        {
            "name": "A",
            "f_datetime": "2026-03-29 12:30",
            "f_boolean": True,
            "f_choice": "b",
            "f_tags": ["vip"],
        },
    ).id
    two = create_record(session, customers(session), {"name": "B", "f_boolean": False}).id
    session.commit()
    assert ids(session, {"field": "f_datetime", "is": "2026-03-29 12:30"}) == [one]
    assert ids(session, {"field": "f_datetime", "is_one_of": ["2026-03-29 12:30", "2026-03-29 12:31"]}) == [
        one
    ]
    assert ids(session, {"field": "f_boolean", "is": True}) == [one]
    assert ids(session, {"field": "f_boolean", "is_not": True}) == [two]
    assert ids(session, {"field": "f_choice", "is": "b"}) == [one]
    assert ids(session, {"field": "f_choice", "is_one_of": ["a", "b"]}) == [one]
    assert ids(session, {"field": "f_tags", "is_empty": True}) == [two]
    schema, entity = session.workspace.schema, customers(session)
    for line in (
        {"field": "f_datetime", "is": "2026-03-29"},
        {"field": "f_datetime", "is_one_of": ["2026-03-29"]},
        {"field": "f_datetime", "is": "= today()"},
        {"field": "f_datetime", "older_than": "2 days"},
        {"field": "f_tags", "contains": "vip"},
        {"field": "f_tags", "is": "vip"},
        {"field": "f_choices", "is": "a"},
        {"formula": "f_boolean"},
        {"field": "f_choice", "is": "c"},
    ):
        assert parse_conditions([line], entity, schema)[1], line
    session.close()
    everything = str(raw(engine, "SELECT * FROM customer")) + str(raw(engine, "SELECT * FROM crm_change"))
    assert "vip" not in everything and "2026-03-29" not in everything


def test_texts_of_rules_may_not_name_an_encrypted_field(secret_session):
    schema = secret_session.workspace.schema
    for text, codes in (("{name}", []), ("{account}", ["schema.encrypted_not_here"])):
        found = check_text(text, schema.entities["customer"], schema)
        assert [problem.code for problem in found] == codes


def test_every_type_that_can_be_encrypted_comes_back(publish, session, engine):
    publish(**{f"f_{name}": {"type": name, "encrypted": True, **KEYS.get(name, {})} for name in ENCRYPTABLE})
    session.close()
    session.workspace = get_workspace(engine)
    session.bind = session.workspace.bind(engine)
    values = {f"f_{name}": VALUES[name] for name in ENCRYPTABLE}
    made = create_record(session, customers(session), {"name": "A", **values}).id
    session.commit()
    session.expire_all()
    found = load_rows(session, customers(session), [made])[made]
    fields = customers(session).fields
    for name in ENCRYPTABLE:
        field = fields[f"f_{name}"]
        assert found[field.name] == FIELD_TYPES[name].clean(field, VALUES[name], Situation()), name
        assert ids(session, {"field": field.name, "is_empty": False}) == [made]


KEYS = {
    "tax_id": {"kind": "gr.vat"},
    "money": {"currency": "EUR"},
    "choice": {"choices": ["a", "b"]},
    "choices": {"choices": ["a", "b"]},
}
VALUES = {
    "text": "בע״מ", "long_text": "a\nβ", "email": "maria@example.com", "url": "https://example.com",
    "phone": "+302101234567", "tax_id": "094259216", "iban": IBAN, "address": "Ερμού 1\nΑθήνα",
    "location": "37.983810,23.727539", "integer": "-42", "decimal": "1.5", "percent": "12.5", "money": "0.10",
    "rating": "5", "date": "2026-03-29", "datetime": "2026-03-29 12:30", "boolean": "true", "choice": "b",
    "choices": ["b", "a"], "tags": ["vip", "צפון"],
}  # fmt: skip
