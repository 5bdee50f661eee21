"""Checks what the public port answers in any test against the OpenAPI documents: the public one and the staff's."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from openapi_schema_validator import OAS31Validator

from bot.desk.openapi import document as staff_document
from bot.gateway.openapi import document

STAFF = ("/api/desk", "/api/staff", "/api/console", "/desk", "/staff", "/console")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Contract:
    """A middleware; `broken` collects what the document does not allow."""

    def __init__(self) -> None:
        self.broken: list[str] = []
        self.checked = 0

    def middleware(self) -> Any:
        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                response = await handler(request)
            except web.HTTPException as redirect:
                self._check(request, redirect)
                raise
            self._check(request, response)
            return response

        return check

    def event(self, event: Any) -> None:
        if event.get("type") != "typing":
            schema = {"$ref": "#/components/schemas/Event"}
            self._validate("an event of a stream", schema, event, document()["components"])

    def _check(self, request: web.Request, response: web.StreamResponse) -> None:
        resource = request.match_info.route.resource
        if resource is None or request.method in ("OPTIONS", "HEAD") or response.status == 405:
            return
        where = f"{request.method} {resource.canonical} → {response.status}"
        staff = resource.canonical.startswith(STAFF)
        described_in = staff_document() if staff else document()
        operation = described_in["paths"].get(resource.canonical, {}).get(request.method.lower())
        if operation is None and staff and not resource.canonical.startswith("/api"):
            return  # pages and their parts
        if operation is None:
            self.broken.append(f"{where}: no such operation in the document")
            return
        described = operation["responses"].get(str(response.status))
        if described is None:
            self.broken.append(f"{where}: no such status in the document")
            return
        if "$ref" in described:
            described = described_in["components"]["responses"][described["$ref"].rpartition("/")[2]]
        content = described.get("content", {})
        if response.content_type == "application/json" and isinstance(response, web.Response):
            body = json.loads(response.text or "null")
            schema = content.get("application/json", {}).get("schema", {"not": {}})
            self._validate(where, schema, body, described_in["components"])
        elif isinstance(response, web.Response) and response.body and not isinstance(response, web.HTTPException):
            error_page = response.content_type == "text/html" and response.status >= 400
            if response.content_type not in content and not error_page:
                self.broken.append(f"{where}: content type {response.content_type} is not in the document")

    def _validate(self, where: str, schema: dict[str, Any], value: Any, components: Any) -> None:
        self.checked += 1
        validator = OAS31Validator({**schema, "components": components})
        self.broken += [f"{where}: {error.json_path}: {error.message}" for error in validator.iter_errors(value)]
