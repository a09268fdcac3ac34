"""The documents name every setting, command, field type, trigger, condition, function and action there is."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from app import Commands, wire
from config import list_settings
from crm.conditions.language.lines import AGGREGATES, GROUPS
from crm.conditions.operators import OPERATORS
from crm.conditions.python.functions import CALLS
from crm.entities.check import ENTITY_KEYS, FIELD_KEYS
from crm.entities.kinds import KINDS
from crm.entities.load import build_schema, load_document, load_documents
from crm.fields import FIELD_TYPES
from crm.reports.charts import CHARTS
from workflows.actions import ACTIONS
from workflows.triggers import TRIGGERS

wire()  # the kinds of documents are registered there
ROOT = Path(__file__).resolve().parent.parent
DESIGN = (ROOT / "docs" / "design.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
REFERENCE = (ROOT / "docs" / "reference.md").read_text("utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text("utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def words_of(text: str) -> set[str]:
    """Return every word in code marks."""
    return set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", " ".join(re.findall(r"`([^`\n]+)`", text))))


WORDS = words_of(REFERENCE)


@dataclass(frozen=True)
class Vocabulary:
    """A set of words of the product that the documents must have."""

    name: str
    words: tuple[str, ...]


VOCABULARIES = (
    Vocabulary("field types", tuple(FIELD_TYPES)),
    Vocabulary("field keys", (*FIELD_KEYS, *(key for kind in FIELD_TYPES.values() for key in kind.keys))),
    Vocabulary("entity keys", ENTITY_KEYS),
    Vocabulary("keys of documents", tuple(key for kind in KINDS.values() for key in (kind.name, *kind.keys))),
    Vocabulary("charts", tuple(CHARTS)),
    Vocabulary("operators", (*OPERATORS, *GROUPS, *AGGREGATES, "formula")),
    Vocabulary("functions", tuple(CALLS)),
    Vocabulary("triggers", tuple(TRIGGERS)),
    Vocabulary("actions", tuple(ACTIONS)),
)


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda vocabulary: vocabulary.name)
def test_the_reference_names_every_word(vocabulary: Vocabulary) -> None:
    assert [word for word in vocabulary.words if word not in WORDS] == []


def test_the_operations_name_every_setting() -> None:
    told = words_of(OPERATIONS)
    assert [name for name, _default, _meaning in list_settings() if name not in told] == []


def test_the_table_of_field_types_has_exactly_their_keys() -> None:
    table = REFERENCE.split("## Field types")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", table, re.MULTILINE)
    told = {name: set(re.findall(r"`(\w+)`", keys)) for name, keys in rows}
    assert told == {name: set(field_type.keys) for name, field_type in FIELD_TYPES.items()}


def test_the_operations_name_every_command() -> None:
    missing = [name for name in names_of(Commands("crm")) if not is_named(name)]
    assert missing == []


def names_of(group: click.Group, before: str = "") -> list[str]:
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command, whole = group.get_command(context, name), f"{before}{name}"
        found += names_of(command, f"{whole} ") if isinstance(command, click.Group) else [whole]
    return found


def is_named(command: str) -> bool:
    """Say whether a command is in the operations, whole or after its siblings in one row of a table."""
    first, _, last = command.partition(" ")
    rows = [line for line in OPERATIONS.splitlines() if f"flask crm {first}" in line]
    return any(re.search(rf"[` ]{re.escape(last or first)}[` ]", row) for row in rows)


def code_words(page: Path) -> list[str]:
    """Return what stands in code marks on a page, without the files that the page tells one to write."""
    text = page.read_text("utf-8")
    found = re.findall(r"`([^`\n]+)`", without_code(text))
    new = re.findall(r"(?:Write|Prove it in|proof, in|A file) `([^`\n]+)`", text)
    return [word for word in found if not any(name in word for name in new)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_of_ours_is_there(page: Path) -> None:
    tops = "|".join(("crm", "workflows", "tests", "schemas", "docs", "translations/babel"))
    named = [word for word in code_words(page) if re.fullmatch(rf"(?:{tops})/[\w./]*", word)]
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_dotted_name_of_ours_is_there(page: Path) -> None:
    named = [word for word in code_words(page) if re.fullmatch(r"(?:crm|workflows|app)(?:\.\w+)+", word)]
    named = [name for name in named if not name.endswith((".py", ".css", ".js"))]
    assert len(named) > 50 or page.name != "design.md"
    assert [name for name in named if not is_ours(name)] == []


def is_ours(name: str) -> bool:
    """Say whether a dotted name is a module of ours, or something in one."""
    try:
        pkgutil.resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_every_file_the_design_names_is_there() -> None:
    named = re.findall(r"`([a-z_][a-z0-9_./]*(?:/|\.(?:py|js|html|css|txt|md)))`", DESIGN)
    assert len(named) > 50
    assert [name for name in named if not is_there(name)] == []


def is_there(name: str) -> bool:
    """Say whether a file or folder is there: from the root or the web's folder; a bare name anywhere in the code."""
    if "/" in name:
        return any((ROOT / place / name).exists() for place in ("", "crm", "crm/web"))
    return any(
        path.name == name for top in ("crm", "workflows", "static/js", ".") for path in files_of(ROOT / top)
    )


def files_of(top: Path) -> Iterator[Path]:
    return top.glob("*") if top == ROOT else top.rglob("*.*")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text("utf-8")))
    assert [link for link in links if "://" not in link and not leads_somewhere(page, link)] == []


def without_code(text: str) -> str:
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def leads_somewhere(page: Path, link: str) -> bool:
    """Say whether a link within our files leads to a file and a heading that are there."""
    name, _, heading = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    return target.exists() and (not heading or heading in headings_of(target))


def headings_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", without_code(page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


# Reliability


RELIABILITY = (ROOT / "docs" / "reliability.md").read_text("utf-8")
PROMISES = {"F": 43, "I": 6, "S": 23}  # how many rows each part has


def test_every_promise_has_its_row_and_either_a_test_or_what_lacks() -> None:
    rows = [line.split("|")[1:5] for line in RELIABILITY.splitlines() if re.match(r"\| [FIS]\d\d ", line)]
    assert [row[0].strip() for row in rows] == [
        f"{part}{number:02}" for part, count in PROMISES.items() for number in range(1, count + 1)
    ]
    assert [row[0].strip() for row in rows if not row[2].strip() and not row[3].strip()] == []


def test_every_test_that_shows_a_promise_is_there() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", RELIABILITY)
    assert len(named) > sum(PROMISES.values())
    assert [
        f"{path}::{name}"
        for path, name in named
        if not re.search(rf"^def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE)
    ] == []


@pytest.mark.parametrize("page", [REFERENCE, README], ids=["reference", "README"])
def test_every_document_that_is_shown_can_be_published(page: str) -> None:
    shipped, _problems = load_documents(ROOT / "schemas")
    texts = re.findall(r"^```yaml\n(\w+: .*?)^```", page, re.DOTALL | re.MULTILINE)
    assert texts
    for text in texts:
        document, problems = load_document(text, "shown.yaml")
        others = [one for one in shipped if (one.kind, one.name) != (document.kind, document.name)]
        assert not problems and build_schema([*others, document], 1)[1] == [], text
