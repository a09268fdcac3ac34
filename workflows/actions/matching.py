"""Who of some users suits a record: by language, region or skill, which are the groups a user is in.

A user speaks the language of their profile and of every group called like one. A group is called like a value when its
name is the word the field keeps, or its label in any language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crm.entities.schema_parts import WORD, closed
from crm.entities.walk import Spot, Walker
from crm.fields.fold import fold
from crm.permissions.store import list_groups_of
from crm.texts import LANGUAGES
from workflows import people
from workflows.paths import Path, find_path
from workflows.rules.place import Place

CRITERIA = ("language", "region", "skill")
SHAPE = closed(**dict.fromkeys(CRITERIA, WORD))


def check_match(body: Any, place: Place) -> None:
    """Note unknown criteria, and paths that lead to nothing with a name."""
    for word, path in place.keys(body, CRITERIA).items():
        found = place.at(word).find(path) if word in CRITERIA else None
        if found and (found.entity is None or found.field.encrypted or found.is_title or found.is_link):
            place.at(word).refuse("rule.cannot_match", name=str(path)[:60])


def walk_match(body: Any, spot: Spot, walker: Walker) -> Any:
    """What the criteria ask of the record is read."""
    return walker.inside(body, spot, dict.fromkeys(CRITERIA, walker.way))


def groups_of(work: Any, candidates: Sequence[people.Person]) -> Mapping[int, set[str]]:
    """Return what each user's groups are called, folded; their language among them."""
    found = list_groups_of(work.session.connection(), [person.id for person in candidates])
    return {
        person.id: {
            fold(name)
            for name in (*found.get(person.id, ()), *([person.language] if person.language else ()))
        }
        for person in candidates
    }


def suiting(
    match: Mapping[str, str], work: Any, candidates: Sequence[people.Person], groups: Mapping[int, set[str]]
) -> tuple[list[people.Person], dict[str, Any]]:
    """Return who suits a record, and by what; a criterion that nobody meets, or that is empty, is passed over."""
    left, matched, missed = list(candidates), {}, {}
    for criterion, text in match.items():
        path = find_path(text, work.entity, work.schema)
        value = work.value_at(path) if isinstance(path, Path) else None
        words = _words(path.field, value) if value and isinstance(path, Path) else set()
        if not words:
            continue
        found = [person for person in left if groups[person.id] & words]
        shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        (matched if found else missed)[criterion] = shown
        left = found or left
    why = {**({"matched": matched} if matched else {}), **({"missed": missed} if missed else {})}
    return left, why


def _words(field: Any, value: Any) -> set[str]:
    """Return every name of a value: what is kept, and what people call it."""
    values = value if isinstance(value, tuple) else (value,)
    choices = field.options.get("choices") or {}
    names = [str(one) for one in values]
    names += [choices[one].label.get(each) for one in values if one in choices for each in LANGUAGES]
    return {fold(name) for name in names}
