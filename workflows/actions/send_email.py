"""`send_email: {to: customer.email, template: complaint_received}`: an e-mail in the recipient's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import WORD, closed
from crm.entities.walk import Spot, Walker
from crm.texts import N_, NP_
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.recipients import PEOPLE, check_recipients, say_unreached, unreached, walk_recipients
from workflows.mail import outbox
from workflows.placeholders import check_text
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import recipient_words, say
from workflows.runs.budget import MAILS


class SendEmail(Action):
    """Puts one e-mail per recipient into the outbox; it leaves after the step is committed, and once."""

    name = "send_email"
    label = NP_("step", "Send an email")
    shape = closed(to=PEOPLE, template=WORD)
    words = {
        "rule.unknown_template": N_("There is no message template “%(name)s”."),
        "rule.unknown_template_near": N_("There is no message template “%(name)s”. Did you mean “%(near)s”?"),
        "rule.says_email": N_("Send email “%(template)s” to: %(people)s"),
        "rule.effect_nobody": N_("No recipient had an email address."),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown recipients and templates, and names in the template that this entity lacks."""
        found = place.keys(body, self.keys, ("to", "template"))
        if "to" in found:
            check_recipients(found["to"], place.at("to"), with_addresses=True)
        templates = place.schema.parts.get("template", {})
        if "template" not in found or not place.at("template").known(
            found["template"], templates, "template"
        ):
            return
        template = templates[found["template"]]
        if template is None:
            return
        for text in (template.subject, template.body):
            place.at("template").add(check_text(text, place.entity, place.schema))

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """What the template names is read, and sent to whom `to` names."""
        steps = {
            "to": lambda value, at: walk_recipients(value, at, walker),
            "template": walker.part("template"),
        }
        return walker.inside(body, spot, steps)

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say who gets which message."""
        template = schema.parts["template"][step.body["template"]]
        people = recipient_words(step.body["to"], schema, entity, language)
        return say("rule.says_email", language, people=people, template=template.label or template.name)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Write the messages, ready in the recipient's language; somebody without an address gets none."""
        template = work.schema.parts["template"][step.body["template"]]
        sent, out_of_reach = [], []
        for number, recipient in enumerate(work.addresses(step.body["to"])):
            message = work.compose(template, recipient)
            (sent if message else out_of_reach).append(recipient.address)
            if message is None:
                continue
            work.spend(MAILS)
            about = (work.entity.name, work.record.id)
            outbox.add_message(work.session, message, f"{work.key}:{number}", about, work.cause)
        effect = {"action": self.name, "to": sent, "template": template.name, **unreached(out_of_reach)}
        return Outcome(effect if sent or out_of_reach else {**effect, "nobody": True})

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say when there was nobody to send it to."""
        if effect.get("nobody"):
            yield "", say("rule.effect_nobody", language)
        yield from say_unreached(effect, language)
