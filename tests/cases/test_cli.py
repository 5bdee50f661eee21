from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from bot.cases import Policy, metadata
from bot.cases.cli import outbox_app
from bot.cases.model import Say
from bot.cases.tables import outbox
from bot.database import make_engine
from tests.cases.asking import Desk, ticket


@pytest.fixture
def database(tmp_path: Path, case_policy: Policy, say: Say) -> str:
    """A database with three letters of one case, the webhook's dead."""
    url = f"sqlite+aiosqlite:///{tmp_path}/cases.db"

    async def fill() -> None:
        engine = make_engine(url)
        async with engine.begin() as conn:
            await conn.run_sync(metadata.create_all)
        await Desk(engine, case_policy, say).open(ticket())
        async with engine.begin() as conn:
            await conn.execute(
                update(outbox).where(outbox.c.channel == "webhook").values(status="dead", last_error="answered 500")
            )
        await engine.dispose()

    asyncio.run(fill())
    return url


def run(database: str, *arguments: str) -> tuple[int, str]:
    def open_engine() -> AsyncEngine:
        return make_engine(database)

    result = CliRunner().invoke(outbox_app(open_engine), list(arguments))
    return result.exit_code, result.output


def test_list_shows_what_is_waiting_and_why_without_what_customers_wrote(database: str) -> None:
    status, output = run(database, "list", "--json")
    rows = json.loads(output)
    assert status == 0
    assert {row["channel"] for row in rows} == {"customer_mail", "staff_mail", "webhook"}
    assert "Facture" not in output
    (dead,) = json.loads(run(database, "list", "--dead", "--json")[1])
    assert (dead["status"], dead["last_error"]) == ("dead", "answered 500")
    shown = run(database, "list", "--dead")[1]
    assert dead["id"][:8] in shown
    assert dead["ref"] in shown
    assert "answered 500" in shown


def test_retry_takes_one_letter_or_all_and_says_what_it_did(database: str) -> None:
    (dead,) = json.loads(run(database, "list", "--dead", "--json")[1])
    assert run(database, "retry", dead["id"][:8]) == (0, "1 to be tried again.\n")
    assert run(database, "list", "--dead") == (0, "Nothing is waiting.\n")
    assert run(database, "retry", "--all")[0] == 1
    status, output = run(database, "retry")
    assert status == 2
    assert "--all" in output


def test_a_database_without_cases_is_said_so(tmp_path: Path) -> None:
    status, output = run(f"sqlite+aiosqlite:///{tmp_path}/none.db", "list")
    assert status == 2
    assert "no such table" in output
    assert "GUICHET_DATA_DIR" in output


def test_what_was_sent_can_be_listed_and_delivered_once_more(database: str) -> None:
    async def send() -> None:
        engine = make_engine(database)
        async with engine.begin() as conn:
            await conn.execute(update(outbox).where(outbox.c.channel == "webhook").values(status="sent", attempts=3))
        await engine.dispose()

    asyncio.run(send())
    (sent,) = json.loads(run(database, "list", "--sent", "--json")[1])
    assert run(database, "replay", sent["id"]) == (0, "To be delivered again.\n")
    (again,) = [row for row in json.loads(run(database, "list", "--json")[1]) if row["id"] == sent["id"]]
    assert (again["status"], again["attempts"]) == ("pending", 0)
    status, output = run(database, "replay", sent["id"])  # it is on its way
    assert status == 1
    assert "on its way" in output
    assert run(database, "list", "--sent")[1] == "Nothing was sent.\n"
    assert run(database, "list", "--sent", "--dead")[0] == 2
