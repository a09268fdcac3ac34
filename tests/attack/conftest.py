"""A started installation to attack: everything `make run` starts, on each kind of database."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from tests.running import Running, run_app, wait_for

PASSWORD = "Correct-horse-7"
database_kind = None  # our own parameter: the installation is started once for many tests


class Installation(Running):
    """A running app that speaks REST as its administrator."""

    token = ""

    def ask(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """Return the status, the headers and the JSON, if it is that, of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = {"Content-Type": "application/json", "Accept-Language": "en", **headers}
            if self.token:
                sent["Authorization"] = f"Bearer {self.token}"
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        is_json = (answer.headers.get("Content-Type") or "").startswith("application/json")
        return answer.status, dict(answer.headers), json.loads(content) if is_json else content.decode()

    def sign_in(self) -> None:
        """Use the administrator's token from now on."""
        who = {"username": "admin", "password": PASSWORD, "provider": "db"}
        status, _headers, told = self.ask("POST", "/api/v1/security/login", who)
        assert status == 200, told
        self.token = told["access_token"]

    def create(self, entity: str, **values: Any) -> int:
        """Create a record and return its id."""
        status, _headers, told = self.ask("POST", f"/api/v1/{entity}/", values)
        assert status == 201, told
        return told["id"]

    def count(self, entity: str) -> int:
        """Return how many records there are."""
        return self.ask("GET", f"/api/v1/{entity}/?q=(page_size:1)")[2]["count"]

    def redis(self) -> Redis:
        """Return a client of the installation's own Redis."""
        return Redis.from_url((self.folder / "redis.url").read_text().strip(), socket_timeout=5)


@pytest.fixture(scope="module", params=("sqlite", "postgresql"))
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """The whole app, started, with its administrator signed in."""
    more = {"CRM_ADMIN_PASSWORD": PASSWORD, "CRM_LEASE_SECONDS": "5", "CRM_SWEEP_SECONDS": "1"}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        more["CRM_DATABASE_URL"] = server.url(server.create())
    folder = tmp_path_factory.mktemp("attack") / "instance"
    with run_app(folder, kind=Installation, **more) as started:
        wait_for(lambda: started.health().get("workers") == 2, started.said())
        started.sign_in()
        yield started


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here: `make check-attack` runs them; none of them is quick."""
    for item in items:
        if "attack" in item.path.parts:
            item.add_marker(pytest.mark.attack)
            item.add_marker(pytest.mark.slow)
