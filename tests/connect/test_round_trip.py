"""A correspondence as it goes: the agent's answer out over a real SMTP server, the customer's back over a real IMAP
server, and a mail server's pipe as the documentation has it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.cases.asking import ticket
from tests.connect.dovecot import PASSWORD, PROGRAM, Dovecot, dovecot
from tests.connect.posting import CUSTOMER, OURS, mail
from tests.desk.site import DeskSite, open_desk
from tests.running import free_ports

DOCUMENT = Path(__file__).parents[2] / "docs" / "connect.md"


class SmtpServer:
    """A real SMTP server; what it is given can be awaited."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.port = free_ports(1)[0]
        self.mails: asyncio.Queue[EmailMessage] = asyncio.Queue()
        self._loop = loop

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(message, EmailMessage)
        self._loop.call_soon_threadsafe(self.mails.put_nowait, message)
        return "250 OK"

    async def to(self, address: str) -> EmailMessage:
        while True:
            message = await asyncio.wait_for(self.mails.get(), 30)
            if address in str(message["To"]):
                return message


@pytest.fixture
async def smtp() -> Any:
    server = SmtpServer(asyncio.get_running_loop())
    controller = Controller(server, hostname="127.0.0.1", port=server.port)
    controller.start()
    yield server
    await asyncio.to_thread(controller.stop)


@pytest.fixture
def imap() -> Iterator[Dovecot]:
    if not os.access(PROGRAM, os.X_OK):
        pytest.skip("Dovecot is not installed (Debian: apt install dovecot-imapd)")
    with dovecot() as server:
        yield server


def answer(to: EmailMessage, text: str, message_id: str = "<answer@example.fr>", **more: Any) -> bytes:
    """What a mail program makes of « Répondre »; `more` as `mail` takes it."""
    return mail(
        text,
        **{"to": str(to["Reply-To"]), "subject": f"RE: {to['Subject']}", "message_id": message_id} | more,
        In_Reply_To=str(to["Message-ID"]),
        References=f"{to['References']} {to['Message-ID']}",
    )


@pytest.mark.parametrize("plus", [False, True])
async def test_a_correspondence_stays_in_one_case_and_one_thread(
    tmp_path: Path, smtp: SmtpServer, imap: Dovecot, plus: bool
) -> None:
    settings: dict[str, Any] = {
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp.port,
        "smtp_security": "none",
        "smtp_from": OURS,
        "staff_email": "team@archivelle.example",
        "inbound_email": OURS,
        "inbound_plus": plus,
        "imap_host": "127.0.0.1",
        "imap_port": imap.port,
        "imap_security": "none",
        "imap_password": PASSWORD,
        "imap_poll": 1.0,
    }
    async with open_desk(tmp_path, **settings) as desk:
        anna = await desk.colleague("Anna")
        async with anna.stream() as events:
            first = mail("Mon antivirus est expiré.", subject="Antivirus", message_id="<first@example.fr>")
            await asyncio.to_thread(imap.put, first)
            ref = await _next_case(events)
            confirmation = await smtp.to(CUSTOMER)
            assert ref in str(confirmation["Subject"])
            assert str(confirmation["In-Reply-To"]) == "<first@example.fr>"
            assert (f"+{ref.lower()}@" in str(confirmation["Reply-To"])) is plus
            status, body = await anna.reply(ref, "Voici la marche à suivre.")
            assert status == 201, body
            reply = await smtp.to(CUSTOMER)
            assert str(reply["In-Reply-To"]) == "<first@example.fr>"
            await asyncio.to_thread(imap.put, answer(reply, "Merci, cela marche.", "<second@example.fr>"))
            case = await anna.case(ref)
            while not any(entry["type"] == "customer" for entry in case["timeline"]):
                assert await _next_case(events) == ref
                case = await anna.case(ref)
        assert [e["text"] for e in case["timeline"] if e["type"] == "customer"] == ["Merci, cela marche."]
        assert case["text"] == "Mon antivirus est expiré."
        assert len((await anna.get("/api/desk/cases"))["cases"]) == 1


@pytest.mark.parametrize("plus", [False, True])
async def test_an_agent_who_only_has_a_mail_program_answers_the_customer(
    tmp_path: Path, smtp: SmtpServer, imap: Dovecot, plus: bool
) -> None:
    settings: dict[str, Any] = {"smtp_host": "127.0.0.1", "smtp_port": smtp.port, "smtp_security": "none"}
    settings |= {"smtp_from": OURS, "staff_email": "team@archivelle.example"}
    settings |= {"inbound_email": OURS, "inbound_plus": plus, "imap_password": PASSWORD, "imap_poll": 1.0}
    settings |= {"imap_host": "127.0.0.1", "imap_port": imap.port, "imap_security": "none"}
    async with open_desk(tmp_path, **settings) as desk:
        await desk.colleague("Anna")
        await asyncio.to_thread(imap.put, mail("Mon antivirus est expiré.", message_id="<first@example.fr>"))
        told = await smtp.to("team@archivelle.example")
        sent = answer(told, "Voici la marche à suivre.", "<anna@staff.example>", sender="Anna <anna@staff.example>")
        await asyncio.to_thread(imap.put, sent)
        reply = await smtp.to(CUSTOMER)
        while str(reply["Auto-Submitted"]) == "auto-generated":  # the confirmation
            reply = await smtp.to(CUSTOMER)
        assert "Voici la marche à suivre." in str(reply.get_body().get_content())  # type: ignore[union-attr]
        assert str(reply["In-Reply-To"]) == "<first@example.fr>"
        assert "anna@staff.example" not in reply.as_string()


async def _next_case(events: Any) -> str:
    """The next case that the desk is told of."""
    async with asyncio.timeout(30):
        async for event in events:
            if event["event"] == "case":
                return str(event["data"]["ref"])
    raise AssertionError("the stream ended")


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is missing")
async def test_the_documented_pipe_of_a_mail_server_brings_mails(tmp_path: Path) -> None:
    (script,) = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text("utf-8"), re.DOTALL)
    async with open_desk(tmp_path, inbound_secret="a-key-of-both") as desk:
        ref = await desk.open(ticket(email=CUSTOMER))
        told = await _piped(script, desk, mail(subject=f"[{ref}]"), "a-key-of-both")
        assert told == (0, f'{{"outcome": "added", "ref": "{ref}"}}')
        assert (await _piped(script, desk, mail(), "another"))[0] == 75


async def _piped(script: str, desk: DeskSite, raw: bytes, key: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        script.replace("https://help.example.com", desk.site.url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "GUICHET_INBOUND_SECRET": key, "no_proxy": "127.0.0.1"},
    )
    output, _ = await process.communicate(raw)
    return process.returncode, output.decode()
