"""The house stands: imports point downwards, libraries stay home, files stay small, no entity is named."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from config import ROOT
from crm.fields import FIELD_TYPES

CODE = ("crm", "workflows")
LONGEST_FILE = 500  # lines
LONGEST_FUNCTION = 50  # lines
MOST_ARGUMENTS = 6

# Each module may import those of its own line and of the lines above it; the longest name that fits counts.
LAYERS = (
    ("config", "crm.errors", "crm.texts", "crm.internal_hosts", "crm.isolation", "crm.runtime"),
    ("crm.messages", "crm.kept_problems"),
    (
        "crm.database",
        "crm.backlog",
        "crm.events",
        "crm.queue",
        "crm.file_store",
        "crm.secrets",
        "crm.runtime.redis_server",
        "crm.runtime.supervisor",
        "crm.runtime.scheduler",
    ),
    ("crm.notifications",),
    ("crm.fields",),
    ("crm.conditions",),
    ("crm.entities",),
    ("crm.revisions",),
    ("crm.own_tables",),
    ("crm.permissions",),
    ("crm.workshop", "crm.leases"),
    ("crm.commands",),
    ("crm.records",),
    ("crm.drafts",),
    ("crm.leaving",),
    ("crm.segments", "crm.calendars", "crm.imports", "crm.reports", "crm.bulk"),
    ("crm.demo",),
    ("workflows",),
    ("crm.runtime.first_start",),
    ("crm.web",),
    ("crm.runtime.web_server", "crm.runtime.web_worker"),
    ("crm.runtime.processes",),
    ("app",),
    ("crm.__main__", "crm.runtime.gunicorn_config"),
)
COMMANDS = "commands"  # a package's commands stand above all packages and below the pages
PAGES = ("views", "forms", "pages", "bridge")  # files of workflows that may use crm.web

# Where each library lives; a module not under one of its homes may not import it.
HOMES = {
    "gunicorn": ("crm.runtime.web_worker",),
    "waitress": ("crm.runtime.web_worker",),
    "openpyxl": ("crm.imports", "crm.reports"),
    "python_calamine": ("crm.imports",),
    "plotly": ("crm.reports",),
    "rq": ("crm.queue",),
    "redis": ("crm.queue", "crm.runtime.redis_server"),
    "yaml": ("crm.entities",),
    "alembic": ("crm.own_tables", "crm.revisions"),
    "flask_appbuilder": ("crm.web", "crm.own_tables", "workflows"),
    "flask_appbuilder.security.sqla.models": (
        "crm.web",
        "crm.permissions",
        "crm.runtime.first_start",
        "crm.demo",
    ),
    "flask_wtf": ("crm.web",),
    "wtforms": ("crm.web",),
    "flask": ("crm.web", "app", "workflows"),
    "faker": ("crm.demo",),
    "phonenumbers": ("crm.fields",),
    "holidays": ("crm.calendars",),
    "PIL": ("crm.records.picture_child",),
    "stdnum": ("crm.fields",),
    "re2": ("crm.fields",),
    "croniter": ("workflows.rules",),
    "fsspec": ("crm.file_store",),
    "cryptography": ("crm.secrets",),
}

ENTITY_WORDS = ("customer", "deal", "complaint", "contract")
NAMES_ENTITIES = (
    "crm/demo/",  # knows what is shipped; that is what it is for
    "crm/reports/analyses/",  # `customer` is a key of their documents: whose a purchase is
)

TABLE_FILES = ("store.py", "bulk.py")  # where Core statements on entity tables may stand
TABLE_PACKAGES = ("crm/revisions/", "crm/demo/")  # publishing makes and fills the tables
TABLE_EXCEPTIONS = {
    "crm/leases.py": "locks a table so that nobody publishes while a chunk is written",
    "crm/permissions/guard.py": "it is the guard",
    "crm/conditions/sql/rows.py": "reads the ways of rights themselves, which no right may narrow",
    "crm/records/rekey.py": "computes search keys anew, set by set",
    "crm/web/commands.py": "Flask-AppBuilder's table of users",
    "crm/web/fab/permissions.py": "Flask-AppBuilder's tables of permissions",
}


@cache
def modules() -> dict[str, Path]:
    """Return our modules by dotted name."""
    found = {"config": ROOT / "config.py", "app": ROOT / "app.py"}
    for folder in CODE:
        for file in sorted((ROOT / folder).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(), str(file))


def none(broken: list[str]) -> None:
    """Fail with every place that breaks the rule."""
    assert not broken, "\n" + "\n".join(broken)


def shown(file: Path, line: int) -> str:
    return f"{file.relative_to(ROOT)}:{line}"


def is_under(name: str, home: str) -> bool:
    return name == home or name.startswith(home + ".")


def imports(file: Path) -> Iterator[tuple[str, int]]:
    """Yield every imported module with its line; those for type checking alone do not count."""
    skipped = {
        id(inner)
        for node in ast.walk(tree(file))
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree(file)):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            known = modules()
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield (deeper if deeper in known else node.module), node.lineno


NAMED = re.compile(r"(?:python:)?((?:app|crm|workflows)(?:\.\w+)*)(:\w+)?")


def named_in_strings(file: Path) -> Iterator[tuple[str, int]]:
    """Yield every module that a string names, as `crm.web.app`, `crm.imports.jobs.sweep` or `app:app`."""
    documented = docstring_lines(file)
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.lineno not in documented:
            found = NAMED.fullmatch(node.value)
            if found and (found[2] or "." in found[1]):
                yield known_module(found[1]), node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from ((known_module(str(each.value)), each.lineno) for each in constants(node.args))


def constants(nodes: list[ast.expr]) -> list[ast.Constant]:
    """Return those that are written out."""
    return [node for node in nodes if isinstance(node, ast.Constant)]


def known_module(name: str) -> str:
    """Return the longest beginning of a dotted name that is a module of ours; empty when there is none."""
    while name and name not in modules():
        name = name.rpartition(".")[0]
    return name


def references(file: Path) -> Iterator[tuple[str, int]]:
    """Yield every module of ours that a file imports, now or later, or names in a string."""
    for target, line in (*imports(file), *named_in_strings(file)):
        if target.split(".")[0] in ("crm", "workflows", "app", "config") and target != "crm":
            yield target, line


def layer(name: str) -> int:
    """Return how high a module stands; 0 is the ground."""
    if name.endswith("." + COMMANDS) and name != "crm.commands":
        return max(layer("crm.runtime.first_start"), layer(name.removesuffix("." + COMMANDS)))
    fitting = [
        (len(home), level) for level, homes in enumerate(LAYERS) for home in homes if is_under(name, home)
    ]
    return max(fitting)[1] if fitting else 0


def is_page(name: str) -> bool:
    return is_under(name, "workflows") and name.rpartition(".")[2] in PAGES


def test_every_module_has_a_layer():
    homes = [home for line in LAYERS for home in line]
    lost = [name for name in modules() if name != "crm" and not any(is_under(name, home) for home in homes)]
    none(lost)


def test_imports_point_downwards():
    broken = []
    for name, file in modules().items():
        for target, line in references(file):
            if is_page(name) and is_under(target, "crm.web"):
                continue
            if layer(target) > layer(name):
                broken.append(f"{shown(file, line)}: {name} imports {target}, which stands above it")
    none(broken)


def test_crm_never_imports_workflows():
    broken = [
        f"{shown(file, line)}: {target}"
        for name, file in modules().items()
        for target, line in references(file)
        if is_under(name, "crm") and is_under(target, "workflows")
    ]
    none(broken)


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the groups of modules that need each other, each sorted.

    >>> circles({"a": {"b"}, "b": {"c"}, "c": {"b"}})
    [['b', 'c']]
    """
    reached = {name: set(graph[name]) for name in graph}
    for through in graph:
        for targets in reached.values():
            if through in targets:
                targets |= reached[through]
    groups = {frozenset(other for other in reached[name] if name in reached[other]) for name in graph}
    return sorted(sorted(group) for group in groups if group)


