"""`notify: {to: {role: manager}, text: {en: "{title} is still waiting."}}`: a message in the app."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crm import notifications
from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import TEXT, closed
from crm.entities.walk import Spot, Walker
from crm.texts import NP_
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.recipients import PEOPLE, check_recipients, say_unreached, unreached, walk_recipients
from workflows.placeholders import check_text
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import recipient_words, say
from workflows.runs.budget import NOTICES
from workflows.runs.together import each, for_good, spend_all


class Notify(Action):
    """Tells users in the app, each in the language they read; the text is kept in every language."""

    name = "notify"
    label = NP_("step", "Notify users")
    shape = closed(to=PEOPLE, text=TEXT)
    is_set_based = True
    words = {
        "rule.says_notify": NP_("step", "Notify: %(people)s"),
        "rule.effect_text": NP_("step", "Text"),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown people and unknown names in the text."""
        found = place.keys(body, self.keys, ("to", "text"))
        if "to" in found:
            check_recipients(found["to"], place.at("to"))
        if "text" in found:
            text = place.reader.text(found, "text", place.path)
            place.at("text").add(check_text(text, place.entity, place.schema))

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """What the text names is read, and told to whom `to` names."""
        steps = {"to": lambda value, at: walk_recipients(value, at, walker), "text": walker.text}
        return walker.inside(body, spot, steps)

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say who is told."""
        return say(
            "rule.says_notify", language, people=recipient_words(step.body["to"], schema, entity, language)
        )

    def perform(self, step: Step, work: Any) -> Outcome:
        """Write one notification per user; the link leads to the record, if it still exists."""
        notices, outcome = self._notices(step, work)
        for notice in notices:
            work.spend(NOTICES)
            notifications.add_notification(work.session, notice)
        return outcome

    def perform_all(self, step: Step, works: Sequence[Any]) -> Sequence[Any]:
        """Write the notifications of every record."""

        def write(places: list[int], found: list[Any]) -> Sequence[Any]:
            told = [
                (works[place], notice)
                for place, (notices, _) in zip(places, found, strict=True)
                for notice in notices
            ]
            spend_all([work for work, _notice in told], NOTICES)
            notifications.add_notifications(works[0].session, [notice for _work, notice in told])
            return [outcome for _notices, outcome in found]

        return for_good(each(works, lambda work: self._notices(step, work)), write)

    def _notices(self, step: Step, work: Any) -> tuple[list[notifications.Notice], Outcome]:
        """Return what is told, and the outcome."""
        told, out_of_reach, notices = [], [], []
        for user in work.users(step.body["to"]):
            reader = work.reader(user.id)
            (told if reader else out_of_reach).append(user.name)
            if reader is None:
                continue
            notice = notifications.Notice(
                user_id=user.id,
                text=work.in_every_language(step.body["text"], reader),
                entity=work.entity.name,
                record_id=None if work.is_gone else work.record.id,
                key=f"{work.key}:{user.id}",
            )
            notices.append(notice)
        words = work.in_language(step.body["text"], work.organisation.language)
        effect = {"action": self.name, "to": told, "text": words, **unreached(out_of_reach)}
        return notices, Outcome(effect)

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say what was told."""
        yield say("rule.effect_text", language), effect["text"]
        yield from say_unreached(effect, language)
