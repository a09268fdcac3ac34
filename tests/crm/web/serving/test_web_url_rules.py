"""Addresses of rules that learn late are those of werkzeug's own."""

from __future__ import annotations

import pytest
from werkzeug.routing import Map, Rule

from crm.web.serving.url_rules import LazyRule

RULES = (
    ("/", {}),
    ("/deal/<pk>", {"pk": "a b/ü"}),
    ("/n/<int:n>.xlsx", {"n": 7}),
    ("/p/<path:file>", {"file": "x/y"}),
    ("/r/<rule>", {"rule": "x"}),
)


@pytest.mark.parametrize(("rule", "values"), RULES)
@pytest.mark.parametrize("more", [{}, {"q": "ά & b"}])
def test_a_lazy_rule_writes_the_same_address(rule: str, values: dict, more: dict) -> None:
    maps = [Map([kind(rule, endpoint="page")]).bind("host") for kind in (Rule, LazyRule)]
    written = [adapter.build("page", {**values, **more}) for adapter in maps]
    assert written[0] == written[1]


def test_a_missing_value_is_told_as_ever() -> None:
    adapter = Map([LazyRule("/deal/<pk>", endpoint="page")]).bind("host")
    with pytest.raises(LookupError):
        adapter.build("page", {})
