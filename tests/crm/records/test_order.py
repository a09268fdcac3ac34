"""The order of lists: texts as readers in four languages expect them, choices as declared, the same everywhere."""

from __future__ import annotations

import itertools
import json
import random
from dataclasses import replace
from hashlib import blake2s

import pytest
import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex

from crm.fields.alphabet import ALPHABETS, VERSION, function_name, sort_key
from crm.permissions.store import USERS
from crm.records.listing import ListQuery, iterate_records, list_records
from crm.records.order import order_by
from crm.revisions.finish import finish_indexes
from crm.revisions.indexes import known_indexes
from crm.revisions.sorting import sort_indexes
from tests.factories import make_customer, make_deal, user_id
from tests.shared_data import locale_cases, needs_shared_data

IN_ORDER = (
    # Signs, then numbers by their size.
    "– Άγνωστο", "(ΔΕΗ) Δίκτυα", "+ΠΛΕΥΣΗ", "★ Άστρο", "3M", "4ο Χλμ", "24 Ώρες", "1000 Μικρά",
    # Latin: small beside capital, accents told apart among equals only, cedillas beside commas below.
    "aaron", "Aaron Ltd", "AB Vassilopoulos", "Ăcătrinei", "ACME", "acme", "ACME Hellas", "Æon Analytics",
    "Alexandrescu", "Âncuța", "Andronic", "Ardeleanu", "Arpad", "Beta", "Brăila", "Brasov", "Braşov", "Brașov",
    "Iaşi", "Iași", "Île de Ré", "Ileana", "Łódź", "Lotus", "Oneida", "O'Neill", "Øresund", "Stefan", "Ştefan",
    "Ștefan", "Strasse", "Straße", "Tătaru", "Țepeș", "Timiș", "zeta", "Zorba",
    # Greek: accents, dialytika, final sigma, the old spelling, names in quotation marks.
    "«Άγκυρα»", "Αγρίνιο", "ΑΘΗΝΑ", "Αθήνα", "Αθηνά", "αθήνα", "Ἀθηνᾶ", "Αΐδα", "αϊτός", "Άλφα", "άλφα", "αλφάβητο",
    "ΒΟΛΟΣ", "Βόλος", "Βόλος Α", "ΒΟΛΟΣ Β", "Βόλος Γ", "Γεωργίου", "Έλενα", "Ελένη", "Ήπειρος", "Ηράκλειο",
    "Ιωάννινα", "Όμηρος", "Ομόνοια", "Ύδρα", "Ωμέγα",
    # Hebrew: points, final letters, the marks of abbreviations.
    "אבג", "אברהם", "בַּיִת", "בית", "בית אל", "דוד", 'חברה בע"מ', "חברה בע״מ", "חן", "חנה", "כֹּהֵן", "כהן", "לוי",
    "מים", "שלום", "שלומית", "תל אביב", "תל-אביב",
)  # fmt: skip


ORDERS = {
    "en": ("Ananas", "Item 2", "Item 10", "Stefan", "Ștefan", "Suciu", "Zorba", "Άννα", "Ωμέγα", "אבי", "תמר"),
    "el": ("(ΔΕΗ)", "2 Φίλοι", "12 Φίλοι", "Άγγελος", "Αθηνά", "Έλενα", "Ήρα", "ΨΑΡΟΣ", "Ώρα 9", "Ώρα 10",
           "ACME", "Zorba", "אבי"),
    "ro": ("Ana", "Azur", "Ăcătrinei", "Âncuța", "Bacău", "Ileana", "Item 02", "Item 10", "Izvor", "Înalt", "Jar",
           "Stan", "Suciu", "Şandru", "Șerban", "Tudor", "Țepeș", "Ulm", "Άννα", "אבי"),
    "he": ("3 אחים", "20 אחים", "אבי", "בני", "חברה בע״מ", "כהן", "לוי", "מים", "מים חיים", "שרה", "תמר",
           "ACME", "Zorba", "Άννα"),
}  # fmt: skip
"""The first names of a list, in the order of its reader."""
BLOCKS = (
    (0x20, 0x530),
    (0x591, 0x5F5),
    (0x1E00, 0x2200),
    (0x2B00, 0x2B10),
    (0x3000, 0x3040),
    (0x1F600, 0x1F604),
)
LETTERS = [chr(code) for block in BLOCKS for code in range(*block)]
TEXTS = [
    *LETTERS, *(f"a{letter}Σ'x" for letter in LETTERS), *IN_ORDER, *itertools.chain(*ORDERS.values()),
    "ΑΣ" * 300, "0", "007", "7", "a1b22c333", "9" * 40, "a\u0306a\u0302", "s\u0327", "ǽ ǿ",
]  # fmt: skip

