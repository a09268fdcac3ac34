"""Refusals that carry more than sentences: what a program needs to go on."""

from __future__ import annotations

from typing import Any

from flask import Response

from crm.database import CrmSession
from crm.drafts import history
from crm.errors import CrmError
from crm.web.rest.answers import answer
from crm.web.serving.errors import body_of, failure_of


def refused(error: CrmError, **more: Any) -> Response:
    """Return the answer to an error in the one shape there is, with more keys in it."""
    return answer({"error": {**body_of(failure_of(error)), **more}}, error.status)


def published_since(session: CrmSession, error: CrmError) -> dict[str, Any]:
    """Return the changes that were published since the revision somebody began at, when an error speaks of one."""
    base, live = error.params.get("base"), error.params.get("live")
    if not (isinstance(base, int) and isinstance(live, int) and 0 < base < live):
        return {}
    return {"changes": history.compare_revisions(session, base, live).changes}
