"""Browser tests: the real app on a real port, looked at with Chromium.

Without Chromium they are skipped, each with that reason, and pytest counts them; where `CI` is set that fails.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crm.web import assets

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Browser, Page

    from tests.browser.visitor import Visitor
    from tests.browser.windows import FrontDoor, Windows

HERE = Path(__file__).parent
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test in this folder, so that they can be chosen, left out and counted."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Chromium, started once; the machine's own, as Debian installs it."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("Chromium is not installed")
    if not assets.is_built():
        pytest.skip("The front-end files are not built: run `make assets`")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def _front_door() -> Iterator[FrontDoor]:
    from tests.browser.windows import FrontDoor

    door = FrontDoor()
    yield door
    door.close()


@pytest.fixture(scope="session")
def _windows(chromium: Browser) -> Windows:
    from tests.browser.windows import Windows

    return Windows(chromium)


@pytest.fixture
def address(app: Flask, _front_door: FrontDoor) -> Iterator[str]:
    """Where the app of this test answers; nobody does after the test."""
    was_testing, app.testing = app.testing, False
    with _front_door.open_to(app) as address:
        yield address
    app.testing = was_testing


@pytest.fixture
def visit(app: Flask, address: str, _windows: Windows) -> Iterator[Callable[..., Visitor]]:
    """A function that opens a window: `visit("sales", width=PHONE, language="he", dark=True)`; None: a stranger.

    Who winds its clock or listens to it asks for one that nobody uses again: `once=True`.
    """
    from tests.browser.visitor import DESKTOP, Visitor
    from tests.browser.windows import Look

    lent: list[tuple[Look, Visitor]] = []
    alone: list[Page] = []

    def open_window(
        username: str | None = None,
        width: int = DESKTOP,
        language: str = "en",
        dark: bool = False,
        once: bool = False,
    ) -> Visitor:
        look = Look(width, dark)
        page = _windows.make(look) if once else _windows.open(look)
        page.context.add_cookies(sign_in(app, address, username, language))
        visitor = Visitor(page, address)
        alone.append(page) if once else lent.append((look, visitor))
        return visitor

    yield open_window
    for look, visitor in lent:
        visitor.leave()
        _windows.take_back(look, visitor.page, address)
    for page in alone:
        page.context.close()


def sign_in(app: Flask, address: str, username: str | None, language: str) -> list[dict]:
    """Return the cookies of somebody who has signed in and chosen a language, without drawing pages for it."""
    browser = app.test_client()
    browser.get(f"/lang/{language}")
    if username:
        browser.sign_in(username)
        browser.get(f"/lang/{language}")
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = browser.get_cookie(name)
    return [{"name": name, "value": cookie.value, "url": address}] if cookie else []
