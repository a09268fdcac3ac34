"""Reading YAML strictly: what is refused, where, and what is written back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm.entities.model import Mark
from crm.entities.yaml import read_yaml, write_yaml


def codes(text: str) -> list[tuple[str, int]]:
    """Return the problems of a text as (code, line)."""
    return [(problem.code, problem.line) for problem in read_yaml(text)[1].problems]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: 1\na: 2\n", "schema.duplicate_key", 2),
        ("a: &x 1\n", "schema.anchor", 1),
        ("a: &x 1\nb: *x\n", "schema.alias", 2),
        ("a: !!python/object/apply:os.system [x]\n", "schema.tag", 1),
        ("a: 1\n<<: {b: 2}\n", "schema.merge_key", 2),
        ("a: [1\n", "schema.not_yaml", 2),
        ("a: 1\n---\nb: 2\n", "schema.several_documents", 1),
        ("a: " + "[" * 5_000 + "]" * 5_000, "schema.too_deep", 1),
        ("? [a]\n: 1\n", "schema.key_not_text", 1),
    ],
)
def test_hidden_power_is_refused_with_its_line(text, code, line):
    assert (code, line) in codes(text)


def test_an_alias_bomb_is_refused_before_it_grows():
    bomb = "a: &a [x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    data, reading = read_yaml(bomb)
    assert data is None and reading.problems


@pytest.mark.parametrize(
    "word", ["on", "off", "yes", "no", "NO", "12:30", "0721", "1997-09-30", "1_000", "0x1f", "1e3"]
)
def test_words_that_other_readers_turn_into_something_stay_text(word):
    assert read_yaml(f"a: {word}\n")[0] == {"a": word}


def test_only_true_and_false_are_booleans_and_numbers_are_plain():
    data, _ = read_yaml("a: true\nb: false\nc: 12\nd: -1.5\ne: null\nf: '12'\n")
    assert data == {"a": True, "b": False, "c": 12, "d": -1.5, "e": None, "f": "12"}


def test_places_of_keys_items_and_values_are_known():
    _, reading = read_yaml("a:\n  b: 1\n  c:\n    - x\n    - 'שלום'\n")
    assert reading.marks["a", "b"] == Mark(2, 3, (2, 6), is_literal=True)
    assert reading.marks["a", "c"] == Mark(3, 3)
    assert reading.marks["a", "c", 1] == Mark(5, 7, (5, 8), is_literal=True)


@pytest.mark.parametrize("value", ['"a\\tb"', "'it''s'", "|\n  x", "x\n  y"])
def test_a_value_that_is_not_written_as_it_reads_is_known_by_its_beginning(value):
    mark = read_yaml(f"a: {value}\n")[1].marks["a",]
    assert mark.value is not None and not mark.is_literal


@pytest.mark.parametrize(
    "value", ["on", "yes", "12:30", "0721", "1997-09-30", "true", "3", "", " x", "a: b", "שלום", "- x"]
)
def test_what_is_written_reads_back_the_same(value):
    body = {"entity": "x", "text": value, "list": [value, {"key": value}], "flag": True, "number": 3}
    text = write_yaml(body)
    assert read_yaml(text)[0] == body
    assert write_yaml(read_yaml(text)[0]) == text


SIGNS = st.sampled_from("\n\t:#{}[],&*!|>'\"%@`- ")
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")) | SIGNS, max_size=60)
NUMBERS = st.integers(-(10**16), 10**16) | st.booleans() | st.none()
BODIES = st.recursive(
    TEXTS | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(TEXTS, BODIES, max_size=5))
def test_any_document_reads_back_the_same(body):
    text = write_yaml(body)
    data, reading = read_yaml(text)
    assert reading.problems == [] and data == body
    assert write_yaml(data) == text


def test_what_is_small_stands_in_one_line_and_what_is_not_in_several():
    label = {"en": "Deal", "el": "Ευκαιρία"}
    body = {
        "label": label,
        "help": {"en": "x" * 200},
        "if": [{"field": "stage", "is_one_of": ["won", "lost"]}],
    }
    assert write_yaml(body).splitlines() == [
        "label: {en: Deal, el: Ευκαιρία}",
        "help:",
        f"  en: {'x' * 200}",
        "if:",
        "  - {field: stage, is_one_of: [won, lost]}",
    ]


def test_a_text_of_several_lines_is_written_as_it_reads():
    assert write_yaml({"body": {"en": "Dear you,\n\ngoodbye\n"}}).splitlines() == [
        "body:",
        "  en: |",
        "    Dear you,",
        "",
        "    goodbye",
    ]
