"""One contract for every adapter, each against a stand-in for its system (see there what that is and is not)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.cases import Channel, Status, desk_store, messages, outbox, work
from bot.cases.outbox import DeliveryError, Outbox, Retry
from bot.cases.rows import By, load
from bot.connect.adapter import Adapter, GoneError, NewMessage, NewTicket, SystemSettings, UnsureError
from bot.connect.context import ConnectError
from bot.connect.delivery import Delivery
from bot.connect.rest import Rest, TemplateError, load_template
from bot.connect.states import States
from bot.connect.zammad import Zammad
from bot.database import Database
from tests.cases.asking import NOW, Desk, callback, sla, ticket
from tests.connect import rest_standin, zammad_standin
from tests.connect.rest_standin import TEMPLATE, RestStandin
from tests.connect.zammad_standin import Standin, ZammadStandin
from tests.gateway.site import content

NEW = NewTicket(
    ref="T-7K3M-9QXP",
    subject="Facture {text} <b>\r\nX: y",
    text="Où est ma facture ?\n{ref} {token} ' OR 1=1",
    level=1,
    lang="fr",
    email="jeanne@example.fr",
    phone=None,
)
WORD = NewMessage(id="a" * 32, ref=NEW.ref, text="Voici.", author="Anna", by_customer=False)


@dataclass
class System:
    standin: Standin
    adapter: Adapter


def zammad(url: str, **changes: Any) -> Adapter:
    given = {"token": zammad_standin.TOKEN, "secret": zammad_standin.SECRET, "allow_private": True, "timeout": 5}
    settings = SystemSettings(**{"url": url, **given, **changes})  # type: ignore[arg-type]
    return Zammad(settings, group=zammad_standin.GROUP, fallback="support@archivelle.example")


def rest(url: str, **changes: Any) -> Adapter:
    given = {"token": rest_standin.TOKEN, "secret": rest_standin.SECRET, "allow_private": True, "timeout": 5}
    return Rest(SystemSettings(**{"url": url, **given, **changes}), load_template(TEMPLATE))  # type: ignore[arg-type]


KINDS: dict[str, tuple[Callable[[], Standin], Callable[..., Adapter]]] = {
    "zammad": (ZammadStandin, zammad),
    "rest": (RestStandin, rest),
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def server(kind: str) -> AsyncIterator[tuple[Standin, str]]:
    standin = KINDS[kind][0]()
    async with TestServer(standin.app()) as server:
        yield standin, str(server.make_url("")).rstrip("/")
        standin.release.set()


@pytest.fixture
async def system(kind: str, server: tuple[Standin, str]) -> AsyncIterator[System]:
    adapter = KINDS[kind][1](server[1])
    yield System(server[0], adapter)
    await adapter.close()


async def test_a_ticket_is_made_found_and_read(system: System) -> None:
    assert await system.adapter.find(NEW.ref) is None
    made = await system.adapter.create(NEW)
    assert (made.state, made.done) == ("new", False)
    assert made.url is not None
    assert made.id in made.url
    assert await system.adapter.find(NEW.ref) == made
    assert await system.adapter.read(made.id) == made
    assert await system.adapter.find("T-AAAA-AAAA") is None
    assert system.standin.customer_of(made.id) == "jeanne@example.fr"
    assert system.standin.texts_of(made.id) == [(NEW.text, True)]  # as it was written: no template, no secret


async def test_a_customer_without_an_address_gets_a_ticket_too(system: System) -> None:
    made = await system.adapter.create(replace(NEW, email=None, phone="+33612345678"))
    assert made.state == "new"


async def test_a_message_is_added_once_however_often_it_is_sent(system: System) -> None:
    made = await system.adapter.create(NEW)
    for _ in range(3):
        await system.adapter.add(made.id, WORD)
    await system.adapter.add(made.id, replace(WORD, id="b" * 32, text="Merci.", by_customer=True))
    assert system.standin.texts_of(made.id)[1:] == [("Voici.", False), ("Merci.", True)]


async def test_done_is_what_the_system_calls_so(system: System) -> None:
    made = await system.adapter.create(NEW)
    for state, done in (("open", False), ("done", True), ("open", False)):
        system.standin.state(made.id, state)
        assert (await system.adapter.read(made.id)).done is done


async def test_a_ticket_that_has_gone_is_told_apart(system: System) -> None:
    for work_ in (system.adapter.read("999"), system.adapter.add("999", WORD)):
        with pytest.raises(GoneError):
            await work_


@pytest.mark.parametrize(
    ("status", "permanent", "unsure"),
    [
        (422, True, False),
        (400, True, False),
        (401, False, False),
        (403, False, False),
        (429, False, False),
        (500, False, True),
        (503, False, True),
        (302, False, False),
    ],
)
async def test_refusals_are_final_only_where_trying_again_cannot_help(
    system: System, status: int, permanent: bool, unsure: bool
) -> None:
    system.standin.statuses = [status]
    with pytest.raises(DeliveryError, match=str(status)) as refused:
        await system.adapter.create(NEW)
    assert (refused.value.permanent, isinstance(refused.value, UnsureError)) == (permanent, unsure)
    assert system.standin.tickets == {}


async def test_a_wrong_token_and_a_system_that_is_away_are_tried_again(kind: str, server: tuple[Standin, str]) -> None:
    for url, more in ((server[1], {"token": "wrong"}), ("http://127.0.0.1:1", {})):
        adapter = KINDS[kind][1](url, **more)
        with pytest.raises(DeliveryError) as refused:
            await adapter.find(NEW.ref)
        assert not refused.value.permanent
        await adapter.close()


async def test_an_answer_that_never_comes_is_unsure(kind: str, server: tuple[Standin, str]) -> None:
    standin, url = server
    adapter = KINDS[kind][1](url, timeout=0.3)
    standin.silent = True
    with pytest.raises(UnsureError, match="no answer within"):
        await adapter.create(NEW)
    assert await adapter.find(NEW.ref) is not None  # it was made all the same
    await adapter.close()


@pytest.mark.parametrize("answer", [b"<html>", b"[" * 100_000, b"{}", b'"' + b"x" * (9 * 1024 * 1024) + b'"', b"null"])
async def test_answers_that_make_no_sense_are_unsure(kind: str, answer: bytes) -> None:
    async def senseless(_request: web.Request) -> web.Response:
        return web.Response(body=answer, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", senseless)
    async with TestServer(app) as server:
        adapter = KINDS[kind][1](str(server.make_url("")))
        with pytest.raises(UnsureError, match="expected"):
            await adapter.create(NEW)
        await adapter.close()


async def test_private_addresses_are_refused_unless_they_are_meant(kind: str, server: tuple[Standin, str]) -> None:
    for url in (server[1], server[1].replace("127.0.0.1", "localhost")):
        adapter = KINDS[kind][1](url, allow_private=False)
        with pytest.raises(DeliveryError, match="public address"):
            await adapter.find(NEW.ref)
        await adapter.close()
    assert server[0].requests == []


async def test_only_signed_calls_are_believed(kind: str, system: System) -> None:
    made = await system.adapter.create(NEW)
    headers, body = system.standin.call(made.id)
    assert system.adapter.named(headers, body) == made.id
    for forged in ({}, {name: value[:-1] + "x" for name, value in headers.items()}):
        with pytest.raises(ConnectError):
            system.adapter.named(forged, body)
    with pytest.raises(ConnectError):
        system.adapter.named(headers, body + b" ")
    without = KINDS[kind][1]("http://127.0.0.1:1", secret="")
    with pytest.raises(ConnectError):
        without.named(headers, body)


# From the outbox to the ticket and back.


class Office:
    """Cases, the outbox, and the system, with a clock that is moved."""

    def __init__(self, database: Database, system: System, folder: Path) -> None:
        company, catalogue = content()
        self.policy = company.policy(catalogue)
        self.database, self.system, self.now = database, system, NOW
        self.desk = Desk(database.engine, self.policy, catalogue.text)
        self.changed = 0
        common: dict[str, Any] = {"by": self.by, "poll": timedelta(seconds=60), "now": lambda: self.now}
        self.delivery = Delivery(
            database, system.adapter, say=catalogue.text, attachments=folder, made=self._changed, **common
        )
        self.states = States(database, system.adapter, changed=self._changed, **common)

    def _changed(self) -> None:
        self.changed += 1

    def by(self, actor: str = "system") -> By:
        return By(actor=actor, now=self.now, policy=self.policy, channels={Channel.TICKET_SYSTEM})

    def outbox(self) -> Outbox:
        senders = {Channel.TICKET_SYSTEM: self.delivery.send}
        retry = Retry(first=1, send_timeout=20)
        return Outbox(self.database.engine, senders, retry=retry, now=lambda: self.now, jitter=lambda: 1.0)

    async def open(self, data: dict[str, Any] | None = None) -> str:
        body = await self.desk.open(data or ticket(), channels={Channel.TICKET_SYSTEM}, now=self.now)
        return str(body["ref"])

    async def deliver(self) -> None:
        while await self.outbox().deliver_due():
            pass

    async def external(self, ref: str) -> list[dict[str, Any]]:
        async with self.database.read() as conn:
            return await desk_store.list_external(conn, ref)

    async def status(self, ref: str) -> Status:
        async with self.database.read() as conn:
            return (await load(conn, ref)).status

    def later(self, **much: float) -> None:
        self.now += timedelta(**much)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'guichet.db'}"


@pytest.fixture
async def office(database: Database, system: System, tmp_path: Path) -> Office:
    return Office(database, system, tmp_path)


async def test_a_case_becomes_a_ticket_and_its_messages_follow(office: Office) -> None:
    ref = await office.open()
    async with office.database.write() as conn:
        await messages.reply(conn, ref, office.by("anna"), client_id="1", text="Voici.", author_name="Anna")
        await messages.add_customer(conn, ref, office.by("customer"), client_id="2", text="Merci.")
    await office.deliver()  # the first of them makes the ticket, the others wait for it
    office.later(seconds=30)
    await office.deliver()
    (found,) = await office.external(ref)
    assert (found["system"], found["state"]) == (office.system.adapter.system, "new")
    ((text, _), *rest_) = office.system.standin.texts_of(found["id"])
    assert text.startswith(ticket()["text"])
    assert ref in text
    assert sorted(rest_) == [("De la part de Anna\u00a0:\n\nVoici.", False), ("Merci.", True)]
    assert len(office.system.standin.tickets) == 1
    assert office.changed == 1


@pytest.mark.parametrize("data", [callback(email=None), sla()])
async def test_every_kind_of_case_is_accepted(office: Office, data: dict[str, Any]) -> None:
    ref = await office.open(data)
    await office.deliver()
    assert len(await office.external(ref)) == 1


async def test_an_interrupted_create_makes_no_second_ticket(
    kind: str, server: tuple[Standin, str], database: Database, tmp_path: Path
) -> None:
    standin, url = server
    adapter = KINDS[kind][1](url, timeout=0.3)
    office = Office(database, System(standin, adapter), tmp_path)
    ref = await office.open()
    standin.silent = True
    await office.deliver()
    assert len(standin.tickets) == 1
    assert await office.external(ref) == []
    made = len([call for call in standin.requests if call[0] == "POST"])
    office.later(seconds=30)  # another process, before the lease has ended: it may not even look
    await office.deliver()
    assert len([call for call in standin.requests if call[0] == "POST"]) == made
    office.later(seconds=120)
    await office.deliver()
    assert len(standin.tickets) == 1
    assert len(await office.external(ref)) == 1
    await adapter.close()


async def test_a_delivery_that_is_cut_off_makes_no_second_ticket(office: Office) -> None:
    ref = await office.open()
    office.system.standin.silent = True
    delivering = asyncio.create_task(office.outbox().deliver_due())
    await asyncio.wait_for(office.system.standin.done_in_silence.wait(), 20)
    delivering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivering
    office.later(seconds=120)
    await office.deliver()
    assert len(office.system.standin.tickets) == 1
    assert len(await office.external(ref)) == 1


async def test_many_processes_make_one_ticket(office: Office) -> None:
    ref = await office.open()
    async with office.database.write() as conn:
        for number in range(5):
            await messages.add_customer(conn, ref, office.by("customer"), client_id=str(number), text=f"Nr. {number}")
    for _ in range(8):
        await asyncio.gather(*(office.outbox().deliver_due() for _ in range(3)))
        office.later(seconds=20)
    assert len(office.system.standin.tickets) == 1
    (found,) = await office.external(ref)
    assert len(office.system.standin.texts_of(found["id"])) == 6


async def test_what_is_refused_for_good_is_a_dead_letter_and_can_be_replayed(office: Office) -> None:
    ref = await office.open()
    office.system.standin.statuses = [422]
    await office.deliver()
    async with office.database.read() as conn:
        (dead,) = await outbox.listed(conn, "dead")
    assert "422" in dead["last_error"]
    async with office.database.write() as conn:
        assert await outbox.replay(conn, office.now, dead["id"])
    await office.deliver()
    assert len(await office.external(ref)) == 1


async def test_the_state_comes_back_and_is_followed(office: Office) -> None:
    ref = await office.open()
    await office.deliver()
    (found,) = await office.external(ref)
    office.system.standin.state(found["id"], "done")
    assert await office.states.read_due() == 0  # not before its time
    office.later(seconds=61)
    assert await office.states.read_due() == 1
    (after,) = await office.external(ref)
    assert after["state"] in ("gelöst", "solved")
    assert await office.status(ref) == Status.RESOLVED
    office.system.standin.state(found["id"], "open")
    office.later(seconds=61)
    await office.states.read_due()
    assert await office.status(ref) == Status.IN_PROGRESS
    # resolved here, while there it only moves on: what was decided here stays
    async with office.database.write() as conn:
        await work.change(conn, ref, {"status": Status.RESOLVED}, office.by("anna"))
    office.system.standin.state(found["id"], "new")
    office.later(seconds=61)
    await office.states.read_due()
    assert await office.status(ref) == Status.RESOLVED


async def test_a_call_of_the_system_brings_the_state_at_once_but_is_not_believed_itself(office: Office) -> None:
    ref = await office.open()
    await office.deliver()
    (found,) = await office.external(ref)
    await office.states.told(*office.system.standin.call(found["id"]))
    assert await office.states.read_due() == 1
    assert await office.status(ref) == Status.OPEN  # whatever the call said
    office.system.standin.state(found["id"], "done")
    await office.states.told(*office.system.standin.call(found["id"]))
    await office.states.read_due()
    assert await office.status(ref) == Status.RESOLVED


async def test_a_quiet_ticket_and_a_failing_system_are_asked_ever_more_rarely(office: Office) -> None:
    ref = await office.open()
    await office.deliver()
    asked = await _asked_during(office, hours=24)
    assert 20 < asked < 60  # every minute it would be 1440
    office.system.standin.tickets.clear()
    office.later(hours=24)
    await office.states.read_due()
    (found,) = await office.external(ref)
    assert found["state"] == "gone"
    office.later(hours=48)
    assert await office.states.read_due() == 0


async def _asked_during(office: Office, hours: int) -> int:
    asked = 0
    for _ in range(hours * 60):
        office.later(minutes=1)
        asked += await office.states.read_due()
    return asked


def test_a_template_that_cannot_be_used_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "t.yml"
    with pytest.raises(TemplateError, match="cannot be read"):
        load_template(path)
    path.write_text("system: [")
    with pytest.raises(TemplateError, match="expected YAML"):
        load_template(path)
    path.write_text(TEMPLATE.read_text().replace("find:", "fnd:"))
    with pytest.raises(TemplateError, match=r"(?s)fnd: Extra inputs.*|find: Field required"):
        load_template(path)


def test_an_address_that_cannot_be_used_is_refused_and_secrets_are_not_shown() -> None:
    for url in ("ftp://x.example", "https://u:p@x.example", ""):
        with pytest.raises(ValueError, match="expected http"):
            SystemSettings(url=url, token="t")
    with pytest.raises(ValueError, match="access token"):
        SystemSettings(url="https://x.example", token="")
    shown = repr(SystemSettings(url="https://x.example", token="hunter2", secret="hunter3"))
    assert "hunter" not in shown
