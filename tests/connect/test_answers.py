"""Agents answer the mails that tell them of cases: only they, only with what that mail gave them, and to the customer
goes what they wrote and nothing else. Mails go over real servers in test_round_trip.py."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import select

from bot.cases.tables import outbox
from bot.connect.answers import tokens, vouched
from bot.connect.mime import read as read_mail
from bot.gateway.tables import events
from bot.secret import Secret
from tests.cases.asking import ticket
from tests.connect.posting import CUSTOMER, OURS, mail
from tests.connect.test_inbound_api import KEY, post
from tests.connect.test_round_trip import SmtpServer, answer
from tests.desk.site import Colleague, DeskSite, open_desk

TEAM = "team@archivelle.example"
ANNA = "Anna <anna@staff.example>"


@dataclass
class Office:
    desk: DeskSite
    smtp: SmtpServer
    anna: Colleague
    told: EmailMessage  # the mail to the team
    ref: str
    conversation: str

    async def send(self, text: str, *, to: EmailMessage | None = None, **more: Any) -> tuple[str, str | None]:
        """Anna's mail program answers; (outcome, reference)."""
        status, body = await post(self.desk, answer(to or self.told, text, sender=ANNA, **more))
        assert status == 200, body
        return body["outcome"], body["ref"]

    async def written(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in (await self.anna.case(self.ref))["timeline"] if entry["type"] == kind]


@pytest.fixture(params=[False, True], ids=["one-address", "plus"])
async def office(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Office]:
    smtp = SmtpServer(asyncio.get_running_loop())
    controller = Controller(smtp, hostname="127.0.0.1", port=smtp.port)
    controller.start()
    settings: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_port": smtp.port, "smtp_security": "none"}
    settings |= {"smtp_from": OURS, "staff_email": TEAM, "inbound_email": OURS, "inbound_plus": request.param}
    async with open_desk(tmp_path, **settings, inbound_secret=KEY, mail_authserv="mx.archivelle.example") as desk:
        anna = await desk.colleague("Anna")
        talk = await desk.site.talk()
        ref = await desk.open(ticket(email=CUSTOMER), talk.id)
        yield Office(desk, smtp, anna, await smtp.to(TEAM), ref, talk.id)
    await asyncio.to_thread(controller.stop)


async def said(office: Office) -> list[str]:
    """What an agent is seen to say in the customer's conversation."""
    async with office.desk.site.gateway.database.read() as conn:
        rows = await conn.execute(
            select(events.c.body).where(events.c.conversation == office.conversation, events.c.sender == "agent")
        )
        return [body["text"] for body in rows.scalars()]


async def test_an_answer_goes_to_the_customer_by_mail_and_into_the_conversation(office: Office) -> None:
    assert "[note]" in office.told.get_body().get_content()  # type: ignore[union-attr]
    quoted = "\n".join(f"> {line}" for line in str(office.told.get_body().get_content()).splitlines())  # type: ignore[union-attr]
    signed = "Bonjour, voici la marche à suivre.\n\n-- \nAnna Durand\n06 00 00 00 00"
    text = f"{signed}\n\nLe 25 nov. 2026, Support a écrit :\n{quoted}"
    outcome = await office.send(text, files=(("notice.txt", b"Redemarrez."),))
    assert outcome == ("answered", office.ref)
    reply = await office.smtp.to(CUSTOMER)
    while "Re:" not in str(reply["Subject"]):  # the confirmation came first
        reply = await office.smtp.to(CUSTOMER)
    body = str(reply.get_body().get_content())  # type: ignore[union-attr]
    assert "voici la marche à suivre" in body
    assert "Anna Durand" not in body, "the signature stays in the office"
    assert [part.get_filename() for part in reply.iter_attachments()] == ["notice.txt"]
    (token,) = re.findall(r"\.([a-z2-7]{16})@", str(office.told["References"]))
    assert (token in str(office.told["Reply-To"])) is ("+" in str(office.told["Reply-To"]))
    assert token not in reply.as_string().replace("=\n", ""), "the customer never gets it"
    (entry,) = await office.written("reply")
    assert (entry["actor"]["name"], entry["text"]) == ("Anna", "Bonjour, voici la marche à suivre.")
    assert [file["name"] for file in entry["attachments"]] == ["notice.txt"]
    case = await office.anna.case(office.ref)
    assert (case["owner"]["name"], case["status"]) == ("Anna", "in_progress")
    assert await said(office) == ["Bonjour, voici la marche à suivre."]


