"""What the agents' work on cases promises, whatever database is under it: changes, messages, lists, calls, figures."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases import (
    CaseError,
    Channel,
    Conflict,
    FieldError,
    NotFound,
    Status,
    callbacks,
    desk_store,
    figures,
    listing,
    merge,
    messages,
    rows,
    store,
    tables,
    teach,
    timeline,
    work,
)
from bot.cases.desk_tables import proposals, words
from bot.cases.model import Case, ChangedMeanwhile, Priority, utc_text
from tests.cases.asking import NOW, Desk, callback, sla, ticket

HOUR = timedelta(hours=1)


async def opened(desk: Desk, data: dict[str, Any] | None = None, **more: Any) -> str:
    more = {"conversation": uuid.uuid4().hex, **more}
    return str((await desk.open(data or ticket(), **more))["ref"])


async def change(desk: Desk, ref: str, actor: str = "anna", version: int | None = None, **changes: Any) -> Case:
    async with desk.engine.begin() as conn:
        return await work.change(conn, ref, changes, desk.by(actor), version=version)


async def reply(desk: Desk, ref: str, actor: str = "anna", **more: Any) -> messages.Written:
    values = {"client_id": uuid.uuid4().hex, "text": "Bonjour.", "author_name": actor.title(), **more}
    async with desk.engine.begin() as conn:
        return await messages.reply(conn, ref, desk.by(actor), **values)


async def loaded(desk: Desk, ref: str) -> Case:
    async with desk.engine.connect() as conn:
        return await rows.load(conn, ref)


async def history(desk: Desk, ref: str) -> list[str]:
    async with desk.engine.connect() as conn:
        return [entry.type for entry in await timeline.of_case(conn, ref)]


async def letters(desk: Desk, event: str) -> list[dict[str, Any]]:
    """Mails to customers that tell of an event."""
    table = tables.outbox
    mail = (table.c.event == event) & (table.c.channel == Channel.CUSTOMER_MAIL.value)
    async with desk.engine.connect() as conn:
        return list((await conn.execute(select(table.c.payload).where(mail))).scalars())


async def listed(desk: Desk, **filters: str) -> list[str]:
    async with desk.engine.connect() as conn:
        page = await listing.page(conn, filters, me="anna", now=NOW, sort="created")
    assert page.total == len(page.items)
    return [item.case.ref for item in page.items]


class CaseWorkContract:
    """Subclasses give the fixture `engine`; its tables exist and are empty."""

    # at once

    async def test_of_rivals_who_claim_one_wins_and_the_others_are_told(self, desk: Desk) -> None:
        ref = await opened(desk)

        async def claim(actor: str) -> str:
            try:
                await change(desk, ref, actor, version=1, owner=actor)
            except ChangedMeanwhile as error:
                return "late" if error.case.owner else "refused without a winner"
            return "won"

        results = Counter(await asyncio.gather(*(claim(f"agent-{number}") for number in range(8))))
        assert results == {"won": 1, "late": 7}
        assert (await loaded(desk, ref)).version == 2
        assert (await history(desk, ref)).count("owner") == 1

    async def test_of_rivals_who_close_the_first_does_and_nothing_happens_twice(self, desk: Desk) -> None:
        ref = await opened(desk)
        await asyncio.gather(*(change(desk, ref, f"a{number}", status=Status.CLOSED) for number in range(6)))
        case = await loaded(desk, ref)
        assert (case.status, case.version, case.resolved_at) == (Status.CLOSED, 2, NOW)
        assert (await history(desk, ref)).count("status") == 1

    async def test_a_reply_posted_many_times_at_once_is_one_reply_and_one_mail(self, desk: Desk) -> None:
        ref = await opened(desk)
        written = await asyncio.gather(*(reply(desk, ref, client_id="same") for _ in range(8)))
        assert sum(each.new for each in written) == 1
        assert len({each.id for each in written}) == 1
        assert len(await letters(desk, "case.reply")) == 1
        assert (await history(desk, ref)).count("reply") == 1

    async def test_replying_and_closing_at_once_lose_neither(self, desk: Desk) -> None:
        ref = await opened(desk)
        await asyncio.gather(
            *(reply(desk, ref, f"a{number}") for number in range(4)),
            change(desk, ref, "b", status=Status.RESOLVED),
            change(desk, ref, "c", tags=("x",)),
        )
        case = await loaded(desk, ref)
        assert (await history(desk, ref)).count("reply") == 4
        assert len(await letters(desk, "case.reply")) == 4
        assert case.tags == ("x",)
        assert case.owner is not None

    async def test_lines_of_history_become_visible_in_their_order(self, desk: Desk) -> None:
        """Who has read up to a line has missed none: however writers interleave, no smaller number comes later."""
        refs = [await opened(desk) for _ in range(4)]
        seen: list[int] = []
        done = asyncio.Event()

        async def read() -> None:
            last = 0
            while True:
                over = done.is_set()
                async with desk.engine.connect() as conn:
                    found = [line["id"] for line in await timeline.after(conn, last)]
                seen.extend(found)
                last = found[-1] if found else last
                if over:
                    return
                await asyncio.sleep(0)

        reader = asyncio.create_task(read())
        await asyncio.gather(*(change(desk, ref, tags=(f"t{n}",)) for ref in refs for n in range(5)))
        done.set()
        await reader
        async with desk.engine.connect() as conn:
            everything = (await conn.execute(select(tables.case_events.c.id))).scalars().all()
        assert seen == sorted(everything)

    # changes

    async def test_nothing_is_kept_of_a_change_that_is_refused(self, desk: Desk) -> None:
        ref = await opened(desk, sla(level=4))
        with pytest.raises(Conflict, match="consent_missing"):
            await change(desk, ref, owner="anna", priority=Priority.URGENT, status=Status.IN_PROGRESS)
        case = await loaded(desk, ref)
        assert (case.owner, case.priority, case.version) == (None, Priority.NORMAL, 1)
        with pytest.raises(NotFound):
            await change(desk, "T-2222-2222", owner="anna")

    async def test_a_case_sleeps_until_its_hour_and_wakes_once(self, desk: Desk) -> None:
        ref = await opened(desk)
        await change(desk, ref, snoozed_until=NOW + HOUR)
        assert await listed(desk) == []
        assert await listed(desk, snoozed="yes") == [ref]
        async with desk.engine.connect() as conn:
            table = tables.deadlines
            at = (await conn.execute(select(table.c.at).where(table.c.event == "case.woken"))).scalar_one()
        assert at == NOW + HOUR
        await change(desk, ref, snoozed_until=None)
        assert await listed(desk) == [ref]
        await change(desk, ref, snoozed_until=NOW + 2 * HOUR)  # and again
        await change(desk, ref, status=Status.RESOLVED)
        assert (await loaded(desk, ref)).snoozed_until is None
        with pytest.raises(Conflict, match="case_done"):
            await change(desk, ref, snoozed_until=NOW + HOUR)

    async def test_raising_to_level_4_asks_the_customer_and_stops_the_clocks_until_they_agree(self, desk: Desk) -> None:
        ref = await opened(desk, sla(severity=1))
        wanted = {"level": 4, "reason": "NAS", "passed_to": "Synology", "passed_on": "Le journal"}
        case = await change(desk, ref, level=wanted)
        assert (case.status, case.due_at, case.passed_to) == (Status.WAITING_CONSENT, None, "Synology")
        assert [letter["case"]["status"] for letter in await letters(desk, "case.level")] == ["waiting_consent"]
        async with desk.engine.connect() as conn:
            count = select(func.count()).select_from(tables.deadlines).where(tables.deadlines.c.fired_at.is_(None))
            assert (await conn.execute(count)).scalar_one() == 0
        later = NOW + 3 * HOUR
        async with desk.engine.begin() as conn:
            case = await store.record_consent(
                conn, case, agreed=True, statement="Oui", actor=case.conversation, policy=desk.policy, now=later
            )
        assert (case.status, case.first_reply_due) == (Status.OPEN, NOW + 5 * HOUR)

    async def test_a_level_that_goes_down_again_needs_no_consent(self, desk: Desk) -> None:
        ref = await opened(desk, sla())
        await change(desk, ref, level={"level": 4, "reason": "NAS"})
        case = await change(desk, ref, level={"level": 3, "reason": "C’était nous."})
        assert (case.status, case.level) == (Status.OPEN, 3)
        assert case.due_at is not None

    async def test_an_end_set_by_hand_warns_anew(self, desk: Desk) -> None:
        ref = await opened(desk)
        table = tables.deadlines
        async with desk.engine.begin() as conn:
            await conn.execute(update(table).values(fired_at=NOW))
        case = await change(desk, ref, due_at=datetime(2026, 12, 1, 10, tzinfo=UTC))
        assert case.due_at == datetime(2026, 12, 1, 10, tzinfo=UTC)
        async with desk.engine.connect() as conn:
            rows_ = await conn.execute(select(table.c.event).where(table.c.fired_at.is_(None)))
            assert {"case.due_soon", "case.breached"} <= set(rows_.scalars())

    async def test_the_customer_says_whether_it_is_solved(self, desk: Desk) -> None:
        ref = await opened(desk)

        async def judge(solved: bool) -> Case:
            async with desk.engine.begin() as conn:
                return await work.judge(conn, ref, desk.by("link"), solved=solved)

        with pytest.raises(Conflict, match="not_resolved"):
            await judge(True)
        await change(desk, ref, status=Status.RESOLVED)
        assert (await judge(True)).confirmed_at == NOW
        assert (await judge(True)).version == 3  # again changes nothing
        case = await judge(False)
        assert (case.status, case.confirmed_at, case.news) == (Status.OPEN, None, case.version)

    # messages

    async def test_a_customers_mail_brings_a_resolved_case_back_once(self, desk: Desk) -> None:
        ref = await opened(desk)
        await reply(desk, ref)
        await change(desk, ref, status=Status.RESOLVED)
        for _ in range(3):
            async with desk.engine.begin() as conn:
                written = await messages.add_customer(
                    conn,
                    ref,
                    desk.by("customer"),
                    client_id="<m1@example.fr>",
                    text="Toujours pareil.",
                    html='<p onclick="x()">Toujours <b>pareil</b><script>alert(1)</script><img src=x></p>',
                    message_id="<m1@example.fr>",
                )
        case = await loaded(desk, ref)
        assert (case.status, case.resolved_at, case.news) == (Status.IN_PROGRESS, None, case.version)
        async with desk.engine.connect() as conn:
            entry = await timeline.of_message(conn, written.id)
        assert entry.html == "<p>Toujours <b>pareil</b></p>"
        assert (await history(desk, ref)).count("customer") == 1
        await reply(desk, ref)
        assert (await letters(desk, "case.reply"))[-1]["message"]["in_reply_to"] == "<m1@example.fr>"

    async def test_a_reply_pauses_or_stops_clocks_as_its_status_says(self, desk: Desk) -> None:
        ref = await opened(desk)
        written = await reply(desk, ref, status=Status.WAITING_CUSTOMER)
        case = written.case
        assert (case.first_reply_at, case.due_at, case.paused_since) == (NOW, None, NOW)
        assert await listed(desk, due="paused") == [ref]

    async def test_how_a_mail_fared_is_said_where_it_was_written(self, desk: Desk) -> None:
        ref = await opened(desk)
        written = await reply(desk, ref)
        assert written.letter is not None
        for status, shown in (("sending", "pending"), ("sent", "sent"), ("dead", "failed")):
            async with desk.engine.begin() as conn:
                letter = tables.outbox.c.id == written.letter
                await conn.execute(update(tables.outbox).where(letter).values(status=status))
                assert (await timeline.of_message(conn, written.id)).delivery == shown
        async with desk.engine.begin() as conn:
            case = await messages.settled(conn, written.letter, "dead", desk.by("system"))
            assert await messages.settled(conn, "another letter", "dead", desk.by("system")) is None
        assert case is not None
        assert (await history(desk, ref))[-1] == "delivery"
        assert case.news == case.version

    async def test_an_article_answers_and_teaches_once(self, desk: Desk) -> None:
        ref = await opened(desk, receipt={"question": "Où est ma facture ?"})

        async def click(actor: str) -> messages.Written:
            async with desk.engine.begin() as conn:
                return await teach.teach(
                    conn,
                    ref,
                    desk.by(actor),
                    article="invoices",
                    lang="fr",
                    version="0a1b",
                    text="Vos factures…",
                    author_name="Anna",
                )

        written = await asyncio.gather(click("anna"), click("anna"), click("bruno"))
        assert len({each.id for each in written}) == 1
        assert len(await letters(desk, "case.reply")) == 1
        async with desk.engine.begin() as conn:
            (proposal,) = await desk_store.list_proposals(conn)
            assert (proposal["question"], proposal["article"]) == ("Où est ma facture ?", "invoices")
            assert list((await conn.execute(select(proposals.c.article))).scalars()) == ["invoices"]
            await desk_store.settle_proposal(conn, ref, "invoices", "taken")
            with pytest.raises(NotFound):
                await desk_store.settle_proposal(conn, ref, "invoices", "refused")
            assert (await conn.execute(select(proposals.c.state))).scalar_one() == "taken"

    # lists

    async def test_everything_is_searched_however_it_is_spelled(self, desk: Desk) -> None:
        ref = await opened(desk, ticket(subject="Facture n° 2026-77 à corriger", text="Éléphant"))
        other = await opened(desk, ticket(email="karl@beispiel.de"))
        async with desk.engine.begin() as conn:
            await messages.add_note(conn, other, desk.by("anna"), client_id="n", text="Voir l’imprimante Zebra")
        for typed, found in (
            ("facture corriger", {ref}),
            ("FACT", {ref, other}),
            ("elephant", {ref}),
            ("2026 77", {ref}),
            ("jeanne@example.fr", {ref}),
            ("karl beispiel", {other}),
            ("zebra", {other}),
            (ref.lower().replace("-", " "), {ref}),
            ("zebra elephant", set()),
            ("%", set()),
            ("'; DROP TABLE cases; --", set()),
            ("\x00\ud800", set()),
        ):
            assert set(await listed(desk, q=typed)) == found, typed
        await change(desk, ref, status=Status.CLOSED)
        assert await listed(desk, q="elephant") == [ref]

    async def test_filters_together_narrow_and_their_values_widen(self, desk: Desk) -> None:
        one = await opened(desk, ticket())
        two = await opened(desk, callback())
        three = await opened(desk, sla(severity=1))
        await change(desk, one, owner="anna", tags=("vip",), priority=Priority.HIGH)
        await change(desk, two, owner="bruno")
        assert set(await listed(desk, kind="ticket,sla")) == {one, three}
        assert await listed(desk, owner="me") == [one]
        assert await listed(desk, owner="none") == [three]
        assert set(await listed(desk, owner="me,bruno")) == {one, two}
        assert await listed(desk, tag="VIP", priority="high", level="1") == [one]
        assert await listed(desk, tag="vip", kind="callback") == []
        assert await listed(desk, status="resolved") == []
        async with desk.engine.connect() as conn:
            late = await listing.page(conn, {"due": "breached"}, me="anna", now=NOW + 3 * HOUR)
            soon = await listing.page(conn, {"due": "soon"}, me="anna", now=NOW + timedelta(minutes=100))
        assert [item.case.ref for item in late.items] == [three]
        assert [item.case.ref for item in soon.items] == [three]
        for wrong in ({"kind": "mail"}, {"level": "9"}, {"colour": "red"}, {"due": "x"}, {"owner": "a\x00"}):
            with pytest.raises(FieldError, match="invalid_filter"):
                await listed(desk, **wrong)

    @pytest.mark.parametrize("sort", ["due", "created", "updated", "priority"])
    async def test_pages_show_every_case_once_in_order(self, desk: Desk, sort: str) -> None:
        refs = set()
        for number in range(13):
            data = sla(severity=number % 4 + 1) if number % 3 else sla(level=4)  # some have no end
            ref = await opened(desk, data, now=NOW - timedelta(hours=number // 2))
            refs.add(ref)
            if number % 2:
                await change(desk, ref, priority=Priority(number % 4))
        found: list[Case] = []
        cursor = None
        async with desk.engine.connect() as conn:
            while True:
                page = await listing.page(conn, {}, me="anna", now=NOW, sort=sort, after=cursor, limit=4)
                found += [item.case for item in page.items]
                assert page.total == 13
                cursor = page.following
                if cursor is None:
                    break
        assert len(found) == 13
        assert {case.ref for case in found} == refs
        keys: dict[str, Any] = {
            "due": lambda case: (case.due_at is None, case.due_at or NOW, case.ref),
            "created": lambda case: (-case.created_at.timestamp(), case.ref),
            "updated": lambda case: (-case.updated_at.timestamp(), case.ref),
            "priority": lambda case: (-case.priority, case.due_at is None, case.due_at or NOW, case.ref),
        }
        assert found == sorted(found, key=keys[sort])
        async with desk.engine.connect() as conn:
            for wrong in ("x", "", "W10", "WyJkdWUiLDEsMl0", "é"):
                with pytest.raises(FieldError, match="invalid_cursor"):
                    await listing.page(conn, {}, me="anna", now=NOW, sort=sort, after=wrong)

    async def test_views_count_what_they_list(self, desk: Desk) -> None:
        await opened(desk, ticket())
        await change(desk, await opened(desk, callback()), owner="anna")
        await opened(desk, sla(level=4))
        async with desk.engine.begin() as conn:
            view = await desk_store.add_view(conn, "anna", "Zèbre", {"q": "facture"}, shared=False, now=NOW)
            filters = [*listing.BUILT_IN.values(), {"q": "facture"}, {"gone": "x"}]
            counts = await listing.count(conn, filters, "anna", NOW)
            pages = [await listing.page(conn, each, me="anna", now=NOW) for each in filters[:-1]]
            assert counts == [page.total for page in pages] + [0]
            assert await desk_store.list_views(conn, "bruno") == []
            with pytest.raises(NotFound):
                await desk_store.change_view(conn, view, "bruno", {"name": "x"}, administrator=True)
            await desk_store.change_view(conn, view, "anna", {"shared": True}, administrator=False)
            assert [each["mine"] for each in await desk_store.list_views(conn, "bruno")] == [False]
            await desk_store.remove_view(conn, view, "bruno", administrator=True)

    async def test_read_marks_only_grow(self, desk: Desk) -> None:
        ref = await opened(desk)

        async def unread() -> bool:
            async with desk.engine.connect() as conn:
                return (await listing.page(conn, {}, me="anna", now=NOW)).items[0].unread

        async def seen(version: int) -> None:
            async with desk.engine.begin() as conn:
                await desk_store.mark_seen(conn, ref, "anna", version)

        assert await unread()
        await seen(1)
        assert not await unread()
        await change(desk, ref, "bruno", owner="bruno")
        assert not await unread()  # a colleague's change is no news
        async with desk.engine.begin() as conn:
            await messages.add_customer(conn, ref, desk.by("customer"), client_id="m", text="Alors ?")
        assert await unread()
        await seen(3)
        await seen(1)
        assert not await unread()

    async def test_a_shortcut_belongs_to_one_canned_reply(self, desk: Desk) -> None:
        async with desk.engine.begin() as conn:
            values = {"title": "Merci", "text": "Merci {customer}", "shortcut": "merci"}
            first = await desk_store.write_canned(conn, None, values, author="anna", now=NOW)
            with pytest.raises(Conflict, match="shortcut_taken"):
                await desk_store.write_canned(conn, None, {**values, "title": "Autre"}, author="anna", now=NOW)
            changed = await desk_store.write_canned(conn, first["id"], {"text": "Danke"}, author="anna", now=NOW)
            assert changed == {**first, "text": "Danke"}
            assert await desk_store.list_canned(conn) == [changed]
            await desk_store.remove_canned(conn, first["id"])
            with pytest.raises(NotFound):
                await desk_store.get_canned(conn, first["id"])

    # merging

    async def test_merged_cases_name_each_other_and_one_is_left(self, desk: Desk) -> None:
        one, two = await opened(desk, ticket(text="Zèbre")), await opened(desk)
        await change(desk, one, tags=("a",))
        await change(desk, two, tags=("b",))
        async with desk.engine.begin() as conn:
            gone, left = await merge.merge(conn, one, two, desk.by("anna"))
        assert (gone.status, gone.merged_into, left.tags) == (Status.CLOSED, two, ("a", "b"))
        assert await listed(desk) == [two]
        assert set(await listed(desk, q="zebre")) == {one, two}
        with pytest.raises(Conflict, match="case_merged"):
            await change(desk, one, status=Status.OPEN)
        with pytest.raises(Conflict, match="case_merged"):
            await reply(desk, one)

    async def test_what_the_customer_writes_to_a_merged_case_is_of_the_one_that_is_left(self, desk: Desk) -> None:
        one, two = await opened(desk), await opened(desk)
        async with desk.engine.begin() as conn:
            await merge.merge(conn, one, two, desk.by("anna"))
            written = await messages.add_customer(conn, one, desk.by("customer"), client_id="m", text="Et là ?")
        assert written.case.ref == two
        assert (await loaded(desk, one)).status == Status.CLOSED

    async def test_only_another_open_case_of_the_same_customer_can_be_merged_with(self, desk: Desk) -> None:
        one = await opened(desk)
        stranger = await opened(desk, ticket(email="karl@beispiel.de"))
        for into, error, code in (
            (one, FieldError, "merge_with_itself"),
            (stranger, Conflict, "merge_other_customer"),
            ("T-2222-2222", NotFound, "case_not_found"),
        ):
            with pytest.raises(error, match=code):
                async with desk.engine.begin() as conn:
                    await merge.merge(conn, one, into, desk.by("anna"))
        assert (await loaded(desk, one)).version == 1

    async def test_two_who_merge_each_others_cases_leave_one_of_them_open(self, desk: Desk) -> None:
        one, two = await opened(desk), await opened(desk)

        async def attempt(ref: str, into: str) -> str:
            try:
                async with desk.engine.begin() as conn:
                    await merge.merge(conn, ref, into, desk.by("anna"))
            except Conflict as error:
                return error.code
            return "merged"

        results = await asyncio.gather(attempt(one, two), attempt(two, one))
        assert sorted(results) == ["case_merged", "merged"]
        assert len(await listed(desk)) == 1

    # calls

    async def test_nobody_there_books_the_next_attempt_and_frees_the_last(self, desk: Desk) -> None:
        ref = await opened(desk, callback())
        second = "2026-11-27T10:00+01:00"
        async with desk.engine.begin() as conn:
            case = await callbacks.outcome(conn, ref, desk.by("anna"), result="no_answer", slot=second)
            assert await store.bookings_by_start(conn, NOW) == {datetime(2026, 11, 27, 9, tzinfo=UTC): 1}
        assert (case.status, utc_text(case.due_at)) == (Status.IN_PROGRESS, "2026-11-27T09:00:00Z")
        assert len(await letters(desk, "case.callback")) == 1
        async with desk.engine.begin() as conn:
            case = await callbacks.outcome(conn, ref, desk.by("anna"), result="done", note="Réglé.")
            assert await store.bookings_by_start(conn, NOW) == {}
            entries = [each.details for each in await timeline.of_case(conn, ref) if each.type == "callback"]
        assert (case.status, case.first_reply_at) == (Status.RESOLVED, NOW)
        assert [(each["outcome"], each["attempt"]) for each in entries] == [("no_answer", 1), ("done", 2)]
        with pytest.raises(Conflict, match="case_done"):
            async with desk.engine.begin() as conn:
                await callbacks.outcome(conn, ref, desk.by("anna"), result="reached")

    async def test_nobody_there_without_another_time_waits_for_the_customer(self, desk: Desk) -> None:
        ref = await opened(desk, callback())
        async with desk.engine.begin() as conn:
            case = await callbacks.outcome(conn, ref, desk.by("anna"), result="no_answer")
        assert case.status == Status.WAITING_CUSTOMER
        other = await opened(desk)
        with pytest.raises(Conflict, match="not_a_callback"):
            async with desk.engine.begin() as conn:
                await callbacks.outcome(conn, other, desk.by("anna"), result="reached")

    async def test_rivals_for_a_second_attempt_never_overbook_a_slot(self, desk: Desk) -> None:
        days = ("26", "27", "30")
        refs = [
            await opened(desk, callback(slot=f"2026-11-{days[number % 3]}T{9 + number // 3}:00+01:00"))
            for number in range(6)
        ]

        async def again(ref: str) -> str:
            try:
                async with desk.engine.begin() as conn:
                    await callbacks.outcome(
                        conn, ref, desk.by("anna"), result="no_answer", slot="2026-11-27T16:00+01:00"
                    )
            except CaseError as error:
                return error.code
            return "booked"

        results = Counter(await asyncio.gather(*map(again, refs)))
        room = desk.policy.callback.agents
        assert results == {"booked": room, "slot_taken": len(refs) - room}
        async with desk.engine.connect() as conn:
            assert (await store.bookings_by_start(conn, NOW))[datetime(2026, 11, 27, 15, tzinfo=UTC)] == room
            assert (await conn.execute(select(func.count()).select_from(tables.bookings))).scalar_one() == len(refs)

    # figures

    async def test_figures_count_what_happened(self, desk: Desk) -> None:
        answered, breached = await opened(desk), await opened(desk, sla(severity=1))
        confirmed, reopened = await opened(desk), await opened(desk)
        later = NOW + 4 * HOUR
        for ref in (answered, breached):
            async with desk.engine.begin() as conn:
                await messages.reply(conn, ref, desk.by("a", later), client_id="r", text="…", author_name="A")
        for ref in (confirmed, reopened):
            await change(desk, ref, status=Status.RESOLVED)
        async with desk.engine.begin() as conn:
            await work.judge(conn, confirmed, desk.by("link"), solved=True)
            await work.change(conn, reopened, {"status": Status.OPEN}, desk.by("a", later))
        found = await self._figures(desk, later)
        assert found["volumes"]["by_kind"] == {"ticket": 3, "callback": 0, "sla": 1}
        assert found["volumes"]["by_day"] == [{"day": "2026-11-25", "ticket": 3, "callback": 0, "sla": 1}]
        assert found["times"]["first_reply"]["all"] == {"count": 2, "median": 4.0, "p90": 4.0}
        assert (found["breaches"]["3"]["first_reply"]["count"], found["breaches"]["3"]["first_reply"]["of"]) == (1, 1)
        assert found["breaches"]["1"]["first_reply"]["count"] == 0
        assert found["backlog"]["total"] == 3
        shares = {name: found["resolution"][name]["count"] for name in found["resolution"]}
        assert shares == {"confirmed": 1, "silent": 0, "reopened": 1, "recent": 0}
        assert figures.as_csv(found).splitlines()[0] == "figure,value"
        quiet = (await self._figures(desk, NOW + timedelta(days=60)))["resolution"]
        assert quiet["confirmed"]["count"] == 1

    @staticmethod
    async def _figures(desk: Desk, now: datetime) -> dict[str, Any]:
        start = datetime(2026, 11, 24, 23, tzinfo=UTC)  # midnight in Paris
        async with desk.engine.connect() as conn:
            return await figures.figures(
                conn, start, start + timedelta(days=1), now=now, time_zone="Europe/Paris", scores=(5, 4, 2)
            )

    async def test_the_words_of_a_case_go_with_it(self, desk: Desk) -> None:
        ref = await opened(desk)
        await reply(desk, ref)
        async with desk.engine.begin() as conn:
            await conn.execute(tables.cases.delete().where(tables.cases.c.ref == ref))
            assert await self._count(conn) == 0

    @staticmethod
    async def _count(conn: AsyncConnection) -> int:
        return int((await conn.execute(select(func.count()).select_from(words))).scalar_one())
