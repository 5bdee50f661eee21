"""The document is valid and complete. That answers fit it is checked in every test that uses `site`."""

from __future__ import annotations

from openapi_spec_validator import validate

from bot.gateway.openapi import document
from bot.web import public_app
from tests.gateway.contract import STAFF
from tests.gateway.site import Site, Talk


def test_the_document_is_valid_openapi() -> None:
    validate(document())


async def test_every_route_is_in_the_document_and_every_operation_is_a_route(site: Site) -> None:
    routes = {
        (route.method.lower(), route.resource.canonical)
        for route in public_app(site.gateway).router.routes()
        if route.resource is not None and route.method != "HEAD" and not route.resource.canonical.startswith(STAFF)
    }
    operations = {
        (method, path)
        for path, item in document()["paths"].items()
        for method in item
        if method in ("get", "post", "put", "delete", "patch")
    }
    assert routes == operations


async def test_the_document_is_served(site: Site) -> None:
    async with site.http.get(f"{site.url}/api/openapi.json") as response:
        assert response.status == 200
        assert (await response.json())["openapi"].startswith("3.1")


async def test_the_check_of_answers_can_fail(site: Site, talk: Talk) -> None:
    checked = site.contract.checked
    await talk.events()
    assert site.contract.checked > checked
    site.contract.event({"seq": 0, "from": "nobody"})
    assert len(site.contract.broken) >= 3
    site.contract.broken.clear()
