"""What the templates may call: addresses of files, icons, the menu, numbers and dates in words.

These are functions in Jinja's globals, because Flask-AppBuilder draws its widgets without context processors.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flask import Flask, Response, current_app, g, render_template, request, url_for
from flask_babel import format_currency, format_decimal, pgettext
from flask_babel.speaklater import LazyString
from flask_login import current_user
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from crm.entities.model import Entity
from crm.fields.locales import shown_moment, with_minus_at_left
from crm.isolation import isolated
from crm.permissions.service import zone_of
from crm.texts import N_, NP_, RIGHT_TO_LEFT, Phrase, Text
from crm.web import assets
from crm.web.assets import map_style_id
from crm.web.forms.days import day_letters, day_text, first_weekday, time_letters
from crm.web.forms.fields import from_wtforms, problems_of
from crm.web.keyboard import keys_here
from crm.web.language import current_language, current_time_zone, request_catalogue, spoken
from crm.web.serving.errors import JSON_PATHS

NEEDS_CASE = frozenset({"el"})  # languages in which a noun after a verb's noun has a form of its own
NEW_RECORD = {
    "m": NP_("new.m", "New %(record)s"),
    "f": NP_("new.f", "New %(record)s"),
    "n": NP_("new.n", "New %(record)s"),
}
NEW_BY_NAME = NP_("new", "New: %(record)s")
ADD_RECORD, ADD_BY_NAME = NP_("button", "Add %(record)s"), NP_("button", "Add: %(record)s")
EDIT_RECORD, EDIT_BY_NAME = NP_("title", "Edit %(record)s"), NP_("title", "Edit: %(record)s")
TINTS = 6
MOST_MENUS = 200  # menus kept in memory: one per language and set of rights

# Flask-AppBuilder names Font Awesome's icons for its own pages; these are ours for them.
OUR_ICONS = {
    "fa-user": "user",
    "fa-users": "users",
    "fa-group": "users-group",
    "fa-user-plus": "user-plus",
    "fa-cogs": "settings",
    "fa-lock": "lock",
    "fa-key": "key",
    "fa-shield": "shield",
    "fa-chain": "link",
    "fa-eye": "eye",
    "fa-bar-chart": "chart-bar",
    "fa-trash": "trash",
    "fa-edit": "edit",
    "fa-rocket": "bolt",
}

# What Flask-AppBuilder calls its own pages, and what we call them.
OUR_WORDS = {
    "Security": NP_("menu", "Administration"),
    "List Users": NP_("menu", "Users"),
    "List Roles": NP_("menu", "Roles"),
    "List Groups": NP_("menu", "Groups"),
    "Is Active?": NP_("column", "Active"),
    "Role": NP_("menu", "Roles"),
    "Login count": NP_("column", "Sign-ins"),
    "Failed login count": NP_("column", "Failed sign-ins"),
    "Last login": NP_("column", "Last sign-in"),
    "Invalid login. Please try again.": N_("Wrong user name or password. Try again."),
}


@dataclass(frozen=True)
class MenuItem:
    """One line of the side bar.

    Shape:  `add_url` is the address of the form for a new record, "" when there is none or one may not; `add_label`
            is what its button says. `noun` is what one record of the `entity` is called, `weight` how much depends on
            the entity, `color` that of its icon.
    """

    label: str
    url: str
    icon: str
    active: bool = False
    add_url: str = ""
    add_label: str = ""
    entity: str = ""
    noun: str = ""
    weight: int = 0
    color: str = ""


@dataclass(frozen=True)
class MenuGroup:
    """Some lines of the side bar under one heading; lone lines have none."""

    name: str
    label: str
    icon: str
    items: tuple[MenuItem, ...]

    @property
    def active(self) -> bool:
        """Tell whether the page one looks at is in this group."""
        return any(item.active for item in self.items)


def install_skin(app: Flask) -> None:
    """Give the app's templates everything they call, and answer plainly while the assets are not built."""
    functions = (
        asset, icon, own_icon, language, direction, chosen_theme, app_name, crm_builder, has_page,
        words, label_of, initials, avatar, main_menu, create_links, bottom_links, same_for_all,
        map_style_id, moment, number, add_words, edit_words, new_words,
        money, draw, keys_here, from_wtforms, problems_of,
        yes_or_no, cell_words, day_text, day_letters, time_letters, first_weekday,
    )  # fmt: skip
    app.jinja_env.globals.update({function.__name__: function for function in functions})
    app.jinja_env.globals.update(
        _=say, gettext=say, ngettext=say_number, pgettext=say_of, npgettext=say_number_of
    )
    app.before_request(refuse_without_assets)


