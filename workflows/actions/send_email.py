"""`send_email: {to: customer.email, template: complaint_received}`: an e-mail in the recipient's language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import FLAG, WORD, closed
from crm.entities.walk import Spot, Walker
from crm.records.contact import refusal_of
from crm.texts import N_, NP_
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.recipients import PEOPLE, check_recipients, say_unreached, unreached, walk_recipients
from workflows.mail import outbox, policy
from workflows.placeholders import check_text
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import recipient_words, say
from workflows.runs.budget import MAILS


class SendEmail(Action):
    """Puts one e-mail per recipient into the outbox; it leaves after the step is committed, and once."""

    name = "send_email"
    label = NP_("step", "Send an email")
    labels = {"service": NP_("key", "Required by law or agreement")}
    shape = closed(to=PEOPLE, template=WORD, service=FLAG)
    words = {
        "rule.unknown_template": N_("There is no message template “%(name)s”."),
        "rule.unknown_template_near": N_("There is no message template “%(name)s”. Did you mean “%(near)s”?"),
        "rule.says_email": N_("Send email “%(template)s” to: %(people)s"),
        "rule.says_service_email": N_("Send service email “%(template)s” to: %(people)s"),
        "rule.effect_service": N_("Service message: sent regardless of the contact policy"),
        "rule.effect_nobody": N_("No recipient had an email address."),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown recipients and templates, and names in the template that this entity lacks."""
        found = place.keys(body, self.keys, ("to", "template"))
        if "to" in found:
            check_recipients(found["to"], place.at("to"), with_addresses=True)
        place.reader.flag(found, "service", place.path)
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
        code = "rule.says_service_email" if step.body.get("service") else "rule.says_email"
        return say(code, language, people=people, template=template.label or template.name)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Write the messages, ready in the recipient's language; somebody without an address gets none."""
        template = work.schema.parts["template"][step.body["template"]]
        sent, out_of_reach, held_back = [], [], []
        for number, recipient in enumerate(work.addresses(step.body["to"])):
            message = work.compose(template, recipient)
            if message is None:
                out_of_reach.append(recipient.address)
                continue
            guarded = self._guarded(step, recipient.holder)
            if guarded.held:
                held_back.append([recipient.address, guarded.held])
            else:
                work.spend(MAILS)
                sent.append(recipient.address)
            about = (work.entity.name, work.record.id)
            outbox.add_message(work.session, message, f"{work.key}:{number}", about, work.cause, guarded)
        effect = {"action": self.name, "to": sent, "template": template.name, **unreached(out_of_reach)}
        effect |= {"held_back": held_back} if held_back else {}
        effect |= {"service": True} if step.body.get("service") else {}
        return Outcome(effect if sent or out_of_reach or held_back else {**effect, "nobody": True})

    @staticmethod
    def _guarded(step: Step, holder: Any) -> outbox.Guarded:
        """Return what the contact policy says of a recipient already; it is asked again when the mail leaves."""
        person, is_service = policy.person_key(holder), bool(step.body.get("service"))
        refusal = refusal_of(holder, policy.EMAIL) if person and not is_service else ""
        return outbox.Guarded(person, is_service, f"{refusal}:{policy.EMAIL}" if refusal else "")

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say when there was nobody to send it to."""
        if effect.get("nobody"):
            yield "", say("rule.effect_nobody", language)
        if effect.get("service"):
            yield "", say("rule.effect_service", language)
        for address, why in effect.get("held_back", ()):
            yield address, policy.held_words(why, language)
        yield from say_unreached(effect, language)
