"""`notify: {to: {role: manager}, text: {en: "{title} is still waiting."}}`: a message in the app."""

from __future__ import annotations

from typing import Any

from crm import notifications
from crm.entities.model import Entity, Schema
from workflows.actions.base import Action, Outcome, Place
from workflows.actions.recipients import check_recipients
from workflows.placeholders import check_text
from workflows.rules.model import Step
from workflows.rules.words import recipient_words, say


class Notify(Action):
    """Tells users in the app, each in the language they read; the text is kept in every language."""

    name = "notify"
    keys = ("to", "text")

    def check(self, body: Any, place: Place) -> None:
        """Note unknown people and unknown names in the text."""
        found = place.keys(body, self.keys, ("to", "text"))
        if "to" in found:
            check_recipients(found["to"], place.at("to"))
        if "text" in found:
            text = place.reader.text(found, "text", place.path)
            place.at("text").add(check_text(text, place.entity, place.schema))

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say who is told."""
        return say(
            "rule.says_notify", language, people=recipient_words(step.body["to"], schema, entity, language)
        )

    def perform(self, step: Step, work: Any) -> Outcome:
        """Write one notification per user; the link leads to the record, if it still exists."""
        users = work.users(step.body["to"])
        words = work.in_every_language(step.body["text"])
        for user in users:
            notifications.add_notification(
                work.session,
                notifications.Notice(
                    user_id=user.id,
                    text=words,
                    entity=work.entity.name,
                    record_id=None if work.is_gone else work.record.id,
                    key=f"{work.key}:{user.id}",
                ),
            )
        language = work.organisation.language
        effect = {"action": self.name, "to": [user.name for user in users], "text": words[language]}
        return Outcome(effect)
