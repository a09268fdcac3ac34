"""Settings: read from the environment, checked, completed."""

from __future__ import annotations

import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import (
    ROOT,
    Settings,
    SettingsError,
    find_unknown,
    list_settings,
    load_settings,
    read_or_make_secret,
)

SECRET = "3f9c0d5b7a1e48266d9c0d5b7a1e48263f9c0d5b7a1e4826"


def load(folder: Path, **given: str) -> Settings:
    return load_settings({"CRM_INSTANCE": str(folder), **given})


def test_defaults_fit_one_machine(tmp_path):
    settings = load(tmp_path)
    assert settings.database_url == f"sqlite:///{tmp_path}/crm.db"
    assert (settings.port, settings.bind, settings.redis_url) == (8080, "127.0.0.1", "")
    assert (settings.time_zone, settings.language) == ("Europe/Athens", "en")
    assert settings.public_url == "http://127.0.0.1:8080"


def test_the_environment_overrides_a_default(tmp_path):
    settings = load(tmp_path, CRM_PORT="9000", CRM_DEMO="0", CRM_LANGUAGES="en, he")
    assert (settings.port, settings.demo, settings.languages) == (9000, False, ("en", "he"))


def test_an_empty_variable_is_no_setting(tmp_path):
    assert load(tmp_path, CRM_PORT="", CRM_DATABASE_URL="  ").port == 8080


@pytest.mark.parametrize(
    ("name", "text", "accepted"),
    [
        ("CRM_PORT", "http", "a whole number from 1 to 65535"),
        ("CRM_PORT", "70000", "a whole number from 1 to 65535"),
        ("CRM_DEMO", "maybe", "0 or 1"),
        ("CRM_DATABASE_URL", "mysql://x/y", "a URL beginning with sqlite:/// or postgresql+psycopg://"),
        ("CRM_TIME_ZONE", "Athens", "a name of the time zone database such as Europe/Athens"),
        ("CRM_LANGUAGES", "en,fr", "some of en,el,ro,he, separated by commas"),
        ("CRM_ENV", "prod", "one of development, production"),
    ],
)
def test_a_bad_value_is_refused_with_what_is_accepted(tmp_path, name, text, accepted):
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, **{name: text})
    assert refused.value.problems[0] == f"{name} is “{text}”. It must be {accepted}."


def test_every_problem_is_reported_at_once(tmp_path):
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, CRM_PORT="x", CRM_DEMO="y", CRM_LANGUAGES="en,he", CRM_LANGUAGE="ro")
    assert len(refused.value.problems) == 3


def test_production_wants_a_secret_key(tmp_path):
    with pytest.raises(SettingsError, match="CRM_SECRET_KEY is missing"):
        load(tmp_path, CRM_ENV="production")
    assert load(tmp_path, CRM_ENV="production", CRM_SECRET_KEY=SECRET).secret_key == SECRET
    assert not (tmp_path / "secret_key").exists()


@pytest.mark.parametrize("weak", ["secret", "changeme" * 8, "x" * 64, "0123456789012345"])
def test_a_weak_secret_key_is_refused_and_not_repeated(tmp_path, weak):
    with pytest.raises(SettingsError, match="too easy to guess") as refused:
        load(tmp_path, CRM_ENV="production", CRM_SECRET_KEY=weak)
    assert weak not in str(refused.value).replace("CRM_SECRET_KEY", "").replace("secrets", "").split()


def test_the_secret_key_is_made_once_and_private(tmp_path):
    first = load(tmp_path / "new").secret_key
    assert load(tmp_path / "new").secret_key == first
    assert stat.S_IMODE((tmp_path / "new" / "secret_key").stat().st_mode) == 0o600


def test_processes_starting_together_agree_on_the_secret(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(read_or_make_secret, [tmp_path / "secret_key"] * 40))
    assert len(made) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["secret_key"]


def test_a_slip_of_the_pen_is_noticed():
    assert find_unknown({"CRM_PROT": "1", "PATH": "x"}) == ["CRM_PROT is no setting. Did you mean CRM_PORT?"]


def test_importing_reads_and_writes_nothing(tmp_path):
    script = "import config, crm.queue; print(sorted(vars(config.Settings())))"
    command = [sys.executable, "-c", script]
    subprocess.run(command, check=True, cwd=ROOT, env={"CRM_PORT": "x", "CRM_INSTANCE": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


def test_every_setting_has_a_meaning():
    assert all(meaning for _, _, meaning in list_settings())


def test_every_setting_is_used():
    files = [ROOT / "app.py", *(ROOT / "crm").rglob("*.py"), *(ROOT / "workflows").rglob("*.py")]
    code = "\n".join(file.read_text() for file in files)
    by_name = {"env": "is_production"}  # asked through another name
    names = [name.removeprefix("CRM_").lower() for name, _, _ in list_settings()]
    assert [name for name in names if not re.search(rf"\b{by_name.get(name, name)}\b", code)] == []