def test_there_are_no_circles():
    known = modules()
    graph = {
        name: {target for target, _line in references(file) if target in known and target != name}
        for name, file in known.items()
    }
    assert circles(graph) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def f():\n    from crm.web.app import build_app", {"crm.web.app"}),
        ("import_module('app').wire()", {"app"}),
        ("JOBS = {'check': 'crm.imports.jobs.check_batch'}", {"crm.imports.jobs"}),
        ("run(['gunicorn', 'app:app'])", {"app"}),
        ("BELL = 'workflows.run_events'", {"workflows"}),
        ("raise TypeError('Records are written through crm.records.')", set()),
        ("ENDINGS = ('app', 'exe')", set()),
    ],
)
def test_a_module_is_found_wherever_it_is_named(tmp_path, text, found):
    (tmp_path / "one.py").write_text(text)
    assert {target for target, _line in references(tmp_path / "one.py")} == found


def test_libraries_stay_at_home():
    broken = []
    for name, file in modules().items():
        for target, line in imports(file):
            fitting = [library for library in HOMES if is_under(target, library)]
            homes = {home for library in fitting for home in HOMES[library]}
            if homes and not any(is_under(name, home) for home in homes):
                broken.append(f"{shown(file, line)}: {target} lives in {' and '.join(sorted(homes))}")
    none(broken)


