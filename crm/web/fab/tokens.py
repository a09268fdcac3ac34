"""The tokens of the API: a token whose signature was proved is not proved again at each request."""

from __future__ import annotations

import time
from typing import Any

from flask_jwt_extended import JWTManager
from sqlalchemy.util import LRUCache

MOST_TOKENS = 512


class RememberingJWTManager(JWTManager):
    """Remembers the claims of tokens that were proved, for as long as they last: neither changes with time.

    Whether the token was signed out, and who its user is now, is asked of the database each time.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        self._proved: LRUCache[str, dict] = LRUCache(MOST_TOKENS)
        super().__init__(*given, **named)

    def _decode_jwt_from_config(
        self, encoded_token: str, csrf_value: Any = None, allow_expired: bool = False
    ) -> dict:
        if csrf_value is not None or allow_expired:
            return super()._decode_jwt_from_config(encoded_token, csrf_value, allow_expired)
        claims = self._proved.get(encoded_token)
        if claims is None or claims.get("exp", 0) <= time.time():
            claims = self._proved[encoded_token] = super()._decode_jwt_from_config(encoded_token)
        return dict(claims)
