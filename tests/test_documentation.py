"""README.md names every setting, field type, trigger, condition operator, function and action there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

from app import Commands
from config import list_settings
from crm.conditions.language.lines import AGGREGATES, ALL_OPERATORS, GROUPS
from crm.conditions.python.functions import CALLS
from crm.entities.check import ENTITY_KEYS, FIELD_KEYS
from crm.fields import FIELD_TYPES
from workflows.actions import ACTIONS
from workflows.triggers import TRIGGERS

ROOT = Path(__file__).resolve().parent.parent
DESIGN = (ROOT / "docs" / "design.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
WORDS = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", " ".join(re.findall(r"`([^`\n]+)`", README))))
"""Every word that stands in code marks."""


@dataclass(frozen=True)
class Vocabulary:
    """A set of words of the product that the README must have."""

    name: str
    words: tuple[str, ...]


VOCABULARIES = (
    Vocabulary("settings", tuple(name for name, _default, _meaning in list_settings())),
    Vocabulary("field types", tuple(FIELD_TYPES)),
    Vocabulary("field keys", (*FIELD_KEYS, *(key for kind in FIELD_TYPES.values() for key in kind.keys))),
    Vocabulary("entity keys", ENTITY_KEYS),
    Vocabulary("operators", (*ALL_OPERATORS, *GROUPS, *AGGREGATES, "formula")),
    Vocabulary("functions", tuple(CALLS)),
    Vocabulary("triggers", tuple(TRIGGERS)),
    Vocabulary("actions", tuple(ACTIONS)),
)


@pytest.mark.parametrize("vocabulary", VOCABULARIES, ids=lambda vocabulary: vocabulary.name)
def test_the_readme_names_every_word(vocabulary: Vocabulary) -> None:
    assert [word for word in vocabulary.words if word not in WORDS] == []


def test_the_table_of_field_types_has_exactly_their_keys() -> None:
    table = README.split("### Field types")[1].split("###")[0]
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", table, re.MULTILINE)
    told = {name: set(re.findall(r"`(\w+)`", keys)) for name, keys in rows}
    assert told == {name: set(field_type.keys) for name, field_type in FIELD_TYPES.items()}


def test_the_readme_names_every_command() -> None:
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
    """Say whether a command stands in the README, whole or after its siblings in one row of a table."""
    first, _, last = command.partition(" ")
    rows = [line for line in README.splitlines() if f"flask crm {first}" in line]
    return any(re.search(rf"[` ]{re.escape(last or first)}[` ]", row) for row in rows)


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


def test_every_link_leads_to_a_heading_of_the_readme() -> None:
    headings = {
        heading.lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    }
    assert [link for link in re.findall(r"\(#([^)]+)\)", README) if link not in headings] == []
