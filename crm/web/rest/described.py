"""Resources that describe themselves in the OpenAPI document, by their routes, and what they take and give."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from apispec import APISpec
from flask_appbuilder.api import BaseApi

from crm.web.rest.spec import ERRORS, SECURITY

PART = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<among>[^)]*)\))?:)?(?P<name>\w+)>")
KINDS = {"int": "integer"}
TEXT, NUMBER, TRUTH = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
ANYTHING: Mapping[str, Any] = {"type": "object"}


def a_list(of: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a list."""
    return {"type": "array", "items": of}


def an_object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with some keys; more may come with time."""
    return {"type": "object", "properties": properties}


FILE_CONTENT = {"type": "string", "format": "binary"}


def described(
    takes: Mapping[str, Any] | None = None,
    gives: Mapping[str, Any] = ANYTHING,
    status: int = 200,
    form: bool = False,
    media: str = "application/json",
    asks: Sequence[Mapping[str, Any]] = (),
) -> Callable[[Any], Any]:
    """Say of a view what it takes (a schema, as a form when `form`), what it answers with, and under which status.

    Shape:  `asks` are parameters of the address, as OpenAPI writes them.
    """

    def mark(view: Any) -> Any:
        sent = {"multipart/form-data" if form else "application/json": {"schema": takes}}
        view.crm_described = {
            **({"requestBody": {"required": True, "content": sent}} if takes else {}),
            "responses": {
                str(status): {"description": "done", "content": {media: {"schema": gives}}},
                **ERRORS,
            },
            "parameters": list(asks),
        }
        return view

    return mark


class DescribedApi(BaseApi):
    """A resource of ours; its description cannot leave a route out."""

    version = "v1"
    csrf_exempt = False  # `crm.web.serving.session` asks the token of every request that a cookie vouches for
    tag: ClassVar[str] = ""

    def add_api_spec(self, api_spec: APISpec) -> None:
        """Describe every route of the resource."""
        for path, operations in self.described_routes():
            api_spec.path(path=path, operations=operations)

    def described_routes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each path with its operations."""
        for name in dir(type(self)):
            view = getattr(self, name)
            for url, methods in getattr(view, "_urls", ()):
                path, parameters = described_path(f"{self.route_base}{url}")
                said = getattr(view, "crm_described", {"responses": ERRORS})
                operation = {
                    **said,
                    "summary": (view.__doc__ or "").strip().split("\n")[0],
                    "operationId": f"{type(self).__name__}.{name}",
                    "tags": [self.tag or self.resource_name],
                    "security": SECURITY,
                    "parameters": [*parameters, *said.get("parameters", ())],
                }
                yield path, {method.lower(): operation for method in methods}


def described_path(rule: str) -> tuple[str, list[dict[str, Any]]]:
    """Return a route's path and parameters as OpenAPI writes them.

    >>> described_path("/import/<int:number>")[0]
    '/import/{number}'
    """
    parameters = []
    for found in PART.finditer(rule):
        schema: dict[str, Any] = {"type": KINDS.get(found["kind"] or "", "string")}
        if found["among"]:
            schema["enum"] = [word.strip() for word in found["among"].split(",")]
        parameters.append({"in": "path", "name": found["name"], "required": True, "schema": schema})
    return PART.sub(lambda found: "{" + found["name"] + "}", rule), parameters
