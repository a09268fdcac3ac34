"""An installation of an earlier release is started by this one while everybody is already at work in it."""

from __future__ import annotations

import http.client
import shutil
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from crm.database import build_engine
from tests.attack.conftest import Installation
from tests.running import run_app, wait_for
from tests.seed import PASSWORD
from tests.upgrade.make import FILES
from tests.upgrade.test_upgrade import RELEASES, load

CLIENTS = 6
SAVES = 25  # of each client
LONGEST = 60.0  # seconds until the first save is taken


class Client(threading.Thread):
    """Somebody who saves customers from the first moment on and asks again whenever that is refused."""

    def __init__(self, installation: Installation, number: int) -> None:
        super().__init__(daemon=True)
        self.installation, self.number = installation, number
        self.saved: list[int] = []
        self.statuses: Counter[int] = Counter()

    def run(self) -> None:
        """Save until all are there."""
        token = ""
        while len(self.saved) < SAVES:
            try:
                token = token or self._sign_in()
                if token:
                    self._save(token)
            except (OSError, http.client.HTTPException):
                self.statuses[0] += 1  # nobody listens yet
                time.sleep(0.1)

    def _sign_in(self) -> str:
        who = {"username": "admin", "password": PASSWORD, "provider": "db"}
        status, _headers, told = self.installation.ask("POST", "/api/v1/security/login", who)
        self.statuses[status] += 1
        return told["access_token"] if status == 200 else ""

    def _save(self, token: str) -> None:
        name = f"Early {self.number} {len(self.saved)}"
        given = {"Authorization": f"Bearer {token}"}
        status, _headers, told = self.installation.ask("POST", "/api/v1/customer/", {"name": name}, **given)
        self.statuses[status] += 1
        if status == 201:
            self.saved.append(told["id"])


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_release_takes_over_an_earlier_one_under_load(database, tmp_path: Path, request):
    folder = tmp_path / "instance"
    shutil.copytree(FILES, folder / "files")
    url, more = f"sqlite:///{folder / 'crm.db'}", {}
    if database == "postgresql":
        server = request.getfixturevalue("postgresql")
        url = more["CRM_DATABASE_URL"] = server.url(server.create())
    engine = build_engine(url)
    load(engine, RELEASES[0])
    engine.dispose()
    with run_app(folder, kind=Installation, **more) as started:
        clients = [Client(started, number) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        wait_for(lambda: all(client.saved for client in clients), started.said())
        for client in clients:
            client.join(LONGEST)
        statuses = sum((client.statuses for client in clients), Counter())
        assert set(statuses) <= {0, 200, 201, 429, 503}, (statuses, started.said())
        saved = {number for client in clients for number in client.saved}
        found = started.rows("SELECT id FROM customer WHERE name LIKE 'Early %'")
        assert {row.id for row in found} == saved and len(saved) == CLIENTS * SAVES
        begun = "SELECT status FROM complaint WHERE subject = 'Too late'"
        wait_for(lambda: started.rows(begun)[0].status == "escalated", "a run of the earlier release goes on")
        assert started.health()["status"] == "ok"
