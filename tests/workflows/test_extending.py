"""An action is one file and one line, a trigger too; the recipes for both do what they say."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from config import ROOT
from crm.entities.load import load_document
from crm.records.service import update_record
from tests.factories import make_complaint
from workflows.actions import ACTIONS
from workflows.registry import registry
from workflows.triggers import TRIGGERS

LINKED = ("crm", "schemas", "static", "translations", "docs")
COPIED = ("config.py", "app.py", "README.md", "Makefile", "tests/test_documentation.py")
PROBE = """
import json, sys
import app
from config import ROOT
from crm.entities.json_schema import json_schemas
from crm.entities.load import build_schema, documents_from_json, load_documents
from crm.entities.usage import Usage
from crm.permissions.flows import judge_flows
from crm.permissions.model import Actor
from tests.test_documentation import VOCABULARIES, WORDS
from workflows.actions import ACTIONS
from workflows.triggers import TRIGGERS

app.wire()
body = json.load(sys.stdin)
shipped, _ = load_documents(ROOT / "schemas")
documents = [*shipped, *documents_from_json([body])]
(before, _), (after, problems) = build_schema(shipped, 1), build_schema(documents, 2)
assert not problems, problems
definitions = json_schemas()["rule"]["$defs"]
usage, entity, rule = Usage(documents), after.entities["complaint"], after.parts["rule"][body["rule"]]
step, trigger = rule.steps[0], rule.trigger
print(json.dumps({
    "shapes": {
        "steps": definitions["steps"]["items"]["anyOf"][1]["properties"],
        "trigger": definitions["trigger"]["anyOf"][1]["properties"],
    },
    "uses": [
        f"{name} {use.place}" for name in entity.fields for use in usage.of_field("complaint", name)
        if use.name == body["rule"]
    ],
    "refused": [problem.code for problem in judge_flows(Actor("user", "nobody", 1), before, after)],
    "undocumented": [word for known in VOCABULARIES for word in known.words if word not in WORDS],
    "says": [
        TRIGGERS[trigger.kind].describe(trigger.body, after, entity, "en"),
        ACTIONS[step.action].describe(step, after, entity, "en"),
    ],
}))
"""


class House:
    """A copy of the code into which somebody puts one more file and one more line."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "tests").mkdir()
        shutil.copytree(ROOT / "workflows", root / "workflows", ignore=shutil.ignore_patterns("__pycache__"))
        for name in LINKED:
            (root / name).symlink_to(ROOT / name)
        for name in COPIED:
            shutil.copy(ROOT / name, root / name)

    def add(self, package: str, module: str, text: str) -> None:
        """Write a file and name its class in the list of its package."""
        (self.root / "workflows" / package / f"{module}.py").write_text(text)
        name = re.findall(r"^class (\w+)\(", text, re.MULTILINE)[-1]
        listed = self.root / "workflows" / package / "__init__.py"
        source = listed.read_text().replace("= registry(\n", f"= registry(\n    {name}(),", 1)
        listed.write_text(source.replace("\n\n", f"\n\nfrom workflows.{package}.{module} import {name}\n", 1))

    def run(self, *command: str, told: str = "") -> subprocess.CompletedProcess:
        """Run Python in the copy."""
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.root),
            "CRM_INSTANCE": str(self.root / "instance"),
        }
        return subprocess.run(
            [sys.executable, *command],
            cwd=self.root, env=environment, input=told, text=True, capture_output=True, check=False,
        )  # fmt: skip

    def look(self, rule: Mapping) -> dict:
        """Return what the product makes of a rule."""
        done = self.run("-c", PROBE, told=json.dumps(dict(rule)))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def house(tmp_path) -> House:
    return House(tmp_path)


def recipe(name: str) -> tuple[str, str, str]:
    """Return the file of a recipe, its name, and the rule that uses it."""
    text = (ROOT / "docs" / "extending" / f"{name}.md").read_text()
    code, rule = (re.search(rf"```{kind}\n(.*?)```", text, re.DOTALL)[1] for kind in ("python", "yaml"))
    return re.search(r"Write `workflows/\w+/(\w+)\.py`", text)[1], code, rule


