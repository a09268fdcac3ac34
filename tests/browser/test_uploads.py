"""The control of files: dropped, pasted, chosen, removed; what is refused is said, and nothing typed is lost."""

from __future__ import annotations

import base64
import copy
import io
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from PIL import Image

from config import Settings
from crm.entities.load import documents_from_json
from crm.revisions.publish import publish_schema
from crm.revisions.workspace import get_workspace
from crm.web.app import build_app
from tests.browser.visitor import DESKTOP, PHONE, Visitor
from tests.browsing import Browser
from tests.crm.web.test_files import FIELDS, PDF

Visit = Callable[..., Visitor]
GIVE = """
([selector, kind, files]) => {
  const carrier = new DataTransfer();
  for (const [name, type, content] of files) {
    const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
    carrier.items.add(new File([bytes], name, { type }));
  }
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: carrier, bubbles: true, cancelable: true })
    : new DragEvent(kind, { dataTransfer: carrier, bubbles: true, cancelable: true });
  document.querySelector(selector).dispatchEvent(event);
}
"""


@pytest.fixture
def app(settings: Settings, engine: sa.Engine) -> Flask:
    """The app of a house whose customers have photos and papers."""
    bodies = [copy.deepcopy(dict(found.body)) for found in get_workspace(engine).schema.documents]
    customer = next(body for body in bodies if body.get("entity") == "customer" and "fields" in body)
    customer["fields"] |= FIELDS
    customer["list"]["columns"] = ["name", "photo", "papers"]
    customer["form"][0]["fields"] = ["name", *FIELDS]
    publish_schema(engine, documents_from_json(bodies), "files")
    built = build_app(get_workspace(engine), settings, engine)
    built.test_client_class = Browser
    return built


def png() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (300, 200), "teal").save(target, "PNG")
    return target.getvalue()


def give(visitor: Visitor, kind: str, field: str, *files: tuple[str, str, bytes]) -> None:
    """Drop or paste files onto the control of a field."""
    sent = [[name, mime, base64.b64encode(content).decode()] for name, mime, content in files]
    visitor.page.evaluate(GIVE, [f"#field-{field}-box [data-upload] input[type=file]", kind, sent])


def listed(visitor: Visitor, field: str) -> list[str]:
    """Wait until nothing is being sent, and return the files the control holds."""
    visitor.page.wait_for_function("() => !document.querySelector('[data-upload] progress')")
    return visitor.page.locator(f"#field-{field}-box .upload-item bdi").all_text_contents()


@pytest.mark.parametrize(("language", "width"), [("en", DESKTOP), ("he", PHONE)])
def test_files_are_dropped_pasted_removed_and_saved(
    visit: Visit, tmp_path: Path, language: str, width: int
) -> None:
    visitor = visit("admin", width=width, language=language)
    visitor.open("/customer/add")
    page = visitor.page
    give(visitor, "drop", "papers", ("α.pdf", "application/pdf", PDF), ("β.pdf", "application/pdf", PDF))
    assert sorted(listed(visitor, "papers")) == ["α.pdf", "β.pdf"]
    give(visitor, "paste", "photo", ("image.png", "image/png", png()))
    assert listed(visitor, "photo") == ["image.png"]
    page.locator("#field-papers-box .upload-item", has_text="β.pdf").locator("[data-upload-remove]").focus()
    page.keyboard.press("Enter")
    assert listed(visitor, "papers") == ["α.pdf"]
    assert page.evaluate("document.activeElement.id") == "field-papers"
    assert "β.pdf" in page.locator("#field-papers-box [role=status]").text_content()
    assert visitor.problems() == []
    page.fill("[name=name]", "Maria")
    page.press("[name=name]", "Enter")
    page.wait_for_url("**/customer/show/*")
    assert page.locator("a.file", has_text="α.pdf").count() == 1
    picture = page.locator("img.picture")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('img.picture').naturalWidth === 300")
    visitor.open("/customer/list/")
    page.wait_for_function("() => document.querySelector('img.small-picture').naturalWidth === 300")
    assert visitor.problems() == []


def test_what_is_refused_is_said_and_nothing_typed_is_lost(visit: Visit) -> None:
    visitor = visit("admin")
    visitor.forgiven = ("Failed to load resource: the server responded with a status of 422",)
    visitor.open("/customer/add")
    page, said = visitor.page, visitor.page.locator("#field-papers-box [role=alert]")
    page.fill("[name=website]" if page.locator("[name=website]").count() else "[name=name]", "Typed")
    give(visitor, "drop", "papers", ("big.pdf", "application/pdf", PDF * 12_000))
    assert said.text_content() == "“big.pdf” is too large. Limit: 1 MB."
    give(visitor, "drop", "papers", ("page.pdf", "application/pdf", b"<html><script>x</script>"))
    page.locator("#field-papers-box [role=alert]", has_text="pdf, docx").wait_for()
    assert "Accepted file types: pdf, docx" in said.text_content()
    give(visitor, "drop", "papers", ("good.pdf", "application/pdf", PDF))
    assert listed(visitor, "papers") == ["good.pdf"] and not said.is_visible()
    page.fill("[name=name]", "")
    page.locator(".save-bar .btn-primary").click()
    page.wait_for_selector(".field-error:not([hidden])")
    assert listed(visitor, "papers") == ["good.pdf"]
    assert visitor.problems() == []


def test_a_file_is_chosen_by_hand_and_replaces_the_one_before(visit: Visit, tmp_path: Path) -> None:
    visitor = visit("admin")
    visitor.open("/customer/add")
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(png())
        visitor.page.set_input_files("#field-photo", tmp_path / name)
        visitor.page.wait_for_function(
            f"() => document.querySelector('#field-photo-box').textContent.includes('{name}')"
        )
        assert listed(visitor, "photo")[-1] == name
    assert listed(visitor, "photo") == ["two.png"]
    assert visitor.page.get_attribute("#field-photo", "accept") == "image/*"
