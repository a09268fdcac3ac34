"""URL rules that learn to write their address when first asked, because an app has hundreds and few are asked."""

from __future__ import annotations

from collections.abc import Callable

from werkzeug.routing import Rule

WriteAddress = Callable[..., tuple[str, str]]


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
