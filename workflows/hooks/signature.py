"""Signatures of webhooks: `X-Koine-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

HEADER = "X-Koine-Signature"
TOLERANCE_SECONDS = 300  # how old a call may be, or how far ahead its sender's clock
LONGEST = 1_000  # characters of the header
MOMENT, DIGEST = re.compile(r"\d{1,12}\Z", re.ASCII), re.compile(r"[0-9a-fA-F]{64}\Z")
NOBODYS = "0" * 64  # a secret that no hook has: an unknown name takes as long as a known one


@dataclass(frozen=True)
class Signature:
    """A signature as it was sent: when, and one digest or several, for senders that change their secret."""

    at: int
    digests: tuple[str, ...]


def read_signature(header: str) -> Signature | None:
    """Return the signature of a header; None when it is none.

    >>> read_signature("t=12,v1=" + "0" * 64).at, read_signature("v1=00")
    (12, None)
    """
    parts = [part.strip().partition("=") for part in header[:LONGEST].split(",")]
    moments = [value for name, _sign, value in parts if name == "t" and MOMENT.match(value)]
    digests = tuple(value.lower() for name, _sign, value in parts if name == "v1" and DIGEST.match(value))
    return Signature(int(moments[0]), digests) if len(moments) == 1 and digests else None


def digest_of(secret: str, at: int, body: bytes) -> str:
    """Return the digest that a holder of the secret makes of a body."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def genuine_digest(signature: Signature, body: bytes, secrets: Iterable[str], now: int) -> str:
    """Return the digest that one of the secrets made, and not long ago, else ""; all are tried, whatever comes."""
    found = ""
    for secret in list(secrets) or [NOBODYS]:
        expected = digest_of(secret, signature.at, body)
        for digest in signature.digests:
            if hmac.compare_digest(expected, digest) and secret != NOBODYS:
                found = expected
    return found if abs(now - signature.at) <= TOLERANCE_SECONDS else ""