async def test_the_customers_answer_comes_to_the_agent_by_mail_and_is_answered_again(office: Office) -> None:
    await office.send("Quelle version avez-vous ?", message_id="<a1@staff.example>")
    written = mail(
        "La version 7.", subject=f"Re: [{office.ref}]", message_id="<c1@example.fr>", files=(("v.txt", b"7"),)
    )
    assert (await post(office.desk, written))[1]["outcome"] == "added"
    told = await office.smtp.to("anna@staff.example")
    assert "La version 7." in str(told.get_body().get_content())  # type: ignore[union-attr]
    assert [part.get_filename() for part in told.iter_attachments()] == ["v.txt"]
    assert await office.send("Merci, c’est noté.", to=told, message_id="<a2@staff.example>") == ("answered", office.ref)
    assert await said(office) == ["Quelle version avez-vous ?", "Merci, c’est noté."]


async def test_who_answers_at_the_desk_gets_no_mail_of_what_the_customer_writes(office: Office) -> None:
    await office.send("Quelle version avez-vous ?", message_id="<a1@staff.example>")
    assert (await office.anna.reply(office.ref, "Je vous appelle."))[0] == 201
    written = mail("La version 7.", subject=f"Re: [{office.ref}]", message_id="<c1@example.fr>")
    assert (await post(office.desk, written))[1]["outcome"] == "added"
    async with office.desk.site.gateway.database.read() as conn:
        query = select(outbox.c.id).where(outbox.c.event == "case.customer")
        assert (await conn.execute(query)).all() == []


async def test_brought_twice_it_is_sent_once(office: Office) -> None:
    raw = answer(office.told, "Voici.", "<once@staff.example>", sender=ANNA)
    assert (await post(office.desk, raw))[1]["outcome"] == "answered"
    assert (await post(office.desk, raw))[1]["outcome"] == "known"
    assert len(await office.written("reply")) == 1


@pytest.mark.parametrize("text", ["[note] Elle a déjà appelé hier.", "[NOTE]\nElle a déjà appelé hier."])
async def test_a_note_stays_among_colleagues(office: Office, text: str) -> None:
    assert await office.send(text) == ("noted", office.ref)
    (entry,) = await office.written("note")
    assert (entry["actor"]["name"], entry["text"]) == ("Anna", "Elle a déjà appelé hier.")
    assert await office.written("reply") == []
    assert await said(office) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autoreply": "yes"},
        {"Auto_Submitted": "auto-generated"},
        {"X_Guichet_Delivery": "f" * 32},
    ],
)
async def test_what_a_machine_of_the_agent_answers_is_no_answer(office: Office, headers: dict[str, str]) -> None:
    assert await office.send("Je suis absente jusqu’à lundi.", **headers) == ("ignored", None)
    assert await office.written("reply") == await office.written("note") == []


async def test_an_absence_note_that_says_so_in_its_subject_only_is_no_answer(office: Office) -> None:
    raw = answer(
        office.told, "Je suis absente.", "<away@staff.example>", sender=ANNA, subject="Réponse automatique : x"
    )
    assert (await post(office.desk, raw))[1]["outcome"] == "ignored"


