"""The customer has the last word on whether something is solved."""

from __future__ import annotations

import pytest

from bot.cases import rows
from tests.cases.asking import sla
from tests.desk.site import Colleague, DeskSite


async def key_of(desk: DeskSite, ref: str) -> str:
    async with desk.site.gateway.database.read() as conn:
        return (await rows.load(conn, ref)).key


async def answer(desk: DeskSite, ref: str, **fields: str) -> tuple[int, str]:
    """(status, page) of what the customer is shown after a press of a button on the page of the mail's link."""
    form = {"key": await key_of(desk, ref), **fields}
    async with desk.site.http.post(f"{desk.site.url}/cases/{ref}", data=form) as response:
        return response.status, await response.text()


async def page(desk: DeskSite, ref: str) -> str:
    async with desk.site.http.get(f"{desk.site.url}/cases/{ref}?key={await key_of(desk, ref)}") as response:
        assert response.status == 200
        return await response.text()


async def test_a_resolved_case_can_be_confirmed_by_its_customer(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open()
    assert "Est-ce résolu" not in await page(desk, ref)
    await anna.patch(ref, status="resolved")
    assert "Est-ce résolu" in await page(desk, ref)
    status, shown = await answer(desk, ref, solved="yes")
    assert (status, "Merci, c’est noté." in shown, "Est-ce résolu" in shown) == (200, True, False)
    case = await anna.case(ref)
    assert case["confirmed_at"] is not None
    assert [(entry["type"], entry["actor"]["id"]) for entry in case["timeline"]][-1] == ("confirmed", "customer")
    assert (await anna.get("/api/desk/figures"))["resolution"]["confirmed"]["count"] == 1


async def test_a_case_that_is_not_solved_goes_on_and_is_unread(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open()
    await anna.reply(ref, status="resolved")
    assert (await answer(desk, ref, solved="no"))[0] == 200
    case = await anna.case(ref)
    assert (case["status"], case["unread"], case["clocks"][1]["state"]) == ("in_progress", True, "running")
    assert (await anna.get("/api/desk/figures"))["resolution"]["reopened"]["count"] == 1


@pytest.mark.parametrize("fields", [{}, {"solved": "perhaps"}, {"solved": "yes", "agreed": "yes"}])
async def test_no_clear_answer_changes_nothing(desk: DeskSite, anna: Colleague, fields: dict[str, str]) -> None:
    ref = await desk.open(sla(level=4))
    assert (await answer(desk, ref, **fields))[0] == 422
    assert (await anna.case(ref))["version"] == 1


async def test_what_is_not_resolved_cannot_be_confirmed(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open()
    assert (await answer(desk, ref, solved="yes"))[0] == 200
    assert (await anna.case(ref))["confirmed_at"] is None
