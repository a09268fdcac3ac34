"""Every setting: its default, its unit and what it means; `CRM_<NAME>` in the environment overrides it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from crm.internal_hosts import InternalHosts
from crm.texts import LANGUAGES

ROOT = Path(__file__).resolve().parent
PREFIX = "CRM_"
SHORTEST_SECRET = 32  # characters; 16 random bytes written in hex
SMALLEST_UPLOAD_MB = 10  # what may be sent at least, whatever the two limits of files say
LEAST_DIFFERENT = 10  # different characters in a secret key; words and "xxxx" have fewer


class SettingsError(Exception):
    """The environment holds settings we cannot use; the person who starts the app must act.

    Shape:  `problems` are sentences, one per variable. They stay English: no language is chosen yet.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Accepts:
    """What a setting may hold.

    Shape:  `parse` turns the text of the variable into the value and raises ValueError when it cannot;
            `words` finish the sentence "It must be ...".
    """

    parse: Callable[[str], Any]
    words: str


def whole(least: int, most: int) -> Accepts:
    """Accept a whole number between two others, both included."""

    def parse(text: str) -> int:
        if not least <= int(text) <= most:
            raise ValueError(text)
        return int(text)

    return Accepts(parse, f"a whole number from {least} to {most}")


def one_of(*names: str) -> Accepts:
    """Accept one of some words."""

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(text)
        return text

    return Accepts(parse, "one of " + ", ".join(names))


def url_of(*starts: str) -> Accepts:
    """Accept a URL that begins in one of some ways."""

    def parse(text: str) -> str:
        if not text.startswith(starts):
            raise ValueError(text)
        return text

    return Accepts(parse, "a URL beginning with " + " or ".join(starts))


def _parse_flag(text: str) -> bool:
    return {"0": False, "false": False, "1": True, "true": True}[text.lower()]


