"""Events to be written, and the one place that writes them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.gateway.tables import buttons, events, receipts


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button to be written; exactly one of `payload` (for Rasa) and `retry_of` (a client_id) is set."""

    title: str
    payload: str | None = None
    retry_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An event to be written. `body` holds its public keys beside seq, at, from, type and buttons; `receipt` is
    private."""

    sender: str
    type: str
    body: Mapping[str, Any]
    buttons: Sequence[Button] = ()
    receipt: Mapping[str, Any] | None = None


def text_of(moment: datetime) -> str:
    """A moment in UTC, ISO 8601 with milliseconds: in the order of time also as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now_text() -> str:
    return text_of(datetime.now(UTC))


async def write_events(
    connection: AsyncConnection, conversation: str, drafts: Sequence[Draft], *, first: int, at: str
) -> None:
    """Insert events numbered from `first`, with their buttons and receipts."""
    rows, offered, reasons = [], [], []
    for seq, draft in enumerate(drafts, first):
        body = {key: value for key, value in draft.body.items() if value is not None}
        if draft.buttons:
            new = [(secrets.token_urlsafe(12), button) for button in draft.buttons]
            body["buttons"] = [{"id": id_, "title": button.title} for id_, button in new]
            offered += [{"id": id_, "conversation": conversation, **asdict(button)} for id_, button in new]
        row = {"conversation": conversation, "seq": seq, "at": at, "sender": draft.sender, "type": draft.type}
        rows.append({**row, "body": body})
        if draft.receipt is not None:
            reasons.append({"conversation": conversation, "seq": seq, "receipt": dict(draft.receipt)})
    for table, values in ((events, rows), (buttons, offered), (receipts, reasons)):
        if values:
            await connection.execute(insert(table), values)
