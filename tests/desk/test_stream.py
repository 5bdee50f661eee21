"""What open desks are told, and what they have missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.cases import work
from bot.cases.rows import By
from bot.database import Database
from bot.desk import presence
from bot.desk.feed import BACKLOG, Feed
from tests.desk.site import Colleague, DeskSite, Json, open_desk
from tests.gateway.site import content


async def until(events: AsyncIterator[Json], enough: Callable[[Json], bool]) -> list[Json]:
    """Events up to the first that is meant, within a time that no change may take."""
    seen = []
    async with asyncio.timeout(20):
        async for event in events:
            seen.append(event)
            if enough(event):
                break
    return seen


def of(name: str, **data: Any) -> Callable[[Json], bool]:
    return lambda event: event["event"] == name and data.items() <= event["data"].items()


async def test_a_change_is_told_to_everybody_who_looks(desk: DeskSite, anna: Colleague, bruno: Colleague) -> None:
    ref = await desk.open()
    async with bruno.stream() as events:
        await until(events, of("ready"))
        await anna.patch(ref, owner="me")
        seen = await until(events, of("case", ref=ref, version=2))
        assert int(seen[-1]["id"]) > 0


async def test_what_the_clocks_and_other_processes_do_is_told_too(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open()
    gateway = desk.site.gateway
    async with anna.stream() as events:
        await until(events, of("ready"))
        by = By(actor="clock", now=gateway.now(), policy=gateway.policy)
        async with gateway.database.write() as conn:  # as another process would: nobody is woken
            await work.change(conn, ref, {"tags": ("vip",)}, by)
        await until(events, of("case", ref=ref, version=2))


async def test_a_desk_that_was_away_hears_what_it_missed_once_and_in_order(desk: DeskSite, anna: Colleague) -> None:
    refs = [await desk.open() for _ in range(3)]
    async with anna.stream() as events:
        last = int((await until(events, of("ready")))[-1]["id"])
    for ref in (refs[1], refs[0], refs[1]):
        await anna.note(ref)
    async with anna.stream(after=last) as events:
        seen = await until(events, of("case", ref=refs[1]))
    told = [event for event in seen if event["event"] == "case"]
    assert [event["data"]["ref"] for event in told] == [refs[0], refs[1]]  # each with its latest version
    assert told[-1]["data"]["version"] == 3
    assert [int(event["id"]) for event in told] == sorted(int(event["id"]) for event in told)
    async with anna.stream(after=int(told[-1]["id"])) as events:
        await until(events, of("ready"))
        await anna.note(refs[2])
        (event,) = await until(events, of("case"))
        assert event["data"]["ref"] == refs[2]


async def test_too_much_to_tell_is_a_reset(desk: DeskSite, anna: Colleague, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.desk.feed.BACKLOG", 2)
    ref = await desk.open()
    for _ in range(3):
        await anna.note(ref)
    async with anna.stream(after=0) as events:
        seen = await until(events, of("reset"))
    assert "case" not in [event["event"] for event in seen]
    assert BACKLOG > 2


async def test_a_mention_is_for_who_is_mentioned_alone(desk: DeskSite, anna: Colleague, bruno: Colleague) -> None:
    ref = await desk.open()
    async with anna.stream() as annas, bruno.stream() as brunos:
        await until(annas, of("ready"))
        await until(brunos, of("ready"))
        _, body = await anna.note(ref, mentions=[bruno.id])
        await until(brunos, of("mention", ref=ref, entry=body["entry"]["id"]))
        await anna.patch(ref, tags=["x"])
        seen = await until(annas, of("case", version=3))
    assert "mention" not in [event["event"] for event in seen]


async def test_who_looks_and_types_is_told_and_forgotten(desk: DeskSite, anna: Colleague, bruno: Colleague) -> None:
    ref = await desk.open()
    async with bruno.stream() as events:
        await until(events, of("ready"))
        for doing in ("looking", "typing"):
            assert (await anna.call("POST", "/api/desk/presence", {"ref": ref, "doing": doing}))[0] == 204
            there = [{"id": anna.id, "name": "Anna", "doing": doing}]
            await until(events, of("presence", ref=ref, people=there))
        async with bruno.stream() as late:  # who comes later is told as well
            await until(late, of("presence", ref=ref, people=there))
        await anna.call("POST", "/api/desk/presence", {"ref": ref, "doing": "left"})
        await until(events, of("presence", ref=ref, people=[]))
    for body in ({"doing": "looking"}, {"ref": ref, "doing": "sleeping"}, {"ref": 1, "doing": "left"}):
        assert (await anna.call("POST", "/api/desk/presence", body))[0] == 422


async def test_colleagues_are_told_who_comes_and_what_somebody_carries(
    desk: DeskSite, anna: Colleague, bruno: Colleague
) -> None:
    ref = await desk.open()
    async with anna.stream() as events:
        await until(events, of("ready"))
        await desk.presence(bruno, "online")
        await until(events, of("people"))
        await bruno.patch(ref, owner="me")
        await until(events, of("people"))
        await bruno.note(ref)  # carries no more by that
        await bruno.patch(ref, tags=["x"])
        seen = await until(events, of("case", version=4))
    assert "people" not in [event["event"] for event in seen]


@pytest.mark.parametrize("by_herself", [True, False])
async def test_who_comes_online_gets_at_once_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_herself: bool
) -> None:
    company, catalogue = content()
    automatic = company.model_copy(update={"desk": company.desk.model_copy(update={"assignment": "automatic"})})
    monkeypatch.setattr("tests.gateway.site.content", lambda: (automatic, catalogue))
    monkeypatch.setattr("bot.cases.clocks.LONGEST_WAIT", 600.0)  # looks again by itself too late for this test
    async with open_desk(tmp_path) as desk:
        anna, ada = await desk.colleague("Anna"), await desk.colleague("Ada", "administrator")
        async with anna.stream() as events:
            await until(events, of("ready"))
            ref = await desk.open(woken=False)  # so that nothing but her coming can be why it is given
            if by_herself:
                await desk.presence(anna, "online")
            else:
                path = f"/api/staff/people/{anna.id}"
                assert (await ada.call("PATCH", path, {"presence": "online"}))[0] == 200
            await until(events, of("case", ref=ref, version=2))
        assert (await anna.case(ref))["owner"] == {"id": anna.id, "name": "Anna"}


async def test_a_sign_of_life_holds_for_thirty_seconds(desk: DeskSite, anna: Colleague) -> None:
    now = datetime(2026, 11, 25, 9, tzinfo=UTC)
    database = desk.site.gateway.database
    async with database.write() as conn:
        await presence.note(conn, "case:T", anna.id, "typing", now)
        assert await presence.everywhere(conn, now + timedelta(seconds=29)) != {}
        assert await presence.everywhere(conn, now + timedelta(seconds=30)) == {}


async def test_the_stream_ends_with_the_session(desk: DeskSite, anna: Colleague) -> None:
    async with anna.stream() as events:
        await until(events, of("ready"))
        await anna.call("DELETE", "/api/staff/session")
        async with asyncio.timeout(10):
            assert [event async for event in events] == []


async def test_a_slow_reader_is_let_go_and_nobody_waits_for_it(desk: DeskSite) -> None:
    feed = Feed(desk.site.gateway.database)
    with feed.listen() as slow, feed.listen() as quick:
        for number in range(1_500):
            feed.announce("people", {"n": number})
            quick.items.get_nowait()
        assert slow.full
        assert not quick.full


async def test_a_sign_of_an_open_desk_that_is_being_written_is_over_before_the_database_closes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, order, close = asyncio.Event(), list[str](), Database.close

    async def slow(*_: object) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            order.append("written")

    async def closed(database: Database) -> None:
        order.append("closed")
        await close(database)

    monkeypatch.setattr(Database, "close", closed)
    async with open_desk(tmp_path) as desk:
        anna = await desk.colleague("Anna")
        monkeypatch.setattr("bot.desk.stream_api.sign", slow)
        async with anna.stream() as events:
            await until(events, of("ready"))
            await begun.wait()
    assert order == ["written", "closed"]
