"""`assign: {field: owner, among: {role: service}, by: least_busy}`, or `{to: customer.owner}`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import ANYTHING, WORD, closed
from crm.entities.walk import SENT, Spot, Walker, to_be
from crm.errors import RuleError
from crm.fields import FIELD_TYPES
from crm.texts import N_, NP_
from workflows import people
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.matching import SHAPE, check_match, groups_of, suiting, walk_match
from workflows.paths import find_path, value_of
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import path_words, say
from workflows.runs.together import each, for_good, update_all

WAYS = ("round_robin", "least_busy")


def field_name(body: Mapping, entity: Entity) -> str | None:
    """Return the user field an assignment fills: the one it names, `owner`, or the only one there is."""
    users = [field.name for field in entity.fields.values() if FIELD_TYPES[field.type].links == "user"]
    if body.get("field"):
        return str(body["field"])
    if "owner" in users or len(users) == 1:
        return "owner" if "owner" in users else users[0]
    return None


class Assign(Action):
    """Gives the record to a user: a certain one, a related record's, or one of a role in turn or by load."""

    name = "assign"
    label = NP_("step", "Assign to a user")
    labels = {
        "among": NP_("key", "Users with a role"),
        "by": NP_("key", "Choose by"),
        "counting": NP_("key", "Count only records where"),
        "match": NP_("key", "Prefer those whose groups match"),
        "language": NP_("key", "Language from"),
        "region": NP_("key", "Region from"),
        "skill": NP_("key", "Skill from"),
        "round_robin": NP_("option", "In turn"),
        "least_busy": NP_("option", "Least busy"),
    }
    shape = closed(
        field=WORD,
        to={"anyOf": [WORD, closed(user=WORD)]},
        among=closed(role=WORD),
        by={"enum": list(WAYS)},
        counting=ANYTHING,
        match=SHAPE,
    )
    writes_record = True
    is_set_based = True
    words = {
        "rule.assign_needs_one": N_("Use either “to” or “among”."),
        "rule.assign_needs_field": N_("Enter the user field to fill after “field”."),
        "rule.unknown_way": N_("“%(name)s” is not a way to choose a user. Use round_robin or least_busy."),
        "rule.unknown_way_near": N_("“%(name)s” is not a way to choose a user. Did you mean “%(near)s”?"),
        "rule.nobody_in_role": N_("No active user has the role “%(role)s”."),
        "rule.path_is_empty": N_("No user found in “%(path)s”."),
        "rule.says_assign_to": NP_("step", "Assign: %(person)s"),
        "rule.says_assign_least_busy": N_("Assign: least busy user with the role “%(role)s”"),
        "rule.says_assign_round_robin": N_("Assign: users with the role “%(role)s” in turn"),
        "rule.effect_why": NP_("step", "Why"),
        "rule.effect_load": NP_("step", "records: %(count)s"),
        "rule.cannot_match": N_("“%(name)s” can't be compared with the groups of users."),
        "rule.says_matching": N_("%(whole)s who matches: %(fields)s"),
        "rule.effect_matched": NP_("step", "Matches"),
        "rule.effect_missed": NP_("step", "Nobody matches"),
        "rule.effect_turn": N_("It was this user's turn."),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown fields, paths and roles, and ways of choosing that do not exist."""
        found = place.keys(body, self.keys)
        if not found:
            return
        self._check_field(found, place)
        if ("to" in found) == ("among" in found):
            place.refuse("rule.assign_needs_one")
        elif "to" in found:
            self._check_person(found["to"], place.at("to"))
        else:
            self._check_among(found, place)

    @staticmethod
    def _check_field(found: Mapping, place: Place) -> None:
        name = field_name(found, place.entity)
        users = [
            field.name for field in place.entity.fields.values() if FIELD_TYPES[field.type].links == "user"
        ]
        if name is None:
            place.refuse("rule.assign_needs_field")
        elif name in place.entity.fields and name not in users:
            place.at("field").refuse("rule.not_a_user", name=name)
        else:
            place.at("field").known(name, users, "field_of_target")

    @staticmethod
    def _check_person(person: Any, place: Place) -> None:
        if isinstance(person, Mapping):
            found = place.keys(person, ("user",), ("user",))
            if found and not isinstance(found.get("user"), str):
                place.refuse("rule.bad_recipient", value=str(dict(person))[:60])
            return
        path = place.find(person)
        if path and FIELD_TYPES[path.field.type].links != "user":
            place.refuse("rule.not_a_user", name=str(person)[:60])

    @staticmethod
    def _check_among(found: Mapping, place: Place) -> None:
        among = place.at("among").keys(found["among"], ("role",), ("role",))
        if "role" in among:
            place.at("among", "role").known(among["role"], place.schema.parts.get("role", {}), "role")
        place.at("by").known(found.get("by", WAYS[0]), WAYS, "way")
        if "counting" in found:
            place.at("counting").conditions(found["counting"])
        if "match" in found:
            check_match(found["match"], place.at("match"))

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """The user field is written; who gets the record is read, or is one of a role."""
        steps = {
            "field": to_be("update", walker.field),
            "to": walker.way,
            "among": lambda value, at: walker.inside(value, at, {"role": to_be(SENT, walker.part("role"))}),
            "counting": walker.lines,
            "match": lambda value, at: walk_match(value, at, walker),
        }
        return walker.inside(body, spot, steps)

    def condition_of(self, body: Any, entity: Entity, schema: Schema) -> Any:
        """Return what a busy colleague's records are counted by (`counting`), if it is said."""
        return self.parse(body.get("counting"), entity, schema)

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say who gets the record."""
        body = step.body
        if "to" in body:
            person = body["to"]["user"] if isinstance(body["to"], Mapping) else body["to"]
            return say("rule.says_assign_to", language, person=person)
        role = schema.parts["role"][body["among"]["role"]].label
        by = body.get("by", WAYS[0])
        code = "rule.says_assign_least_busy" if by == "least_busy" else "rule.says_assign_round_robin"
        sentence = say(code, language, role=role)
        if not body.get("match"):
            return sentence
        fields = ", ".join(path_words(path, schema, entity, language) for path in body["match"].values())
        return say("rule.says_matching", language, whole=sentence, fields=fields)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Choose the user, note why, and write the field."""
        name = field_name(step.body, work.entity)
        with self._choosing(step, [work]) as choose:
            user, reason = choose(work)
        return self._outcome(name, user, reason, work.update(work.record, {name: user.id}))

    def perform_all(self, step: Step, works: Sequence[Any]) -> Sequence[Any]:
        """Choose a user for every record, one after the other, then write all."""
        name = field_name(step.body, works[0].entity)
        with self._choosing(step, works) as choose:
            chosen = each(works, choose)
        values = [{name: one[0].id} if isinstance(one, tuple) else one for one in chosen]

        def told(places: list[int], changes: list[Any]) -> Sequence[Any]:
            return [
                self._outcome(name, *chosen[place], one) for place, one in zip(places, changes, strict=True)
            ]

        return for_good(update_all(works, values), told)

    def _outcome(self, name: str, user: people.Person, reason: Mapping, changes: Mapping) -> Outcome:
        return Outcome(
            {"action": self.name, "field": name, "to": user.name, "why": reason, "changes": changes}
        )

    @contextmanager
    def _choosing(self, step: Step, works: Sequence[Any]) -> Iterator[Callable[[Any], tuple]]:
        """Give the function that chooses a user for a work; whose turn it was is noted at the end."""
        body, first = step.body, works[0]
        if "to" in body:
            yield lambda work: (self._named(body["to"], work), {"by": "name"})
            return
        role = body["among"]["role"]
        candidates = people.list_of_role(first.session, role)
        if not candidates:
            raise people.nobody_in(first.session, role)
        turns = people.Turns(first.session, f"{first.rule.name}:{step.path}")
        match = body.get("match") or {}
        groups = groups_of(first, candidates) if match else {}
        if body.get("by") == "least_busy":
            name = field_name(body, first.entity)
            counts = first.count_by_user(name, step.condition, [person.id for person in candidates])

            def choose(work: Any, suited: Sequence[people.Person]) -> tuple[people.Person, dict]:
                return self._least_busy(step, work, (turns, suited, counts))
        else:

            def choose(work: Any, suited: Sequence[people.Person]) -> tuple[people.Person, dict]:
                return self._next(turns, suited)

        def suited(work: Any) -> tuple[people.Person, dict]:
            found, why = suiting(match, work, candidates, groups)
            chosen, reason = choose(work, found)
            return chosen, {**reason, **why}

        yield suited
        turns.save()

    @staticmethod
    def _named(person: Any, work: Any) -> people.Person:
        if isinstance(person, Mapping):
            found = people.find_by_username(work.session, person["user"])
            if found is None:
                raise RuleError("rule.no_such_user", name=person["user"])
            return found
        path = find_path(person, work.entity, work.schema)
        user_id = value_of(work.session, work.record, path)
        found = work.person(user_id) if user_id else None
        if found is None:
            raise RuleError("rule.path_is_empty", path=person)
        return found

    @staticmethod
    def _least_busy(step: Step, work: Any, among: tuple) -> tuple[people.Person, dict]:
        """Fewest records first; of equals, the one whose turn is longest ago."""
        turns, candidates, counts = among
        chosen = min(
            candidates, key=lambda person: (counts.get(person.id, 0), turns.last(person.id), person.id)
        )
        turns.take(chosen.id)
        load = {person.name: counts.get(person.id, 0) for person in candidates}
        before = getattr(work.record, f"{field_name(step.body, work.entity)}_id")
        if before != chosen.id and (step.condition is None or work.holds(step.condition)):
            counts[chosen.id] = counts.get(chosen.id, 0) + 1
            counts[before] = counts.get(before, 0) - 1
        return chosen, {"by": "least_busy", "records": load}

    @staticmethod
    def _next(turns: people.Turns, candidates: Sequence[people.Person]) -> tuple[people.Person, dict]:
        chosen = min(candidates, key=lambda person: (turns.last(person.id), person.id))
        turns.take(chosen.id)
        return chosen, {"by": "round_robin", "among": [person.name for person in candidates]}

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say why this user: how much each had to do, or that it was this one's turn."""
        why = effect.get("why") or {}
        for name, count in (why.get("records") or {}).items():
            yield name, say("rule.effect_load", language, count=count)
        for word, code in (("matched", "rule.effect_matched"), ("missed", "rule.effect_missed")):
            if why.get(word):
                yield say(code, language), ", ".join(why[word].values())
        if why.get("by") == "round_robin":
            yield say("rule.effect_why", language), say("rule.effect_turn", language)
