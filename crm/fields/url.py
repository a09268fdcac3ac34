"""Addresses of web pages."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from crm.fields.base import Field, Situation, TypeWords, refusal
from crm.fields.code import CodeType
from crm.fields.text_reading import shown
from crm.fields.words import address_keys
from crm.texts import N_, NP_

LONGEST = 2_000
_LABEL = re.compile(r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?", re.UNICODE)
_UNSAFE = re.compile(r"[\s<>\"\\^`{|}]")


class UrlType(CodeType):
    """The address of a web page, http or https; one without either is taken as https."""

    name = "url"
    words = TypeWords("world", NP_("field.type", "Web address"), N_("Link to a page"))
    has_normal_form = True
    names_records = True
    header_words = "website web url homepage ιστοσελιδα אתר"
    control = "url"
    longest = LONGEST

    def href(self, value: Any) -> str:
        """Return the address that reaches it."""
        return str(value)

    def judge(self, field: Field, text: str, situation: Situation) -> str:
        """Return the address, scheme and host in lower case."""
        parts = self._split(text)
        if parts is None or len(text) > LONGEST - 8:
            raise refusal(field, "url.not_an_address", value=shown(text))
        host = (parts.hostname or "").lower()
        host = f"[{host}]" if ":" in host else host
        port = f":{parts.port}" if parts.port else ""
        path = "" if parts.path == "/" and not parts.query and not parts.fragment else parts.path
        return urlunsplit((parts.scheme.lower(), host + port, path, parts.query, parts.fragment))

    def search_key(self, field: Field, value: Any) -> str:
        """Return the folded address without its scheme."""
        return address_keys(value.partition("://")[2]) if value else ""

    @staticmethod
    def _split(text: str) -> SplitResult | None:
        """Return the parts of a usable address, None for anything else: scripts, passwords, odd hosts."""
        if _UNSAFE.search(text):
            return None
        if not re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:(?!\d{1,5}(?:/|$))", text):
            text = f"https://{text.removeprefix('//')}"
        try:
            parts = urlsplit(text)
            port_is_fine = parts.port is None or parts.port > 0
        except ValueError:
            return None
        if parts.scheme.lower() not in ("http", "https") or parts.username is not None or not port_is_fine:
            return None
        return parts if is_host(parts.hostname or "") else None


def is_host(host: str) -> bool:
    """Return whether a name can be a host: labels with at least one dot, localhost, or an IP address.

    >>> is_host("example.gr"), is_host("exa mple"), is_host("::1")
    (True, False, True)
    """
    if host == "localhost":
        return True
    if ":" in host or host.replace(".", "").isdigit():
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return False
        return True
    labels = host.removesuffix(".").split(".")
    return len(host) <= 253 and len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)
