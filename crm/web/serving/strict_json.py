"""JSON as we take it: no deeper than Python reads, and every text is one that can be written down."""

from __future__ import annotations

import re
from typing import Any

from flask.json.provider import DefaultJSONProvider

HALF = re.compile(
    r"\\u[dD][89a-fA-F]|[\ud800-\udfff]"
)  # what half of a character outside the first 65,536 looks like


class StrictJson(DefaultJSONProvider):
    """Flask's JSON; what it cannot take is a ValueError, which Flask answers with 400."""

    def loads(self, s: str | bytes, **options: Any) -> Any:
        """Return what a text says.

        Errors: ValueError, for texts with half a character and what is nested too deeply as well.
        """
        text = s if isinstance(s, str) else s.decode()
        try:
            found = super().loads(text, **options)
            if HALF.search(text):
                self.dumps(found, ensure_ascii=False).encode()
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        return found
