"""What actions do with many records in one transaction; whatever is refused for one stays with that one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crm.errors import CrmError
from crm.records.many import ApartError, Save, create_together, update_together
from workflows.runs.budget import RECORDS, spend_many
from workflows.runs.work import Work

Refused = CrmError | ApartError


def each(works: Sequence[Work], call: Callable[[Work], Any]) -> list[Any]:
    """Return what a call gives for each, or why it was refused.

    Errors: TooSlowError.
    """
    found = []
    for work in works:
        work.stay_in_time()
        try:
            found.append(call(work))
        except CrmError as error:
            found.append(error)
    return found


def for_good(found: list[Any], call: Callable[[list[int], list[Any]], Sequence[Any]]) -> list[Any]:
    """Put what a call makes of the good ones into their places; it is given the places and what stands there."""
    places = [place for place, one in enumerate(found) if not isinstance(one, Refused)]
    made = call(places, [found[place] for place in places]) if places else ()
    for place, one in zip(places, made, strict=True):
        found[place] = one
    return found


def update_all(works: Sequence[Work], values: Sequence[Mapping[str, Any] | Refused]) -> list[Any]:
    """Write fields of each work's record; return what changed in each, or why it was refused.

    Errors: as `update_together`; ApartError when it would be too much for a cause.
    """

    def write(places: list[int], sent: list[Mapping[str, Any]]) -> Sequence[Any]:
        mine = [works[place] for place in places]
        saves = [Save(given, work.cause, work.record) for given, work in zip(sent, mine, strict=True)]
        made = update_together(mine[0].session, mine[0].entity, saves, mine[0].situation())
        spend_all(
            [work for work, one in zip(mine, made, strict=True) if one and isinstance(one, dict)], RECORDS
        )
        return made

    return for_good(list(values), write)


def create_all(
    works: Sequence[Work], entity: str, values: Sequence[Mapping[str, Any] | Refused]
) -> list[Any]:
    """Create a record for each work; return the id of each, or why it was refused.

    Errors: as `update_all`.
    """

    def write(places: list[int], sent: list[Mapping[str, Any]]) -> Sequence[Any]:
        mine = [works[place] for place in places]
        saves = [Save(given, work.cause) for given, work in zip(sent, mine, strict=True)]
        target = mine[0].schema.entities[entity]
        made = create_together(mine[0].session, target, saves, mine[0].situation())
        spend_all([work for work, one in zip(mine, made, strict=True) if isinstance(one, int)], RECORDS)
        return made

    return for_good(list(values), write)


def spend_all(works: Sequence[Work], kind: str) -> None:
    """Count one thing more for each work's cause.

    Errors: ApartError when it would be too much for one of them: alone each says so for itself.
    """
    counts = Counter(work.root for work in works)
    if counts and not spend_many(works[0].session, counts, kind):
        raise ApartError
