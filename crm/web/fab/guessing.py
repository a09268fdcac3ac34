"""Who guesses passwords has to wait, longer each time; whoever knows theirs does not notice.

Wrong passwords are counted per account and address, per account, and per address. A browser that was signed in to
an account before shows it by a cookie and is counted by itself: neither strangers who guess from elsewhere nor
colleagues behind the same address can lock its user out.
"""

from __future__ import annotations

import hashlib
import ipaddress
import logging
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Flask, Request, Response, current_app
from itsdangerous import BadData, URLSafeSerializer
from limits.storage import MemoryStorage, Storage

from config import Settings
from crm.database import CrmSession
from crm.errors import Problem
from crm.messages import render
from crm.notifications import Notice, add_notification
from crm.permissions.store import find_login
from crm.texts import LANGUAGES
from crm.web.serving.rates import redis_storage

logger = logging.getLogger(__name__)

REMEMBERED_SECONDS = 86_400  # how long a wrong password counts
SILENT_SECONDS = 5  # after a failure Redis is not asked for so long
KNOWN = "koine_known"  # the cookie of a browser that was signed in before
KNOWN_SECONDS = 180 * 86_400
MOST_KNOWN = 8  # accounts in one browser
IPV6_NETWORK = 64  # bits; a household or an attacker has all addresses below them


@dataclass(frozen=True)
class Limit:
    """How many wrong passwords are free, and how long the pauses are that follow: each twice the one before."""

    free: int
    longest: int
    first: int = 30

    def pause(self, count: int) -> int:
        """Return the seconds to wait after so many wrong passwords; 0 while they are free.

        >>> [Limit(5, 900).pause(count) for count in (4, 5, 6, 7, 40)]
        [0, 30, 60, 120, 900]
        """
        if count < self.free:
            return 0
        return min(self.longest, self.first * 2 ** min(count - self.free, 20))


HERE = Limit(free=5, longest=900)  # one account, from one address or one known browser
ACCOUNT = Limit(free=25, longest=900)  # one account, from wherever
ADDRESS = Limit(free=100, longest=300)  # one address, whatever the account


@dataclass(frozen=True)
class Account:
    """Whose password is tried.

    Shape:  `user_id` is None for a name nobody has: it is treated and answered like any other.
    """

    key: str
    user_id: int | None = None
    name: str = ""


@dataclass(frozen=True)
class Visitor:
    """Who tries: for which account, from where, and by which browser if it was signed in to the account before."""

    account: Account
    address: str
    browser: str = ""

    @classmethod
    def of(cls, request: Request, account: Account) -> Visitor:
        """Return who sent a request; behind `CRM_PROXIES` by the address that the proxy saw."""
        known = read_known(request)
        browser = known["browser"] if account.user_id in known["users"] else ""
        return cls(account, network_of(request.remote_addr or ""), browser)

    def counters(self) -> list[tuple[str, Limit]]:
        """Return what a wrong password is counted under."""
        if self.browser:
            return [(f"browser:{self.account.key}:{self.browser}", HERE)]
        return [
            (f"here:{self.account.key}:{self.address}", HERE),
            (f"account:{self.account.key}", ACCOUNT),
            (f"address:{self.address}", ADDRESS),
        ]


@dataclass(frozen=True)
class Attempt:
    """An attempt to sign in.

    Shape:  `wait_seconds` is 0 when it may go on. `counted` are the counters it was counted under, `paused` those
            where a pause began; `count` is the number of the attempt among those of the same account and place.
    """

    wait_seconds: int = 0
    counted: tuple[str, ...] = ()
    paused: tuple[str, ...] = ()
    count: int = 0


class Guesses:
    """Counts in Redis, for all processes; while it is away or takes nothing, in this process."""

    def __init__(self, redis: Storage | None) -> None:
        self._redis = redis
        self._memory = MemoryStorage()
        self._silent_until = 0.0

    def begin(self, visitor: Visitor) -> Attempt:
        """Count an attempt before its password is looked at, so that many at once gain nothing."""
        if self._redis is not None and time.monotonic() >= self._silent_until:
            try:
                return _begin(self._redis, visitor)
            except Exception as error:  # whatever ails Redis, nobody is kept from signing in
                self._silent_until = time.monotonic() + SILENT_SECONDS
                logger.warning("Redis does not count wrong passwords (%s); this process does.", error)
        return _begin(self._memory, visitor)

    def forget(self, attempt: Attempt) -> None:
        """Take an attempt back whose password was right; the streak here is over."""
        for store in (self._redis, self._memory):
            try:
                if store is not None:
                    _forget(store, attempt)
            except Exception as error:  # a sign-in that succeeded must not fail because of a count
                logger.info("Redis keeps a count that is over (%s)", error)

    def reset(self) -> None:
        """Forget everything this process counts itself."""
        self._memory.reset()