def refuse_without_assets() -> Response | None:
    """Say what to run when the front-end files are missing; the API and the tests do without them."""
    is_page = request.accept_mimetypes.best == "text/html" and not request.path.startswith(JSON_PATHS)
    if not is_page or current_app.testing or assets.is_built():
        return None
    return Response(render_template("assets_missing.html"), status=503)


# --- Files and languages -------------------------------------------------------------------------------


def asset(name: str) -> str:
    """Return the address of a file in `static/`, which changes when the file does."""
    version = assets.asset_version(name)
    plain = f"{request.script_root}{current_app.static_url_path}/{name}"
    return f"{plain}?v={version}" if version else plain


def icon(name: str, classes: str = "") -> Markup:
    """Return a Tabler icon; an unknown one is a folder."""
    return draw_icon(f"{request.script_root}{current_app.static_url_path}", name, classes)


@lru_cache(maxsize=4096)
def draw_icon(static: str, name: str, classes: str) -> Markup:
    """Return an icon's HTML; the same few are drawn on every line of every list."""
    place = f"{static}/{assets.icon_place(name)}"
    kind = f"icon {classes}".strip()
    return Markup('<svg class="{}" aria-hidden="true" focusable="false"><use href="{}"></use></svg>').format(
        kind, place
    )


def own_icon(name: str | None, otherwise: str = "folder") -> str:
    """Return the Tabler name for an icon that Flask-AppBuilder or an admin named.

    >>> own_icon("fa-cogs"), own_icon("fa-unheard-of", "point"), own_icon("target")
    ('settings', 'point', 'target')
    """
    name = (name or "").split(" ")[-1]
    return OUR_ICONS.get(name, otherwise) if name.startswith("fa-") or not name else name


def language() -> str:
    """Return the language the page is in: en, el, ro or he."""
    return current_language()


def direction() -> str:
    """Return the direction the page is read in: ltr or rtl."""
    return "rtl" if language() in RIGHT_TO_LEFT else "ltr"


def chosen_theme() -> str:
    """Return light, dark or system for a signed-in user, "" for a stranger; then the browser remembers."""
    profile = g.get("crm_profile")
    return "" if profile is None else profile["theme"] or "system"


def crm_builder() -> Any:
    """Return Flask-AppBuilder of this app; its widgets have no context that would give it."""
    return current_app.appbuilder


def app_name() -> str:
    """Return the name of the application, as the organisation calls it."""
    return label_of(current_app.config.get("APP_NAME", "Koine"))


def has_page(path: str) -> bool:
    """Tell whether a page of this address exists in this app."""
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True


def words(text: Any) -> str:
    """Return a text that code or Flask-AppBuilder wrote, in the reader's language, as plain text.

    Jinja's own `_()` trusts what it translates; this is what variables are translated with.
    """
    written = source_of(text)
    plain = OUR_WORDS.get(written, written)
    return Text(plain).get(language()) if plain else ""


def source_of(text: Any) -> str:
    """Return a text as it was written: a lazy sentence of Flask-AppBuilder's before it was translated."""
    if isinstance(text, LazyString) and not text._kwargs:
        return Phrase(*text._args) if len(text._args) == 2 else str(text._args[0])
    return text if isinstance(text, Phrase) else str(text)


def say(sentence: str, **values: Any) -> Markup:
    """Return a sentence of ours in the reader's language, with its escaped values.

    Jinja's and Flask-Babel's own do the same, but look the catalogue up each time; a page has a hundred sentences.
    """
    text = Markup(request_catalogue().ugettext(sentence))  # noqa: S704 - translators are trusted, values are not
    return _whole(text % values if values or "%" in text else text)


def say_number(one: str, many: str, num: int, **values: Any) -> Markup:
    """Return the sentence for one or for many in the reader's language; `num` is one of its values."""
    text = Markup(request_catalogue().ungettext(one, many, num))  # noqa: S704 - see `say`
    return _whole(text % {"num": num, **values})


def say_of(context: str, sentence: str, **values: Any) -> Markup:
    """Return a sentence of one or two words, of which the context says what it belongs to."""
    text = Markup(request_catalogue().upgettext(context, sentence))  # noqa: S704 - see `say`
    return _whole(text % values if values or "%" in text else text)


def say_number_of(context: str, one: str, many: str, num: int, **values: Any) -> Markup:
    """Return the words for one or for many, of which the context says what they belong to."""
    text = Markup(request_catalogue().unpgettext(context, one, many, num))  # noqa: S704 - see `say`
    return _whole(text % {"num": num, **values})


def _whole(text: Markup) -> Markup:
    """Return a sentence in which codes, ranges and the like keep their order on pages from right to left."""
    if direction() == "ltr":
        return text
    return Markup(isolated(text, language()))  # noqa: S704 - only marks of direction are added


