"""A started installation to attack: everything `make run` starts, on each kind of database."""

from __future__ import annotations

import http.client
import json
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
import sqlalchemy as sa
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
            content = body if isinstance(body, str | None) else json.dumps(body)
            connection.request(method, path, content, sent)
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

    def ask_until_served(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Ask again as long as nobody answers, or the answer is to come back later; return the JSON."""
        found: list[Any] = []

        def is_served() -> bool:
            try:
                status, _headers, told = self.ask(method, path, body, **headers)
            except (OSError, http.client.HTTPException):
                return False
            found.append(told)
            return status < 500

        wait_for(is_served, f"{method} {path}")
        return found[-1]

    def upload(self, rows: list[str], entity: str = "customer") -> int:
        """Upload a file of rows, the first of them its headers, and return the number of the import."""
        parts = [
            f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n{text}\r\n'
            for name, more, text in (
                ("options", "", json.dumps({"entity": entity})),
                ("file", '; filename="rows.csv"', "\n".join(rows)),
            )
        ]
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        status, _headers, told = self.ask("POST", "/api/v1/import/", "".join(parts) + "--x--\r\n", **kind)
        assert status == 202, told
        return told["batch"]

    def batch(self, number: int) -> dict[str, Any]:
        """Return how an import is."""
        return self.ask_until_served("GET", f"/api/v1/import/{number}")

    def wait_for_batch(self, number: int, state: str) -> dict[str, Any]:
        """Wait until an import is in a state."""
        wait_for(lambda: self.batch(number).get("state") == state, f"import {number} is not {state}")
        return self.batch(number)

    def rows(self, statement: str) -> list[sa.Row]:
        """Return what the database answers to a question of the test's own."""
        engine = sa.create_engine(self.settings.get("CRM_DATABASE_URL", f"sqlite:///{self.folder}/crm.db"))
        try:
            with engine.connect() as connection:
                return list(connection.execute(sa.text(statement)))
        finally:
            engine.dispose()

    def complain(self, name: str) -> None:
        """Create a complaint whose customer is then sent one mail, by a shipped rule."""
        customer = self.create("customer", name=name, email=f"{name.lower()}@example.com")
        self.create("complaint", subject=f"About {name}", customer=customer)

    def mails(self, name: str) -> Counter[str]:
        """Return how often each customer whose name begins so was told that their complaint has arrived."""
        sent = Counter()
        for file in (self.folder / "mail").glob("*.eml"):
            mail = message_from_bytes(file.read_bytes(), policy=policy.default)
            if (
                str(mail["To"]).startswith(name.lower())
                and "About" in str(mail["Subject"]) + mail.get_body().get_content()
            ):
                sent[str(mail["To"])] += 1
        return sent

    def wait_for_mails(self, name: str, count: int) -> None:
        """Wait until so many customers were told, each of them once."""
        wait_for(lambda: len(self.mails(name)) == count, f"{self.mails(name)} {self.health()}")
        assert set(self.mails(name).values()) == {1}

    def redis(self) -> Redis:
        """Return a client of the installation's own Redis."""
        return Redis.from_url((self.folder / "redis.url").read_text().strip(), socket_timeout=5)


@pytest.fixture(scope="package", params=("sqlite", "postgresql"))
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
