"""What the search field offers beside records: pages the reader may open, and what they may add."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import url_for
from flask_babel import pgettext

from crm.database import CrmSession
from crm.entities.model import Entity
from crm.fields import type_of
from crm.fields.words import asked_by, is_found, search_keys
from crm.permissions.service import writable_fields
from crm.records.ranking import fit_of
from crm.records.values import title_fields
from crm.web.entity.cells import view_name
from crm.web.reports_pages import open_reports
from crm.web.skin import create_links, main_menu

MOST_ACTIONS = 3
MOST_PAGES = 5
MOST_CREATED = 3
NUMBER = re.compile(r"\+?(?:[\s()/.-]*\d){6,}")


@dataclass(frozen=True)
class Offer:
    """Something to do or a page to open.

    Shape:  `says` are the words it is found by, the label among them.
    """

    label: str
    url: str
    icon: str
    says: str = ""


def first_actions() -> list[Offer]:
    """Return what the reader may add, before anything is typed."""
    return [Offer(item.add_label, item.add_url, "plus") for item in create_links()[:MOST_ACTIONS]]


def find_actions(words: str) -> list[Offer]:
    """Return what the reader may add, by typed words."""
    offers = [
        Offer(item.add_label, item.add_url, "plus", f"{item.add_label} {item.noun} {item.label}")
        for item in create_links()
    ]
    return _best(offers, words, MOST_ACTIONS)


def find_pages(session: CrmSession, words: str) -> list[Offer]:
    """Return the pages the reader may open, by typed words."""
    return _best(list(_pages(session)), words, MOST_PAGES)


def _pages(session: CrmSession) -> Iterator[Offer]:
    yield Offer(pgettext("label", "Home"), "/", "home")
    for group in main_menu():
        for item in group.items:
            yield Offer(item.label, item.url, item.icon, f"{item.label} {group.label}")
    language = session.actor.language
    for report in open_reports(session):
        yield Offer(report.label.get(language), url_for("ReportsView.show", name=report.name), "chart-bar")
    yield Offer(pgettext("title", "My profile"), "/profile/", "user", _profile_words())
    yield Offer(pgettext("title", "Notifications"), "/notifications/", "bell")


def _profile_words() -> str:
    """Return what people look for and find in the profile."""
    return " ".join(
        (
            pgettext("title", "My profile"),
            pgettext("label", "Language"),
            pgettext("label", "Time zone"),
            pgettext("label", "Theme"),
        )
    )


def _best(offers: list[Offer], words: str, most: int) -> list[Offer]:
    found = [offer for offer in offers if is_found(words, search_keys(offer.says or offer.label))]
    return sorted(found, key=lambda offer: fit_of(offer.label, words))[:most]


def find_creatable(session: CrmSession, words: str) -> list[Offer]:
    """Return the forms that may create what was not found, with the words filled in: a number as phone, else a name."""
    links = {item.entity: item for item in create_links()} if asked_by(words) else {}
    if NUMBER.fullmatch(words):
        urls = {entity.name: url for entity, url in new_callers(session, words) if entity.name in links}
        return [Offer(links[name].add_label, url, links[name].icon) for name, url in urls.items()]
    found = []
    for item in sorted(links.values(), key=lambda one: -one.weight):
        entity = session.workspace.schema.entities[item.entity]
        field = naming_field(session, entity)
        if field:
            url = url_for(view_name(entity.name) + ".add", **{field: words})
            found.append(Offer(item.add_label, url, item.icon))
    return found[:MOST_CREATED]


def naming_field(session: CrmSession, entity: Entity) -> str:
    """Return the text of which an entity's title is made and which the actor may fill in; "" where there is none."""
    titles = title_fields(entity)
    fields = writable_fields(session.actor, entity, "create")
    if len(titles) != 1 or titles[0] not in fields:
        return ""
    field = fields[titles[0]]
    return field.name if type_of(field).name == "text" else ""


def new_callers(session: CrmSession, phone: str) -> list[tuple[Entity, str]]:
    """Return the entities of which a new record may take an unknown caller's number, and where it is made.

    Shape:  those that declare `new_caller`, in the order of the menu; where none does or may be made, every one that
            has a phone field, so that the person chooses.
    """
    actor = session.actor
    entities = sorted(session.workspace.schema.entities.values(), key=lambda one: one.menu_place)
    declared, others = [], []
    for entity in entities:
        if not phone or "create" not in actor.rights(entity.name).can:
            continue
        fields = writable_fields(actor, entity, "create").values()
        names = [field.name for field in fields if type_of(field).reaches == "phone"]
        if entity.new_caller in names:
            declared.append((entity, entity.new_caller))
        elif names:
            others.append((entity, names[0]))
    return [
        (entity, url_for(view_name(entity.name) + ".add", **{name: phone}))
        for entity, name in declared or others
    ]
