"""A draft: the documents an admin has edited, on top of the live revision."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from crm.drafts.texts import count_missing


@dataclass(frozen=True)
class Edit:
    """One document as a draft wants it.

    Shape:  `body` is None when the document is to be removed. `base` is the revision the edit was made on: what was
            published since and touches the same document is a clash.
    """

    kind: str
    name: str
    body: Mapping[str, Any] | None
    base: int
    user_name: str
    updated_at: dt.datetime


@dataclass(frozen=True)
class Draft:
    """What one admin has prepared; colleagues see it too.

    Shape:  `version` grows with every edit, so that an old form is noticed. `edits` are in the order they were begun.
    """

    id: int
    user_id: int | None
    user_name: str
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    edits: tuple[Edit, ...] = ()

    def find_edit(self, kind: str, name: str) -> Edit | None:
        """Return the edit of one document; None where the draft leaves it as it is."""
        return next((edit for edit in self.edits if (edit.kind, edit.name) == (kind, name)), None)

    @cached_property
    def missing_texts(self) -> dict[str, int]:
        """Return, for the edited entities that have any, how many texts lack words in some language."""
        bodies = {edit.name: edit.body for edit in self.edits if edit.kind == "entity" and edit.body}
        counts = {name: count_missing(body) for name, body in bodies.items()}
        return {name: count for name, count in counts.items() if count}


@dataclass(frozen=True)
class Clash:
    """One document that somebody published since the draft's edit began.

    Shape:  `base`, `mine` and `theirs` are bodies; None where there is no such document. `merged` holds both changes,
            and is None when both touched the same place.
    """

    kind: str
    name: str
    base: Mapping[str, Any] | None
    mine: Mapping[str, Any] | None
    theirs: Mapping[str, Any] | None
    merged: Mapping[str, Any] | None
