"""Pages of the packages above the web; `app.py` adds them, apart from `pages.py`, which loads all of ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask_appbuilder import AppBuilder

    from crm.revisions.workspace import Workspace

MORE_PAGES: list[Callable[[AppBuilder, Workspace], None]] = []
