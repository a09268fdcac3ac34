"""What the apps of successive revisions share in one process: compiled templates and catalogues of sentences.

Neither depends on the schema. Without this, the first reader after every publish would wait for both.
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import Domain
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class TemplateMemory(BytecodeCache):
    """Compiled templates of this process, by name; a template whose text changed is compiled again."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, if it holds what was compiled from this very text."""
        kept = self._kept.get(bucket.key)
        if kept is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Remember what was compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = TemplateMemory()
CATALOGUES: dict[Any, Any] = {}
"""Flask-Babel's own memory of catalogues, one for all apps: the files do not change while a process runs."""


def share_with(app: Flask) -> None:
    """Let an app use what earlier ones compiled and read; needs an app context, before anything is drawn."""
    app.jinja_env.bytecode_cache = TEMPLATES
    domain: Domain = app.extensions["babel"].instance.domain_instance
    domain.cache = CATALOGUES
