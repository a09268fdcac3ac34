"""What every Flask-AppBuilder model view of ours needs before it is safe to show."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from typing import Any

from flask import abort, flash, g, has_request_context, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.hooks import before_request
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.wrappers import Response

from crm.errors import NotAllowedError
from crm.messages import render
from crm.web.language import current_language

MAX_PAGE = 1_000_000
MAX_PAGE_SIZE = 100  # rows; larger wishes are cut to it
LONGEST_REMEMBERED = 400  # characters; five addresses must fit into a cookie of 4 kB
MAX_ID = 2**31 - 1
ARGUMENT = re.compile(r"_flt_(\d+)_(.*)|(page|psize|_oc|_od)_")  # FAB looks for these anywhere in a name


def page(path: str, methods: Sequence[str] = ("GET",)) -> Callable[[Callable], Callable]:
    """Make a method a page at a path of its view, for those who hold the right to use the view and for nobody else."""

    def as_page(method: Callable) -> Callable:
        return expose(path, methods)(has_access(permission_name("use")(method)))

    return as_page


class RequestFilters:
    """Holds a view's `_filters` once per request.

    FAB keeps one filter object per view and refills it in each request, so that two threads read each other's
    rows. What FAB sets on the view is the pattern here; each request works on a copy of its own.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = f"_pattern{name}"

    def __set__(self, view: Any, filters: Any) -> None:
        view.__dict__[self.key] = filters

    def __get__(self, view: Any, owner: type | None = None) -> Any:
        if view is None:
            return None
        pattern = view.__dict__.get(self.key)
        if pattern is None or not has_request_context():
            return pattern
        copies = g.setdefault("crm_filters", {})
        if id(view) not in copies:
            fresh = copy.copy(pattern)
            fresh.filters, fresh.values = [], []
            copies[id(view)] = fresh
        return copies[id(view)]


class CheckedView:
    """Mix-in of a FAB `ModelView`: list arguments are checked, actions respect the row filters.

    Bad or unknown list arguments are ignored with a note; a record that is not there is a 404.
    """

    _filters = RequestFilters()
    exclude_route_methods = {"download"}

    def update_redirect(self) -> None:
        """Remember this page to go back to, unless its address would burst the session's cookie."""
        if len(request.url) <= LONGEST_REMEMBERED:
            super().update_redirect()

    def _edit(self, pk: str) -> Any:
        """Write nothing while the form is read into the item: what is refused then would be said by its code."""
        with self.datamodel.session.no_autoflush:
            return super()._edit(pk)

    def pre_update(self, item: Any) -> None:
        """Say beside the form what the database's session refuses.

        Errors: ValueError with the sentence, which Flask-AppBuilder shows.
        """
        try:
            self.datamodel.session.flush()
        except NotAllowedError as error:
            raise ValueError(render(error, current_language())) from error
        super().pre_update(item)

    @before_request(only=["list"])
    def check_arguments(self) -> None:
        """Leave only those list arguments in the request that FAB can follow."""
        kept = MultiDict()
        ignored = 0
        for name, value in request.args.items(multi=True):
            good = self._checked(name, value)
            ignored += good is None
            if good is not None:
                kept.add(name, good)
        if ignored:
            flash(gettext("Some filters or sort settings of this list were ignored."), "warning")
            request.args = ImmutableMultiDict(kept)
        elif kept != request.args:
            request.args = ImmutableMultiDict(kept)

    def _checked(self, name: str, value: str) -> str | None:
        """Return the value a list argument may have; None when it is to be ignored."""
        found = ARGUMENT.search(name)
        if not found:
            return value
        operator, column, kind = found.groups()
        if operator is not None:
            operators = self._filters.get_search_filters().get(column, ())
            return value if len(operator) == 1 and int(operator) < len(operators) else None
        if kind in ("page", "psize"):
            limit = MAX_PAGE if kind == "page" else MAX_PAGE_SIZE
            return str(min(int(value), limit)) if value.isdecimal() and len(value) < 12 else None
        if kind == "_oc":
            return value if value in self.order_columns else None
        return value if value in ("asc", "desc") else None

    @before_request(only=["show", "edit", "delete"])
    def check_id(self) -> None:
        """Answer 404 where the address holds no possible id."""
        id_ = (request.view_args or {}).get("pk", "")
        if not id_.isdecimal() or int(id_) > MAX_ID:
            abort(404)

    @expose("/action/<string:name>/<pk>", methods=["POST"])
    def action(self, name: str, pk: str) -> Response:
        """Run an action on one record the user may see."""
        self.check_id()
        item = self.datamodel.get(pk, self._base_filters)
        if item is None:
            abort(404)
        return self._run_action(name, [item], is_single=True)

    @expose("/action_post", methods=["POST"])
    def action_post(self) -> Response:
        """Run an action on the chosen records, leaving out those the user may not see."""
        ids = [id_ for id_ in request.form.getlist("rowid") if id_.isdecimal() and int(id_) <= MAX_ID]
        found = [self.datamodel.get(id_, self._base_filters) for id_ in ids]
        return self._run_action(request.form.get("action", ""), [item for item in found if item is not None])

    def _run_action(self, name: str, items: list[Any], is_single: bool = False) -> Response:
        chosen = self.actions.get(name)
        if chosen is None:
            abort(404)
        permission = self.get_action_permission_name(name)
        if not self.appbuilder.sm.has_access(permission, self.class_permission_name):
            abort(403)
        if not items:
            return redirect(self.get_redirect())
        return chosen.func(items[0] if is_single else items)
