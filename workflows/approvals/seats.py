"""Who has a say in an approval, as things are now, and what all they said comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm.fields.wall_clock import to_local
from crm.permissions.service import ADMIN_ROLE
from workflows import people
from workflows.approvals import store

FIRST, ALL, IN_ORDER = "first_of", "all", "in_order"
WAYS = (FIRST, ALL, IN_ORDER)


def asked_now(work: Any, of: Any) -> list[people.Person]:
    """Return who decides now: active users who may see the record; administrators where nobody else is left."""
    found = [person for person in work.users(of) if work.reader(person.id)]
    if found:
        return found
    admins = people.list_of_role(work.session, ADMIN_ROLE)
    return [person for person in admins if work.reader(person.id)]


def stand_ins_now(work: Any, asked: Sequence[people.Person]) -> dict[int, people.Person]:
    """Return who stands in for those who are away, as far as they are active and may see the record."""
    today = to_local(work.now, work.organisation.zone).date()
    chosen = store.list_stand_ins(work.session, [person.id for person in asked], today)
    found = {absent: work.person(number) for absent, number in chosen.items()}
    return {absent: person for absent, person in found.items() if person and work.reader(person.id)}


def refresh(work: Any, of: Any, text: Any, approval_id: int) -> list[Mapping]:
    """Give a say to whom it belongs now, take it from others who have not spoken; return the seats."""
    asked = asked_now(work, of)
    stand_ins = stand_ins_now(work, asked)
    before = {row["person_id"]: row for row in store.list_seats(work.session, [approval_id])[approval_id]}
    store.take_seats(work.session, approval_id, before.keys() - {person.id for person in asked})
    new = [
        {
            "approval_id": approval_id,
            "person_id": person.id,
            "place": place,
            "text": work.in_every_language(text, work.reader(person.id)),
            "reason": "",
        }
        for place, person in enumerate(asked)
        if person.id not in before
    ]
    store.add_seats(work.session, new)
    for person in asked:
        known = before.get(person.id, {})
        stand_in = stand_ins.get(person.id)
        number = stand_in.id if stand_in else None
        if known.get("stand_in_id") != number:
            words = work.in_every_language(text, work.reader(number)) if stand_in else None
            store.change_seat(work.session, approval_id, person.id, stand_in_id=number, stand_in_text=words)
    return store.list_seats(work.session, [approval_id])[approval_id]


def open_seats(seats: Sequence[Mapping], way: str) -> list[Mapping]:
    """Return the seats from which somebody may speak now: in an order only the first that is still open."""
    found = [row for row in seats if row["verdict"] is None]
    return found[:1] if way == IN_ORDER else found


def verdict_of(seats: Sequence[Mapping], way: str) -> str:
    """Return what has been decided, or that it waits: one refusal refuses, and who is first or all together approve."""
    said = {row["verdict"] for row in seats}
    if store.REFUSED in said:
        return store.REFUSED
    is_approved = store.APPROVED in said if way == FIRST else said == {store.APPROVED}
    return store.APPROVED if is_approved else store.WAITING
