"""A browser for tests without a real one: signs in, keeps cookies, sends the form token."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.seed import PASSWORD

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class Browser(FlaskClient):
    """A test client that behaves like a person's browser."""

    def sign_in(self, username: str, password: str = PASSWORD) -> TestResponse:
        """Sign in through the login page; the test goes wrong here when it does not work."""
        answer = self.submit("/login/", {"username": username, "password": password})
        assert answer.status_code == 302, answer.text
        return answer

    def submit(self, path: str, data: dict[str, Any], page: str | None = None, **more: Any) -> TestResponse:
        """Send a form with the token of the page that shows it (the same path, when none is named)."""
        return self.post(path, data={**data, "csrf_token": self.token(page or path)}, **more)

    def token(self, page: str) -> str:
        """Return the form token of a page."""
        found = TOKEN.search(self.get(page).text)
        return found.group(1) if found else ""

    def api_token(self, username: str, password: str = PASSWORD) -> dict[str, str]:
        """Return the headers that open the API for a user."""
        asked = {"username": username, "password": password, "provider": "db"}
        answer = self.post("/api/v1/security/login", json=asked)
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer {answer.json['access_token']}"}
