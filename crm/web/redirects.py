"""Where a page may send the reader next: into this site, and nowhere else."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

HOME = "/"


def safe_path(target: str | None) -> str:
    """Return the path and query of a wished target when it is on this site, else the home page.

    Shape:  `target` is a path, or an absolute address of the host that was asked. Anything a browser could
            read as another host (two slashes, a backslash, control characters, a scheme) leads home.
    """
    if not target or "\\" in target or any(ord(letter) < 32 for letter in target):
        return HOME
    try:
        parts = urlsplit(target)
    except ValueError:
        return HOME
    if parts.netloc and (parts.scheme not in ("http", "https") or parts.netloc != request.host):
        return HOME
    if not parts.netloc and parts.scheme:
        return HOME
    if not parts.path.startswith("/") or parts.path.startswith("//"):
        return HOME
    return parts.path + (f"?{parts.query}" if parts.query else "")
