"""What `bot.gateway.journal` promises, whatever database is under it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.gateway import tables
from bot.gateway.events import Button, Draft
from bot.gateway.journal import (
    AGENT,
    BOT,
    WAITING,
    WAYS_OUT,
    Journal,
    Message,
    UnknownButton,
    append,
    give,
    hold,
)

HELLO = Draft(sender="bot", type="text", body={"text": "Bonjour", "lang": "fr"})
HOSTILE = "😀 \u202etfel\u202c \u200b 'x'; DROP TABLE events; -- {0[a]} \\u0000 ’« » \U0010ffff"


def reply(text: str = "Voici.", *buttons: Button, receipt: dict[str, object] | None = None) -> Draft:
    return Draft(sender="bot", type="text", body={"text": text, "lang": "fr"}, buttons=buttons, receipt=receipt)


class JournalContract:
    """Subclasses give the fixtures `journal` and `other`: two processes on one database, whose tables are empty."""

    @pytest.fixture
    async def talk(self, journal: Journal) -> str:
        return (await journal.create("fr", HELLO))[0]

    async def say(self, journal: Journal, talk: str, client_id: str, text: str = "Question") -> int:
        return (await journal.add_text(talk, client_id, text, lang="fr", leaning=None))[0]

    async def pending(self, journal: Journal, talk: str) -> Message:
        message = await journal.next_pending(talk)
        assert message is not None
        return message

    async def test_a_conversation_opens_with_its_own_token_only(self, journal: Journal, other: Journal) -> None:
        talk, token = await journal.create("de", HELLO, "Europe/Berlin")
        foreign, foreign_token = await journal.create("fr", HELLO)
        opened = await other.authenticate(talk, token)
        assert opened is not None
        assert (opened.id, opened.lang, opened.time_zone, opened.owner, opened.last_seq) == (
            talk, "de", "Europe/Berlin", "bot", 1,
        )  # fmt: skip
        for wrong in (foreign_token, "", token + "x", "é\ud800"):
            assert await journal.authenticate(talk, wrong) is None
        assert await journal.authenticate("nowhere", token) is None
        assert len({talk, token, foreign, foreign_token}) == 4

    async def test_what_is_changed_is_changed_alone(self, journal: Journal, talk: str) -> None:
        await journal.change(talk, lang=None, time_zone="Asia/Tokyo")
        await journal.change(talk, lang="en", time_zone=None)
        found = await journal.conversation(talk)
        assert found is not None
        assert (found.lang, found.time_zone) == ("en", "Asia/Tokyo")

    async def test_one_client_id_is_one_message_however_many_send_it_at_once(
        self, journal: Journal, other: Journal, talk: str
    ) -> None:
        sent = await asyncio.gather(
            *(both.add_text(talk, "c1", "Question", lang="fr", leaning=None) for both in (journal, other) * 10)
        )
        assert {seq for seq, _ in sent} == {2}
        assert [is_new for _, is_new in sent].count(True) == 1
        assert [event["seq"] for event in await journal.events(talk)] == [1, 2]

    async def test_writers_at_once_leave_no_gap_and_nothing_twice(
        self, journal: Journal, other: Journal, talk: str
    ) -> None:
        writers = [self.say((journal, other)[n % 2], talk, f"c{n}", f"Question {n}") for n in range(20)]
        remarks = [(journal, other)[n % 2].remark(talk, reply(f"Remarque {n}")) for n in range(10)]
        await asyncio.gather(*writers, *remarks)
        events = await other.events(talk)
        assert [event["seq"] for event in events] == list(range(1, 32))
        assert len({event["text"] for event in events}) == 31
        found = await journal.conversation(talk)
        assert found is not None
        assert found.last_seq == 31

    async def test_text_comes_back_as_it_was_written(self, journal: Journal, talk: str) -> None:
        await self.say(journal, talk, "c1", HOSTILE)
        assert (await self.pending(journal, talk)).text == HOSTILE
        assert (await journal.events(talk, after=1))[0]["text"] == HOSTILE

    async def test_turns_come_oldest_first_and_end_once(self, journal: Journal, other: Journal, talk: str) -> None:
        for name in ("c1", "c2"):
            await self.say(journal, talk, name)
        first = await self.pending(other, talk)
        assert first.client_id == "c1"
        ended = await asyncio.gather(*(both.finish(first, [reply()], state="done") for both in (journal, other) * 5))
        assert sorted(str(end) for end in ended) == ["None"] * 9 + ["done"]
        assert (await self.pending(journal, talk)).client_id == "c2"
        assert [event["from"] for event in await journal.events(talk)] == ["bot", "customer", "customer", "bot"]

    async def test_what_is_pending_is_found_again_the_longest_waiting_first(
        self, journal: Journal, other: Journal, talk: str
    ) -> None:
        later = (await journal.create("fr", HELLO))[0]
        await self.say(journal, talk, "c1")
        await asyncio.sleep(0.002)  # moments are kept in milliseconds
        await self.say(journal, later, "c1")
        await self.say(journal, talk, "c2")
        assert await other.conversations_pending() == [talk, later]
        await journal.finish(await self.pending(journal, later), [reply()], state="failed")
        assert await other.conversations_pending() == [talk]

    async def test_a_button_is_pressed_by_its_own_conversation_only(self, journal: Journal, talk: str) -> None:
        await self.say(journal, talk, "c1")
        button = Button(title="Écrire un ticket", payload="/request_ticket")
        await journal.finish(await self.pending(journal, talk), [reply("Ou bien :", button)], state="done")
        identifier = (await journal.events(talk))[-1]["buttons"][0]["id"]
        foreign = (await journal.create("fr", HELLO))[0]
        for where, what in ((foreign, identifier), (talk, "nothing")):
            with pytest.raises(UnknownButton):
                await journal.add_press(where, "c2", what)
        assert await journal.add_press(talk, "c2", identifier) == (4, True)
        assert await journal.add_press(talk, "c2", identifier) == (4, False)
        pressed = await self.pending(journal, talk)
        assert (pressed.text, pressed.payload) == (None, "/request_ticket")
        assert (await journal.events(talk, after=3))[0]["button"] == identifier

    async def test_a_retry_runs_the_turn_that_was_lost(self, journal: Journal, talk: str) -> None:
        await self.say(journal, talk, "c1", "Question perdue")
        again = Button(title="Réessayer", retry_of="c1")
        await journal.finish(await self.pending(journal, talk), [reply("Panne.", again)], state="failed")
        identifier = (await journal.events(talk))[-1]["buttons"][0]["id"]
        await journal.add_press(talk, "c2", identifier)
        retried = await self.pending(journal, talk)
        assert (retried.client_id, retried.turn, retried.text) == ("c2", "c1", "Question perdue")

    async def test_the_bot_says_nothing_once_a_person_has_taken_over(
        self, journal: Journal, other: Journal, talk: str
    ) -> None:
        await self.say(journal, talk, "c1")
        message = await self.pending(journal, talk)
        async with other._database.write() as connection:
            await connection.execute(
                update(tables.conversations).where(tables.conversations.c.id == talk).values(owner="anna")
            )
        assert await journal.finish(message, [reply("trop tard")], state="done") == AGENT
        assert len(await journal.events(talk)) == 2
        assert await journal.next_pending(talk) is None

    async def test_who_holds_a_conversation_is_alone_with_it(self, journal: Journal, other: Journal, talk: str) -> None:
        """Whoever comes second sees what the first has done, also in another process."""
        joined = Draft(sender="system", type="status", body={"text": "x", "lang": "fr"})

        async def take(where: Journal, who: str) -> str:
            async with where._database.write() as connection:
                found = await hold(connection, talk)
                if found.owner == BOT:
                    await give(connection, talk, who)
                    assert await append(connection, talk, [joined]) == found.last_seq + 1
                return found.owner

        people = [(each, f"p{number}") for number, each in enumerate((journal, other) * 4)]
        before = await asyncio.gather(*(take(where, who) for where, who in people))
        (winner,) = [who for (_, who), was in zip(people, before, strict=True) if was == BOT]
        assert set(before) == {BOT, winner}
        found = await journal.conversation(talk)
        assert found is not None
        assert (found.owner, found.last_seq) == (winner, 2)
        async with journal._database.write() as connection:
            with pytest.raises(LookupError):
                await hold(connection, "nowhere")

    async def test_with_a_person_nothing_of_the_bots_goes_on_and_its_next_turn_is_fresh(
        self, journal: Journal, talk: str
    ) -> None:
        await self.say(journal, talk, "c1")
        message = await self.pending(journal, talk)
        await journal.finish(message, [reply()], state="done", form=("ticket_form", "email"))
        for owner in ("anna", BOT):
            async with journal._database.write() as connection:
                await give(connection, talk, owner)
            found = await journal.conversation(talk)
            assert found is not None
            assert (found.owner, found.form, found.asked, found.fresh) == (owner, None, None, owner == BOT)
        for client, state, fresh in (("c2", "failed", True), ("c3", "done", True), ("c4", "done", False)):
            await self.say(journal, talk, client)
            message = await self.pending(journal, talk)
            assert message.fresh is fresh
            await journal.finish(message, [reply()], state=state)

    @pytest.mark.parametrize("owner", [WAITING, "anna"])
    async def test_only_a_way_out_of_the_waiting_is_heard_by_the_bot(
        self, journal: Journal, talk: str, owner: str
    ) -> None:
        payloads = ("/affirm", *WAYS_OUT)
        offered = [Button(title=payload, payload=payload) for payload in payloads]
        await journal.remark(talk, reply("Ou bien :", *offered))
        ids = [button["id"] for button in (await journal.events(talk))[-1]["buttons"]]
        for payload, ident in zip(payloads, ids, strict=True):
            async with journal._database.write() as connection:
                await give(connection, talk, owner)
            await journal.add_press(talk, f"c{payload}", ident)
            message = await self.pending(journal, talk)
            heard = owner == WAITING and payload != "/affirm"
            assert message.owner == (BOT if heard else owner)
            assert await journal.finish(message, [reply()], state="done") == ("done" if heard else AGENT)

    async def test_files_go_with_their_message_or_nothing_is_said(self, journal: Journal, talk: str) -> None:
        asked: list[int] = []

        async def taken(_connection: AsyncConnection, seq: int) -> list[dict[str, Any]]:
            asked.append(seq)
            if len(asked) == 1:
                raise ValueError("no such file")
            return [{"id": "f1", "name": "facture.pdf"}]

        async def say() -> tuple[int, bool]:
            return await journal.add_text(talk, "c1", "", lang="fr", leaning=None, files=taken)

        with pytest.raises(ValueError, match="no such file"):
            await say()
        assert len(await journal.events(talk)) == 1
        assert await journal.next_pending(talk) is None
        assert await say() == (2, True)
        assert await say() == (2, False)
        assert asked == [2, 2]  # not where the message is known
        assert (await journal.events(talk))[-1]["attachments"] == [{"id": "f1", "name": "facture.pdf"}]

    async def test_a_form_is_kept_and_left_alone_where_nothing_is_said_of_it(self, journal: Journal, talk: str) -> None:
        for name, form in (("c1", ("ticket_form", "email")), ("c2", None)):
            await self.say(journal, talk, name)
            await journal.finish(await self.pending(journal, talk), [reply()], state="done", form=form)
            found = await journal.conversation(talk)
            assert found is not None
            assert (found.form, found.asked) == ("ticket_form", "email")

    async def test_a_failed_write_leaves_nothing_behind(self, journal: Journal, talk: str) -> None:
        await self.say(journal, talk, "c1")
        message = await self.pending(journal, talk)
        unwritable = Draft(sender="bot", type="text", body={"text": "x", "lang": object()})
        with pytest.raises(Exception, match="not JSON serializable"):
            await journal.finish(message, [reply(), unwritable], state="done")
        assert len(await journal.events(talk)) == 2
        assert await journal.next_pending(talk) == message

    async def test_nothing_is_written_into_a_conversation_that_is_not_there(self, journal: Journal) -> None:
        with pytest.raises(LookupError):
            await self.say(journal, "nowhere", "c1")
        with pytest.raises(LookupError):
            await journal.remark("nowhere", reply())
        async with journal._database.read() as connection:
            assert (await connection.execute(select(tables.events))).all() == []

    async def test_a_case_gets_the_receipt_of_its_question_and_the_last_words(
        self, journal: Journal, talk: str
    ) -> None:
        for number in range(3):
            await self.say(journal, talk, f"c{number}", f"Question {number}")
            because = {"question": f"Question {number}", "reason": "low_probability", "candidates": []}
            await journal.finish(await self.pending(journal, talk), [reply(receipt=because)], state="done")
        told = await journal.background(talk, "Question 1", said=3)
        assert told.receipt is not None
        assert told.receipt["question"] == "Question 1"
        assert [line["text"] for line in told.transcript] == ["Voici.", "Question 2", "Voici."]
        assert (await journal.background(talk, "never asked")).receipt == (await journal.background(talk)).receipt

    async def test_events_are_read_from_any_place_in_pages(self, journal: Journal, talk: str) -> None:
        for number in range(6):
            await journal.remark(talk, reply(str(number)))
        assert [event["seq"] for event in await journal.events(talk, after=2, limit=3)] == [3, 4, 5]
        assert await journal.events(talk, after=2**53) == []