def label_of(text: Text | str | None) -> str:
    """Return a label an admin typed, in the reader's language."""
    return text.get(language()) if isinstance(text, Text) else str(text or "")


def add_words(label: Text) -> Markup:
    """Return what a button says that adds a record: Add customer, Προσθήκη πελάτη; a colon where no form is told."""
    return _with_case(label, ADD_RECORD, ADD_BY_NAME)


def edit_words(label: Text) -> Markup:
    """Return the title of a form that edits a record: Edit deal, Επεξεργασία ευκαιρίας, or with a colon."""
    return _with_case(label, EDIT_RECORD, EDIT_BY_NAME)


def _with_case(label: Text, sentence: str, by_name: str) -> Markup:
    case = label.form(language(), "genitive") or label.form(language(), "accusative")
    if case or language() not in NEEDS_CASE:
        return filled(sentence, case or in_sentence(label_of(label)))
    return filled(by_name, label_of(label))


def new_words(label: Text) -> Markup:
    """Return the title of a new record: New customer, Νέος πελάτης; a colon where no gender is told."""
    gender, name = label.form(language(), "gender"), label_of(label)
    if not gender and language() != "en":
        return filled(NEW_BY_NAME, name)
    sentence = NEW_RECORD.get(gender, NEW_RECORD["m"])
    return filled(sentence, name if spoken(sentence).startswith("%") else in_sentence(name))


def filled(sentence: str, record: str) -> Markup:
    """Return a sentence of the code in the reader's language with an escaped label in it."""
    return Markup(spoken(sentence)) % {"record": record}  # noqa: S704 - translators are trusted, values are not


def in_sentence(name: str) -> str:
    """Return a label within a sentence: with a small letter, unless it is all capitals.

    >>> in_sentence("Customer"), in_sentence("VAT rate"), in_sentence("")
    ('customer', 'VAT rate', '')
    """
    return name if name[1:2].isupper() or name[1:2].isdigit() else name[:1].lower() + name[1:]


def initials(name: str) -> str:
    """Return one or two letters that stand for a name.

    >>> initials("Aegean Foods Ltd"), initials("דפוס"), initials("  ")
    ('AF', 'ד', '?')
    """
    letters = [word[0] for word in name.split() if word[0].isalnum()]
    return "".join(letters[:2]).upper() or "?"


def tint(name: str) -> int:
    """Return which of the six colours a name's avatar has; always the same one."""
    return zlib.crc32(name.encode()) % TINTS


AVATAR = Markup('<span class="avatar avatar-{} avatar-rounded tint-{}" aria-hidden="true">{}</span>')


def avatar(name: Any, size: str = "sm") -> Markup:
    """Return the round mark with the letters of a name."""
    return AVATAR.format(size, tint(str(name)), initials(str(name)))


# --- Numbers and dates ---------------------------------------------------------------------------------


def moment(value: datetime | None) -> str:
    """Return a moment (UTC, as stored) as fields show it, in the reader's language and zone, "" when empty."""
    return shown_moment(value, language(), zone_of(current_time_zone())) if value else ""


def number(value: int | float | Decimal | None) -> str:
    """Return a number in the reader's language, "" when empty."""
    return "" if value is None else with_minus_at_left(format_decimal(value), current_language())


def money(value: int | float | Decimal | None, currency: str = "EUR") -> str:
    """Return an amount in the reader's language, "" when empty."""
    return "" if value is None else with_minus_at_left(format_currency(value, currency), current_language())


def same_for_all(template: str) -> Markup:
    """Return a part of the page in which nothing but the language differs; drawn once per language."""
    drawn = current_app.extensions.setdefault("crm_same_for_all", {})
    key = (template, current_language(), request.script_root)
    if key not in drawn:
        drawn[key] = Markup(render_template(template))  # noqa: S704 - made by Jinja with autoescape on
    return drawn[key]


# --- The menu ------------------------------------------------------------------------------------------


def main_menu() -> tuple[MenuGroup, ...]:
    """Return the side bar of this user: what one may not open is not in it."""
    if "main_menu" not in g:
        g.main_menu = mark_active(known_groups())
    return g.main_menu


def known_groups() -> tuple[MenuGroup, ...]:
    """Return the side bar without a mark, from memory for those who may open the same pages."""
    builder = current_app.appbuilder
    key = (current_language(), request.script_root, builder.sm.pairs_of(current_user))
    kept = current_app.extensions.setdefault("crm_menus", {})
    if key not in kept:
        if len(kept) >= MOST_MENUS:
            kept.clear()
        kept[key] = tuple(build_groups())
    return kept[key]