def test_a_copy_of_an_action_under_another_name_is_known_everywhere(house):
    source = (ROOT / "workflows" / "actions" / "set_field.py").read_text()
    house.add(
        "actions", "put_field", source.replace('"set_field"', '"put_field"').replace("SetField", "PutField")
    )
    rule = {
        "rule": "mine", "entity": "complaint", "when": "record_created",
        "then": [{"put_field": {"field": "status", "to": "escalated"}}],
    }  # fmt: skip
    found = house.look(rule)
    assert found["shapes"]["steps"]["put_field"] == found["shapes"]["steps"]["set_field"]
    assert "status then.1.put_field.field" in found["uses"]
    assert "grants.acts" in found["refused"]
    assert found["says"][1] == "Set “Status” to “Escalated”"
    assert found["undocumented"] == ["put_field"]


def test_the_recipe_for_an_action_is_known_everywhere(house):
    module, code, rule = recipe("action")
    house.add("actions", module, code)
    found = house.look(load_document(rule, "")[0].body)
    assert set(found["shapes"]["steps"]["add_line"]["properties"]) == {"field", "text"}
    assert "description then.1.add_line.field" in found["uses"]
    assert "grants.acts" in found["refused"]
    assert found["says"][1] == "Add a line to “Description”."
    assert found["undocumented"] == ["add_line"]


def test_the_recipe_for_a_trigger_is_known_everywhere(house):
    module, code, rule = recipe("trigger")
    house.add("triggers", module, code)
    found = house.look(load_document(rule, "")[0].body)
    assert "emptied" in found["shapes"]["trigger"]
    assert "description when.emptied" in found["uses"]
    assert found["says"][0].startswith("When “")
    assert found["undocumented"] == ["emptied"]


def test_what_lacks_a_part_does_not_start(house):
    """Without a walk nobody would know what it reads and writes."""
    module, code, _rule = recipe("action")
    house.add("actions", module, re.sub(r"    def walk.*?\n\n", "", code, flags=re.DOTALL))
    done = house.run("-c", "import app; app.wire()")
    assert done.returncode != 0
    assert "walk" in done.stderr


@pytest.mark.parametrize("part", ["name", "shape"])
def test_what_says_nothing_of_itself_is_refused(part):
    class Silent(type(ACTIONS["stop"])):
        pass

    setattr(Silent, part, None)
    with pytest.raises(TypeError, match=part):
        registry(Silent())


def test_two_actions_of_one_name_are_refused():
    with pytest.raises(TypeError, match="stop"):
        registry(ACTIONS["stop"], ACTIONS["stop"])


def put(monkeypatch, known: dict, code: str) -> None:
    """Register the class of a recipe for one test."""
    module = ModuleType("recipe")
    exec(code, module.__dict__)  # noqa: S102 - the code of our own page
    member = next(
        kind() for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == "recipe"
    )  # fmt: skip
    registry(member)
    monkeypatch.setitem(known, member.name, member)


def test_the_recipe_for_an_action_does_what_it_says(monkeypatch, make_workshop, as_user):
    _module, code, rule = recipe("action")
    put(monkeypatch, ACTIONS, code)
    workshop = make_workshop(rule)
    with as_user() as session:
        found = make_complaint(session, description="It is late.")
        number, name = found.id, found.number
    with as_user() as session:
        entity = session.workspace.schema.entities["complaint"]
        update_record(session, entity, number, {"status": "working"})
    workshop.work_off()
    with as_user() as session:
        record = session.get(session.workspace.models["complaint"], number)
        assert record.description.splitlines()[0] == "It is late."
        assert record.description.splitlines()[-1].startswith(f"{name} is ")


def test_the_recipe_for_a_trigger_does_what_it_says(monkeypatch, make_workshop, as_user):
    _module, code, rule = recipe("trigger")
    put(monkeypatch, TRIGGERS, code)
    workshop = make_workshop(rule)
    with as_user() as session:
        number = make_complaint(session, description="Something.").id
    workshop.work_off()
    assert workshop.runs() == []
    with as_user() as session:
        update_record(session, session.workspace.schema.entities["complaint"], number, {"description": None})
    workshop.work_off()
    with as_user() as session:
        assert session.get(session.workspace.models["complaint"], number).subject == "What was it?"