def python_files() -> list[Path]:
    return [*modules().values(), *sorted((ROOT / "tests").rglob("*.py"))]


def test_files_are_short():
    lengths = {file: len(file.read_text().splitlines()) for file in python_files()}
    long = {str(file.relative_to(ROOT)): count for file, count in lengths.items() if count > LONGEST_FILE}
    assert long == {}


def test_every_package_says_what_it_holds():
    packages = [file for file in modules().values() if file.name == "__init__.py"]
    none(
        [
            str(file.relative_to(ROOT))
            for file in packages
            if len((ast.get_docstring(tree(file)) or "").split()) < 3
        ]
    )


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_functions_are_short_and_take_few_arguments():
    broken = []
    for file in python_files():
        for function in functions(file):
            lines = function.end_lineno - function.lineno + 1
            taken = function.args
            names = [each.arg for each in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)]
            count = len([name for name in names if name not in ("self", "cls")])
            place = f"{shown(file, function.lineno)}: {function.name}"
            if lines > LONGEST_FUNCTION:
                broken.append(f"{place} has {lines} lines")
            if count > MOST_ARGUMENTS and not function.name.startswith("test_"):
                broken.append(f"{place} takes {count} arguments")
    none(broken)


# The engine knows no entity.


def docstring_lines(file: Path) -> set[int]:
    """Return the lines of strings that stand alone: documentation, where an example may name an entity."""
    lines: set[int] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines.update(range(node.lineno, node.end_lineno + 1))
    return lines


WORDS = re.compile(rf"(?<![a-z])({'|'.join(ENTITY_WORDS)})s?(?![a-z])", re.IGNORECASE)


def named_entities(file: Path) -> Iterator[str]:
    documented = docstring_lines(file)
    for token in tokenize.generate_tokens(io.StringIO(file.read_text()).readline):
        if token.type in (tokenize.NAME, tokenize.STRING) and token.start[0] not in documented:
            found = WORDS.search(token.string)
            if found:
                yield f"{shown(file, token.start[0])}: {found.group()}"


def test_the_engine_names_no_entity():
    engine = [
        file for file in modules().values() if not str(file.relative_to(ROOT)).startswith(NAMES_ENTITIES)
    ]
    none([place for file in engine for place in named_entities(file)])


# Comments do not count, nor sentences: how the product is praised on the login page is for the catalogues.
BESIDES_CODE = re.compile(r"\{#.*?#\}|/\*.*?\*/|//[^\n]*|<!--.*?-->|\b_\(.*?\)", re.DOTALL)


def test_templates_and_scripts_name_no_entity():
    files = [*(ROOT / "crm" / "web" / "templates").rglob("*.html"), *(ROOT / "static" / "js").rglob("*.js")]
    broken = []
    for file in sorted(files):
        text = BESIDES_CODE.sub(lambda found: "\n" * found.group().count("\n"), file.read_text())
        for number, line in enumerate(text.splitlines(), 1):
            broken += [f"{shown(file, number)}: {found.group()}" for found in WORDS.finditer(line)]
    none(broken)


