"""A small schema, its database and a browser: what the tests of the web house share."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from werkzeug.security import generate_password_hash
from werkzeug.test import Client, TestResponse

from app import build_source, wire
from config import Settings, load_settings
from crm.database import build_engine
from crm.entities.load import load_document
from crm.entities.model import Document
from crm.own_tables.upgrade import upgrade
from crm.revisions.publish import publish_schema
from crm.web.commands import add_user
from crm.web.serving.host import Host

PASSWORD = "Correct-horse-7"
QUICK_HASH = generate_password_hash(PASSWORD, "pbkdf2:sha256:1")
DOCUMENTS = {
    "entities/firm.yaml": """
        entity: firm
        label: {en: Firm, he: חברה}
        plural: {en: Firms, he: חברות}
        menu: trade
        fields:
          name: {type: text, required: true}
          boss: {type: user}
        """,
    "entities/visit.yaml": """
        entity: visit
        label: Visit
        plural: Visits
        menu: trade
        fields:
          subject: {type: text}
          firm: {type: reference, to: firm}
        """,
    "roles/seller.yaml": """
        role: seller
        label: Seller
        entities:
          firm: {can: [read, create, export]}
        """,
    "roles/chief.yaml": """
        role: chief
        label: Chief
        entities:
          firm: {can: [read, create, update, delete, import, export]}
          visit: {can: [read]}
        admin: true
        """,
}
PEOPLE = {"admin": "Admin", "sonia": "seller", "chris": "chief"}


@dataclass
class House:
    """A running web process over a database of its own."""

    settings: Settings
    engine: sa.Engine
    host: Host

    @property
    def app(self) -> Flask:
        """Return the app of the live revision."""
        return self.host.serving.app

    def browser(self, language: str | None = None) -> Browser:
        """Return a browser without cookies."""
        return Browser(self.host, language)

    def publish(self, **changed: str) -> int:
        """Publish the documents with some exchanged or added, named `entities_firm`; return the revision."""
        texts = {**DOCUMENTS, **{name.replace("_", "/", 1) + ".yaml": text for name, text in changed.items()}}
        return publish_schema(self.engine, documents_of(texts), "test")

    def wait_until_serving(self, number: int, seconds: float = 20.0) -> None:
        """Ask for small pages until the host has swapped to a revision, which it builds beside its answers."""
        deadline = time.monotonic() + seconds
        while self.host.serving.number != number and time.monotonic() < deadline:
            self.browser().get("/health")
            time.sleep(0.02)
        assert self.host.serving.number == number

    def user_id(self, name: str) -> int:
        """Return the id of one of the people."""
        with self.engine.connect() as connection:
            return connection.scalar(sa.text("select id from ab_user where username = :name"), {"name": name})


class Browser(Client):
    """Keeps cookies, sends forms with their token, signs in."""

    def __init__(self, host: Host, language: str | None = None) -> None:
        super().__init__(host)
        self.language = language

    def open(self, *args: object, **kwargs: object) -> TestResponse:
        """Ask for a page as a browser does: read it to its end."""
        if self.language and isinstance(args[0], str) and "headers" not in kwargs:
            kwargs["headers"] = {"Accept-Language": self.language}
        answer = super().open(*args, **kwargs)
        answer.get_data()
        answer.close()
        return answer

    def token(self) -> str:
        """Return the form token of this browser's session."""
        page = self.get("/profile/", follow_redirects=True).text
        return re.search(r'name="csrf-token" content="([^"]+)"', page).group(1)

    def send(self, path: str, **values: str) -> TestResponse:
        """Post a form."""
        return self.post(path, data={**values, "csrf_token": self.token()})

    def sign_in(self, name: str, password: str = PASSWORD, path: str = "/login/") -> TestResponse:
        """Sign in; return the answer."""
        return self.send(path, username=name, password=password)


def documents_of(texts: dict[str, str]) -> list[Document]:
    """Return documents from their texts by file name."""
    found = []
    for file, text in texts.items():
        indent = re.match(r"\n( *)", text)
        lines = re.sub(f"^{indent.group(1)}", "", text, flags=re.MULTILINE) if indent else text
        document, problems = load_document(lines.strip() + "\n", file)
        assert not problems, problems
        found.append(document)
    return found


def settings_for(url: str, folder: Path, **changed: object) -> Settings:
    """Return settings that write nowhere but in a test's folder."""
    settings = load_settings({"CRM_INSTANCE": str(folder), "CRM_DATABASE_URL": url})
    return replace(settings, **changed)


def prepare_database(url: str) -> None:
    """Create tables, publish the small schema and add the people."""
    wire()
    engine = build_engine(url)
    upgrade(engine)
    publish_schema(engine, documents_of(DOCUMENTS), "test")
    with engine.begin() as connection:
        for name, role in PEOPLE.items():
            add_user(connection, name, QUICK_HASH, (role,), (name.capitalize(), "Example", ""))


def open_house(url: str, folder: Path, **changed: object) -> House:
    """Serve a prepared database."""
    wire()
    settings = settings_for(url, folder, **changed)
    engine = build_engine(url)
    host = Host(build_source(settings, engine), check_seconds=0.0)
    host.warm()
    return House(settings, engine, host)


def build_house(url: str, folder: Path, **changed: object) -> House:
    """Prepare an empty database and serve it."""
    prepare_database(url)
    return open_house(url, folder, **changed)
