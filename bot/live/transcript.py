"""A conversation as a mail to its customer."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.model import Channel, utc_text
from bot.cases.tables import outbox

Say = Callable[..., str]


def text_of(said: Sequence[Mapping[str, Any]], lang: str, zone: ZoneInfo, say: Say, company: str) -> tuple[str, str]:
    """Subject and text of the mail. `said`: events with words or files, in their order."""
    locale = say(lang, "cases.locale")
    first = datetime.fromisoformat(said[0]["at"]).astimezone(zone)
    blocks = [
        say(lang, "live.transcript.greeting"),
        say(lang, "live.transcript.intro", date=format_date(first, "full", locale=locale)),
        *_blocks(said, lang, zone, say, locale),
        say(lang, "live.transcript.not_you"),
        say(lang, "live.transcript.goodbye", company=company),
    ]
    return say(lang, "live.transcript.subject", company=company), "\n\n".join(blocks) + "\n"


def _blocks(said: Sequence[Mapping[str, Any]], lang: str, zone: ZoneInfo, say: Say, locale: str) -> Iterator[str]:
    """What was said, with the date before what is of another day."""
    day = None
    for event in said:
        today = datetime.fromisoformat(event["at"]).astimezone(zone).date()
        if day is not None and today != day:
            yield format_date(today, "full", locale=locale)
        day = today
        yield _block(event, lang, zone, say, locale)


def _block(event: Mapping[str, Any], lang: str, zone: ZoneInfo, say: Say, locale: str) -> str:
    at = format_time(datetime.fromisoformat(event["at"]), "short", tzinfo=zone, locale=locale)
    name = (event.get("agent") or {}).get("name")
    who = say(lang, f"live.transcript.{event['from']}", name=name)
    lines = [f"[{at}] {who}", *str(event.get("text") or "").splitlines()]
    lines += [say(lang, "live.transcript.file", file=file["name"]) for file in event.get("attachments") or ()]
    return "\n    ".join(lines)


async def post(conn: AsyncConnection, email: str, lang: str, subject: str, text: str, now: datetime) -> None:
    """A letter of the outbox that belongs to no case."""
    letter = uuid.uuid4().hex
    payload = {"id": letter, "event": "transcript", "at": utc_text(now), "to": email, "lang": lang}
    await conn.execute(
        insert(outbox).values(
            id=letter,
            ref=None,
            channel=Channel.PLAIN_MAIL.value,
            event="transcript",
            payload={**payload, "subject": subject, "text": text},
            status="pending",
            attempts=0,
            next_at=now,
            created_at=now,
        )
    )
