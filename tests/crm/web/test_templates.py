"""What no template, style sheet or script of ours may do: inline code, trusted text, physical sides, bare English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, nodes

from config import ROOT
from crm.fields import FIELD_TYPES
from crm.web import assets

TEMPLATES = ROOT / "crm" / "web" / "templates"
FILES = sorted(TEMPLATES.rglob("*.html"))
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))

JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
READ_ALOUD = frozenset({"title", "alt", "placeholder", "aria-label", "label"})
NOT_PROSE = frozenset({"code", "kbd", "pre"})
TRANSLATORS = frozenset({"_", "pgettext", "npgettext", "gettext", "ngettext"})
ATTRIBUTE = re.compile(r'[\w-]+="[^"]*"')  # a macro that makes attributes stands outside of any tag
LETTERS = re.compile(r"[^\W\d_]{2,}")
SENTENCE = re.compile(r"[A-Z][a-z]+( .*)?$|[A-Z][^%{]* [a-z].*[.!?…:]$")
PHYSICAL = re.compile(
    r"(?:^|[;{\s])(?:(?:margin|padding|border|scroll-margin|inset)-(?:left|right)[a-z-]*|left|right"
    r"|border-(?:top|bottom)-(?:left|right)-radius)\s*:"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)\b"
)


def named(paths: list[Path]) -> list:
    """Give each file its name as the test's id."""
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


@cache
def environment() -> Environment:
    """A Jinja that reads our templates without an app."""
    return Environment(loader=FileSystemLoader(TEMPLATES), extensions=["jinja2.ext.i18n"], autoescape=True)


@cache
def tree_of(path: Path) -> nodes.Template:
    """The parsed template."""
    return environment().parse(path.read_text("utf-8"))


class Prose(HTMLParser):
    """Collects what of a template is read aloud and stands there in bare words."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside.append(tag)
        self.found += [value for name, value in attrs if name in READ_ALOUD and LETTERS.search(value or "")]

    def handle_endtag(self, tag: str) -> None:
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if LETTERS.search(ATTRIBUTE.sub("", data)) and not NOT_PROSE & set(self.inside):
            self.found.append(data.strip())


def bare_words(text: str) -> list[str]:
    """Return the words of a template that no gettext call surrounds."""
    parser = Prose()
    parser.feed(JINJA.sub("", text))
    return parser.found


def untranslated(node: nodes.Node) -> Iterator[str]:
    """Yield string constants that look like words for people and stand outside of a gettext call."""
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name in TRANSLATORS:
        return
    if isinstance(node, (nodes.Compare, nodes.Test, nodes.TemplateData)):
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and SENTENCE.match(node.value):
        yield node.value
    for child in node.iter_child_nodes():
        yield from untranslated(child)


@pytest.mark.parametrize("path", named(FILES))
def test_template_has_no_inline_style_script_or_handler(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text("utf-8"), flags=re.DOTALL)
    found = re.findall(r"\sstyle\s*=|\son[a-z]+\s*=|\bhx-on|javascript:|[\"']js:", text, re.IGNORECASE)
    scripts = re.findall(r"<script[^>]*>(?!</script>)|<script(?![^>]*\ssrc=)[^>]*>|<style", text)
    assert found + scripts == []


@pytest.mark.parametrize("path", named(FILES))
def test_template_trusts_no_text(path: Path) -> None:
    tree = tree_of(path)
    trusted = [node.lineno for node in tree.find_all(nodes.Filter) if node.name == "safe"]
    unescaped = [node.lineno for node in tree.find_all(nodes.ScopedEvalContextModifier)]
    assert trusted + unescaped == []


@pytest.mark.parametrize("path", named(FILES))
def test_template_translates_only_literal_sentences(path: Path) -> None:
    # Jinja marks what gettext returns as safe: a label that went through it would become HTML.
    calls = [
        node
        for node in tree_of(path).find_all(nodes.Call)
        if isinstance(node.node, nodes.Name) and node.node.name in TRANSLATORS
    ]
    assert [node.lineno for node in calls if not isinstance(node.args[0], nodes.Const)] == []


@pytest.mark.parametrize("path", named(FILES))
def test_template_says_nothing_in_bare_words(path: Path) -> None:
    assert bare_words(path.read_text("utf-8")) == []
    assert list(untranslated(tree_of(path))) == []


@pytest.mark.parametrize("path", named(FILES))
def test_template_names_only_icons_that_exist(path: Path) -> None:
    folder = assets.VENDOR / "icons"
    if not folder.exists():
        pytest.skip("The front-end files are not built")
    calls = [
        node.args[0].value
        for node in tree_of(path).find_all(nodes.Call)
        if getattr(node.node, "attr", getattr(node.node, "name", "")) == "icon"
        and node.args
        and isinstance(node.args[0], nodes.Const)
    ]
    assert [name for name in calls if not (folder / f"{name}.svg").exists()] == []


@pytest.mark.parametrize("path", named(STYLES))
def test_style_sheet_knows_no_left_and_right(path: Path) -> None:
    text = re.sub(r"/\*.*?\*/", "", path.read_text("utf-8"), flags=re.DOTALL)
    assert PHYSICAL.findall(text) == []


@pytest.mark.parametrize("path", named(STYLES))
def test_style_sheet_says_nothing_twice(path: Path) -> None:
    lines = [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip() not in ("", "}")]
    rules = [line for line in lines if not line.startswith("@")]
    assert [line for line in rules if rules.count(line) > 1] == []


@pytest.mark.parametrize("path", named(SCRIPTS))
def test_script_makes_no_html_and_no_code(path: Path) -> None:
    forbidden = (
        r"\beval\(|new Function|innerHTML|outerHTML|insertAdjacentHTML|document\.write|setAttribute\(.style"
    )
    pages = {
        "forms.js": ["document.write"]
    }  # a whole page of the server's, taken as the browser would take it
    assert re.findall(forbidden, path.read_text("utf-8")) == pages.get(path.name, [])


def test_every_control_of_a_field_type_has_a_template() -> None:
    controls = {type_.control for type_ in FIELD_TYPES.values()}
    drawn = {path.stem for path in (TEMPLATES / "fields").glob("*.html")}
    assert controls - drawn == set()


def test_the_check_itself_finds_what_it_looks_for() -> None:
    assert bare_words('<p aria-label="Close">{{ _("Fine") }} not fine</p>') == ["Close", "not fine"]
    bad = environment().parse('{{ ui.empty("new", "Nothing here") }}{{ _("Fine here") }}')
    assert list(untranslated(bad)) == ["Nothing here"]
    assert PHYSICAL.search(".a { margin-left: 1rem }")
    assert PHYSICAL.search(".a { text-align: right }")
    assert not PHYSICAL.search(".a { margin-inline: 1rem; transform-origin: left; }")
