"""What a browser or a program is called in the list of places where somebody is signed in."""

from __future__ import annotations

from flask import Request

BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
API = "/api/"


def device_of(request: Request) -> str:
    """Return browser, system and address of who signs in, or that it is a program.

    Shape:  made of words of ours and the address alone: nothing a client sends is shown as it is.
    """
    names = [name_in(request.user_agent.string, known) for known in (BROWSERS, SYSTEMS)]
    if request.path.startswith(API):
        names = ["API"]
    return " · ".join(name for name in (*names, request.remote_addr or "") if name)


def name_in(agent: str, known: tuple[tuple[str, str], ...]) -> str:
    """Return the first of some names whose mark is in a browser's description of itself; "" for none.

    >>> name_in("Mozilla/5.0 (X11; Linux x86_64) Chrome/156 Safari/537", BROWSERS)
    'Chrome'
    """
    return next((name for mark, name in known if mark in agent), "")
