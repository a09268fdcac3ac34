"""`plan_activity: {kind: call, subject: "Call {name}", due_in: 2 days, for: owner}`: something to do for somebody."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from crm.entities.duties import ACTIVITY, declared_with, entities_with
from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import ANYTHING, TEXT, WORD, closed, one_key
from crm.entities.walk import SENT, Spot, Walker, to_be
from crm.fields import FIELD_TYPES, kind_of
from crm.fields.base import Field
from crm.fields.wall_clock import to_local
from crm.texts import N_, NP_, Text
from workflows import people
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.recipients import check_recipients
from workflows.actions.values import check_value
from workflows.placeholders import check_text
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.schedule import duration
from workflows.rules.words import recipient_words, say, span_words
from workflows.runs.together import create_all, each, for_good
from workflows.runs.work import attribute_of


def links_between(pointers: Mapping[str, str], entity: str, own: Mapping[str, str]) -> dict[str, str]:
    """Return by which field an activity is linked to what: to the record itself ("id"), and to what this refers to.

    Shape:  `pointers` are the references of the activities, `own` those of the record: names and target entities.

    >>> links_between({"customer": "customer", "complaint": "complaint"}, "complaint", {"customer": "customer"})
    {'customer': 'customer', 'complaint': 'id'}
    """
    found = {}
    for name, target in pointers.items():
        alike = [source for source, to in own.items() if to == target]
        if target == entity:
            found[name] = "id"
        elif name in alike or len(alike) == 1:
            found[name] = name if name in alike else alike[0]
    return found


def pointers_of(entity: Entity) -> dict[str, str]:
    """Return the references of an entity with the entities they lead to."""
    return {
        field.name: str(field.options.get("to"))
        for field in entity.fields.values()
        if FIELD_TYPES[field.type].links == "record"
    }


class PlanActivity(Action):
    """Plans an activity about the record, in the entity that is declared to hold them."""

    name = "plan_activity"
    label = NP_("step", "Plan an activity")
    shape = closed(
        entity=WORD,
        kind=WORD,
        subject=TEXT,
        due_in=ANYTHING,
        **{"for": {"anyOf": [WORD, one_key({"role": WORD, "user": WORD})]}},
    )
    is_set_based = True
    words = {
        "rule.no_activities": N_(
            "No entity has activities. Add “activity” to the entity that should have them."
        ),
        "rule.which_activities": N_("Several entities have activities. Enter one after “entity”."),
        "rule.activities_without_kind": N_("Activities of “%(entity)s” have no type. Remove it here."),
        "rule.unknown_activity_entity": N_("“%(name)s” has no activities."),
        "rule.unknown_activity_entity_near": N_("“%(name)s” has no activities. Did you mean “%(near)s”?"),
        "rule.says_plan_activity": N_("Plan: “%(subject)s”, for %(people)s, due in %(duration)s"),
        "rule.effect_planned": NP_("step", "Planned"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note a missing home of activities, and kinds, texts, durations and people that do not fit."""
        found = place.keys(body, self.keys, ("subject", "due_in", "for"))
        if not found:
            return
        if "subject" in found:
            text = place.reader.text(found, "subject", place.path)
            place.at("subject").add(check_text(text, place.entity, place.schema))
        if "due_in" in found and duration(found["due_in"]) is None:
            place.at("due_in").refuse("rule.bad_duration", value=str(found["due_in"])[:40])
        if isinstance(found.get("for"), list):
            place.at("for").refuse("rule.bad_recipient", value=str(found["for"])[:60])
        elif "for" in found:
            check_recipients(found["for"], place.at("for"))
        self._check_home(found, place)

    @staticmethod
    def _check_home(found: Mapping, place: Place) -> None:
        homes = entities_with(place.schema, ACTIVITY)
        if not homes:
            place.refuse("rule.no_activities")
        elif "entity" not in found and len(homes) > 1:
            place.refuse("rule.which_activities")
        elif "entity" not in found or place.at("entity").known(found["entity"], homes, "activity_entity"):
            home = homes[found["entity"]] if "entity" in found else next(iter(homes.values()))
            name = home.options[ACTIVITY.key].get("kind")
            if "kind" in found and name is None:
                place.at("kind").refuse("rule.activities_without_kind", entity=home.label)
            elif "kind" in found:
                check_value(found["kind"], place.at("kind"), home.fields[name])

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """The activity is created with the fields its entity declares; what links it to the record is read."""
        if not isinstance(body, Mapping):
            return body
        homes = declared_with(walker.declarations.documents, ACTIVITY)
        home = str(body.get("entity") or next(iter(homes), ""))
        declared = homes.get(home, {})
        self._walk_home(home, declared, spot, walker)
        kinds = {kind: to_be(SENT, walker.part(kind)) for kind in ("role", "user")}
        steps = {
            "entity": to_be("create", walker.entity),
            "kind": lambda value, at: walker.choice(value, at, home, str(declared.get("kind"))),
            "subject": walker.text,
            "for": lambda value, at: (
                walker.inside(value, at, kinds) if isinstance(value, Mapping) else walker.way(value, at)
            ),
        }
        return walker.inside(body, spot, steps)

    @staticmethod
    def _walk_home(home: str, declared: Mapping, spot: Spot, walker: Walker) -> None:
        known = walker.declarations
        if home not in known.entities:
            return
        written, names = spot.of(home).to_be("create"), list(declared.values())
        walker.entity(home, written)
        pointers, own = (
            {
                name: target
                for name in known.entities.get(entity, {})
                if (target := known.target(entity, name))
            }
            for entity in (home, spot.entity)
        )
        for name, source in links_between(pointers, spot.entity, own).items():
            names.append(name)
            walker.field(source, spot)
        for name in names:
            walker.field(name, written)

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say what is planned, for whom and when."""
        people_words = recipient_words(step.body["for"], schema, entity, language)
        subject, due_in = Text(step.body["subject"]).get(language), step.body["due_in"]
        return say(
            "rule.says_plan_activity",
            language,
            subject=subject,
            people=people_words,
            duration=span_words(due_in, language),
        )

    def perform(self, step: Step, work: Any) -> Outcome:
        """Create the activity through the records' service, as the rule."""
        with self._choosing(step, [work]) as choose:
            values, person = self._plan(step, work, choose)
        return self._outcome(step, work, work.create(self._home(step, work).name, values).id, person)

    def perform_all(self, step: Step, works: Sequence[Any]) -> Sequence[Any]:
        """Create one for every record."""
        with self._choosing(step, works) as choose:
            planned = each(works, lambda work: self._plan(step, work, choose))
        values = [one[0] if isinstance(one, tuple) else one for one in planned]

        def told(places: list[int], ids: list[int]) -> Sequence[Any]:
            return [
                self._outcome(step, works[place], number, planned[place][1])
                for place, number in zip(places, ids, strict=True)
            ]

        return for_good(create_all(works, self._home(step, works[0]).name, values), told)

    @staticmethod
    def _home(step: Step, work: Any) -> Entity:
        homes = entities_with(work.schema, ACTIVITY)
        return homes[step.body["entity"]] if "entity" in step.body else next(iter(homes.values()))

    def _plan(self, step: Step, work: Any, choose: Any) -> tuple[dict[str, Any], people.Person | None]:
        """Return the fields of the activity, and who gets it."""
        home, body = self._home(step, work), step.body
        declared = home.options[ACTIVITY.key]
        person = choose(work)
        due = work.now + duration(body["due_in"])
        language = person.language if person and person.language else work.organisation.language
        moments = {
            declared[word]: moment_of(due, home.fields[declared[word]], work)
            for word in ("at", "due")
            if word in declared
        }
        links = {
            name: None
            if source == "id" and work.is_gone
            else getattr(work.record, "id" if source == "id" else attribute_of(work.entity.fields[source]))
            for name, source in links_between(
                pointers_of(home), work.entity.name, pointers_of(work.entity)
            ).items()
        }
        kind = {declared["kind"]: body["kind"]} if body.get("kind") is not None else {}
        subject = {declared["subject"]: work.in_language(body["subject"], language)}
        return {**links, **moments, **kind, **subject, declared["for"]: person.id if person else None}, person

    @staticmethod
    @contextmanager
    def _choosing(step: Step, works: Sequence[Any]) -> Iterator[Callable[[Any], people.Person | None]]:
        """Give the function that chooses who gets the activity of a work; those of a role get it in turn."""
        whom, first = step.body["for"], works[0]
        if isinstance(whom, Mapping) and "role" in whom:
            with people.in_turn(first.session, whom["role"], f"{first.rule.name}:{step.path}") as take:
                yield lambda _work: take()
        else:
            yield lambda work: next(iter(work.users(whom)), None)

    def _outcome(self, step: Step, work: Any, number: int, person: people.Person | None) -> Outcome:
        to = {"to": person.name} if person else {}
        return Outcome({"action": self.name, "entity": self._home(step, work).name, "record": number, **to})

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say which activity was planned."""
        yield say("rule.effect_planned", language), f"{target} #{effect['record']}"


def moment_of(due: dt.datetime, field: Field, work: Any) -> Any:
    """Return a moment as a field takes it: a day where it holds days."""
    if kind_of(field) == "date":
        return to_local(due, work.organisation.zone).date()
    return due.replace(tzinfo=dt.UTC)
