"""What happens at the desk is said in the customer's conversation, in the transaction in which it happens."""

from __future__ import annotations

import contextlib
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.model import Case
from bot.cases.rows import Asked
from bot.cases.timeline import Entry
from bot.catalogue import Catalogue
from bot.gateway.events import Draft
from bot.gateway.journal import append


def asker(catalogue: Catalogue) -> Asked:
    """Tells a customer that their case has come to need their consent; the widget shows the way to give it."""

    async def ask(conn: AsyncConnection, case: Case) -> None:
        text = catalogue.text(case.lang, "desk.conversation.consent", ref=case.ref)
        await _write(conn, case, Draft(sender="system", type="case", body={"text": text, **_about(case)}))

    return ask


async def say_reply(conn: AsyncConnection, case: Case, entry: Entry, name: str) -> None:
    """An agent's reply; `name` is who the customer sees."""
    said = {"text": entry.text, "agent": {"name": name}, "attachments": list(entry.attachments) or None}
    await _write(conn, case, Draft(sender="agent", type="text", body={**said, **_about(case)}))


def _about(case: Case) -> dict[str, Any]:
    return {"lang": case.lang, "case": case.brief()}


async def _write(conn: AsyncConnection, case: Case, draft: Draft) -> None:
    # Without a conversation (the case came by mail, or it was deleted) there is the mail.
    with contextlib.suppress(LookupError):
        await append(conn, case.conversation, [draft])
