"""The staff's API under requests that nobody would send: schemathesis makes them from the document."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase
from schemathesis.checks import not_a_server_error

from bot.desk.openapi import document
from tests.desk.site import Colleague, DeskSite, open_desk

STREAM = "/api/desk/stream"  # it answers for as long as one listens
SIGN_OUT = (("delete", "/api/staff/session"), ("delete", "/api/staff/sessions"))  # one answer, then nobody is signed in
OPERATIONS = sorted(
    (method, path)
    for path, item in document()["paths"].items()
    for method in item
    if method in ("get", "post", "put", "patch", "delete") and path.startswith("/api")
    if path != STREAM and (method, path) not in SIGN_OUT and not path.startswith("/api/console")  # needs kb
)
EXAMPLES = 25


def fuzz(who: Colleague, method: str, path: str, there: dict[str, str], cookie: str) -> int:
    """Send what fits the document and what does not; how many requests. Every other one names what is `there`."""
    schema = schemathesis.openapi.from_dict(document())
    operation = schema[path][method.upper()]
    sent = 0

    @hypothesis.given(case=operation.as_strategy(), known=hypothesis.strategies.booleans())
    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def send(case: Any, known: bool) -> None:
        nonlocal sent
        sent += 1
        if known:
            case.path_parameters |= {name: there[name] for name in case.path_parameters if name in there}
        headers = {"X-CSRF-Token": who.csrf, "Cookie": cookie}
        response = case.call(base_url=who.site.url, headers=headers, timeout=20)
        case.validate_response(response, checks=[not_a_server_error])

    send()
    return sent


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda value: str(value).removeprefix("/api/"))
async def test_whatever_is_sent_is_answered_as_the_document_says(method: str, path: str, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:  # its answers are held against the document too
        anna = await desk.colleague("Anna", "agent", "administrator", "editor")
        cookie = "; ".join(f"{each.key}={each.value}" for each in anna.http.cookie_jar)
        there = {"ref": await desk.open()}
        if path.startswith("/api/staff/people"):
            there["id"] = (await desk.colleague("Bruno")).id
        sent = await asyncio.to_thread(fuzz, anna, method, path, there, cookie)
        assert sent >= 1
        await still_works(desk, anna)


async def still_works(desk: DeskSite, who: Colleague) -> None:
    ref = await desk.open()
    assert (await who.reply(ref))[0] == 201
