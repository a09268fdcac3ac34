"""What documents do with records: what each one reads and writes, and where that goes; identified by uids.

Some documents read and write without asking for anybody's rights. A publisher may not add such an access to what they
may not read or write themselves. What the same document did before stays allowed, also under a new name, and so does
any access to entities and fields that the same publish adds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from crm.conditions.language.segments import segment_tree
from crm.entities.check import placeholders
from crm.entities.declared_names import DeclaredNames
from crm.entities.kinds import walk_document
from crm.entities.model import Document, Entity, Schema
from crm.entities.walk import (
    ASKED,
    CARRIED,
    CHILDREN,
    ENTITY,
    FIELD,
    NAMED,
    OF_EVERY_RECORD,
    SENT,
    SHOWN,
    Mention,
    Spot,
    Walker,
)
from crm.errors import Problem
from crm.fields.base import Field
from crm.messages.permissions import DEED_LABELS
from crm.permissions.model import DEEDS, Actor
from crm.permissions.reads import ComputedReads, deep_fields_of
from crm.texts import Text

READING = (CARRIED, ASKED, SHOWN)
Reach = tuple[str, str]
"""An entity and a field of it by name, "" for its records as such."""


@dataclass(frozen=True)
class Flow:
    """One thing a document does with a field of an entity, or with its records where `field` is "".

    Shape:  `entity`, `field` and `about`, the entity of the records it happens to, are uids. `how` is a way of reading
            or a deed. `goal` is where in the document it is done and whom or what it reaches, `whole` the line or
            formula it is part of, fields by their uids.
    """

    how: str
    entity: str
    field: str
    about: str = ""
    goal: tuple = ()
    whole: str = ""


class Flows:
    """The flows of the documents of one schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.declarations = DeclaredNames(schema.documents)
        self.computed = ComputedReads(schema)
        self.documents = {(found.kind, found.name): found for found in schema.documents}

    def of(self, document: Document) -> dict[Flow, tuple[Mention, Reach]]:
        """Return every flow of a document, each with the first place of it and what it reaches by today's names."""
        mentions, wholes = self._mentions(document)
        found: dict[Flow, tuple[Mention, Reach]] = {}
        goals: dict[tuple, set] = {}
        for mention in mentions:
            if mention.spot.how == SENT or mention.spot.how in DEEDS:
                goals.setdefault(mention.spot.step, set()).add(self._goal(mention))
        everywhere = set().union(*goals.values()) or {""}
        for mention in mentions:
            place, spot = self._place(document, mention), mention.spot
            whole = "" if spot.how == SHOWN else repr(wholes.get(spot.whole, ""))
            about = self._entity_uid(spot.about or str(document.body.get("entity") or ""))
            for reach in self._reached(mention):
                for goal in goals.get(spot.step, everywhere):
                    flow = Flow(spot.how, *self._uids(reach), about, (*place, goal), whole)
                    found.setdefault(flow, (mention, reach))
        return found

    def _mentions(self, document: Document) -> tuple[list[Mention], dict[tuple, object]]:
        found: list[Mention] = []

        def visit(mention: Mention) -> str:
            found.append(mention)
            return self._lasting(mention) if mention.spot.whole else mention.name

        walker = Walker(self.declarations, visit)
        walk_document(document, walker)
        return found, walker.wholes

    def _lasting(self, mention: Mention) -> str:
        """Return the uid behind a name, under whatever name it is known."""
        if mention.kind == CHILDREN:
            return ".".join(self._uids(self.declarations.children(mention.entity, mention.name)))
        if mention.kind == ENTITY:
            return self._entity_uid(mention.name)
        return self._uids((mention.entity, mention.name))[1] if mention.kind == FIELD else mention.name

    def _goal(self, mention: Mention) -> tuple:
        reach = (mention.name, "") if mention.kind == ENTITY else (mention.entity, mention.name)
        return (mention.kind, mention.name) if mention.spot.how == SENT else self._uids(reach)

    def _place(self, document: Document, mention: Mention) -> tuple:
        """Return the part of the document in which something is done."""
        first, *rest = mention.path
        if first == "fields" and document.kind == ENTITY:
            return (first, self._uids((document.name, rest[0]))[1], *rest[1:2])
        return (first, self._entity_uid(rest[0])) if first == "entities" else (first,)

    def _reached(self, mention: Mention) -> set[Reach]:
        """Return what a mention reads or writes in the end."""
        if mention.spot.how in DEEDS:
            return {(mention.name, "") if mention.kind == ENTITY else (mention.entity, mention.name)}
        return self._read(mention) if mention.spot.how in READING else set()

    def _read(self, mention: Mention) -> set[Reach]:
        entity, name = mention.entity, mention.name
        if mention.kind == FIELD:
            target = self.declarations.target(entity, name) if mention.spot.in_text else ""
            return {(entity, name), *self.computed.of(entity).get(name, ()), *self._title(target)}
        if mention.kind == OF_EVERY_RECORD:
            return {(entity, ""), *(self._title(entity) if name == "title" else ())}
        if mention.kind == CHILDREN:
            return {tuple(self.declarations.children(entity, name))}
        if mention.kind == ENTITY:
            return {(name, "")}
        if mention.kind == "segment":
            return set(deep_fields_of(segment_tree(name, self.schema), self.schema))
        document = self.documents.get((mention.kind, name))
        return self._of_text(document, mention.spot) if document and mention.spot.how == CARRIED else set()

    def _title(self, entity: str) -> set[Reach]:
        """Return what is read to say how a record is called; a reference in its title is said by a title again."""
        found: set[Reach] = set()
        waiting, seen = [entity], set()
        while waiting:
            name = waiting.pop()
            known = self.schema.entities.get(name)
            if known is None or name in seen:
                continue
            seen.add(name)
            for field in filter(None, map(known.fields.get, placeholders(known.title))):
                found |= {(name, field.name), *self.computed.of(name).get(field.name, ())}
                waiting.append(self.declarations.target(name, field.name))
        return found

    def _of_text(self, document: Document, spot: Spot) -> set[Reach]:
        """Return what a document that is sent reads of the records it is sent about."""
        sent = [
            found for found in self._mentions(document)[0] if found.spot.about == (spot.about or spot.entity)
        ]
        return {
            reach
            for mention in sent
            if mention.kind in (FIELD, OF_EVERY_RECORD)
            for reach in self._read(mention)
        }

    def _entity_uid(self, name: str) -> str:
        entity = self.schema.entities.get(name)
        return entity.uid if entity else name

    def _uids(self, reach: Reach) -> Reach:
        entity = self.schema.entities.get(reach[0])
        field = entity.fields.get(reach[1]) if entity else None
        return self._entity_uid(reach[0]), field.uid if field else reach[1]


