"""No table is forgotten: what is somebody's is found, erased and handed out wherever it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from bot.cases import desk_tables, words
from bot.cases.tables import cases, outbox
from bot.database import Database
from bot.gateway.tables import events
from bot.retention import exporting, whose
from bot.retention.erasing import Dialogues, counted, delete_rows
from bot.retention.whose import OTHERS, Subject
from tests.retention.filling import THEN, all_tables, case_of, everything, fill, talk_of


def test_every_table_is_somebodys_or_said_to_have_nothing_of_customers() -> None:
    """A new table belongs in OTHERS with a reason, or has `conversation` or `ref`, or a rule of its own."""
    names = {table.name for table in all_tables()}
    assert set(OTHERS) <= names, "tables that are no more"
    without = {table.name for table in all_tables() if whose.rows_of(table, Subject()) is None} - set(OTHERS)
    assert not without, "say in bot/retention/whose.py whose the rows of these are"


async def test_what_is_one_persons_goes_from_every_table_and_nothing_else_does(database: Database) -> None:
    async with database.write() as conn:
        await fill(conn, "jeanne", 1)
        await fill(conn, "paul", 2)
    async with database.read() as conn:
        before = await everything(conn)
        who = await whose.of_email(conn, " Jeanne@Example.FR ")
        counts = await counted(conn, who)
    assert who.conversations == {talk_of("jeanne")}
    assert who.cases == {case_of("jeanne")}
    assert set(counts) == {table.name for table in whose.tables()}, "one row of each table is theirs"
    async with database.write() as conn:
        assert await delete_rows(conn, who) == ["jeanne-path"]
    async with database.read() as conn:
        after = await everything(conn)
        assert not await whose.of_email(conn, "jeanne@example.fr")
    for table, rows in after.items():
        assert not [row for row in rows if "jeanne" in row.lower() or case_of("jeanne") in row], table
        assert [row for row in rows if "paul" in row] == [row for row in before[table] if "paul" in row], table


@pytest.mark.parametrize("by", ["conversation", "case"])
async def test_a_conversation_or_a_reference_leads_to_the_same(database: Database, by: str) -> None:
    async with database.write() as conn:
        await fill(conn, "jeanne", 1)
    async with database.read() as conn:
        email = await whose.of_email(conn, "jeanne@example.fr")
        found = await (
            whose.of_conversation(conn, talk_of("jeanne"))
            if by == "conversation"
            else whose.of_case(conn, case_of("jeanne"))
        )
        assert found == email
        assert not await whose.of_conversation(conn, "nobody's")


async def test_cases_of_the_same_conversation_and_merged_ones_belong_together(database: Database) -> None:
    async with database.write() as conn:
        await fill(conn, "jeanne", 1)
        await fill(conn, "work", 2)
        await fill(conn, "old", 3)
        await conn.execute(
            update(cases).where(cases.c.ref == case_of("work")).values(conversation=talk_of("jeanne"), email=None)
        )
        await conn.execute(update(cases).where(cases.c.ref == case_of("old")).values(merged_into=case_of("work")))
    async with database.read() as conn:
        who = await whose.of_email(conn, "jeanne@example.fr")
    assert who.cases == {case_of("jeanne"), case_of("work"), case_of("old")}
    assert who.conversations == {talk_of("jeanne"), talk_of("old")}


async def test_what_somebody_wrote_in_a_case_of_another_goes_and_the_case_stays(database: Database) -> None:
    async with database.write() as conn:
        await fill(conn, "paul", 1)
        row = {"id": "m2", "ref": case_of("paul"), "kind": "note", "author": "jeanne@example.fr", "client_id": "m2"}
        await conn.execute(
            insert(desk_tables.messages).values(**row, text="I am his colleague Zwetschge.", mentions=[], at=THEN)
        )
        await words.index(conn, case_of("paul"), ["colleague Zwetschge"])
    async with database.write() as conn:
        who = await whose.of_email(conn, "jeanne@example.fr")
        assert who == Subject(messages=frozenset({"m2"}))
        await delete_rows(conn, who)
        left = (await conn.execute(select(desk_tables.messages.c.id))).scalars().all()
        found = set((await conn.execute(select(desk_tables.words.c.word))).scalars())
    assert left == ["paul-id"]
    assert "zwetschge" not in found
    assert {"paul", "subject"} <= found, "the case is found by its own words"


async def test_a_conversation_that_only_names_the_address_is_shown_not_taken(database: Database) -> None:
    async with database.write() as conn:
        await fill(conn, "paul", 1)
        said = {"text": "Write to Jeanne_M@example.fr please"}
        await conn.execute(
            insert(events).values(
                conversation=talk_of("paul"), seq=7, at="2026-11-25", sender="customer", type="text", body=said
            )
        )
    async with database.read() as conn:
        who = await whose.of_email(conn, "jeanne_m@example.fr")
        assert not who
        assert await whose.written_in(conn, "jeanne_m@example.fr", who) == [talk_of("paul")]
        assert await whose.written_in(conn, "jeannexm@example.fr", who) == []


async def test_the_export_has_every_row_without_keys_that_open_something(database: Database, tmp_path: Path) -> None:
    async with database.write() as conn:
        await fill(conn, "jeanne", 1)
        await fill(conn, "paul", 2)
        await conn.execute(update(outbox).where(outbox.c.ref == case_of("jeanne")).values(status="sent"))
    async with database.read() as conn:
        who = await whose.of_email(conn, "jeanne@example.fr")
        found = await exporting.document(conn, who, Dialogues(tmp_path))
    held = {**found["conversations"][talk_of("jeanne")], **found["cases"][case_of("jeanne")], **found["others"]}
    assert set(held) == {table.name for table in whose.tables()} - exporting.LEFT_OUT
    assert all(len(rows) == 1 for rows in held.values())
    assert "paul" not in str(found)
    for secret in ("jeanne-token_hash", "jeanne-key", "jeanne-lease"):
        assert secret not in str(found)
    assert held["attachments"][0]["path"] == "files/jeanne-path"
    assert held["cases"][0]["created_at"] == "2026-11-25T09:00:00Z"


def test_the_page_on_privacy_names_every_table_that_has_something_of_customers() -> None:
    page = (Path(__file__).parents[2] / "docs" / "privacy.md").read_text("utf-8")
    assert not [table.name for table in whose.tables() if f"`{table.name}`" not in page]
