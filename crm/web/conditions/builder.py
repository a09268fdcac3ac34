"""The editor of conditions, for any form: draws condition lines, reads them back, and says what they mean.

editor = Editor(schema, entity, language, name="show_if", url=…)
draw_conditions(editor, lines)              the editor's HTML, for within a form
read_conditions(editor, request.form)       (lines, problems)
is_pressed(request.form)                    a button of an editor sent the form: do not save, draw again
redraw_conditions(editor, request.form)     the editor as it was sent, with what the button did and what is wrong
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import render_template
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from crm.conditions import ConditionProblem, parse_conditions, say
from crm.errors import Problem
from crm.messages import render
from crm.web.conditions.draw import Drawer, id_of
from crm.web.conditions.editor import Editor
from crm.web.conditions.form import find_press, is_pressed, is_sent, press, read_rows
from crm.web.conditions.rows import LineMaker, LineRow, rows_of

__all__ = ["Editor", "draw_conditions", "is_pressed", "is_sent", "read_conditions", "redraw_conditions"]


@dataclass(frozen=True)
class Said:
    """What the lines of an editor mean: a sentence, or what is wrong with them and where.

    Shape:  `errors` are sentences by the place of a row, `problems` all of them; `count` is how many records match,
            "" where nobody asked, `examples` what some of them are called.
    """

    sentence: str
    errors: Mapping[str, str]
    problems: tuple[str, ...]
    count: str = ""
    examples: tuple[str, ...] = ()


def draw_conditions(editor: Editor, lines: Any, count: str = "") -> Markup:
    """Return the editor with these lines in it; problems are shown beside them."""
    return _draw(editor, rows_of(editor, editor.entity, lines, editor.name), count)


def redraw_conditions(
    editor: Editor, form: MultiDict, count: str = "", examples: tuple[str, ...] = ()
) -> Markup:
    """Return the editor as a form brought it, after the button that was pressed."""
    return _draw(editor, pressed_rows(editor, form), count, examples)


def read_conditions(editor: Editor, form: MultiDict) -> tuple[list[Any], list[Problem]]:
    """Return the lines in a posted form and what is wrong with them; a row without a value is to be finished."""
    maker = LineMaker(editor)
    lines = maker.lines(read_rows(editor, form), editor.entity)
    problems: list[Problem] = list(parse_conditions(lines, editor.entity, editor.schema)[1])
    return lines, problems + [Problem("web.unfinished_condition") for _place in maker.unfinished]


def finished_lines(editor: Editor, form: MultiDict) -> list[Any]:
    """Return the lines in a posted form that have all they need, the others left out."""
    return LineMaker(editor).lines(pressed_rows(editor, form), editor.entity)


def pressed_rows(editor: Editor, form: MultiDict) -> tuple[LineRow, ...]:
    """Return the rows of a form after the button that was pressed, if it was one of this editor."""
    rows = read_rows(editor, form)
    pressed = find_press(form, editor.name)
    return press(editor, rows, pressed) if pressed is not None else rows


def _draw(editor: Editor, rows: tuple[LineRow, ...], count: str, examples: tuple[str, ...] = ()) -> Markup:
    said = replace(explain(editor, rows), count=count, examples=examples)
    drawer = Drawer(editor, said.errors)
    drawn = drawer.rows(rows, editor.entity)
    html = render_template(
        "conditions/_editor.html",
        editor=editor,
        id=id_of(editor.name),
        rows=drawn,
        said=said,
        has_children=drawer.has_children(editor.entity),
    )
    sendable = html.encode("utf-8", "replace").decode()  # JSON may hold half a letter, which no page can
    return Markup(sendable)  # noqa: S704 - made by Jinja with autoescape on


def explain(editor: Editor, rows: tuple[LineRow, ...]) -> Said:
    """Return what rows mean, in the reader's language."""
    maker = LineMaker(editor)
    lines = maker.lines(rows, editor.entity)
    tree, problems = parse_conditions(lines, editor.entity, editor.schema)
    if problems:
        told = tuple(render(problem, editor.language) for problem in problems)
        return Said("", _placed(maker, problems, told), told)
    return Said(say(tree, editor.entity, editor.schema, editor.language) if lines else "", {}, ())


def _placed(maker: LineMaker, problems: list[ConditionProblem], told: tuple[str, ...]) -> dict[str, str]:
    """Return the problems by the place of their row."""
    found: dict[str, str] = {}
    for problem, sentence in zip(problems, told, strict=True):
        place = maker.places.get(problem.path)
        if place is not None:
            found.setdefault(place, sentence)
    return found
