"""Search over REST: records of every kind that the caller may see, by typed words, with their counts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Response, request
from flask_appbuilder import AppBuilder, expose

from crm.errors import Problem, QueryError
from crm.fields.words import LONGEST_QUERY
from crm.records.search import Group, search_everywhere
from crm.revisions.workspace import Workspace
from crm.web.rest.described import NUMBER, TEXT, DescribedApi, a_list, an_object, described
from crm.web.rest.entity import answer, for_users
from crm.web.search_pages import COUNTED, hit_url
from crm.web.serving.session import current_session

USUAL, MOST = 20, 100  # results
KNOWN = ("q", "limit")
RESULT = an_object(entity=TEXT, id=NUMBER, title=TEXT, detail=TEXT, url=TEXT)
FOUND = an_object(
    query=TEXT, results=a_list(RESULT), counts={"type": "object", "additionalProperties": NUMBER}
)
ASKED = (
    {"in": "query", "name": "q", "required": True, "schema": TEXT, "description": "words in any order"},
    {
        "in": "query",
        "name": "limit",
        "schema": {**NUMBER, "minimum": 1, "maximum": MOST, "default": USUAL},
        "description": "results at most, the best of each entity first",
    },
)


@dataclass(frozen=True)
class Asked:
    """What a call asks for, checked."""

    words: str
    limit: int


class SearchApi(DescribedApi):
    """Search over REST."""

    resource_name = "search"

    @expose("")
    @for_users
    @described(gives=FOUND, asks=ASKED)
    def get(self) -> Response:
        """Return the records that typed words find, and by entity how many there are, up to 1,000 of each."""
        session, asked = current_session(), read_arguments()
        groups = search_everywhere(session, asked.words, asked.limit, COUNTED)
        language = session.actor.language
        results = [
            {
                "entity": group.entity.name,
                "id": hit.id,
                "title": hit.title,
                "detail": hit.note or group.entity.label.get(language),
                "url": hit_url(hit),
            }
            for group, hit in shared_out(groups, asked.limit)
        ]
        counts = {group.entity.name: group.count for group in groups}
        return answer({"query": asked.words, "results": results, "counts": counts})


def shared_out(groups: list[Group], limit: int) -> list:
    """Return so many hits of all groups, group by group: each as many as the others, and what these leave over."""
    places = [(place, number) for number, group in enumerate(groups) for place in range(len(group.hits))]
    chosen = sorted(sorted(places)[:limit], key=lambda one: one[::-1])
    return [(groups[number], groups[number].hits[place]) for place, number in chosen]


def read_arguments() -> Asked:
    """Return what the address asks for.

    Errors: QueryError with every problem.
    """
    sent = request.args
    unknown = [key[:60] for key in sent if key not in KNOWN]
    problems = [Problem("web.search_argument", {"name": key}, key) for key in unknown]
    words = sent.get("q")
    if words is None:
        problems.append(Problem("web.nothing_to_search", field="q"))
    limit = sent.get("limit", str(USUAL))
    if not re.fullmatch("[0-9]{1,3}", limit) or not 1 <= int(limit) <= MOST:
        problems.append(Problem("web.bad_limit", {"limit": MOST}, "limit"))
    if problems:
        raise QueryError("web.bad_search", problems)
    return Asked((words or "").strip()[:LONGEST_QUERY], int(limit))


def register(appbuilder: AppBuilder, _workspace: Workspace) -> None:
    """Register the resource."""
    appbuilder.add_api(SearchApi)
