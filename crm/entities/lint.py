"""What is allowed and yet worth a second look, in the entities that a proposal changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crm.entities.model import Document, Entity, Schema
from crm.entities.usage import Usage
from crm.errors import Problem
from crm.fields.fold import fold
from crm.fields.locales import locale_of
from crm.texts import LANGUAGES, Text

MOST_NOTES = 100


def notes_on(schema: Schema, documents: Iterable[Document], changed: Iterable[str]) -> list[Problem]:
    """Return what to look at once more in some entities; nothing of it keeps them from being published."""
    found: list[Problem] = []
    documents, changed = list(documents), set(changed)
    usage = Usage(documents) if changed else Usage(())
    for document in documents:
        entity = schema.entities.get(document.name) if document.kind == "entity" else None
        if entity is not None and entity.name in changed:
            for path, note in _of_entity(entity, document, schema, usage):
                place = document.place_of_key(*path) if document.marks else {"file": document.file}
                found.append(note.at(**place))
    return found[:MOST_NOTES]


def _of_entity(
    entity: Entity, document: Document, schema: Schema, usage: Usage
) -> Iterator[tuple[tuple, Problem]]:
    yield from _untranslated(entity)
    yield from _alike(entity)
    yield from _called_alike(entity, schema)
    placed = {name for row in document.body.get("form") or () for name in row.get("fields") or ()}
    for name in entity.fields:
        if placed and name not in placed:
            is_used = bool(usage.of_field(entity.name, name))
            code = "schema.note_no_layout" if is_used else "schema.note_unused"
            yield (
                ("fields", name),
                Problem(code, {"entity": entity.plural, "field": entity.fields[name].label}, name),
            )
    if not any(field.search for field in entity.fields.values()):
        yield ("fields",), Problem("schema.note_no_search", {"entity": entity.plural})


def _untranslated(entity: Entity) -> Iterator[tuple[tuple, Problem]]:
    texts: list[tuple[tuple, Text, Text]] = [(("label",), _name(entity.label, entity.name), entity.label)]
    for name, field in entity.fields.items():
        path = ("fields", name)
        texts.append(((*path, "label"), _name(field.label, name), field.label))
        for key, choice in (field.options.get("choices") or {}).items():
            label = getattr(choice, "label", None)
            if isinstance(label, Text):
                texts.append(((*path, "choices", key), _name(label, key), label))
    for path, called, text in texts:
        missing = text.missing()
        if missing:
            params = {"name": called, "languages": _languages(missing)}
            yield path, Problem("schema.note_untranslated", params)


def _name(label: Text, name: str) -> Text:
    """Return what something is called, which may be told in no language yet."""
    return label if any(label.get(language) for language in LANGUAGES) else Text(name)


def _languages(codes: Iterable[str]) -> Text:
    """Return what languages are called in each of ours."""
    names = {language: locale_of(language).languages for language in LANGUAGES}
    return Text({language: ", ".join(names[language][code] for code in codes) for language in LANGUAGES})


def _called_alike(entity: Entity, schema: Schema) -> Iterator[tuple[tuple, Problem]]:
    """Yield entities that people cannot tell from this one in some language."""
    for other in schema.entities.values():
        if other.name == entity.name:
            continue
        pairs = ((entity.label.get(language), other.label.get(language)) for language in LANGUAGES)
        label = next((one for one, two in pairs if fold(one) == fold(two)), "")
        if label:
            params = {"first": other.name, "second": entity.name, "label": label}
            yield ("label",), Problem("schema.note_same_entity", params)


def _alike(entity: Entity) -> Iterator[tuple[tuple, Problem]]:
    """Yield fields that people cannot tell apart in some language: one label, but for case and accents."""
    told = set()
    for language in LANGUAGES:
        seen: dict[str, str] = {}
        for name, field in entity.fields.items():
            first = seen.setdefault(fold(field.label.get(language)), name)
            if first != name and (first, name) not in told:
                told.add((first, name))
                params = {"first": first, "second": name, "label": field.label.get(language)}
                yield (
                    ("fields", name),
                    Problem("schema.note_same_label", {**params, "entity": entity.plural}, name),
                )
