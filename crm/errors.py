"""Errors a person can put right, and the problems they are made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where.

    Shape:  `code` is a key of `crm.messages.MESSAGES`; `params` fill its placeholders. `field` is a field's
            name, `file`, `line` and `column` (both from 1) a place in a document, `row` the row number a
            spreadsheet shows.
    """

    code: str
    params: dict[str, object] = field(default_factory=dict)
    field: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
    row: int | None = None

    def at(self, **place: object) -> Problem:
        """Return the same problem with its place filled in (field, file, line, column or row)."""
        return replace(self, **place)


class CrmError(Exception):
    """Something a person can put right; carries problems, never sentences.

    Shape:  `status` is the HTTP status its page or JSON answer has.
    """

    status: ClassVar[int] = 422

    def __init__(self, code: str, problems: list[Problem] | None = None, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params
        self.problems = problems or []

    def as_problem(self) -> Problem:
        """Return the error itself as a problem, for lists of problems."""
        return Problem(self.code, self.params)


class SchemaError(CrmError):
    """A document under `schemas/` is wrong; the admin must act."""


class RuleError(CrmError):
    """A rule cannot do what it says; the admin must act."""


class FieldError(CrmError):
    """One value does not fit its field."""


class TooLargeError(FieldError):
    """A file is larger than its field takes."""

    status = 413


class StoreFullError(FieldError):
    """The file store has no room left."""

    status = 507


class QueryError(CrmError):
    """A question that cannot be answered as it was asked; `problems` say what of it cannot be applied."""

    status = 400


class RecordError(CrmError):
    """A record cannot be saved; `problems` name every bad field."""


class ImportRowError(CrmError):
    """A file or a row of it cannot be imported."""


class OptionError(CrmError):
    """What a program asked for makes no sense; `problems` name every option."""

    status = 400


class NotAllowedError(CrmError):
    """The actor lacks the right."""

    status = 403


class NotFoundError(CrmError):
    """No such record, or none the actor may see: the two answer alike."""

    status = 404


class ConflictError(CrmError):
    """Somebody else saved first."""

    status = 409


class TakesLongError(CrmError):
    """It takes longer than a page waits; a worker has to do it."""

    status = 409


class UnavailableError(CrmError):
    """A part we need is away for the moment; trying again helps."""

    status = 503


def wait_problem(seconds: int) -> Problem:
    """Return the sentence that says when to try again."""
    if seconds <= 90:
        return Problem("http.429", {"seconds": seconds})
    return Problem("web.wait_minutes", {"minutes": -(-seconds // 60)})