def _parse_languages(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not set(names) <= set(LANGUAGES):
        raise ValueError(text)
    return names


def _parse_time_zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError(text)
    return text


def _parse_keys(text: str) -> str:
    words = text.replace(",", " ").split()
    if not words or any(len(bytes.fromhex(word)) != 32 for word in words):
        raise ValueError(text)
    return " ".join(words)


def _parse_hosts(text: str) -> InternalHosts:
    return InternalHosts.read(text.split(","))


FLAG = Accepts(_parse_flag, "0 or 1")
TEXT = Accepts(str, "text")
KEYS = Accepts(_parse_keys, "keys of 64 hexadecimal digits, separated by commas")
FOLDER = Accepts(lambda text: Path(text).resolve(), "a folder")
TIME_ZONE = Accepts(_parse_time_zone, "a name of the time zone database such as Europe/Athens")
HOSTS = Accepts(
    _parse_hosts, "names, addresses or networks, each with a port if need be, separated by commas"
)
SOME_LANGUAGES = Accepts(_parse_languages, "some of " + ",".join(LANGUAGES) + ", separated by commas")
DATABASE = url_of("sqlite:///", "postgresql+psycopg://")
REDIS = url_of("redis://", "rediss://", "unix://")
MAIL = url_of("smtp://", "smtps://", "file://")


def setting(default: object, accepts: Accepts, meaning: str) -> Any:
    """Declare one setting of the class below."""
    return field(default=default, metadata={"accepts": accepts, "meaning": meaning})


@dataclass(frozen=True)
class Settings:
    """What the environment decides. Nothing here changes while a process runs.

    Shape:  one field per variable: `port` is `CRM_PORT`. Each line: default, what is accepted, unit; meaning.
    """

    env: str = setting("development", one_of("development", "production"), "production is stricter at start")
    instance: Path = setting(ROOT / "instance", FOLDER, "folder for all that is written: data, files, keys")
    database_url: str = setting("", DATABASE, "database; default a SQLite file in the instance folder")
    redis_url: str = setting("", REDIS, "Redis, 6 or newer; default one that starts and stops with the app")
    bind: str = setting("127.0.0.1", TEXT, "address the web server listens on")
    port: int = setting(8080, whole(1, 65535), "TCP port the web server listens on")
    public_url: str = setting("", url_of("http://", "https://"), "address people use; default bind and port")
    secret_key: str = setting("", TEXT, "signs sessions and tokens; default made once in the instance folder")
    encryption_keys: str = setting(
        "", KEYS, "keys of encrypted fields, the newest first; default made once in the instance folder"
    )
    admin_password: str = setting("", TEXT, "password of admin at the first start; default made and printed")
    demo: bool = setting(True, FLAG, "1 loads demo data into an empty database, 0 starts empty")
    demo_size: int = setting(300, whole(1, 1_000_000), "records of the main kind in the demo data")
    web_workers: int = setting(2, whole(1, 64), "processes that answer web requests")
    web_threads: int = setting(4, whole(1, 64), "threads in each of them")
    job_workers: int = setting(2, whole(0, 64), "processes that run jobs")
    mail_url: str = setting("", MAIL, "where mail goes; default files in the instance folder")
    mail_from: str = setting("crm@localhost", TEXT, "sender's address of every mail")
    webhook_hosts: InternalHosts = setting(
        InternalHosts(), HOSTS, "internal hosts that rules may call; default none: public addresses only"
    )
    files_url: str = setting(
        "", TEXT, "fsspec URL of uploaded files; default a folder in the instance folder"
    )
    time_zone: str = setting("Europe/Athens", TIME_ZONE, "the organisation's time zone")
    language: str = setting("en", one_of(*LANGUAGES), "language of those who have not chosen one")
    languages: tuple[str, ...] = setting(LANGUAGES, SOME_LANGUAGES, "languages people may choose")
    import_max_rows: int = setting(1_000_000, whole(1, 10_000_000), "rows; longer files are refused")
    import_max_mb: int = setting(100, whole(1, 2_000), "megabytes; larger uploads are refused")
    import_parse_seconds: int = setting(60, whole(1, 3_600), "seconds a file may take to be read")
    import_parse_mb: int = setting(1_500, whole(100, 64_000), "megabytes of memory the reader of a file has")
    file_max_mb: int = setting(25, whole(1, 2_000), "megabytes; larger attachments are refused")
    session_hours: int = setting(12, whole(1, 24 * 90), "hours after which an idle login ends")
    lease_seconds: int = setting(
        60, whole(5, 3_600), "seconds a worker holds work before another may take it"
    )
    job_seconds: int = setting(3_600, whole(10, 86_400), "seconds after which a job is ended")
    sweep_seconds: int = setting(15, whole(1, 600), "seconds between two looks for work the bell lost")
    merge_words_seconds: int = setting(
        86_400,
        whole(60, 604_800),
        "seconds between two merges that free SQLite's search index of deleted words",
    )
    run_log_keep_days: int = setting(180, whole(1, 3_650), "days; older runs of rules are erased")
    bin_keep_days: int = setting(30, whole(1, 3_650), "days; what was deleted before is deleted permanently")
    proxies: int = setting(0, whole(0, 9), "reverse proxies before us whose X-Forwarded headers are believed")
    log_level: str = setting("warning", one_of("debug", "info", "warning", "error"), "what is logged")

    @property
    def is_production(self) -> bool:
        """Whether the stricter rules hold."""
        return self.env == "production"

    @property
    def largest_upload_mb(self) -> int:
        """The megabytes of the largest file that may be sent."""
        return max(self.import_max_mb, self.file_max_mb, SMALLEST_UPLOAD_MB)

    @property
    def is_https(self) -> bool:
        """Whether people reach us through https, so that cookies may be marked secure."""
        return self.public_url.startswith("https://")


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read, check and complete the settings; make the secret key when there is none.

    Errors: SettingsError, with every problem.
    """
    values, problems = {}, []
    for declared in fields(Settings):
        text = environ.get(PREFIX + declared.name.upper(), "").strip()
        if not text:
            continue
        accepts: Accepts = declared.metadata["accepts"]
        try:
            values[declared.name] = accepts.parse(text)
        except (ValueError, KeyError):
            shown = "is not valid" if "secret" in declared.name else f"is “{text}”"
            problems.append(f"{PREFIX}{declared.name.upper()} {shown}. It must be {accepts.words}.")
    settings = Settings(**values)
    problems += _check_together(settings)
    if problems:
        raise SettingsError(problems)
    return _complete(settings)


@cache
def current_settings() -> Settings:
    """Return the settings of this process, read once: for jobs, which take nothing but ids."""
    return load_settings(os.environ)


def find_unknown(environ: Mapping[str, str]) -> list[str]:
    """Return a sentence for each variable with our prefix that is no setting: mostly a slip of the pen."""
    known = [PREFIX + declared.name.upper() for declared in fields(Settings)]
    sentences = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, 1)
            sentences.append(f"{name} is no setting." + (f" Did you mean {near[0]}?" if near else ""))
    return sentences


def list_settings() -> list[tuple[str, str, str]]:
    """Return every setting as (variable, default, meaning), for the README and its test."""
    rows = []
    for declared in fields(Settings):
        default = declared.default
        shown = ",".join(default) if isinstance(default, tuple) else str(default)
        shown = {"instance": "instance/", "demo": "1", "webhook_hosts": ""}.get(declared.name, shown)
        rows.append((PREFIX + declared.name.upper(), shown, declared.metadata["meaning"]))
    return rows


def _check_together(settings: Settings) -> list[str]:
    problems = []
    if settings.language not in settings.languages:
        problems.append(f"CRM_LANGUAGE is “{settings.language}”. It must be one of CRM_LANGUAGES.")
    if settings.is_production and not settings.secret_key:
        problems.append("CRM_SECRET_KEY is missing. With CRM_ENV=production it must be given.")
    if settings.secret_key and is_weak(settings.secret_key):
        problems.append(
            f"CRM_SECRET_KEY is too easy to guess. It must have {SHORTEST_SECRET} random characters or more, "
            'as python3 -c "import secrets; print(secrets.token_hex(32))" prints them.'
        )
    return problems


def is_weak(secret: str) -> bool:
    """Say whether a secret key is short or repeats a few characters, as words and defaults do.

    >>> is_weak("changemechangemechangemechangeme"), is_weak("3f9c0d5b7a1e48266d9c0d5b7a1e4826")
    (True, False)
    """
    return len(secret) < SHORTEST_SECRET or len(set(secret)) < LEAST_DIFFERENT


def _complete(settings: Settings) -> Settings:
    """Fill in the defaults that depend on other settings."""
    folder = settings.instance
    return replace(
        settings,
        database_url=settings.database_url or f"sqlite:///{folder / 'crm.db'}",
        public_url=(settings.public_url or f"http://{settings.bind}:{settings.port}").rstrip("/"),
        secret_key=settings.secret_key or read_or_make_secret(folder / "secret_key"),
        mail_url=settings.mail_url or (folder / "mail").as_uri(),
        files_url=settings.files_url or (folder / "files").as_uri(),
    )


def read_or_make_secret(file: Path) -> str:
    """Return the secret kept in a file only its owner can read; make it the first time.

    Two processes that start together agree: the file appears whole, and only once.
    """
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32))
        try:
            os.link(draft, file)
        except FileExistsError:
            pass  # Another process was faster; its secret is the one.
        finally:
            draft.unlink()
    return file.read_text().strip()
