"""The condition and formula language: lines and formulas to one tree; the tree to SQL, Python and sentences."""

from crm.conditions.language.parse import (
    ConditionProblem,
    line,
    parse_conditions,
    parse_field,
    parse_formula,
)
from crm.conditions.python.evaluate import evaluate
from crm.conditions.python.readers import Reader, ValuesReader
from crm.conditions.sentence import say
from crm.conditions.sql.compile import compile_sql
from crm.conditions.sql.install import install
from crm.conditions.tree.model import NOTHING, Node, Not, fields_of, has_changes, segments_of
from crm.conditions.tree.scope import Scope

__all__ = [
    "NOTHING",
    "ConditionProblem",
    "Node",
    "Not",
    "Reader",
    "Scope",
    "ValuesReader",
    "compile_sql",
    "evaluate",
    "fields_of",
    "has_changes",
    "install",
    "line",
    "parse_conditions",
    "parse_field",
    "parse_formula",
    "say",
    "segments_of",
]
