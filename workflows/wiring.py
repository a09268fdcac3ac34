"""What `app.py` calls to make rules part of the house."""

from __future__ import annotations

from workflows import people as _people  # noqa: F401 - declares its table
from workflows.mail import outbox as _outbox  # noqa: F401 - declares its table
from workflows.rules.kinds import register_kinds
from workflows.runs import store as _store  # noqa: F401 - declares its tables

__all__ = ["register_kinds"]