PINNED = [*(chr(code) for block in BLOCKS[:2] for code in range(*block)), "a1b22c333", "«Ώρα» 007", "Straße"]


def shuffled(texts):
    return random.Random(7).sample(list(texts), len(texts))


def python_keys(language):
    return [sort_key(text, language)[0] for text in TEXTS]


def databases_keys(session, language, texts):
    """Return the keys that the database makes, in one question."""
    listed = sa.func.json_each(json.dumps(texts))
    if is_postgresql(session):
        listed = sa.func.json_array_elements_text(sa.literal(texts, sa.JSON()))
    rows = listed.table_valued("value")
    return list(session.scalars(sa.select(getattr(sa.func, function_name(language))(rows.c.value))))


@pytest.fixture
def cities(session):
    """A customer in each city, in no order, and two who are nowhere."""
    mixed = [*IN_ORDER, None, None]
    random.Random(7).shuffle(mixed)
    for place, city in enumerate(mixed):
        make_customer(session, name=f"Customer {place}", city=city)
    session.commit()
    return session


@pytest.fixture
def customer(session):
    """The entity."""
    return session.workspace.schema.entities["customer"]


def all_pages(session, entity, size=7, **asked):
    """Return the rows of every page of a list, one page after the other."""
    found = []
    while True:
        query = ListQuery(page=len(found) // size, page_size=size, **asked)
        page = list_records(session, entity, query)
        found += page.rows
        if not page.has_next:
            return found


def test_texts_stand_as_a_reader_expects_them(cities, customer):
    rows = all_pages(cities, customer, order=(("city", False),), columns=("city",))
    assert [row["city"] for row in rows] == [*IN_ORDER, None, None]
    assert len({row["id"] for row in rows}) == len(rows)


def test_texts_downwards_stand_the_other_way_round_and_empty_ones_last(cities, customer):
    rows = all_pages(cities, customer, order=(("city", True),), columns=("city",))
    assert [row["city"] for row in rows] == [*reversed(IN_ORDER), None, None]
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("language", ORDERS)
def test_a_list_is_in_the_order_of_its_reader(session, customer, language):
    for place, name in enumerate(shuffled(ORDERS[language])):
        make_customer(session, name=name, city=str(place))
    session.actor = replace(session.actor, language=language)
    rows = all_pages(session, customer, order=(("name", False),), columns=("name",))
    assert [row["name"] for row in rows] == list(ORDERS[language])


@needs_shared_data
@pytest.mark.parametrize("language", ["el", "ro", "he"])
def test_the_shared_names_are_in_the_order_of_their_language(language):
    names = locale_cases("sort")[language]
    assert sorted(shuffled(names), key=lambda text: sort_key(text, language)) == names


def test_python_sorts_as_the_databases_do():
    assert sorted(shuffled(IN_ORDER), key=lambda text: sort_key(text, "en")) == list(IN_ORDER)


@pytest.mark.parametrize("language", ALPHABETS)
def test_the_databases_make_the_key_that_python_makes(session, language):
    made = databases_keys(session, language, TEXTS)
    assert [pair for pair in zip(TEXTS, made, python_keys(language), strict=True) if pair[1] != pair[2]] == []


def test_another_key_has_another_name():
    made = [[sort_key(text, language)[0] for text in PINNED] for language in ALPHABETS]
    assert (VERSION, blake2s(repr(made).encode(), digest_size=8).hexdigest()) == (1, "630e6ed2cf6164da"), (
        "The keys changed: raise VERSION in crm/fields/alphabet.py and write the new pair here."
    )


def test_codes_are_in_one_order_for_all_and_have_one_index(session, customer):
    mails = replace(customer.fields["email"], index=True)
    found = list(
        sort_indexes(replace(customer, fields={"email": mails}, sort=()), session.get_bind().dialect)
    )
    assert len(found) == 1


def test_among_equal_texts_the_newest_comes_first(session, customer):
    ids = [make_customer(session, name=name, city="Πάτρα").id for name in ("ena", "dyo", "tria")]
    found = list_records(session, customer, ListQuery(order=(("city", False),)))
    assert [row["id"] for row in found.rows] == ids[::-1]


def test_a_second_field_decides_where_the_first_is_equal(session, customer):
    for name, city in (("Ωμέγα", "Πάτρα"), ("άλφα", "Πάτρα"), ("Βήτα", "Άρτα"), ("Γάμα", "Πάτρα")):
        make_customer(session, name=name, city=city)
    rows = all_pages(session, customer, 2, order=(("city", False), ("name", True)), columns=("name",))
    assert [row["name"] for row in rows] == ["Βήτα", "Ωμέγα", "Γάμα", "άλφα"]


@pytest.mark.parametrize("descending", [False, True])
def test_choices_stand_in_the_order_in_which_they_are_declared(session, customer, descending):
    declared = list(customer.fields["status"].options["choices"])
    for status in sorted(declared):
        make_customer(session, status=status)
    rows = all_pages(session, customer, 2, order=(("status", descending),), columns=("status",))
    assert [row["status"] for row in rows] == (declared[::-1] if descending else declared)
    assert declared != sorted(declared)


def test_references_stand_by_the_titles_they_show(session):
    deal = session.workspace.schema.entities["deal"]
    for name in ("Ωμέγα", "άλφα", "Βήτα"):
        make_deal(session, name=f"for {name}", customer=make_customer(session, name=name))
    rows = all_pages(session, deal, 2, order=(("customer", False),), columns=("name",))
    assert [row["name"] for row in rows] == ["for άλφα", "for Βήτα", "for Ωμέγα"]


def test_the_place_of_a_record_tells_nothing_of_a_customer_the_reader_may_not_see(session_as):
    system = session_as()
    theirs, own = user_id(system, "service"), user_id(system, "sales")
    hidden, shown = (
        make_customer(system, name="Aaa", owner=theirs),
        make_customer(system, name="Zzz", owner=own),
    )
    ids = [make_deal(system, customer=customer, owner=own).id for customer in (hidden, shown)]
    system.commit()
    sales = session_as("sales")
    deal = sales.workspace.schema.entities["deal"]
    assert list_records(sales, sales.workspace.schema.entities["customer"], ListQuery()).total == 1
    found = list_records(sales, deal, ListQuery(order=(("customer", False),)))
    assert [row["id"] for row in found.rows] == ids[::-1]


@pytest.mark.parametrize("descending", [False, True])
def test_users_stand_by_their_names(session, customer, descending):
    named = {"sales": ("Άννα", "Ω"), "service": ("Βασιλική", "Α"), "manager": ("ανδρέας", "Α")}
    for login, (first, last) in named.items():
        session.connection().execute(
            sa.update(USERS).where(USERS.c.username == login).values(first_name=first, last_name=last)
        )
        make_customer(session, name=first, owner=user_id(session, login))
    make_customer(session, name="nobody", owner=None)
    rows = all_pages(session, customer, 3, order=(("owner", descending),), columns=("name",))
    names = ["ανδρέας", "Άννα", "Βασιλική"]
    assert [row["name"] for row in rows] == [*(names[::-1] if descending else names), "nobody"]


def test_an_export_is_in_the_order_of_the_list(cities, customer):
    query = ListQuery(order=(("city", False),), columns=("city",))
    rows = [row for part in iterate_records(cities, customer, query, chunk=20) for row in part]
    assert [row["city"] for row in rows] == [*IN_ORDER, None, None]


@pytest.mark.parametrize(
    ("entity", "order"),
    [
        ("customer", ("name", False)),
        ("customer", ("city", False)),
        ("deal", ("amount", True)),
        ("contract", ("ends_on", False)),
    ],
)
def test_an_index_serves_the_order_in_which_a_list_opens(session, entity, order):
    assert "sort_" in plan(session, entity, order)


@pytest.mark.parametrize("language", ["el", "ro", "he"])
def test_an_index_serves_the_order_of_every_language(session, language):
    session.actor = replace(session.actor, language=language)
    assert "sort_customer_name_" in plan(session, "customer", ("name", False))


def test_pages_far_behind_are_counted_off_in_the_index_alone(session):
    assert ("Index Only Scan" if is_postgresql(session) else "COVERING INDEX") in plan(
        session, "customer", ("name", False)
    )


def is_postgresql(session):
    return session.get_bind().dialect.name == "postgresql"


def test_a_list_of_texts_too_long_for_an_index_is_sorted_by_their_beginnings(session, customer):
    by_notes = replace(customer, sort=(("notes", False),))
    for index in sort_indexes(by_notes, session.get_bind().dialect):
        session.connection().execute(CreateIndex(index, if_not_exists=True))
    letters = "αβγδεζηθικλμνξοπρστυφχψω"
    for first in ("ω", "Ά", "β"):
        make_customer(session, notes=first + "".join(random.Random(first).choices(letters, k=20_000)))
    rows = all_pages(session, by_notes, columns=("notes",))
    assert [row["notes"][0] for row in rows] == ["Ά", "β", "ω"]


def test_an_index_serves_the_declared_order_of_choices(session, customer):
    by_status = replace(customer, sort=(("status", False),))
    for index in sort_indexes(by_status, session.get_bind().dialect):
        session.connection().execute(CreateIndex(index, if_not_exists=True))
    assert "sort_customer_status_" in plan(session, "customer", ("status", False))


def test_choices_in_another_order_are_another_index(session, customer):
    status = customer.fields["status"]
    turned = {key: status.options["choices"][key] for key in list(status.options["choices"])[::-1]}
    found = []
    for choices in (status.options["choices"], turned):
        fields = {**customer.fields, "status": replace(status, options={"choices": choices})}
        by_status = replace(customer, sort=(("status", False),), fields=fields)
        found.append(next(sort_indexes(by_status, session.get_bind().dialect)).name)
    assert len(set(found)) == 2


def test_a_database_of_before_gets_the_new_index_without_being_asked(engine, workspace):
    new = next(sort_indexes(workspace.schema.entities["customer"], engine.dialect)).name
    with engine.begin() as connection:
        connection.exec_driver_sql(f'DROP INDEX "{new}"')
        connection.exec_driver_sql('CREATE INDEX sort_customer_name_up ON customer ("name", id DESC)')
    finish_indexes(engine)
    with engine.connect() as connection:
        assert known_indexes(connection)[new].is_valid


def plan(session, name, order):
    """Return how the database finds the first records, when reading a whole table is dear."""
    cls, entity = session.workspace.models[name], session.workspace.schema.entities[name]
    asked = sa.select(cls.id).order_by(*order_by(session, entity, (order,)), cls.id.desc()).limit(25)
    bound = asked.compile(session.connection(), compile_kwargs={"literal_binds": True})
    if not is_postgresql(session):
        return str(session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {bound}").all())
    session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
    session.connection().exec_driver_sql("SET LOCAL enable_sort = off")
    session.connection().exec_driver_sql("SET LOCAL enable_indexscan = off")
    session.connection().exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    return str(session.connection().exec_driver_sql(f"EXPLAIN {bound}").all())
