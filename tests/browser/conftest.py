"""Browser tests: the real app on a real port, looked at with Chromium.

Without Chromium they are skipped, each with that reason, and pytest counts them; where `CI` is set that fails.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.serving import make_server

from crm.web import assets

if TYPE_CHECKING:
    from flask import Flask
    from playwright.sync_api import Browser

    from tests.browser.visitor import Visitor

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


@pytest.fixture
def address(app: Flask, chromium: Browser) -> Iterator[str]:
    """Where the app of this test answers; it is gone after the test."""
    was_testing, app.testing = app.testing, False
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    app.testing = was_testing


@pytest.fixture
def visit(app: Flask, address: str, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    """A function that opens a window: `visit("sales", width=PHONE, language="he", dark=True)`; None: a stranger."""
    from tests.browser.visitor import DESKTOP, HEIGHT, Visitor

    opened = []

    def open_window(
        username: str | None = None, width: int = DESKTOP, language: str = "en", dark: bool = False
    ) -> Visitor:
        is_phone = width < 600
        context = chromium.new_context(
            viewport={"width": width, "height": HEIGHT[width]},
            color_scheme="dark" if dark else "light",
            is_mobile=is_phone,
            has_touch=is_phone,
            reduced_motion="reduce",
        )
        opened.append(context)
        context.set_default_timeout(15_000)
        context.add_cookies(sign_in(app, address, username, language))
        return Visitor(context.new_page(), address)

    yield open_window
    for context in opened:
        context.close()


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
