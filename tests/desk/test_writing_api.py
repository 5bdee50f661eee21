"""Notes, replies and files: to the right readers, once, with what belongs to them."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from aiohttp import FormData
from sqlalchemy import func, select

from bot.cases import messages
from bot.cases.rows import By
from bot.cases.tables import outbox
from tests.cases.asking import sla, ticket
from tests.desk.site import Colleague, DeskSite, open_desk

MAIL = {"smtp_host": "127.0.0.1", "smtp_port": 1, "smtp_security": "none"}  # letters are written, none can be sent


async def mails(desk: DeskSite, ref: str) -> list[dict[str, object]]:
    async with desk.site.gateway.database.read() as conn:
        query = select(outbox.c.payload).where(outbox.c.ref == ref, outbox.c.event == "case.reply")
        return list((await conn.execute(query)).scalars())


async def upload(who: Colleague, ref: str, content: bytes = b"%PDF-1.7 x", name: str = "a.pdf") -> tuple[int, dict]:  # type: ignore[type-arg]
    form = FormData()
    form.add_field("file", content, filename=name, content_type="application/octet-stream")
    url = f"{who.site.url}/api/desk/cases/{ref}/attachments"
    async with who.http.post(url, data=form, headers={"X-CSRF-Token": who.csrf}) as response:
        return response.status, await response.json()


async def test_a_reply_reaches_the_conversation_at_once_and_takes_the_case(desk: DeskSite, anna: Colleague) -> None:
    talk = await desk.site.talk()
    ref = await desk.open(conversation=talk.id)
    status, body = await anna.reply(ref, "Bonjour, voici la **facture**.")
    assert status == 201
    said = (await talk.events())[-1]
    assert (said["from"], said["text"], said["agent"]) == ("agent", "Bonjour, voici la **facture**.", {"name": "Anna"})
    case = body["case"]
    assert (case["owner"]["id"], case["status"], case["clocks"][0]["state"]) == (anna.id, "in_progress", "met")
    assert body["entry"]["type"] == "reply"
    assert body["entry"]["actor"] == {"id": anna.id, "name": "Anna"}
    assert case["transcript"][-1]["text"] == said["text"]


async def test_a_reply_posted_again_and_again_is_sent_once(desk: DeskSite, anna: Colleague) -> None:
    talk = await desk.site.talk()
    ref = await desk.open(conversation=talk.id)
    answers = await asyncio.gather(*(anna.reply(ref, client_id="the-same") for _ in range(5)))
    assert {status for status, _ in answers} == {201}
    assert len({body["entry"]["id"] for _, body in answers}) == 1
    assert [event["from"] for event in await talk.events()].count("agent") == 1
    assert [entry["type"] for entry in (await anna.case(ref))["timeline"]].count("reply") == 1


async def test_the_same_client_id_of_a_colleague_is_another_reply(
    desk: DeskSite, anna: Colleague, bruno: Colleague
) -> None:
    ref = await desk.open()
    await anna.reply(ref, client_id="x")
    await bruno.reply(ref, client_id="x")
    case = await anna.case(ref)
    assert [entry["actor"]["name"] for entry in case["timeline"] if entry["type"] == "reply"] == ["Anna", "Bruno"]
    assert case["owner"]["name"] == "Anna"


async def test_a_mail_goes_where_there_is_an_address_and_says_how_it_fared(tmp_path: object) -> None:
    async with open_desk(tmp_path, **MAIL) as desk:  # type: ignore[arg-type]
        anna = await desk.colleague("Anna")
        ref = await desk.open()
        _, body = await anna.reply(ref, "Bonjour.", status="waiting_customer")
        assert (body["entry"]["delivery"], body["case"]["status"]) == ("pending", "waiting_customer")
        (letter,) = await mails(desk, ref)
        assert letter["message"] == {"text": "Bonjour.", "author": "Anna", "in_reply_to": None}
        gateway = desk.site.gateway
        by = By(actor="system", now=gateway.now(), policy=gateway.policy)
        for _ in range(2):  # a mail comes back as often as servers like
            async with gateway.database.write() as conn:
                await messages.bounced(conn, str(letter["id"]), "550 no such mailbox", by)
        case = await anna.case(ref)
        assert [entry["delivery"] for entry in case["timeline"] if entry["type"] == "reply"] == ["failed"]
        assert [entry["details"]["state"] for entry in case["timeline"] if entry["type"] == "delivery"] == ["failed"]
        assert case["unread"]


async def test_notes_reach_colleagues_alone(desk: DeskSite, anna: Colleague, bruno: Colleague) -> None:
    talk = await desk.site.talk()
    ref = await desk.open(conversation=talk.id)
    before = await talk.events()
    status, body = await anna.note(ref, "Qui connaît ce client ?", mentions=[bruno.id])
    assert (status, body["entry"]["details"]["mentions"]) == (201, [bruno.id])
    assert await talk.events() == before
    assert body["case"]["owner"] is None
    status, body = await anna.note(ref, mentions=["nobody"])
    assert (status, body["error"]["code"]) == (422, "invalid_mentions")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"client_id": "", "text": "x"}, "invalid_client_id"),
        ({"client_id": "a\n", "text": "x"}, "invalid_client_id"),
        ({"client_id": "a", "text": " \u202e "}, "required"),
        ({"client_id": "a", "text": "x" * 20_001}, "too_long"),
        ({"client_id": "a", "text": 1}, "invalid_text"),
        ({"client_id": "a", "text": "x", "attachments": "a"}, "invalid_list"),
        ({"client_id": "a", "text": "x", "attachments": ["b"]}, "invalid_attachment"),
        ({"client_id": "a", "text": "x", "status": "waiting_consent"}, "consent_by_level"),
    ],
)
async def test_a_reply_that_cannot_be_is_refused_and_nothing_is_sent(
    desk: DeskSite, anna: Colleague, body: dict[str, object], code: str
) -> None:
    talk = await desk.site.talk()
    ref = await desk.open(conversation=talk.id)
    status, answer = await anna.call("POST", f"/api/desk/cases/{ref}/replies", body)
    assert (status in (409, 422), answer["error"]["code"]) == (True, code)
    assert len(await talk.events()) == 1
    assert (await anna.case(ref))["version"] == 1


async def test_files_go_with_the_message_of_who_uploaded_them(
    desk: DeskSite, anna: Colleague, bruno: Colleague
) -> None:
    talk = await desk.site.talk()
    ref = await desk.open(conversation=talk.id)
    status, made = await upload(anna, ref)
    assert status == 201
    file = made["attachment"]["id"]
    assert (await anna.case(ref))["attachments"] == []  # not part of the case before it is sent
    status, body = await bruno.reply(ref, attachments=[file])
    assert (status, body["error"]["code"]) == (422, "invalid_attachment")
    status, body = await anna.reply(ref, attachments=[file])
    assert [each["name"] for each in body["entry"]["attachments"]] == ["a.pdf"]
    assert [each["id"] for each in (await talk.events())[-1]["attachments"]] == [file]
    async with bruno.http.get(f"{desk.site.url}/api/desk/cases/{ref}/attachments/{file}") as response:
        assert (response.status, await response.read()) == (200, b"%PDF-1.7 x")
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert "sandbox" in response.headers["Content-Security-Policy"]
    other = await desk.open(ticket(email="autre@example.fr"))
    assert (await anna.call("GET", f"/api/desk/cases/{other}/attachments/{file}"))[0] == 404


async def test_a_file_that_lies_about_its_type_is_refused(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open()
    status, body = await upload(anna, ref, b"MZ\x90\x00\x03", "facture.pdf")
    assert (status, body["error"]["code"]) == (415, "file_type")


async def test_while_a_consent_is_missing_a_question_can_be_asked_but_nothing_begins(
    desk: DeskSite, anna: Colleague
) -> None:
    ref = await desk.open(sla(level=4))
    status, body = await anna.reply(ref, "De quel NAS s’agit-il ?")
    assert (status, body["case"]["status"]) == (201, "waiting_consent")
    status, body = await anna.reply(ref, "C’est fait.", status="resolved")
    assert (status, body["error"]["code"]) == (409, "consent_missing")


async def test_a_reply_survives_that_its_conversation_is_gone(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open(conversation=f"mail:{uuid.uuid4().hex}")
    assert (await anna.reply(ref))[0] == 201
    async with desk.site.gateway.database.read() as conn:
        count = await conn.execute(select(func.count()).select_from(messages.table).where(messages.table.c.ref == ref))
    assert count.scalar_one() == 1
