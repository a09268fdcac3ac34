"""The index of words stays right whatever is written: what it finds is what the keys themselves say."""

from __future__ import annotations

from random import Random

import pytest
import sqlalchemy as sa

from crm.database import open_session
from crm.permissions.model import SYSTEM
from crm.records import finding
from crm.records.bulk import RecordEdit, delete_rows, insert_rows, load_rows, update_rows
from crm.records.finding import found_by
from crm.records.rekey import rebuild_search_keys, rekey
from crm.records.service import delete_record, update_record
from crm.records.word_rests import merge_words
from crm.revisions.finish import finish_indexes, list_unfinished
from crm.revisions.indexes import known_indexes
from crm.revisions.words import dropping_of, words_index
from crm.revisions.workspace import get_workspace
from tests.crm.records.test_rekey import found
from tests.crm.revisions.publishing import publish_changed
from tests.factories import make_customer

pytestmark = pytest.mark.both_databases("each has an index of its own")

NAMES = ("Λιμάνι", "Coca-Cola", "כהן משה", "Târgu Mureș", "Smith John", "Papadopoulos")
TYPED = ("λιμανι", "limani", "cola", "cohen", "tirgu", "john smi", "παπαδ", "mure")


def matched(session, words: str) -> set[int]:
    cls, customer = session.workspace.models["customer"], session.workspace.schema.entities["customer"]
    return set(session.scalars(sa.select(cls.id).where(found_by(session, customer, words))))


def write_at_random(session, random: Random, ids: list[int]) -> None:
    """Write some records by one of the ways in which records are written."""
    customer = session.workspace.schema.entities["customer"]
    chosen = random.choice(ids)
    name = random.choice(NAMES)
    way = random.randrange(6)
    if way == 0:
        ids.append(make_customer(session, name=name).id)
    elif way == 1:
        update_record(session, customer, chosen, {"name": name})
    elif way == 2:
        plain = {"kind": "company", "status": "active", "country": "GR", "language": "en"}
        ids += insert_rows(
            session, customer, [{**plain, "name": name}, {**plain, "name": "Else", "city": name}]
        )
    elif way == 3:
        before = load_rows(session, customer, [chosen])[chosen]
        session.expire_all()
        update_rows(session, customer, [RecordEdit(chosen, before, {"name": name})])
    elif way == 4 and len(ids) > 3:
        ids.remove(chosen)
        delete_record(session, customer, chosen)
    elif way == 5 and len(ids) > 3:
        ids.remove(chosen)
        delete_rows(session, customer, [RecordEdit(chosen, load_rows(session, customer, [chosen])[chosen])])
        session.expire_all()


def test_the_index_says_what_the_keys_say_after_every_kind_of_write(session, monkeypatch):
    random = Random(11)
    ids = [make_customer(session, name=name).id for name in NAMES[:3]]
    session.commit()
    for number in range(40):
        kept = list(ids)
        write_at_random(session, random, ids)
        if number % 4 == 3:
            session.rollback()
            ids = kept
        else:
            session.commit()
    for words in TYPED:
        by_index = matched(session, words)
        with monkeypatch.context() as without:
            without.setattr(finding, "has_words", lambda *_: False)
            assert by_index == matched(session, words), words
    assert any(matched(session, words) for words in TYPED)


def test_an_installation_without_the_index_finds_while_it_is_built_and_gets_it(engine):
    workspace = get_workspace(engine)
    customer = workspace.schema.entities["customer"]
    index = next(words_index(customer))
    with open_session(engine, workspace, SYSTEM) as session:
        make_customer(session, name="Ιωάννου, Γιώργος")
    with engine.begin() as connection:
        for statement in dropping_of(index, engine.dialect):
            connection.execute(statement)
    assert found(engine, "giorgos ioannou") == 1
    assert (index.name, "customer") in [(one.name, one.entity) for one in list_unfinished(engine)]
    finish_indexes(engine)
    with engine.connect() as connection:
        assert index.name in known_indexes(connection)
    assert (found(engine, "giorgos ioannou"), found(engine, "maria")) == (1, 0)


def test_keys_of_an_older_form_are_found_by_until_they_are_written_anew(engine):
    workspace = get_workspace(engine)
    table, customer = workspace.models.table("customer"), workspace.schema.entities["customer"]
    with open_session(engine, workspace, SYSTEM) as session:
        make_customer(session, name="Coca-Cola Hellas")
    with engine.begin() as connection:
        connection.execute(sa.update(table).values(search_key="coca-cola hellas koka-kola"))
        row = {"entity_uid": customer.uid, "revision": 0, "after": 0, "outdated": True}
        connection.execute(sa.insert(rekey).values(row))
    assert (found(engine, "hellas coca"), found(engine, "pepsi")) == (1, 0)
    rebuild_search_keys(engine)
    assert (found(engine, "hellas coca"), found(engine, "koka"), found(engine, "pepsi")) == (1, 1, 0)


def test_the_index_goes_with_the_last_searched_field_and_comes_back(engine):
    def searched(on: bool):
        def change(entities: dict) -> None:
            entities["campaign"].pop("same_if", None)  # compared by the same index
            for body in entities["campaign"]["fields"].values():
                body.pop("search", None)
            entities["campaign"]["fields"]["name"]["search"] = on

        return change

    name = next(words_index(get_workspace(engine).schema.entities["campaign"])).name
    publish_changed(engine, searched(False))
    with engine.connect() as connection:
        assert name not in known_indexes(connection)
    publish_changed(engine, searched(True))
    with engine.connect() as connection:
        assert name in known_indexes(connection)


def blocks(engine) -> bytes:
    with engine.connect() as connection:
        return b"".join(connection.exec_driver_sql("SELECT block FROM crm_words_customer_data").scalars())


def test_no_word_of_a_deleted_record_or_a_former_name_stays_in_the_index_of_sqlite(engine):
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL's own vacuum does it
    workspace = get_workspace(engine)
    customer = workspace.schema.entities["customer"]
    with open_session(engine, workspace, SYSTEM) as session:
        gone = make_customer(session, name="Zyxwvut Gone").id
        renamed = make_customer(session, name="Qponmlk Former").id
        make_customer(session, name="Staying Ltd")
    with open_session(engine, workspace, SYSTEM) as session:
        delete_record(session, customer, gone)
        update_record(session, customer, renamed, {"name": "Latter"})
    assert b"xwvut" in blocks(engine) and b"ponmlk" in blocks(engine)
    merge_words(engine)
    kept = blocks(engine)
    assert b"xwvut" not in kept and b"ponmlk" not in kept
    assert (found(engine, "staying"), found(engine, "latter"), found(engine, "zyxwvut")) == (1, 1, 0)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO crm_words_customer (crm_words_customer) VALUES ('integrity-check')"
        )
    merge_words(engine)
    assert blocks(engine) == kept  # nothing to do
