"""A person at a real browser: opens pages of the running app and notices what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, Response, TimeoutError

from tests.browser.axe import find_violations

PHONE, DESKTOP = 390, 1280  # pixels
HEIGHT = {PHONE: 844, DESKTOP: 800}
SETTLED = """
() => document.readyState === "complete" && document.fonts.status === "loaded"
    && !document.querySelector(".htmx-request, [data-figure]:not([data-drawn]):not(:has(.empty))")
"""
FITS = "(width) => document.documentElement.scrollWidth <= width"
TOUCH_TARGETS = """
() => [...document.querySelectorAll("button, .btn, .nav-link, .side-link, .bottom-bar > *, input:not([type=hidden])")]
    .filter((element) => element.checkVisibility() && !element.closest("[hidden], .visually-hidden"))
    .filter((element) => !element.matches("input[type=checkbox], input[type=radio], .ts-control input"))
    .filter((element) => element.getBoundingClientRect().height < 43.5)
    .map((element) => element.outerHTML.slice(0, 120))
"""
BARS_AT_THE_END = """
async () => {
    scrollTo({ top: document.documentElement.scrollHeight, behavior: "instant" });
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    const box = (name) => document.querySelector(name)?.getBoundingClientRect();
    const [top, side, bottom, main] = [".topbar", ".sidebar", ".bottom-bar", ".page-main"].map(box);
    const found = [];
    if (top && Math.abs(top.top) > 1) found.push(`The top bar is at ${top.top}`);
    if (side?.width && innerWidth >= 992 && Math.abs(side.top) > 1) found.push(`The side bar is at ${side.top}`);
    const off = bottom?.height ? Math.abs(bottom.bottom - innerHeight) : 0;
    if (off > 1) found.push(`The bottom bar is ${off} pixels away`);
    const covered = bottom?.height && main ? main.bottom - bottom.top : 0;
    if (covered > 2) found.push(`The bottom bar covers ${covered} pixels of the page`);
    scrollTo({ top: 0, behavior: "instant" });
    return found;
}
"""


@dataclass
class Visitor:
    """One browser window.

    Shape:  `errors` gathers what the browser's console complained about, and every script that broke;
            `forgiven` are beginnings of complaints a test expects (an error page is one by itself).
    """

    page: Page
    address: str
    errors: list[str] = field(default_factory=list)
    forgiven: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.page.on("console", self._listen)
        self.page.on("pageerror", self._hear_of)

    def leave(self) -> None:
        """Notice nothing any more."""
        self.page.remove_listener("console", self._listen)
        self.page.remove_listener("pageerror", self._hear_of)

    def _hear_of(self, error: Error) -> None:
        self.errors.append(f"script: {error}")

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(self.forgiven or ("\0",)):
            self.errors.append(f"{message.type}: {message.text}")

    @property
    def context(self) -> BrowserContext:
        """The window's cookies and settings."""
        return self.page.context

    def open(self, path: str) -> Response:
        """Open a page of the app and wait until it stands still."""
        answer = self.page.goto(self.address + path)
        assert answer is not None
        self.page.wait_for_function(SETTLED)
        return answer

    def look_at(self, paths: Iterable[str], status: int = 200) -> dict[str, list[str]]:
        """Open page after page; return the problems of those that have any, by path.

        Shape:  one window for many pages keeps the styles and scripts it has loaded, as a person's does.
        """
        return self._walk(paths, status, self.problems)

    def look_at_both_widths(self, paths: Iterable[str]) -> dict[str, list[str]]:
        """Open page after page, as `look_at` does; look once more, without axe, in a window of the other width."""
        return self._walk(paths, 200, self.problems_at_both_widths)

    def problems_at_both_widths(self) -> list[str]:
        """Return all that is wrong, and what anybody sees to be wrong once the window has the other width."""
        found = self.problems()
        opened = self.page.viewport_size
        other = DESKTOP if opened["width"] == PHONE else PHONE
        self.page.set_viewport_size({"width": other, "height": HEIGHT[other]})
        with suppress(TimeoutError):  # a chart is drawn once more a moment after the window has changed
            self.page.wait_for_function(FITS, arg=other, timeout=5_000)
        found += [f"{other} pixels wide: {fault}" for fault in self.plain_problems()]
        self.page.set_viewport_size(opened)
        return found

    def _walk(self, paths: Iterable[str], status: int, find: Callable[[], list[str]]) -> dict[str, list[str]]:
        if status != 200:
            self.forgiven += (f"Failed to load resource: the server responded with a status of {status}",)
        found = {}
        for path in paths:
            answer = self.open(path)
            wrong = [] if answer.status == status else [f"The answer was {answer.status}"]
            wrong += find()
            if wrong:
                found[path] = wrong
        return found

    def problems(self) -> list[str]:
        """Return all that is wrong with the page: axe, console, sideways scroll, language and direction."""
        return self.plain_problems() + find_violations(self.page)

    def plain_problems(self) -> list[str]:
        """Return what anybody sees is wrong with the page: console, sideways scroll, direction, small controls."""
        found = list(self.errors)
        self.errors.clear()
        width = self.page.viewport_size["width"]
        wide = self.page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"The page is {wide} pixels wide in a window of {width}")
        language = self.page.evaluate("document.documentElement.lang")
        direction = self.page.evaluate("getComputedStyle(document.body).direction")
        if direction != ("rtl" if language == "he" else "ltr"):
            found.append(f"{language} runs {direction}")
        if width == PHONE:
            found += [f"Too small for a finger: {control}" for control in self.small_targets()]
        found += [f"Scrolled to the end: {fault}" for fault in self.page.evaluate(BARS_AT_THE_END)]
        return found

    def small_targets(self) -> list[str]:
        """Return what a finger would miss: controls lower than 44 pixels."""
        return self.page.evaluate(TOUCH_TARGETS)
