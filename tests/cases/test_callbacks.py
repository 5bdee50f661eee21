"""What a customer is told of their call beside that it is booked: reminded once, moved, called off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from icalendar import Calendar, Component
from sqlalchemy import select

from bot.cases import Status, callbacks, store, work
from bot.cases.clocks import Clocks
from bot.cases.mail import Mailer, MailSettings
from bot.cases.model import Say
from bot.cases.tables import outbox
from tests.cases.asking import NOW, Desk, callback
from tests.cases.conftest import Post

SLOT = datetime.fromisoformat(callback()["slot"])
SECOND = SLOT + timedelta(days=1)
REMINDER, BOOKED, CANCELLED = "case.callback_reminder", "case.callback", "case.callback_cancelled"


async def fire(desk: Desk, now: datetime) -> int:
    return await Clocks(desk.engine, desk.policy, fired=lambda: None, now=lambda: now).fire_due()


async def letters(desk: Desk, event: str) -> list[Mapping[str, Any]]:
    async with desk.engine.connect() as conn:
        query = select(outbox.c.channel, outbox.c.payload).where(outbox.c.event == event)
        found = (await conn.execute(query.order_by(outbox.c.created_at))).all()
    assert {row.channel for row in found} <= {"customer_mail"}
    return [row.payload for row in found]


async def outcome(desk: Desk, ref: str, now: datetime, **values: Any) -> None:
    async with desk.engine.begin() as conn:
        await callbacks.outcome(conn, ref, desk.by("anna", now), **values)


@pytest.fixture
def reminded(desk: Desk) -> timedelta:
    assert desk.policy.callback.customer_reminder == timedelta(minutes=60)
    return desk.policy.callback.customer_reminder


@pytest.fixture
def mailer(mail_settings: MailSettings, say: Say) -> Mailer:
    return Mailer(mail_settings, say)


async def test_the_customer_is_reminded_of_a_call_once(desk: Desk, reminded: timedelta) -> None:
    await desk.open(callback())
    await fire(desk, SLOT - reminded - timedelta(seconds=1))
    assert await letters(desk, REMINDER) == []
    for later in (timedelta(), timedelta(seconds=30)):
        await fire(desk, SLOT - reminded + later)
    assert len(await letters(desk, REMINDER)) == 1


async def test_the_reminder_says_when_and_brings_the_appointment(
    desk: Desk, reminded: timedelta, mailer: Mailer, post: Post
) -> None:
    ref = (await desk.open(callback(), lang="de"))["ref"]
    await fire(desk, SLOT - reminded)
    await mailer.customer((await letters(desk, REMINDER))[0])
    (message,) = post.messages
    assert message["Subject"] == f"[{ref}] Erinnerung: Wir rufen Sie Donnerstag, 26. November 2026 um 14:00 Uhr an"
    assert appointment(message)[1].decoded("DTSTART") == SLOT


async def test_nobody_is_reminded_of_a_call_that_does_not_take_place_or_is_over(
    desk: Desk, reminded: timedelta
) -> None:
    refs = [(await desk.open(callback(), f"k{number}", f"c{number}"))["ref"] for number in range(2)]
    async with desk.engine.begin() as conn:
        await work.change(conn, refs[0], {"status": Status.CLOSED}, desk.by("anna"))
    await outcome(desk, refs[1], NOW, result="reached")  # before the time that was booked
    await desk.open(callback(), "k2", "c2")
    await fire(desk, SLOT)  # nothing ran until then
    assert await letters(desk, REMINDER) == []


async def test_what_is_booked_too_late_for_a_reminder_has_none_and_a_second_call_has_its_own(
    desk: Desk, reminded: timedelta
) -> None:
    ref = (await desk.open(callback(), now=SLOT - reminded))["ref"]
    await fire(desk, SLOT - timedelta(minutes=1))
    assert await letters(desk, REMINDER) == []
    await outcome(desk, ref, SLOT, result="no_answer", slot=SECOND.isoformat())
    await fire(desk, SECOND - reminded)
    (letter,) = await letters(desk, REMINDER)
    assert datetime.fromisoformat(letter["case"]["slot"]) == SECOND


async def test_calendars_move_a_call_that_is_booked_anew(desk: Desk, mailer: Mailer, post: Post) -> None:
    ref = (await desk.open(callback()))["ref"]
    await outcome(desk, ref, SLOT, result="no_answer", slot=SECOND.isoformat())
    for event in ("case.created", BOOKED):
        async with desk.engine.connect() as conn:
            query = select(outbox.c.payload).where(outbox.c.event == event, outbox.c.channel == "customer_mail")
            await mailer.customer((await conn.execute(query)).scalar_one())
    (first, one), (second, other) = (appointment(message) for message in post.messages)
    assert (first, second) == ("PUBLISH", "PUBLISH")
    assert one["UID"] == other["UID"]
    assert one["SEQUENCE"] == 0 < other["SEQUENCE"]
    assert one.decoded("DTSTAMP") == NOW < other.decoded("DTSTAMP") == SLOT
    assert (one.decoded("DTSTART"), other.decoded("DTSTART")) == (SLOT, SECOND)


@pytest.mark.parametrize("how", ["closed", "reached", "done"])
async def test_calendars_take_away_a_call_that_is_called_off(desk: Desk, mailer: Mailer, post: Post, how: str) -> None:
    ref = (await desk.open(callback()))["ref"]
    async with desk.engine.begin() as conn:
        if how == "closed":
            await work.change(conn, ref, {"status": Status.CLOSED}, desk.by("anna"))
        else:
            await callbacks.outcome(conn, ref, desk.by("anna"), result=how)
        assert await store.bookings_by_start(conn, NOW) == {}
    (letter,) = await letters(desk, CANCELLED)
    await mailer.customer(letter)
    (message,) = post.messages
    assert message["Subject"] == f"[{ref}] Votre rappel n’a plus lieu"
    method, event = appointment(message)
    assert (method, event["STATUS"], event["UID"]) == ("CANCEL", "CANCELLED", f"{ref}@archivelle.example")
    assert event["SEQUENCE"] > 0
    assert not event.subcomponents  # an alarm would ring all the same in some calendars


async def test_a_call_that_has_been_is_not_called_off(desk: Desk) -> None:
    ref = (await desk.open(callback()))["ref"]
    await outcome(desk, ref, SLOT, result="done")
    assert await letters(desk, CANCELLED) == []


def appointment(message: Any) -> tuple[str, Component]:
    """Method and event of the calendar file that a mail brings."""
    (file,) = message.iter_attachments()
    assert file.get_content_type() == "text/calendar"
    calendar = Calendar.from_ical(file.get_payload(decode=True))
    (event,) = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), event
