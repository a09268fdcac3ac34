"""`make setup` takes commands that cannot work out of `flask`."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from crm.runtime.plugin_commands import GROUP, remove_commands

BOTH = "[console_scripts]\nFabTool = other.cli:Main\n\n[flask.commands]\nfab = flask_appbuilder.cli:fab\n"


def test_only_the_commands_of_flask_go_and_the_copy_in_a_cache_stays(tmp_path: Path) -> None:
    package = tmp_path / "other-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (tmp_path / "cached.txt").write_text(BOTH)
    listed = package / "entry_points.txt"
    listed.hardlink_to(tmp_path / "cached.txt")

    assert remove_commands(listed) is True
    left = metadata.PathDistribution(package).entry_points
    assert [(each.group, each.name, each.value) for each in left] == [
        ("console_scripts", "FabTool", "other.cli:Main")
    ]
    assert (tmp_path / "cached.txt").read_text() == BOTH
    assert remove_commands(listed) is False, "a second time there is nothing to take"
    assert {each.name for each in package.iterdir()} == {"METADATA", "entry_points.txt"}


def test_no_installed_package_adds_commands_that_every_command_would_load() -> None:
    told = (
        "make setup, or python -m crm.runtime.plugin_commands; a package that is new here belongs in PACKAGES"
    )
    assert list(metadata.entry_points(group=GROUP)) == [], told
