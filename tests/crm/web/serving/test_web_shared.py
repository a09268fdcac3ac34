"""Compiled templates and catalogues outlive a revision, and follow their files."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, render_template
from jinja2 import Environment

from crm.web.serving.shared import CATALOGUES, TemplateMemory
from tests.crm.web.house import Browser, House


def app_over(folder: Path, memory: TemplateMemory, compiled: list[str]) -> Flask:
    """Return an app whose templates lie in a folder, and which notes what it compiles."""

    class Noting(Environment):
        def _parse(self, source: str, *rest: object) -> object:
            compiled.append(source)
            return super()._parse(source, *rest)

    app = Flask("small", template_folder=str(folder))
    app.jinja_environment = type("Noting", (Noting, app.jinja_environment), {})
    app.jinja_env.bytecode_cache = memory
    return app


def draw(app: Flask) -> str:
    with app.app_context():
        return render_template("page.html")


def test_the_app_of_the_next_revision_compiles_nothing_again(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("{{ 1 + 1 }}")
    memory, compiled = TemplateMemory(), []
    assert [draw(app_over(tmp_path, memory, compiled)) for _ in range(2)] == ["2", "2"]
    assert compiled == ["{{ 1 + 1 }}"]


def test_a_changed_template_is_compiled_again(tmp_path: Path) -> None:
    memory, compiled = TemplateMemory(), []
    for text in ("old", "new"):
        (tmp_path / "page.html").write_text(text)
        assert draw(app_over(tmp_path, memory, compiled)) == text


def test_the_sentences_of_a_language_are_read_once_per_process(house: House, admin: Browser) -> None:
    admin.get("/lang/el")
    admin.get("/profile/")
    with house.app.test_request_context():
        cache = house.app.extensions["babel"].instance.domain_instance.cache
    assert cache is CATALOGUES
    assert ("el", "messages") in CATALOGUES