async def test_without_the_token_nobody_answers_in_an_agents_name(office: Office) -> None:
    """Whoever knows an agent's address and a reference, as the customer does: it is a note, as any mail of others."""
    forged = mail("Payez ici.", sender=ANNA, subject=f"Re: [{office.ref}]", message_id="<f1@evil.example>")
    assert (await post(office.desk, forged))[1]["outcome"] == "noted"
    wrong = "a" * 16
    for number, place in enumerate(
        (
            {"to": f"support+{office.ref.lower()}.{wrong}@archivelle.example"},
            {"References": f"<{office.ref}.{wrong}@x>"},
        )
    ):
        raw = mail("Payez ici.", sender=ANNA, message_id=f"<g{number}@evil.example>", **place)
        assert (await post(office.desk, raw))[1]["outcome"] == "noted"
    assert await said(office) == []
    assert await office.written("reply") == []


async def test_the_token_of_one_case_answers_no_other(office: Office) -> None:
    other = await office.desk.open(ticket(email="paul@example.fr"), "c-paul")
    thread = str(office.told["References"]).replace(office.ref, other)
    address = str(office.told["Reply-To"]).replace(office.ref.lower(), other.lower())
    raw = mail("Pour un autre.", sender=ANNA, to=address, References=thread)
    assert (await post(office.desk, raw))[1] == {"outcome": "noted", "ref": other}


async def test_with_the_token_nobody_but_active_staff_who_may_answers(office: Office) -> None:
    await office.desk.colleague("Edith", "editor")
    gone = await office.desk.colleague("Gaston")
    boss = await office.desk.colleague("Berta", "administrator")
    status, _ = await boss.call("PATCH", f"/api/staff/people/{gone.id}", {"active": False})
    assert status == 200
    for number, sender in enumerate(("edith@staff.example", "gaston@staff.example", "mallory@evil.example")):
        raw = answer(office.told, "Payez ici.", f"<n{number}@x.example>", sender=sender)
        assert (await post(office.desk, raw))[1]["outcome"] == "noted", sender
    raw = answer(office.told, "Voici.", "<b@x.example>", sender="berta@staff.example")
    assert (await post(office.desk, raw))[1]["outcome"] == "answered"
    assert await said(office) == ["Voici."]


async def test_an_agent_that_our_mail_server_calls_forged_does_not_answer(office: Office) -> None:
    result = "mx.archivelle.example; dmarc=fail header.from=staff.example"
    assert await office.send("Payez ici.", Authentication_Results=result) == ("noted", office.ref)
    (entry,) = await office.written("note")
    assert "n’a pas pu être vérifié" in entry["text"]


async def test_what_cannot_be_sent_as_it_is_comes_back_to_its_author(office: Office) -> None:
    outcome = await office.send("Voici le programme.", files=(("virus.exe", b"MZ\x90\x00\x03"),))
    assert outcome == ("noted", office.ref)
    (entry,) = await office.written("note")
    assert "n’a pas été envoyée" in entry["text"]
    assert "virus.exe" in entry["text"]
    assert "Voici le programme." in entry["text"]
    assert entry["details"]["mentions"] == [office.anna.id]
    assert await said(office) == []


async def test_an_answer_to_a_merged_case_goes_to_the_one_that_is_left(office: Office) -> None:
    into = await office.desk.open(ticket(email=CUSTOMER), "c-other")
    status, body = await office.anna.call("POST", f"/api/desk/cases/{office.ref}/merge", {"into": into})
    assert status == 200, body
    assert await office.send("Voici.") == ("answered", into)


def test_tokens_hold_under_former_keys_and_fit_into_an_address() -> None:
    old, new = Secret((b"o" * 32,)), Secret((b"n" * 32, b"o" * 32))
    (token,) = tokens(old, "T-7K3M-9QXP")
    assert token == token.lower()
    assert len(f"support+t-7k3m-9qxp.{token}") <= 64
    raw = mail(to=f"support+t-7k3m-9qxp.{token}@x.example")
    assert vouched(read_mail(raw), new) == "T-7K3M-9QXP"
    assert vouched(read_mail(raw), Secret((b"n" * 32,))) is None
    longer = mail(to=f"support+t-7k3m-9qxp.{token}a@x.example")
    assert vouched(read_mail(longer), old) is None
