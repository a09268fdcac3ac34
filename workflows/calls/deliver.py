"""Making the calls that wait: signed, at most ten seconds each, some beside one another, again after a growing pause.

A call is claimed before it is made and marked afterwards. When the answer is lost it is made again with the same key in
`Idempotency-Key`, by which the other side knows it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import http.client
import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from crm.errors import CrmError, Problem
from workflows.calls.addresses import RefusedAddressError, read_url
from workflows.calls.outbox import OUTBOX, secret_of
from workflows.calls.post import Answer, post
from workflows.organisation import RuleWorkshop
from workflows.runs.telling import tell_owner

logger = logging.getLogger(__name__)

AT_ONCE = 8  # calls beside one another, so that a system that hangs does not keep the others waiting
DELAYS_SECONDS = (30, 120, 600, 3_600, 14_400)
"""How long a call waits after each failed attempt; after the last one it is given up."""
GONE = 410  # the other system wants no more of this
SHOWN = 200  # characters of an answer that are kept


def sign(secret: str, body: bytes, at: int) -> str:
    """Return the signature of a body at a moment, as incoming calls carry it too.

    >>> sign("key", b"{}", 1)[:20]
    't=1,v1=1ba6b8171186e'
    """
    digest = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def key_of(row: Mapping) -> str:
    """Return the idempotency key of a call: the same at every attempt, and of no other call anywhere."""
    return hashlib.sha256(f"{row['created_at'].isoformat()} {row['key']}".encode()).hexdigest()[:32]


def headers_of(row: Mapping, body: bytes, now: dt.datetime) -> dict[str, str]:
    """Return the headers of one attempt; `X-Koine-Run` names the run, for a call that comes back to us."""
    headers = {
        "Content-Type": row["kind"],
        "User-Agent": "Koine",
        "Idempotency-Key": key_of(row),
        "X-Koine-Run": row["key"].partition(":")[0],
    }
    secret = secret_of(row["secret"])
    if secret:
        headers["X-Koine-Signature"] = sign(secret, body, int(now.replace(tzinfo=dt.UTC).timestamp()))
    return headers


def make_calls(workshop: RuleWorkshop) -> int:
    """Make every call that is due; return how many went well."""
    count = 0
    while rows := _claim(workshop):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = list(pool.map(lambda row: _attempt(workshop, row), rows))
        for row, result in zip(rows, results, strict=True):
            count += _settle(workshop, row, result)
    return count


def _claim(workshop: RuleWorkshop) -> list[Mapping]:
    with workshop.reading() as session:
        if not OUTBOX.has_due(session, workshop.clock()):
            return []
    with workshop.session() as session:
        return OUTBOX.claim(session, workshop.clock(), workshop.lease_end(), AT_ONCE)


def _attempt(workshop: RuleWorkshop, row: Mapping) -> Answer | Exception:
    """Make one call, without the database: other threads make others."""
    body = row["body"].encode()
    try:
        return post(
            row["url"], body, headers_of(row, body, workshop.clock()), workshop.organisation.webhook_hosts
        )
    except (RefusedAddressError, OSError, http.client.HTTPException, ValueError, CrmError) as error:
        return error


def _settle(workshop: RuleWorkshop, row: Mapping, result: Answer | Exception) -> bool:
    """Write what came of a call; return whether it went well."""
    status = result.status if isinstance(result, Answer) else None
    with workshop.session() as session:
        if status is not None and 200 <= status < 300:
            OUTBOX.mark_sent(session, row, workshop.clock(), status=status)
            return True
        words = _words(result)
        if _is_final(result) or row["attempts"] > len(DELAYS_SECONDS):
            if OUTBOX.give_up(session, row, words):
                logger.error("Call %s was given up: %s", row["key"], words)
                host = getattr(read_url(row["url"]), "host", row["url"][:60])
                problem = Problem("rule.call_failed", {"rule": row["rule"], "host": host, "answer": words})
                about = (row["entity"], row["record_id"])
                tell_owner(session, workshop, row["rule"], problem, about, f"call:{row['id']}")
            return False
        delay = dt.timedelta(seconds=DELAYS_SECONDS[row["attempts"] - 1])
        OUTBOX.put_off(session, row, workshop.clock() + delay, words, status=status)
        return False


def _words(result: Answer | Exception) -> str:
    if isinstance(result, Answer):
        return f"HTTP {result.status} {' '.join(result.text[:SHOWN].split())}".strip()
    if isinstance(result, RefusedAddressError):
        return f"internal address {result}"
    return f"{type(result).__name__}: {result}"[:SHOWN]


def _is_final(result: Answer | Exception) -> bool:
    """Return whether another attempt cannot help: a redirect, which is not followed, or a system that wants no more."""
    if isinstance(result, Answer):
        return 300 <= result.status < 400 or result.status == GONE
    return isinstance(result, RefusedAddressError | ValueError)
