"""What the browser tests share: a server at one address, and windows that have loaded the styles and scripts before."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator

from tests.browser.visitor import HEIGHT

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from flask import Flask
    from playwright.sync_api import Browser, Dialog, Page, ViewportSize

PATIENCE = 3  # seconds until a request that was left behind is no longer waited for
BETWEEN = (
    "/between-two-tests"  # an empty page, with the header that lets it stay in the process of the others
)
EMPTY = b"<link rel=icon href=data:,>"  # a page that asks for no icon
PROCESS = ("Cross-Origin-Opener-Policy", "same-origin")  # the page's process is the app's
OUTSIDE = (-1, -1)  # of the window, in pixels: the mouse lies over nothing


class FrontDoor:
    """A server that stays for the whole run, before the app of the test that runs now.

    Its address stays the same, so that a window keeps what it has loaded.
    """

    def __init__(self) -> None:
        self.app: Flask | None = None
        self._inside: set[object] = set()  # requests of the test that runs now
        self._changed = threading.Condition()
        self._server = make_server("127.0.0.1", 0, self, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request by the app of this test; between two tests nobody is at home."""
        with self._changed:
            app = self.app
            if app is None or environ["PATH_INFO"] == BETWEEN:
                start_response(
                    "503 Service Unavailable" if app is None else "200 OK",
                    [("Content-Type", "text/html"), PROCESS],
                )
                return [EMPTY]
            request = object()
            self._inside.add(request)
        leave = partial(self._leave, request)
        try:
            return ClosingIterator(app(environ, start_response), leave)
        except BaseException:
            leave()
            raise

    def _leave(self, request: object) -> None:
        with self._changed:
            self._inside.discard(request)
            self._changed.notify_all()

    @contextmanager
    def open_to(self, app: Flask) -> Iterator[str]:
        """Serve an app, and let it finish what was asked of it before the next one comes."""
        self.app = app
        try:
            yield self.address
        finally:
            with self._changed:
                self.app = None
                self._changed.wait_for(lambda: not self._inside, PATIENCE)
                self._inside.clear()  # the next test waits for none of these

    def close(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@dataclass(frozen=True)
class Look:
    """What a window looks like."""

    width: int
    dark: bool

    @property
    def size(self) -> ViewportSize:
        """Its width and its height in pixels."""
        return {"width": self.width, "height": HEIGHT[self.width]}


class Windows:
    """Windows that the next test uses again: the first page in a new one takes four times as long.

    A test finds it without cookies and without what pages have kept.
    """

    def __init__(self, chromium: Browser) -> None:
        self._chromium = chromium
        self._idle: dict[Look, list[Page]] = defaultdict(list)

    def open(self, look: Look) -> Page:
        """Return a window that nobody uses."""
        return self._idle[look].pop() if self._idle[look] else self.make(look)

    def make(self, look: Look) -> Page:
        """Return a new window."""
        is_phone = look.width < 600
        context = self._chromium.new_context(
            viewport=look.size,
            color_scheme="dark" if look.dark else "light",
            is_mobile=is_phone,
            has_touch=is_phone,
            reduced_motion="reduce",
        )
        context.set_default_timeout(15_000)
        return context.new_page()

    def take_back(self, look: Look, page: Page, address: str) -> None:
        """Make a window like new, but for the styles and scripts it has loaded, and keep it."""
        for other in page.context.pages:
            if other != page:
                other.close()
        page.context.unroute_all()
        page.unroute_all()
        page.context.set_offline(False)
        page.on("dialog", leave)
        page.goto(address + BETWEEN)
        page.remove_listener("dialog", leave)
        page.mouse.move(*OUTSIDE)
        page.evaluate("localStorage.clear(); sessionStorage.clear()")
        page.context.clear_cookies()
        if page.viewport_size != look.size:
            page.set_viewport_size(look.size)
        self._idle[look].append(page)


def leave(question: Dialog) -> None:
    """Leave a page that asks whether what was typed may be lost."""
    question.accept()
