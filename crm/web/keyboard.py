"""What the keys of short-cuts write on the keyboards of our users: a short-cut goes by the place of its key."""

from __future__ import annotations

from crm.web.language import current_language

LAYOUTS = {
    "el": {"c": "ψ", "e": "ε", "g": "γ", "h": "η", "j": "ξ", "k": "κ", "x": "χ"},
    "he": {"/": ".", "c": "ב", "e": "ק", "g": "ע", "h": "י", "j": "ח", "k": "ל", "x": "ס"},
}
"""Greek, and Hebrew after SI 1452, by the letter of the key on an English keyboard."""


def keys_here(keys: str) -> str:
    """Return what the reader's keyboard writes at the place of some keys; "" where it is the same."""
    layout = LAYOUTS.get(current_language(), {})
    found = " ".join(layout.get(key, key) for key in keys.split())
    return "" if found == keys else found
