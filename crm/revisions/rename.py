"""Renaming: every place that uses a name gets the new one; all the rest stays as it is, byte for byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from dataclasses import field as attribute

import sqlalchemy as sa

from crm.entities.declared_names import Children, DeclaredNames
from crm.entities.entity_walk import declared
from crm.entities.identity import Identities, identities_from_json
from crm.entities.kinds import walk_document
from crm.entities.load import documents_from_json
from crm.entities.model import Document
from crm.entities.usage import SHELVES
from crm.entities.walk import CHILDREN, ENTITY, FIELD, Mention, Spot, Walker
from crm.revisions import store
from crm.revisions.diff import same
from crm.revisions.workspace import Workspace


@dataclass(frozen=True)
class Renames:
    """New names for old ones, all given at once.

    Shape:  `fields` by (entity, field) and `documents` by (kind, name), both in the old names.
    """

    fields: Mapping[tuple[str, str], str] = attribute(default_factory=dict)
    documents: Mapping[tuple[str, str], str] = attribute(default_factory=dict)

    def entity(self, name: str) -> str:
        """Return what an entity is called now."""
        return self.documents.get((ENTITY, name), name)

    def field(self, entity: str, name: str) -> str:
        """Return what a field is called now, by its entity's old name."""
        return self.fields.get((entity, name), name)


def rename_uses(documents: Iterable[Document], entity: str, old: str, new: str) -> list[Document]:
    """Return the documents with every use of a field called by its new name.

    Shape:  the field itself may be declared by its old or already by its new name; its declaration is left alone.
    """
    return renamed(documents, Renames(fields={(entity, old): new}))


def rename_document(documents: Iterable[Document], kind: str, old: str, new: str) -> list[Document]:
    """Return the documents with one document (or entity) renamed, and its new name wherever it is used."""

    def named(document: Document) -> Document:
        if (document.kind, document.name) != (kind, old):
            return document
        body = {**document.body, kind: new}
        if kind == ENTITY:
            was = body.pop("was", old)
            body = body if was == new else {kind: new, "was": was, **body}
        return replace(document, name=new, body=body, file=document.file.replace(old, new))

    return [named(found) for found in renamed(documents, Renames(documents={(kind, old): new}))]


def renamed(documents: Iterable[Document], renames: Renames) -> list[Document]:
    """Return the documents with every use under its new name; those that use nothing renamed are the same objects."""
    documents = list(documents)
    declarations = DeclaredNames([*_as_before(documents, renames), *documents])
    walker = Walker(declarations, _visit(renames, declarations))
    found = []
    for document in documents:
        body = walk_document(document, walker)
        found.append(document if same(document.body, body) else replace(document, body=body))
    return found


def _as_before(documents: Iterable[Document], renames: Renames) -> Iterable[Document]:
    """Yield the entities with renamed fields, these fields under their old names."""
    for document in documents:
        old = {
            before: document.body["fields"][now]
            for (entity, before), now in renames.fields.items()
            if document.kind == ENTITY
            and entity == document.name
            and now in (document.body.get("fields") or {})
            and before not in document.body["fields"]
        }
        if old:
            yield replace(document, body={**document.body, "fields": old})


def _visit(renames: Renames, declarations: DeclaredNames) -> Callable[[Mention], str]:
    after = _declared_after(declarations, renames)

    def visit(mention: Mention) -> str:
        if mention.kind == FIELD:
            return renames.field(mention.entity, mention.name)
        if mention.kind != CHILDREN:
            return renames.documents.get((mention.kind, mention.name), mention.name)
        children = declarations.children(mention.entity, mention.name)
        if children is None:
            return mention.name
        moved = Children(renames.entity(children.entity), renames.field(*children))
        return after.name_of(renames.entity(mention.entity), moved) or mention.name

    return visit


def _declared_after(declarations: DeclaredNames, renames: Renames) -> DeclaredNames:
    """Return the declared names as they are after the renames, enough to know what children are called then."""

    def field(body: Mapping) -> Mapping:
        return {**body, "to": renames.entity(str(body["to"]))} if "to" in body else body

    after = DeclaredNames(())
    after.entities = {
        renames.entity(entity): {renames.field(entity, name): field(body) for name, body in fields.items()}
        for entity, fields in declarations.entities.items()
    }
    return after


def renames_between(before: Identities, after: Identities) -> Renames:
    """Return what was renamed between two revisions, found by uid."""
    entities = {entity.uid: (name, entity) for name, entity in after.entities.items()}
    fields, documents = {}, {}
    for old, entity in before.entities.items():
        name, now = entities.get(entity.uid, (old, None))
        if now is None:
            continue
        if name != old:
            documents[ENTITY, old] = name
        names = {field.uid: key for key, field in now.fields.items()}
        for key, field in entity.fields.items():
            if names.get(field.uid, key) != key:
                fields[old, key] = names[field.uid]
    return Renames(fields, documents)


def renamed_since(
    document: Document, among: Iterable[Document], before: Identities, after: Identities
) -> Document:
    """Return a document of an older revision (`among` its other documents) with the names of a newer one."""
    renames, declarations = renames_between(before, after), DeclaredNames(among)
    return under_new_names(document, Walker(declarations, _visit(renames, declarations)))


def under_new_names(document: Document, walker: Walker) -> Document:
    """Return a document with its names rewritten, including those it declares itself."""
    body = walk_document(document, walker)
    if document.kind != ENTITY:
        return replace(document, body=body)
    name = walker.entity(document.name, Spot())
    return replace(document, name=name, body={**declared(body, walker), ENTITY: name})


def rename_on_shelves(connection: sa.Connection, workspace: Workspace) -> None:
    """Let saved views, drafts and packs follow what is renamed by the revision that is being published."""
    live = store.find_revision(connection, store.live_number(connection))
    if live is None:
        return
    renames = renames_between(identities_from_json(live["identities"]), workspace.identities)
    if not renames.fields and not renames.documents:
        return
    declarations = DeclaredNames(documents_from_json(live["documents"]))
    walker = Walker(declarations, _visit(renames, declarations))
    for shelf in SHELVES:
        for row in shelf.read(connection) if shelf.write else ():
            body = shelf.walk(row.body, walker)
            if not same(row.body, body):
                shelf.write(connection, replace(row, body=body))
