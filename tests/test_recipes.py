"""Each recipe that shows files whole is followed in a copy of the house: its files, its lines, then its own test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from config import ROOT

FOLDER = ROOT / "docs" / "extending"
RECIPES = ("operator", "report_kind", "page", "message")
COPIED = ("crm", "workflows", "tests", "translations")
LINKED = ("app.py", "config.py", "pyproject.toml", "schemas", "static", "docs", "README.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
PATH = re.compile(r"`([\w./]+/[\w.]+\.(?:py|html|po))`")


@dataclass(frozen=True)
class Step:
    """One block of a page: a whole file, lines for a file that is there (`diff`), or entries for its end (`po`)."""

    kind: str
    path: str
    text: str

    def take(self, root: Path) -> None:
        """Do in a copy what the block says."""
        file = root / self.path
        if self.kind == "diff":
            file.write_text(with_lines(file.read_text(), self.text))
        elif self.kind == "po":
            file.write_text(f"{file.read_text()}\n{self.text}")
        else:
            assert not file.exists(), self.path
            file.write_text(self.text)


def with_lines(text: str, diff: str) -> str:
    """Return a file with the lines that a block marks by `+`, at the one line that stands unmarked beside them."""
    rows = diff.splitlines()
    (beside,) = (row[1:] for row in rows if row.startswith(" "))
    assert text.count(f"{beside}\n") == 1, f"not one line in the file: {beside}"
    return text.replace(f"{beside}\n", "".join(f"{row[1:]}\n" for row in rows))


def steps_of(page: str) -> list[Step]:
    """Return the blocks of a page, each with the path that was named last before it; those without one say nothing."""
    text = (FOLDER / f"{page}.md").read_text()
    found, before = [], 0
    path = ""
    for block in BLOCK.finditer(text):
        path = (PATH.findall(text[before : block.start()]) or [path])[-1]
        found.append(Step(block[1], path, block[2]))
        before = block.end()
    return found


@pytest.mark.slow
@pytest.mark.parametrize("page", RECIPES)
def test_the_recipe_works_for_somebody_who_knows_only_its_page(page: str, tmp_path: Path) -> None:
    for name in COPIED:
        ignored = shutil.ignore_patterns("upgrade", "bench")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)  # what is compiled stays valid
    for name in LINKED:
        (tmp_path / name).symlink_to(ROOT / name)
    steps = steps_of(page)
    for step in steps:
        step.take(tmp_path)
    tests = [step.path for step in steps if step.path.startswith("tests/")]
    assert tests and len(steps) > 2
    if any(step.kind == "po" for step in steps):
        run(tmp_path, Path(sys.executable).parent / "pybabel", "-q", "compile", "-d", "translations")
    run(
        tmp_path,
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--database", "sqlite", *tests,
    )  # fmt: skip


def run(folder: Path, *command: str | Path) -> None:
    """Run a command in a copy; what it printed says why it failed."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_recipe_is_held_by_a_test() -> None:
    followed_elsewhere = {"action", "trigger", "field_type"}  # tests/workflows, tests/crm/fields
    assert {page.stem for page in FOLDER.glob("*.md")} == followed_elsewhere | set(RECIPES)
