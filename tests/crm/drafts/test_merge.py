"""Two changes of one document: joined where they touch different places, refused where they touch the same."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from crm.drafts.merge import merge

BODIES = some.dictionaries(
    some.sampled_from("abcd"),
    some.integers(0, 3) | some.dictionaries(some.sampled_from("xyz"), some.integers(0, 3), max_size=3),
    max_size=4,
)

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@UNHURRIED
@given(BODIES, BODIES)
def test_a_side_without_changes_yields_to_the_other(base, changed):
    assert merge(base, base, changed) == changed
    assert merge(base, changed, base) == changed


@UNHURRIED
@given(BODIES, BODIES, BODIES)
def test_neither_side_is_preferred(base, mine, theirs):
    assert merge(base, mine, theirs) == merge(base, theirs, mine)


@UNHURRIED
@given(BODIES, BODIES, BODIES)
def test_each_value_comes_from_a_side_that_changed_it(base, mine, theirs):
    for key, value in (merge(base, mine, theirs) or {}).items():
        if not isinstance(value, dict):
            assert value in (mine.get(key), theirs.get(key))


def test_the_order_of_the_side_that_moved_fields_holds():
    found = merge({"a": 1, "b": 1}, {"b": 1, "a": 1}, {"a": 1, "new": 2, "b": 1})
    assert list(found) == ["b", "a", "new"]


def test_a_change_of_what_the_other_side_removed_is_not_joined():
    assert merge({"a": 1}, {}, {"a": 2}) is None
