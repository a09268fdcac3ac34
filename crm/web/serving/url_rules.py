"""URL rules that learn to write their address when first asked, because an app has hundreds and few are asked."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import IntegerConverter, Map, Rule

WriteAddress = Callable[..., tuple[str, str]]
LARGEST_ID = 2**63 - 1  # of both databases


class IdConverter(IntegerConverter):
    """A number that a database can hold; addresses with a larger one do not exist."""

    def __init__(self, url_map: Map, *given: object, **options: object) -> None:
        super().__init__(url_map, *given, **{"max": LARGEST_ID, **options})


class LazyRule(Rule):
    """Werkzeug's rule; the function that builds an address is compiled at its first use.

    Compiling them all is half of the time an app takes to build, and it would hold up the requests that are
    answered meanwhile.
    """

    def _compile_builder(self, append_unknown: bool = True) -> WriteAddress:
        compile_now = super()._compile_builder
        made: WriteAddress | None = None

        def build(rule: Rule, /, **values: object) -> tuple[str, str]:
            nonlocal made
            if made is None:
                made = compile_now(append_unknown)
            return made(rule, **values)

        return build
