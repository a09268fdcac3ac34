"""The kinds of documents this package adds to those of the CRM."""

from __future__ import annotations

from crm.entities.kinds import Kind, register_kind
from workflows.rules.build import build_rule, build_template
from workflows.rules.check import KEYS, TEMPLATE_KEYS, check_rule, check_template
from workflows.rules.schema_parts import RULE_PARTS, TEMPLATE_PARTS, rule_definitions
from workflows.rules.walk import walk_rule, walk_template

TEMPLATE = Kind(
    "template", "templates", check_template, build_template, TEMPLATE_KEYS, walk_template, TEMPLATE_PARTS
)
RULE = Kind("rule", "rules", check_rule, build_rule, KEYS, walk_rule, RULE_PARTS, rule_definitions)


def register_kinds() -> None:
    """Make message templates and rules known; after roles and segments, which rules name."""
    register_kind(TEMPLATE)
    register_kind(RULE)
