"""Agents who answer by mail, for `bot.connect`: who may, and that what they write is said in the conversation too."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import desk_store, timeline
from bot.cases.messages import Written
from bot.desk import team
from bot.desk.telling import say_reply
from bot.staff import people
from bot.staff.people import Person


class ByMail:
    """`wake` is called with the conversation in which something was said, once that is committed."""

    def __init__(self, wake: Callable[[str], None]) -> None:
        self._wake = wake

    async def find(self, conn: AsyncConnection, email: str) -> Person | None:
        person = await people.by_email(conn, email)
        return person if person is not None and person.active and person.may(*team.ROLES) else None

    async def address(self, conn: AsyncConnection, person: str) -> str | None:
        found = await people.get(conn, person)
        return found.email if found is not None and found.active and found.may(*team.ROLES) else None

    async def said(self, conn: AsyncConnection, written: Written, author: str, name: str) -> None:
        """As after a reply at the desk: its author has read the case."""
        await desk_store.mark_seen(conn, written.case.ref, author, written.case.version)
        if written.new:
            await say_reply(conn, written.case, await timeline.of_message(conn, written.id), name)

    def told(self, conversation: str) -> None:
        self._wake(conversation)