# Rights are in the session: statements that pass by it stand in the stores alone.


def side_doors(file: Path) -> Iterator[str]:
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Attribute) and node.attr == "__table__":
            yield f"{shown(file, node.lineno)}: __table__"
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("models.table"):
            yield f"{shown(file, node.lineno)}: models.table()"


def test_entity_tables_are_reached_through_the_guard():
    broken = []
    for file in modules().values():
        path = str(file.relative_to(ROOT))
        if path.endswith(TABLE_FILES) or path.startswith(TABLE_PACKAGES) or path in TABLE_EXCEPTIONS:
            continue
        broken += side_doors(file)
    none(broken)


# A field type says what it is: nobody else compares its name.

KINDS = {"text", "number", "boolean", "date", "datetime", "reference", "user", "many", "none"}
NAMES_TYPES = {
    "crm/conditions/tree/kinds.py": "what every record has besides its declared fields",
    "crm/entities/taken_names.py": "what every record has besides its declared fields",
    "workflows/paths.py": "what can be read of every record and of a user",
    "crm/demo/": "knows what is shipped",
}
TYPED = re.compile(r"(\.type|\['type'\]|\.get\('type'\)|_type_of\([^()]*\)|\b(field|stored)_type)$")


def is_type(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in FIELD_TYPES


def named_types(file: Path) -> Iterator[str]:
    """Yield where a field type is told by its name: compared, listed with others, looked up."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            is_meant = any(TYPED.search(ast.unparse(side)) for side in sides) and any(
                is_type(inner) for side in sides for inner in ast.walk(side)
            )
        elif isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
            words = node.keys if isinstance(node, ast.Dict) else node.elts
            named = [word.value for word in words if word is not None and is_type(word)]
            is_meant = len(named) == len(words) and len(set(named) - KINDS) > 1
        elif isinstance(node, ast.Subscript):
            is_meant = is_type(node.slice) and ast.unparse(node.value) == "FIELD_TYPES"
        else:
            continue
        if is_meant:
            yield f"{shown(file, node.lineno)}: {ast.unparse(node)[:80]}"


def test_only_fields_knows_its_types_by_name():
    broken = []
    for file in modules().values():
        path = str(file.relative_to(ROOT))
        if not path.startswith(("crm/fields/", "crm/messages/", *NAMES_TYPES)):
            broken += named_types(file)
    none(broken)


# What is committed.


@cache
def tracked() -> list[Path]:
    """Return the files that are or will be committed, when this is a checkout at all."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a checkout")
    names = [name for name in done.stdout.decode().split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


# Written apart, so that this file is none of those that name them.
HOSTS = [
    ".".join(parts)
    for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("yarnpkg", "com"))
]
OUR_MACHINES = ["/".join(("", folder, "")) for folder in ("work", "root")] + ["/".join(("", "home", ""))]


def test_no_committed_file_names_a_package_index_or_a_machine():
    broken = []
    for file in tracked():
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        broken += [f"{file.relative_to(ROOT)}: {word}" for word in (*HOSTS, *OUR_MACHINES) if word in text]
    none(broken)


def test_the_lock_file_holds_no_addresses():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_every_pinned_requirement_has_hashes():
    for name in ("requirements.txt", "tests/requirements.txt"):
        text = (ROOT / name).read_text().replace("\\\n", " ")
        pinned = [line for line in text.splitlines() if line and not line.lstrip().startswith(("#", "-"))]
        assert pinned
        assert [line for line in pinned if "--hash=" not in line] == []


def test_the_root_holds_only_its_own_names():
    known = {"app.py", "config.py", "crm", "workflows", "schemas", "translations", "static", "tests", "docs"}
    known |= {"Makefile", "pyproject.toml", "package.json", "package-lock.json", "LICENSE", "CHANGELOG.md"}
    known |= {"README.md", "CONTRIBUTING.md", "requirements.txt", ".ci", ".gitignore", ".npmrc"}
    assert {file.relative_to(ROOT).parts[0] for file in tracked()} <= known
