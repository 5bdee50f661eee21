"""What a client sees over any number of broken connections is what the journal holds."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.site import Event, RasaPeer, Site, Talk, open_site


async def test_a_stream_replays_from_the_last_event_id_and_goes_on_live(site: Site, talk: Talk) -> None:
    await talk.say("Première question")
    await talk.replies(1)
    async with asyncio.timeout(10), talk.stream(after=2) as events:
        assert (await anext(events))["seq"] == 3
        await talk.say("Deuxième question")
        seen: list[Event] = []
        async for event in events:
            if "seq" in event:
                seen.append(event)
            if len(seen) == 2:
                break
    assert [event["seq"] for event in seen] == [4, 5]


async def test_every_tab_gets_every_event(site: Site, talk: Talk) -> None:
    async def follow() -> list[Event]:
        return await talk.until(lambda seen: len(seen) == 7)

    tabs = [asyncio.create_task(follow()) for _ in range(5)]
    for number in range(3):
        await talk.say(f"Question numéro {number}")
    journal = await talk.until(lambda seen: len(seen) == 7)
    assert all(seen == journal for seen in await asyncio.gather(*tabs))


async def test_an_idle_stream_gives_signs_of_life(tmp_path: Path) -> None:
    async with open_site(tmp_path, RasaPeer(), heartbeat=0.05) as site:
        talk = await site.talk()
        headers = talk.headers | {"Accept": "text/event-stream"}
        async with asyncio.timeout(10), site.http.get(talk.url("events"), headers=headers) as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")
            assert response.headers["X-Accel-Buffering"] == "no"
            beats = 0
            async for line in response.content:
                beats += line == b": still here\n"
                if beats == 2:
                    break


async def test_events_written_by_another_process_arrive_with_the_next_heartbeat(tmp_path: Path) -> None:
    async with open_site(tmp_path, RasaPeer(), heartbeat=0.05) as site:
        talk = await site.talk()
        async with asyncio.timeout(10), talk.stream(after=1) as events:
            # Straight into the journal: this process's hub is told nothing.
            await site.gateway.journal.add_text(talk.id, "x", "Bonjour", lang="fr", leaning=None)
            assert (await anext(events))["text"] == "Bonjour"


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "²", "9" * 30])
async def test_a_wrong_place_to_resume_from_is_refused(talk: Talk, after: str) -> None:
    status, body = await talk.get(f"events?after={after}")
    assert (status, body["error"]["code"], body["error"]["field"]) == (422, "invalid_after", "after")


async def test_a_place_in_the_future_waits_for_it(talk: Talk) -> None:
    assert await talk.events(after=1000) == []


async def test_streams_beyond_the_limit_are_refused(tmp_path: Path) -> None:
    async with open_site(tmp_path, RasaPeer(), limit_streams=1) as site:
        talk = await site.talk()
        async with talk.stream() as events:
            await anext(events)
            headers = talk.headers | {"Accept": "text/event-stream"}
            async with site.http.get(talk.url("events"), headers=headers) as response:
                assert response.status == 429
                assert response.headers["Retry-After"]


class Client:
    """A widget: it keeps what it saw, and comes back with the last number after each loss of connection."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.seen: list[Event] = []
        self.more = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    def connect(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._follow())

    async def drop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def until(self, seq: int) -> None:
        async with asyncio.timeout(20), self.more:
            await self.more.wait_for(lambda: bool(self.seen) and self.seen[-1]["seq"] >= seq)

    async def _follow(self) -> None:
        last = self.seen[-1]["seq"] if self.seen else None
        async with self.talk.stream(after=last) as events:
            async for event in events:
                if "seq" in event:
                    async with self.more:
                        self.seen.append(event)
                        self.more.notify_all()


STEPS = st.lists(st.sampled_from(["say", "say twice", "connect", "drop", "wait", "yield"]), min_size=1, max_size=25)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_connections_do_a_client_sees_exactly_the_journal(steps: list[str]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with open_site(Path(folder), RasaPeer()) as site:
                talk = await site.talk()
                client = Client(talk)
                said = 0
                for step in steps:
                    if step.startswith("say"):
                        said += 1
                        for _ in range(2 if step == "say twice" else 1):
                            await talk.say(f"Question numéro {said}", client_id=f"m{said}")
                    elif step == "connect":
                        client.connect()
                    elif step == "drop":
                        await client.drop()
                    elif step == "wait":
                        await talk.until(lambda seen: len(seen) == 1 + 2 * said)  # noqa: B023
                    else:
                        await asyncio.sleep(0)
                client.connect()
                await client.until(1 + 2 * said)
                await client.drop()
                journal = await talk.events()
                assert client.seen == journal
                assert [event["seq"] for event in journal] == list(range(1, 2 + 2 * said))

    asyncio.run(run())
