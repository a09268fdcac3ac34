"""`campaign: {name: "Spring 2027"}`, or `{of: campaign, member: customer}`: add somebody to a campaign, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from crm.entities.duties import CAMPAIGN, declared_with, entities_with
from crm.entities.model import Entity, Schema
from crm.entities.schema_parts import WORD, closed
from crm.entities.walk import Spot, Walker
from crm.errors import RuleError
from crm.fields import FIELD_TYPES
from crm.records.values import title_fields
from crm.texts import N_, NP_
from workflows.actions.base import Action, Line, Outcome
from workflows.actions.plan_activity import moment_of, pointers_of
from workflows.rules.model import Step
from workflows.rules.place import Place
from workflows.rules.words import say
from workflows.runs.locks import hold_lock
from workflows.runs.work import attribute_of


class AddToCampaign(Action):
    """Creates the record that says who belongs to which campaign, in the entity that is declared for it."""

    name = "campaign"
    label = NP_("step", "Add to a campaign")
    shape = closed(name=WORD, of=WORD, member=WORD)
    labels = {
        "name": NP_("key", "Campaign"),
        "of": NP_("key", "Campaign from"),
        "member": NP_("key", "Member"),
    }
    words = {
        "rule.no_campaigns": N_(
            "No entity has campaign members. Add “campaign” to the entity that should have them."
        ),
        "rule.campaign_needs_one": N_("Enter either the name of a campaign, or “of” with a linked campaign."),
        "rule.campaign_of_other": N_("“%(name)s” doesn't lead to a campaign."),
        "rule.no_member": N_(
            "This record can't be a member of a campaign. Enter a linked one after “member”."
        ),
        "rule.no_such_campaign": N_("There is no campaign “%(name)s”."),
        "rule.says_campaign": N_("Add to the campaign “%(campaign)s”"),
        "rule.says_campaign_of": N_("Add to the campaign in “%(field)s”"),
        "rule.effect_member": NP_("step", "Added to the campaign"),
        "rule.effect_already_member": N_("Was a member already."),
    }

    def check(self, body: Any, place: Place) -> None:
        """Note a missing home of members, and campaigns and members that cannot be."""
        found = place.keys(body, self.keys)
        homes = entities_with(place.schema, CAMPAIGN)
        if not homes:
            place.refuse("rule.no_campaigns")
            return
        if ("name" in found) == ("of" in found) or not all(isinstance(one, str) for one in found.values()):
            place.refuse("rule.campaign_needs_one")
            return
        home, own = next(iter(homes.values())), pointers_of(place.entity)
        declared = home.options[CAMPAIGN.key]
        campaign, member = (pointers_of(home)[declared[word]] for word in ("campaign", "member"))
        if "of" in found and own.get(found["of"]) != campaign:
            place.at("of").refuse("rule.campaign_of_other", name=found["of"][:60])
        if self._way(found, place.entity.name, own, member) is None:
            place.refuse("rule.no_member")

    @staticmethod
    def _way(body: Mapping, entity: str, own: Mapping[str, str], member: str) -> str | None:
        """Return the reference that leads to the member, "" for the record itself, None when there is none."""
        if isinstance(body.get("member"), str):
            return body["member"] if own.get(body["member"]) == member else None
        if entity == member:
            return ""
        return next((name for name, target in own.items() if target == member), None)

    def walk(self, body: Any, spot: Spot, walker: Walker) -> Any:
        """The membership is created; who and which campaign are read."""
        homes = declared_with(walker.declarations.documents, CAMPAIGN)
        home = next(iter(homes), "")
        if home in walker.declarations.entities:
            written = spot.of(home).to_be("create")
            walker.entity(home, written)
            for name in homes[home].values():
                walker.field(name, written)
            known = walker.declarations
            own = {
                name: to
                for name in known.entities.get(spot.entity, {})
                if (to := known.target(spot.entity, name))
            }
            member = known.target(home, str(homes[home].get("member")))
            way = self._way(body, spot.entity, own, member) if isinstance(body, Mapping) else None
            if way:
                walker.field(way, spot)
        return walker.inside(body, spot, {"of": walker.field, "member": walker.field})

    def describe(self, step: Step, schema: Schema, entity: Entity, language: str) -> str:
        """Say which campaign."""
        if "name" in step.body:
            return say("rule.says_campaign", language, campaign=step.body["name"])
        return say("rule.says_campaign_of", language, field=entity.fields[step.body["of"]].label)

    def perform(self, step: Step, work: Any) -> Outcome:
        """Create the membership through the records' service, as the rule; a member stays one."""
        home = next(iter(entities_with(work.schema, CAMPAIGN).values()))
        declared, pointers = home.options[CAMPAIGN.key], pointers_of(home)
        own = pointers_of(work.entity)
        way = self._way(step.body, work.entity.name, own, pointers[declared["member"]])
        member = getattr(work.record, attribute_of(work.entity.fields[way])) if way else work.record.id
        campaign = self._campaign(step.body, work, pointers[declared["campaign"]])
        if member is None:
            raise RuleError("rule.path_is_empty", path=way)
        hold_lock(work.session, f"campaign:{campaign}:{member}")
        cls = work.session.workspace.models[home.name]
        columns = [getattr(cls, attribute_of(home.fields[declared[word]])) for word in ("campaign", "member")]
        there = sa.select(cls.id).where(columns[0] == campaign, columns[1] == member).limit(1)
        found = work.session.scalar(there)
        effect = {"action": self.name, "entity": home.name}
        if found is not None:
            return Outcome({**effect, "record": found, "already": True})
        values = {declared["campaign"]: campaign, declared["member"]: member}
        if "on" in declared:
            values[declared["on"]] = moment_of(work.now, home.fields[declared["on"]], work)
        return Outcome({**effect, "record": work.create(home.name, values).id})

    @staticmethod
    def _campaign(body: Mapping, work: Any, target: str) -> int:
        if "of" in body:
            number = getattr(work.record, attribute_of(work.entity.fields[body["of"]]))
            if number is None:
                raise RuleError("rule.path_is_empty", path=body["of"])
            return number
        entity = work.schema.entities[target]
        cls = work.session.workspace.models[target]
        names = [
            name for name in title_fields(entity) if FIELD_TYPES[entity.fields[name].type].kind == "text"
        ]
        asked = sa.select(cls.id).where(getattr(cls, names[0]) == body["name"]).order_by(cls.id).limit(1)
        found = work.session.scalar(asked) if names else None
        if found is None:
            raise RuleError("rule.no_such_campaign", name=body["name"])
        return found

    def tell(self, effect: Mapping[str, Any], target: str, language: str) -> Iterator[Line]:
        """Say which membership was created."""
        yield say("rule.effect_member", language), f"{target} #{effect['record']}"
        if effect.get("already"):
            yield "", say("rule.effect_already_member", language)
