"""Every code that is raised has a sentence, and every sentence has a code that is raised."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import app
from config import ROOT
from crm.messages import MESSAGES

app.wire()  # sentences of actions and triggers join the others when `workflows` is loaded
SENTENCES = dict(MESSAGES)  # as they are before a test of a recipe brings an action of its own

CODE = re.compile(r"[a-z_]+\.[a-z_]+\Z")
RAISERS = re.compile(r"(Error|Problem|Refusal)\Z|(refuse|refusal)\Z")


@cache
def trees() -> list[ast.Module]:
    """Return the code without the sentences themselves."""
    files = [file for top in ("crm", "workflows") for file in sorted((ROOT / top).rglob("*.py"))]
    return [ast.parse(file.read_text()) for file in files if file.parent.name != "messages"]


def raised() -> Iterator[str]:
    """Yield every code that is written where an error or a problem is made."""
    for tree in trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not RAISERS.search(ast.unparse(node.func).split(".")[-1]):
                continue
            for argument in node.args:
                if isinstance(argument, ast.Constant) and CODE.match(str(argument.value)):
                    yield argument.value


def written() -> tuple[set[str], list[re.Pattern[str]]]:
    """Return every text in the code, and a pattern for each that is put together."""
    texts, patterns = set(), []
    for tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+"
                    for part in node.values
                ]
                if re.match(r"[a-z_]{3,}\\\.", "".join(parts)):  # `http.…`, not any two names with a dot
                    patterns.append(re.compile("".join(parts)))
    return texts, patterns


def test_every_code_that_is_raised_has_a_sentence() -> None:
    codes = set(raised())
    assert len(codes) > 200
    assert sorted(codes - set(SENTENCES)) == []


def test_every_sentence_is_raised_somewhere() -> None:
    texts, patterns = written()
    unused = [
        code for code in SENTENCES if code not in texts and not any(p.fullmatch(code) for p in patterns)
    ]
    assert unused == []