def judge_flows(
    actor: Actor, before: Schema, after: Schema, only: frozenset[str] = frozenset()
) -> list[Problem]:
    """Return a problem for everything new documents would do and the actor may not; `only` limits it to some uids."""
    return list(FlowJudge(actor, before, after, only).problems())


def is_within(actor: Actor, live: Schema, then: Schema, document: Document) -> bool:
    """Return whether the actor's own rights allow all that a document does, in revision `then` and in the live one."""
    judge = FlowJudge(actor, replace(live, documents=()), then)
    uids = {field.uid for entity in live.entities.values() for field in entity.fields.values()} | {""}
    flows = [flow for flow in judge.after.of(document) if flow.how != NAMED and flow.how != SENT]
    return actor.sees_everything or all(
        flow.entity in judge.known and flow.field in uids and not judge.refusal(flow) for flow in flows
    )


class FlowJudge:
    """Compares two schemas, document by document, with the actor's rights in the older one."""

    def __init__(
        self, actor: Actor, before: Schema, after: Schema, only: frozenset[str] = frozenset()
    ) -> None:
        self.actor, self.only = actor, only
        self.before, self.after = Flows(before), Flows(after)
        self.known = {entity.uid: entity for entity in before.entities.values()}

    def problems(self) -> Iterator[Problem]:
        """Yield one problem per field or entity, at its first use."""
        seen: set[tuple] = set()
        for document in self.after.schema.documents:
            yield from self.problems_of(document, seen)

    def problems_of(self, document: Document, seen: set[tuple]) -> Iterator[Problem]:
        """Yield the problems of one document, leaving out those already in `seen`."""
        old = self._former(document)
        for flow, (mention, reach) in self.after.of(document).items():
            code = "" if flow in old else self.refusal(flow)
            if code and (code, *reach) not in seen:
                seen.add((code, *reach))
                yield self._problem(code, document, mention, reach)

    def _former(self, document: Document) -> set[Flow]:
        """Return what the document did until now; a new name may do what any removed document of its kind did."""
        key = (document.kind, document.name)
        if document.kind == ENTITY:
            uid = self.after._entity_uid(document.name)
            key = (ENTITY, self.known[uid].name) if uid in self.known else key
        same = (
            [self.before.documents[key]]
            if key in self.before.documents
            else self._gone.get(document.kind, [])
        )
        is_on = document.body.get("enabled") is not False
        living = [found for found in same if not (is_on and found.body.get("enabled") is False)]
        return {flow for found in living for flow in self.before.of(found)}

    @cached_property
    def _gone(self) -> dict[str, list[Document]]:
        """Return the removed documents by kind; entities are left out, since their uids identify them."""
        found: dict[str, list[Document]] = {}
        for key, document in self.before.documents.items():
            if document.kind != ENTITY and key not in self.after.documents:
                found.setdefault(document.kind, []).append(document)
        return found

    def refusal(self, flow: Flow) -> str:
        """Return the code of the right the actor lacks for a flow; "" when none is missing."""
        entity = self.known.get(flow.entity)
        if entity is None or (self.only and not self.only & {flow.entity, flow.field}):
            return ""
        field = next((found for found in entity.fields.values() if found.uid == flow.field), None)
        if flow.how in DEEDS:
            is_new = bool(flow.field) and field is None
            return "" if is_new else self._lacks_deed(flow.how, entity, field)
        if flow.how != CARRIED and not self._meets(flow.about):
            return ""
        if field is not None and field.name in self.actor.rights(entity.name).hidden:
            return "grants.reads"
        if flow.how != CARRIED and flow.entity == flow.about:
            return ""
        return "" if self._has("read", entity, every=flow.how != SHOWN) else "grants.reads_records"

    def _meets(self, uid: str) -> bool:
        """Return whether the actor can reach records of an entity; a new entity counts as reachable."""
        entity = self.known.get(uid)
        return entity is None or bool(self.actor.rights(entity.name).can)

    def _lacks_deed(self, deed: str, entity: Entity, field: Field | None) -> str:
        if not self._has(deed, entity, every=True):
            return "grants.acts"
        closed = self.actor.rights(entity.name).closed.get(deed, ())
        return "grants.writes" if field is not None and field.name in closed else ""

    def _has(self, deed: str, entity: Entity, every: bool) -> bool:
        rights = self.actor.rights(entity.name)
        return deed in rights.can and (not every or rights.rows[deed] is None)

    def _problem(self, code: str, document: Document, mention: Mention, reach: Reach) -> Problem:
        entity = self.after.schema.entities[reach[0]]
        field = entity.fields.get(reach[1])
        params = {
            "document": _label(document),
            "place": ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in mention.path),
            "entity": entity.plural,
            "field": field.label if field else "",
            "deed": Text(DEED_LABELS.get(mention.spot.how, "")),
        }
        return Problem(code, params, **document.place(*mention.path))


def _label(document: Document) -> Text:
    label = document.body.get("label")
    return Text(label) if isinstance(label, str | dict) else Text({"en": document.name})