def build_groups() -> Iterator[MenuGroup]:
    """Yield the groups of Flask-AppBuilder's menu: those of entities, the lone items, administration."""
    listed = [item for item in current_app.appbuilder.menu.get_list() if is_visible(item)]
    parents = [item for item in listed if item.childs]
    alone = tuple(build_item(item) for item in listed if not item.childs and item.get_url())
    yield from (group for parent in parents if parent.name != "Security" for group in build_group(parent))
    if alone:
        yield MenuGroup("", "", "", alone)
    yield from (group for parent in parents if parent.name == "Security" for group in build_group(parent))


def build_group(parent: Any) -> Iterator[MenuGroup]:
    """Yield a group of Flask-AppBuilder's menu, if this user may open anything in it."""
    items = tuple(build_item(child) for child in parent.childs if child.name != "-" and is_visible(child))
    if items:
        label = words(source_of(parent.label).replace("_", " ").capitalize())
        yield MenuGroup(parent.name, label, own_icon(parent.icon, "settings"), items)


def is_visible(item: Any) -> bool:
    """Tell whether this user may open an item of Flask-AppBuilder's menu."""
    return item.should_render() and current_app.appbuilder.sm.has_access("menu_access", item.name)


def build_item(item: Any) -> MenuItem:
    """Return one item of Flask-AppBuilder's menu as a line of the side bar."""
    view = item.baseview
    entity = getattr(view, "entity", None)
    return MenuItem(
        label=label_of(entity.plural) if entity is not None else words(item.label),
        url=item.get_url(),
        icon=own_icon(item.icon, "point"),
        add_url=find_add_url(view) if entity is not None else "",
        add_label=str(add_words(entity.label).unescape()) if entity is not None else "",
        entity=entity.name if entity is not None else "",
        noun=label_of(entity.label) if entity is not None else "",
        weight=weight_of(entity) if entity is not None else 0,
        color=entity.color if entity is not None else "",
    )


def weight_of(entity: Entity) -> int:
    """Return how much depends on an entity: its kinds of children, and a board counts as much as three."""
    return len(entity.inverses) + (3 if entity.board else 0)


def find_add_url(view: Any) -> str:
    """Return the address of a view's form for a new record; "" when this user may not create one."""
    allowed = current_app.appbuilder.sm.has_access("can_add", view.class_permission_name)
    return url_for(f"{view.endpoint}.add") if allowed else ""


def mark_active(groups: tuple[MenuGroup, ...]) -> tuple[MenuGroup, ...]:
    """Return the groups with the one item marked whose address leads furthest towards this page."""
    fitting = [item.url for group in groups for item in group.items if is_below(request.path, item.url)]
    best = max(fitting, key=len, default=None)
    return tuple(
        replace(group, items=tuple(replace(item, active=item.url == best) for item in group.items))
        for group in groups
    )


def is_below(path: str, url: str) -> bool:
    """Tell whether a page belongs to the menu item of an address; a list counts for its whole entity.

    >>> is_below("/deal/show/3", "/deal/list/"), is_below("/deals", "/deal/list/"), is_below("/x", "/")
    (True, False, False)
    """
    base = url.split("?")[0]
    for ending in ("list/", "board/", "calendar/"):
        base = base.removesuffix(ending)
    return path == base or (base != "/" and path.startswith(base.rstrip("/") + "/"))


def create_links() -> list[MenuItem]:
    """Return the menu items whose records this user may create, for the New menu."""
    return [item for group in main_menu() for item in group.items if item.add_url]


def bottom_links() -> list[MenuItem]:
    """Return the two entities for the bottom bar of a phone: those most others depend on."""
    entities = [item for group in main_menu() for item in group.items if item.noun]
    return sorted(entities, key=lambda item: -item.weight)[:2]


# --- What Flask-AppBuilder draws with ------------------------------------------------------------------


def draw(widget: Any, **values: Any) -> Markup:
    """Return the HTML of one of Flask-AppBuilder's widgets; its templates are ours, and escape."""
    return Markup(widget(**values))  # noqa: S704 - made by Jinja with autoescape on


def cell_words(value: Any) -> list[str]:
    """Return a cell of Flask-AppBuilder's lists as words, several for a collection."""
    if isinstance(value, bool) or value is None:
        return [yes_or_no(value)]
    if isinstance(value, datetime):
        return [moment(value)]
    if isinstance(value, (list, tuple, set)):
        return [str(part) for part in value]
    return [str(value)]


def yes_or_no(value: bool | None) -> str:
    """Return a truth in words, "" when it is not known."""
    return "" if value is None else str(pgettext("value", "Yes") if value else pgettext("value", "No"))
