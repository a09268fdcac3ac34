"""What a password must be: long, and not one of those everybody tries first."""

from __future__ import annotations

from flask_appbuilder.exceptions import PasswordComplexityValidationError

from crm.errors import Problem
from crm.messages import render
from crm.web.language import current_language

SHORTEST = 10  # characters
LEAST_DIFFERENT = 5  # characters; "aaaaaaaaaa" and "1212121212" have fewer
TRIED_FIRST = (
    "password",
    "passw0rd",
    "qwerty",
    "letmein",
    "welcome",
    "123456",
    "abcdef",
    "iloveyou",
    "koine",
)


def find_weakness(password: str) -> Problem | None:
    """Return why a password is too easy to guess; None for a good one.

    Shape:  length counts more than kinds of letters: a sentence is fine.

    >>> find_weakness("three green boats"), find_weakness("Password123").code
    (None, 'web.easy_password')
    """
    if len(password) < SHORTEST:
        return Problem("web.short_password", {"length": SHORTEST})
    plain = password.lower()
    rest = plain
    for word in TRIED_FIRST:
        rest = rest.replace(word, "")
    if len(set(plain)) < LEAST_DIFFERENT or len(rest) < SHORTEST // 2:
        return Problem("web.easy_password")
    return None


def check_password(password: str) -> None:
    """Refuse an easy password in FAB's forms.

    Errors: PasswordComplexityValidationError, with the sentence in the reader's language.
    """
    weakness = find_weakness(password or "")
    if weakness is not None:
        raise PasswordComplexityValidationError(render(weakness, current_language()))
