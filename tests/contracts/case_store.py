"""What `bot.cases.store` promises, whatever database is under it."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.cases import (
    Attachment,
    Channel,
    Conflict,
    FieldError,
    KeyReused,
    NotFound,
    Policy,
    Status,
    store,
    tables,
    work,
)
from bot.cases.model import utc_text
from tests.cases.asking import CHANNELS, NOW, Desk, callback, sla, ticket

RECEIPT = {"question": "Où est ma facture ?", "reason": "low_probability", "candidates": [], "transcript": []}


async def count(engine: AsyncEngine, table: Table) -> int:
    async with engine.connect() as conn:
        return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


async def letters_of(engine: AsyncEngine) -> Counter[tuple[str, str]]:
    async with engine.connect() as conn:
        rows = await conn.execute(select(tables.outbox.c.channel, tables.outbox.c.event))
        return Counter((row.channel, row.event) for row in rows)


class CaseStoreContract:
    """Subclasses give the fixture `engine`; its tables exist and are empty."""

    async def test_a_case_and_one_letter_per_channel_are_written(self, desk: Desk) -> None:
        body = await desk.open(ticket(), receipt=RECEIPT)
        assert set(body) == {"ref", "kind", "level", "status", "due_at"}
        assert (body["kind"], body["level"], body["status"]) == ("ticket", 1, "open")
        assert await letters_of(desk.engine) == Counter({(channel.value, "case.created"): 1 for channel in CHANNELS})
        async with desk.engine.connect() as conn:
            case = await store.get_case(conn, body["ref"], conversation="c1")
            rows = (await conn.execute(select(tables.outbox.c.payload, tables.outbox.c.id))).all()
        assert case.receipt == RECEIPT
        assert case.created_at == NOW
        for payload, identifier in rows:
            assert payload["id"] == identifier
            assert payload["receipt"] == RECEIPT
            assert payload["case"]["text"] == ticket()["text"]

    async def test_only_configured_channels_get_letters_and_no_address_no_mail(self, desk: Desk) -> None:
        await desk.open(callback(email=None), channels={Channel.CUSTOMER_MAIL, Channel.STAFF_MAIL})
        assert await letters_of(desk.engine) == Counter({("staff_mail", "case.created"): 1})

    async def test_a_failing_transaction_leaves_neither_case_nor_letter_nor_key(self, desk: Desk) -> None:
        async def fail() -> None:
            async with desk.engine.begin() as conn:
                await desk.open_in(conn, callback(), "k1", "c1", NOW)
                raise RuntimeError("the journal failed")

        with pytest.raises(RuntimeError, match="the journal failed"):
            await fail()
        for table in tables.metadata.sorted_tables:
            assert await count(desk.engine, table) == 0, table.name
        assert (await desk.try_open(callback()))[1]

    async def test_a_refused_request_stores_nothing_and_frees_its_key(self, desk: Desk) -> None:
        with pytest.raises(FieldError) as refused:
            await desk.open(ticket(email="jeanne"))
        assert (refused.value.code, refused.value.field) == ("invalid_email", "email")
        assert await count(desk.engine, tables.idempotency) == 0
        assert (await desk.try_open(ticket()))[1]

    async def test_the_same_key_gives_the_same_body_and_no_second_case(self, desk: Desk) -> None:
        first, created = await desk.try_open(ticket())
        again, created_again = await desk.try_open(ticket(), now=NOW + timedelta(days=30))
        assert (created, created_again) == (True, False)
        assert first == again
        assert await count(desk.engine, tables.cases) == 1
        assert await count(desk.engine, tables.outbox) == len(CHANNELS)

    async def test_the_same_key_for_other_content_is_refused(self, desk: Desk) -> None:
        await desk.open(ticket())
        with pytest.raises(KeyReused) as refused:
            await desk.open(ticket(text="Autre chose."))
        assert (refused.value.status, refused.value.code) == (409, "key_reused")

    async def test_the_same_key_of_another_conversation_is_another_case(self, desk: Desk) -> None:
        first = await desk.open(ticket(), conversation="c1")
        second = await desk.open(ticket(), conversation="c2")
        assert first["ref"] != second["ref"]

    async def test_a_callback_is_replayed_even_when_its_slot_is_past(self, desk: Desk) -> None:
        first = await desk.open(callback())
        assert await desk.open(callback(), now=NOW + timedelta(days=5)) == first

    async def test_twenty_at_once_with_one_key_make_one_case(self, desk: Desk) -> None:
        results = await asyncio.gather(*(desk.try_open(callback()) for _ in range(20)))
        assert sum(created for _, created in results) == 1
        assert all(body == results[0][0] for body, _ in results)
        assert await count(desk.engine, tables.cases) == 1
        assert await count(desk.engine, tables.bookings) == 1

    async def test_rivals_for_a_slot_never_exceed_its_capacity(self, desk: Desk, case_policy: Policy) -> None:
        async def attempt(number: int) -> str:
            try:
                return str((await desk.open(callback(), key=f"k{number}", conversation=f"c{number}"))["status"])
            except FieldError as error:
                return error.code

        results = Counter(await asyncio.gather(*(attempt(number) for number in range(12))))
        assert results == Counter(open=case_policy.callback.agents, slot_taken=12 - case_policy.callback.agents)
        assert await count(desk.engine, tables.bookings) == case_policy.callback.agents

    async def test_a_slot_cannot_be_overbooked_even_on_an_outdated_view_of_it(
        self, desk: Desk, case_policy: Policy, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def nothing_taken(conn: AsyncConnection, now: datetime) -> dict[datetime, int]:
            return {}

        monkeypatch.setattr(store, "bookings_by_start", nothing_taken)
        for number in range(case_policy.callback.agents):
            await desk.open(callback(), f"k{number}")
        with pytest.raises(FieldError, match="slot_taken"):
            await desk.open(callback(), "one-more")
        assert await count(desk.engine, tables.cases) == case_policy.callback.agents

    async def test_bookings_are_counted_by_start_and_a_closed_callback_frees_its_place(self, desk: Desk) -> None:
        body = await desk.open(callback())
        slot = datetime.fromisoformat(callback()["slot"])
        async with desk.engine.connect() as conn:
            assert await store.bookings_by_start(conn, NOW) == {slot: 1}
        async with desk.engine.begin() as conn:
            await work.change(conn, body["ref"], {"status": Status.CLOSED}, desk.by("agent"))
        async with desk.engine.connect() as conn:
            assert await store.bookings_by_start(conn, NOW) == {}

    async def test_only_its_conversation_or_its_key_opens_a_case(self, desk: Desk) -> None:
        ref = (await desk.open(ticket()))["ref"]
        async with desk.engine.connect() as conn:
            case = await store.get_case(conn, ref, conversation="c1")
            assert (await store.get_case(conn, ref, key=case.key)) == case
            assert "key" not in case.full()
            for owner in ({"conversation": "c2"}, {"key": "guess"}, {"key": ""}, {}):
                with pytest.raises(NotFound):
                    await store.get_case(conn, ref, **owner)
            for other in ("T-2222-2222", "T-\x00", "\ud800", ""):
                with pytest.raises(NotFound):
                    await store.get_case(conn, other, conversation="c1")
                assert await store.list_cases(conn, "c1", other) == []
            assert await store.list_cases(conn, "c2") == []

    async def test_a_conversation_lists_its_own_cases_newest_first(self, desk: Desk) -> None:
        first = await desk.open(ticket(), "k1")
        second = await desk.open(callback(), "k2", now=NOW + timedelta(minutes=1))
        await desk.open(ticket(), "k3", conversation="c2")
        async with desk.engine.connect() as conn:
            listed = [case.listed() for case in await store.list_cases(conn, "c1")]
            only = await store.list_cases(conn, "c1", first["ref"])
        assert [case["ref"] for case in listed] == [second["ref"], first["ref"]]
        assert listed[1]["subject"] == ticket()["subject"]
        assert listed[1]["created_at"] == utc_text(NOW)
        assert [case.ref for case in only] == [first["ref"]]

    @pytest.mark.parametrize(
        ("data", "due"),
        [
            (ticket(), "2026-11-26T09:00:00Z"),  # 10:00 + 8 opening hours: 2:30, 4:30, and one more next morning
            (callback(), "2026-11-26T13:00:00Z"),  # the slot's start
            (sla(severity=1), "2026-11-25T11:00:00Z"),  # two hours, around the clock
            (sla(severity=2), "2026-11-25T14:00:00Z"),  # four opening hours, lunch not counted
        ],
    )
    async def test_the_first_answer_is_due_by_the_rules(self, desk: Desk, data: dict[str, Any], due: str) -> None:
        assert (await desk.open(data))["due_at"] == due

    async def test_level_4_tells_nobody_else_before_the_customer_has_agreed(
        self, desk: Desk, case_policy: Policy
    ) -> None:
        body = await desk.open(sla(level=4, passed_to="Synology", passed_on="La description"))
        assert (body["status"], body["due_at"]) == ("waiting_consent", None)
        assert await letters_of(desk.engine) == Counter({("customer_mail", "case.created"): 1})
        assert await count(desk.engine, tables.deadlines) == 0

        later = NOW + timedelta(hours=1)
        for _ in range(2):  # agreeing twice is agreeing once
            async with desk.engine.begin() as conn:
                case = await store.get_case(conn, body["ref"], conversation="c1")
                after = await store.record_consent(
                    conn,
                    case,
                    agreed=True,
                    statement="J’accepte.",
                    actor="c1",
                    policy=case_policy,
                    now=later,
                    channels=CHANNELS,
                )
            assert (after.status, utc_text(after.due_at)) == (Status.OPEN, "2026-11-25T15:00:00Z")
        assert await letters_of(desk.engine) == Counter(
            {
                ("customer_mail", "case.created"): 1,
                ("customer_mail", "case.consented"): 1,
                ("staff_mail", "case.consented"): 1,
                ("webhook", "case.consented"): 1,
            }
        )
        async with desk.engine.connect() as conn:
            kept = (await conn.execute(select(tables.consents))).one()
        assert (kept.agreed, kept.statement, kept.at, kept.actor) == (True, "J’accepte.", later, "c1")
        with pytest.raises(Conflict, match="consent_settled"):
            async with desk.engine.begin() as conn:
                await store.record_consent(
                    conn,
                    after,
                    agreed=False,
                    statement="…",
                    actor="c1",
                    policy=case_policy,
                    now=later,
                    channels=CHANNELS,
                )

    async def test_a_refused_consent_closes_the_case_and_passes_nothing_on(
        self, desk: Desk, case_policy: Policy
    ) -> None:
        body = await desk.open(sla(level=4))
        async with desk.engine.begin() as conn:
            case = await store.get_case(conn, body["ref"], conversation="c1")
            after = await store.record_consent(
                conn,
                case,
                agreed=False,
                statement="J’accepte.",
                actor="link",
                policy=case_policy,
                now=NOW,
                channels=CHANNELS,
            )
        assert (after.status, after.due_at) == (Status.CLOSED, None)
        assert await letters_of(desk.engine) == Counter({("customer_mail", "case.created"): 1})

    async def test_consent_is_refused_where_none_is_needed(self, desk: Desk, case_policy: Policy) -> None:
        body = await desk.open(sla(level=3))
        async with desk.engine.begin() as conn:
            case = await store.get_case(conn, body["ref"], conversation="c1")
            with pytest.raises(Conflict, match="consent_not_needed"):
                await store.record_consent(
                    conn, case, agreed=True, statement="…", actor="c1", policy=case_policy, now=NOW, channels=CHANNELS
                )

    async def test_rivals_giving_consent_tell_staff_once(self, desk: Desk, case_policy: Policy) -> None:
        body = await desk.open(sla(level=4))

        async def agree() -> None:
            async with desk.engine.begin() as conn:
                case = await store.get_case(conn, body["ref"], conversation="c1")
                await store.record_consent(
                    conn,
                    case,
                    agreed=True,
                    statement="J’accepte.",
                    actor="c1",
                    policy=case_policy,
                    now=NOW,
                    channels=CHANNELS,
                )

        await asyncio.gather(*(agree() for _ in range(5)))
        assert (await letters_of(desk.engine))["staff_mail", "case.consented"] == 1

    async def test_loose_files_join_the_next_case_of_their_own_conversation_only(self, desk: Desk) -> None:
        async with desk.engine.begin() as conn:
            for number, conversation in enumerate(("c1", "c1", "c2")):
                await store.add_attachment(
                    conn, attachment(f"a{number}", conversation), NOW + timedelta(seconds=number)
                )
        with pytest.raises(FieldError, match="invalid_attachment"):
            await desk.open(ticket(attachments=["a0", "a2"]))
        first = await desk.open(ticket(attachments=["a1"]), "k1")
        second = await desk.open(ticket(), "k2")
        third = await desk.open(ticket(attachments=[]), "k3", conversation="c2")
        async with desk.engine.connect() as conn:
            found = {
                ref: [file.id for file in (await store.load_case(conn, ref)).attachments]
                for ref in (first["ref"], second["ref"], third["ref"])
            }
            assert await store.loose_attachments(conn, "c1") == []
            payloads = (await conn.execute(select(tables.outbox.c.payload))).scalars().all()
        assert found == {first["ref"]: ["a1"], second["ref"]: ["a0"], third["ref"]: []}
        assert {file["path"] for payload in payloads for file in payload["files"]} == {"a0.pdf", "a1.pdf"}
        with pytest.raises(FieldError, match="invalid_attachment"):  # it belongs to the first case now
            await desk.open(ticket(attachments=["a1"]), "k4")

    async def test_what_happens_to_a_case_is_kept_in_order(self, desk: Desk) -> None:
        body = await desk.open(ticket())
        async with desk.engine.begin() as conn:
            await work.change(conn, body["ref"], {"status": Status.IN_PROGRESS}, desk.by("agent-1"))
            await work.change(conn, body["ref"], {"status": Status.RESOLVED}, desk.by("agent-2"))
        async with desk.engine.connect() as conn:
            rows = (await conn.execute(select(tables.case_events).order_by(tables.case_events.c.id))).all()
        assert [(row.event, row.actor) for row in rows] == [
            ("case.created", "c1"),
            ("case.status", "agent-1"),
            ("case.status", "agent-2"),
        ]
        assert rows[2].details == {"before": "in_progress", "after": "resolved"}
        assert await count(desk.engine, tables.deadlines) == 0  # nothing is owed any more

    async def test_moments_without_a_time_zone_are_refused(self, desk: Desk) -> None:
        with pytest.raises(Exception, match="time zone"):
            await desk.open(ticket(), now=NOW.replace(tzinfo=None))
        assert await count(desk.engine, tables.cases) == 0


def attachment(identifier: str, conversation: str) -> Attachment:
    return Attachment(
        id=identifier,
        conversation=conversation,
        name=f"{identifier}.pdf",
        type="application/pdf",
        size=1200,
        path=f"{identifier}.pdf",
    )
