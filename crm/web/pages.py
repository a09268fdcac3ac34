"""Every page of the app: a list of functions, each of which registers some views."""

from __future__ import annotations

from collections.abc import Callable

from flask_appbuilder import AppBuilder

from crm.entities.workspace import Workspace
from crm.web import profile

Register = Callable[[AppBuilder, Workspace], None]

PAGES: list[Register] = [
    profile.register,
]
"""In the order of the menu. To add pages, write `register(appbuilder, workspace)` and name it here; `app.py`
appends those of `workflows`."""
