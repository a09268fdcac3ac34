"""A real mail server for the tests."""

from __future__ import annotations

import socket
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

from aiosmtpd.controller import Controller


class Inbox:
    """Keeps every mail it is sent.

    Shape:  `messages` in the order of arrival. While `refusal` holds an answer ("451 Later") it refuses.
    """

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refusal = ""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        self._controller = Controller(self, hostname="127.0.0.1", port=self._port)

    @property
    def url(self) -> str:
        """Return the address as `CRM_MAIL_URL` takes it."""
        return f"smtp://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Begin to listen."""
        self._controller.start()

    def stop(self) -> None:
        """Stop listening."""
        self._controller.stop()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take one mail in, or refuse it."""
        if self.refusal:
            return self.refusal
        self.messages.append(BytesParser(EmailMessage, policy=policy.default).parsebytes(envelope.content))
        return "250 OK"