def _begin(store: Storage, visitor: Visitor) -> Attempt:
    counters = visitor.counters()
    wait = max(_seconds_left(store, key) for key, _limit in counters)
    if wait:
        return Attempt(wait)
    paused, counts = [], []
    for key, limit in counters:
        counts.append(store.incr(f"count:{key}", REMEMBERED_SECONDS))
        pause = limit.pause(counts[-1])
        if pause and store.incr(f"pause:{key}", pause) > 1:  # another one came first
            return Attempt(max(1, _seconds_left(store, key)))
        if pause:
            paused.append(key)
    return Attempt(0, tuple(key for key, _limit in counters), tuple(paused), counts[0])


def _seconds_left(store: Storage, key: str) -> int:
    if not store.get(f"pause:{key}"):
        return 0
    return max(1, round(store.get_expiry(f"pause:{key}") - time.time()))


def _forget(store: Storage, attempt: Attempt) -> None:
    for key in attempt.paused:
        store.clear(f"pause:{key}")
    here, *shared = attempt.counted
    store.clear(f"count:{here}")
    for key in shared:
        if store.get(f"count:{key}"):
            store.incr(f"count:{key}", REMEMBERED_SECONDS, -1)


def install_guesses(app: Flask, settings: Settings) -> None:
    """Let the app count wrong passwords."""
    app.extensions["crm_guesses"] = Guesses(redis_storage(settings, "crm:guess"))


def find_account(connection: sa.Connection, name: str) -> Account:
    """Return whose account a name or mail address means; one query, whether there is one or not."""
    found = find_login(connection, name)
    if found is not None:
        return Account(f"user-{found['id']}", found["id"], found["username"])
    folded = name.casefold().encode("utf-8", "surrogatepass")
    return Account("name-" + hashlib.sha256(folded).hexdigest()[:32])


def network_of(address: str) -> str:
    """Return what an address is counted by.

    >>> network_of("203.0.113.9"), network_of("2001:db8::7"), network_of("::ffff:203.0.113.9")
    ('203.0.113.9', '2001:db8::', '203.0.113.9')
    """
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, IPV6_NETWORK), strict=False).network_address)


def tell_of_guesses(session: CrmSession, visitor: Visitor, attempt: Attempt) -> None:
    """Log a wrong password, and tell the account's owner when a pause begins, once an hour.

    The name of an account nobody has is not logged: it may be a password that got into the wrong field.
    """
    account = visitor.account
    name = repr(account.name) if account.user_id is not None else "a name nobody has"
    logger.warning("Wrong password for %s from %s, %s in a row", name, visitor.address, attempt.count)
    if not attempt.paused or account.user_id is None:
        return
    problem = Problem("web.guessed", {"address": visitor.address})
    text = {language: render(problem, language) for language in LANGUAGES}
    key = f"guessed:{account.user_id}:{session.clock():%Y-%m-%dT%H}"
    add_notification(session, Notice(account.user_id, text, key=key))


# The cookie of known browsers


def _signer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt=KNOWN)


def read_known(request: Request) -> dict:
    """Return the browser's name and the users who signed in with it."""
    try:
        known = _signer(current_app.config["SECRET_KEY"]).loads(request.cookies.get(KNOWN, ""))
        return {"browser": str(known["browser"]), "users": [int(user) for user in known["users"]]}
    except (BadData, KeyError, TypeError, ValueError):
        return {"browser": secrets.token_hex(8), "users": []}


def remember_browser(request: Request, response: Response, user_id: int) -> None:
    """Let a browser be known as one that this user signed in with."""
    known = read_known(request)
    users: Sequence[int] = [user_id, *(user for user in known["users"] if user != user_id)]
    value = _signer(current_app.config["SECRET_KEY"]).dumps({**known, "users": users[:MOST_KNOWN]})
    response.set_cookie(
        KNOWN,
        value,
        max_age=KNOWN_SECONDS,
        path="/login/",
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )
