"""`ask_approval: {of: {role: manager}, text: {…}, if_approved: […], if_refused: […]}`: wait for somebody's decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from crm import notifications
from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import ANYTHING, TEXT, closed
from crm.entities.walk import Spot, Walker
from crm.texts import N_, NP_
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.flow import STEPS
from workflows.actions.recipients import PEOPLE, check_recipients, walk_recipients
from workflows.approvals import store
from workflows.approvals.seats import FIRST, WAYS, open_seats, refresh, verdict_of
from workflows.placeholders import check_text
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.schedule import duration
from workflows.rules.words import recipient_words, say
from workflows.runs.budget import NOTICES

LOOK_AGAIN = timedelta(hours=1)  # so often it is looked who has a say: people leave, change roles, go away
KEYS = ("if_approved", "if_refused")


class AskApproval(Action):
    """Asks people to approve or refuse; the run sleeps until they have, and goes on by what they said."""

    name = "ask_approval"
    label = NP_("step", "Ask for approval")
    labels = {
        "by": NP_("key", "Decided by"),
        "first_of": NP_("option", "The first of them"),
        "all": NP_("option", "All of them"),
        "in_order": NP_("option", "One after the other"),
        "remind_after": NP_("key", "Remind after"),
        "if_approved": NP_("key", "If approved"),
        "if_refused": NP_("key", "If rejected"),
    }
    shape = closed(
        of=PEOPLE, by={"enum": list(WAYS)}, text=TEXT, remind_after=ANYTHING, **dict.fromkeys(KEYS, STEPS)
    )
    writes_record = True
    branch_keys = KEYS
    words = {
        "rule.unknown_approval_way": N_("“%(name)s” is not a way to approve. Use first_of, all or in_order."),
        "rule.unknown_approval_way_near": N_("“%(name)s” is not a way to approve. Did you mean “%(near)s”?"),
        "rule.says_ask_first_of": N_("Ask for approval, one of: %(people)s"),
        "rule.says_ask_all": N_("Ask for approval, all of: %(people)s"),
        "rule.says_ask_in_order": N_("Ask for approval, one after the other: %(people)s"),
        "rule.approval_asked": N_("Your approval is needed: %(text)s"),
        "rule.approval_reminder": N_("Your approval is still needed: %(text)s"),
        "rule.effect_approved": NP_("step", "Approved"),
        "rule.effect_refused": NP_("step", "Rejected"),
        "rule.effect_assumed": N_("As if it were approved"),
        "approval.no_longer_waits": N_("This no longer waits for a decision: the rule was stopped."),
        "approval.decided": N_("%(person)s has already decided this."),
        "approval.not_asked": N_("This is no longer yours to decide."),
        "approval.not_your_turn": N_("It's not your turn yet."),
        "approval.reason_needed": N_("Enter why you reject it."),
        "approval.not_found": N_("Approval not found."),
        "approval.bad_days": N_("Enter the first and the last day you are away."),
        "approval.bad_stand_in": N_("Choose someone else who can decide for you."),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note unknown people, names in the text, ways and durations; the branches are looked at as steps."""
        found = place.keys(body, self.keys, ("of", "text"))
        if "of" in found:
            check_recipients(found["of"], place.at("of"))
        if "text" in found:
            text = place.reader.text(found, "text", place.path)
            place.at("text").add(check_text(text, place.entity, place.schema))
        place.at("by").known(found.get("by", FIRST), WAYS, "approval_way")
        if "remind_after" in found and duration(found["remind_after"]) is None:
            place.at("remind_after").refuse("rule.bad_duration", value=str(found["remind_after"])[:40])

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """What the text names is read, and told to whom `of` names; the branches are walked as steps."""
        steps = {"of": lambda value, at: walk_recipients(value, at, walker), "text": walker.text}
        return walker.inside(body, spot, steps)

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say who is asked."""
        whom = recipient_words(step.body["of"], schema, entity, language)
        return say(f"rule.says_ask_{step.body.get('by', FIRST)}", language, people=whom)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Ask, and sleep."""
        asked = store.add_approval(
            work.session,
            {
                "key": work.key,
                "run_id": int(work.key.partition(":")[0]),
                "position": step.path,
                "rule": work.rule.name,
                "revision": work.session.workspace.number,
                "entity": work.entity.name,
                "record_id": work.record.id,
                "created_at": work.now,
                "remind_at": self._reminder(step, work),
            },
        )
        return self._wait(step, work, asked)

    def wake(self, step: Step, work: Any) -> Outcome:
        """Go on by what was decided; else see who has a say now, remind them, and sleep again."""
        asked = store.find_by_key(work.session, work.key)
        if asked["state"] != store.WAITING:
            return self._decided(work, asked, asked["state"])
        if work.is_trial:
            return self._on({"action": self.name, "assumed": True}, 0)
        return self._wait(step, work, asked)

    def _wait(self, step: Step, work: Any, asked: Mapping) -> Outcome:
        way = step.body.get("by", FIRST)
        seats = refresh(work, step.body["of"], step.body["text"], asked["id"])
        verdict = verdict_of(seats, way)  # all who are left have spoken
        if verdict != store.WAITING:
            store.change_approval(work.session, asked["id"], state=verdict, decided_at=work.now)
            return self._decided(work, {**asked, "decided_at": work.now}, verdict)
        now_open = open_seats(seats, way)
        self._tell(work, now_open, "rule.approval_asked", "asked")
        remind_at = asked["remind_at"]
        if remind_at is not None and remind_at <= work.now:
            self._tell(work, now_open, "rule.approval_reminder", f"again {remind_at:%Y%m%d%H%M}")
            remind_at = self._reminder(step, work)
            store.change_approval(work.session, asked["id"], remind_at=remind_at)
        until = min([work.now + LOOK_AGAIN, *([remind_at] if remind_at else [])])
        names = [found.name for row in now_open if (found := work.person(row["person_id"]))]
        words = work.in_language(step.body["text"], work.organisation.language)
        return Outcome({"action": self.name, "to": names, "text": words}, until=until)

    @staticmethod
    def _reminder(step: Step, work: Any) -> Any:
        return work.now + duration(step.body["remind_after"]) if "remind_after" in step.body else None

    @staticmethod
    def _tell(work: Any, seats: list[Mapping], code: str, occasion: str) -> None:
        """Tell those who may speak, each once per occasion."""
        for row in seats:
            for user_id, text in (
                (row["person_id"], row["text"]),
                (row["stand_in_id"], row["stand_in_text"]),
            ):
                if user_id is None or text is None:
                    continue
                words = {language: say(code, language, text=text[language]) for language in text}
                about = (work.entity.name, work.record.id)
                key = f"{work.key}:{occasion}:{user_id}"
                if notifications.add_notification(
                    work.session, notifications.Notice(user_id, words, *about, key)
                ):
                    work.spend(NOTICES)

    def _decided(self, work: Any, asked: Mapping, verdict: str) -> Outcome:
        by = work.person(asked["decided_by"]) if asked["decided_by"] else None
        effect = {"action": self.name, "verdict": verdict, "by": by.name if by else ""}
        return self._on({**effect, "reason": asked["reason"]}, 0 if verdict == store.APPROVED else 1)

    @staticmethod
    def _on(effect: Mapping[str, Any], branch: int) -> Outcome:
        """Go on with a branch; a run that is resumed takes the same one."""
        return Outcome({**effect, "branch": branch}, branch=branch)

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say what was decided, by whom and why."""
        if effect.get("assumed"):
            yield "", say("rule.effect_assumed", language)
        elif "verdict" in effect:
            words = " · ".join(part for part in (effect["by"], effect["reason"]) if part)
            code = "rule.effect_approved" if effect["verdict"] == store.APPROVED else "rule.effect_refused"
            yield say(code, language), words or "—"
        else:
            yield say("rule.effect_text", language), effect["text"]
