"""A process for `test_crash`: opens a case, or sends its letters, says so, and waits to be killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from bot.cases import Channel, metadata
from bot.cases.mail import Mailer, MailSettings
from bot.cases.outbox import Outbox
from bot.catalogue import load_catalogue
from bot.company import load_company
from bot.database import make_engine
from tests.cases.asking import NOW, Desk, ticket

ROOT = Path(__file__).resolve().parents[2]
When = Literal["committed", "uncommitted", "sent", "firing"]


def settings(port: int, folder: Path) -> MailSettings:
    return MailSettings(
        host="127.0.0.1",
        port=port,
        sender="support@archivelle.example",
        staff="team@archivelle.example",
        company="Archivelle",
        time_zone="Europe/Paris",
        staff_lang="fr",
        public_url="https://x.example",
        attachments=folder,
        security="none",
    )


async def until_killed(word: When) -> None:
    print(word, flush=True)
    await asyncio.Event().wait()


async def main(when: When, database: str, port: int) -> None:
    company = load_company(ROOT / "data" / "company.yml")
    catalogue = load_catalogue(ROOT / "data" / "messages", company.first_language)
    engine = make_engine(f"sqlite+aiosqlite:///{database}")
    async with engine.begin() as conn:
        await conn.run_sync(metadata.create_all)
    desk = Desk(engine, company.policy(catalogue), catalogue.text)
    if when == "uncommitted":
        async with engine.begin() as conn:
            await desk.open_in(conn, ticket(), "k1", "c1", NOW)
            await until_killed("uncommitted")
    await desk.open(ticket())
    if when == "committed":
        await until_killed("committed")
    mailer = Mailer(settings(port, Path(database).parent), catalogue.text)

    async def send_and_hang(letter: Mapping[str, Any]) -> None:
        await mailer.staff(letter)
        await until_killed("sent")

    await Outbox(engine, {Channel.STAFF_MAIL: send_and_hang}, now=lambda: NOW).deliver_due()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))  # type: ignore[arg-type]
