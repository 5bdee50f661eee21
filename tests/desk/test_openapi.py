"""The staff's document is valid and complete. That answers fit it is checked in every test that uses the desk."""

from __future__ import annotations

from openapi_spec_validator import validate

from bot.desk.openapi import document
from bot.web import public_app
from tests.desk.site import Colleague, DeskSite

STAFF = ("/api/desk", "/api/staff", "/staff")


def test_the_document_is_valid_openapi() -> None:
    validate(document())


async def test_every_route_of_the_staff_is_in_the_document_and_every_operation_is_a_route(desk: DeskSite) -> None:
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in public_app(desk.site.gateway).router.routes()
        if route.resource is not None and route.method != "HEAD" and route.resource.canonical.startswith(STAFF)
    }
    operations = {
        (method, path)
        for path, item in document()["paths"].items()
        for method in item
        if method in ("get", "post", "put", "delete", "patch") and path.startswith(STAFF)
    }
    assert routes == operations


async def test_the_document_is_for_staff(desk: DeskSite, anna: Colleague) -> None:
    assert (await anna.get("/api/staff/openapi.json"))["openapi"].startswith("3.1")
    async with desk.site.http.get(f"{desk.site.url}/api/staff/openapi.json") as response:
        assert response.status == 401
