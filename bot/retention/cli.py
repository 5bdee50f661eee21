"""`python -m bot erase` and `export`: what is kept of one person, deleted or handed out on their request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.desk_tables import external
from bot.cases.model import read_reference
from bot.cases.tables import cases
from bot.database import Database, DatabaseError, make_engine
from bot.settings import Settings
from bot.staff import audit

from . import exporting, whose
from .erasing import Dialogues, Erasures, counted, delete_files, delete_rows, failed_mails, leave_no_traces
from .whose import Subject

Email = Annotated[str | None, typer.Option("--email", help="The person's e-mail address.")]
Conversation = Annotated[str | None, typer.Option("--conversation", help="Id of a conversation.")]
Ref = Annotated[str | None, typer.Option("--ref", help="Reference of a case.")]


def add_commands(app: typer.Typer, settings: Callable[[], Settings]) -> None:
    """The commands of `app`; `settings` are read when one runs."""

    @app.command()
    def erase(
        email: Email = None,
        conversation: Conversation = None,
        ref: Ref = None,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
        again: Annotated[bool, typer.Option("--again", help="What was ever erased: after restoring a backup.")] = False,
    ) -> None:
        """Erase everything about one person: conversations, cases, files, mails, dialogue state."""
        if again and any((email, conversation, ref)):
            raise typer.BadParameter("give --again alone")
        asked = None if again else Asked.read(email, conversation, ref)
        own = settings()
        _run(own, lambda database: _again(database, own) if asked is None else _erase(database, own, asked, yes))

    @app.command()
    def export(
        email: Email = None,
        conversation: Conversation = None,
        ref: Ref = None,
        to: Annotated[Path | None, typer.Option("--to", help="Folder to make; default: export-<now>.")] = None,
    ) -> None:
        """Write everything about one person into a folder: data.json and the files."""
        asked, own = Asked.read(email, conversation, ref), settings()
        folder = to or Path(f"export-{datetime.now(UTC):%Y%m%d-%H%M%S}")
        _run(own, lambda database: _export(database, own, asked, folder))


@dataclass(frozen=True, slots=True)
class Asked:
    """Who is meant: by one of these."""

    email: str | None
    conversation: str | None
    ref: str | None

    @classmethod
    def read(cls, email: str | None, conversation: str | None, ref: str | None) -> Asked:
        """typer.BadParameter unless exactly one is given, and it can be one."""
        if sum(each is not None for each in (email, conversation, ref)) != 1:
            raise typer.BadParameter("give one of --email, --conversation, --ref")
        if email is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", email.strip()):
            raise typer.BadParameter(f"--email: expected an address such as name@example.com, got {email!r}")
        return cls(email, conversation, read_reference(ref) if ref is not None else None)

    async def find(self, conn: AsyncConnection) -> Subject:
        if self.email is not None:
            return await whose.of_email(conn, self.email)
        if self.conversation is not None:
            return await whose.of_conversation(conn, self.conversation)
        return await whose.of_case(conn, str(self.ref))

    async def hints(self, conn: AsyncConnection, who: Subject) -> list[str]:
        written = await whose.written_in(conn, self.email, who) if self.email else []
        return [
            f"The address was also written in conversation {each}: look, and name it with --conversation."
            for each in written
        ]


def _run(settings: Settings, work: Callable[[Database], Awaitable[None]]) -> None:
    """On the database that the settings name; exit status 2 where it cannot be used."""

    async def within() -> None:
        database = Database(make_engine(settings.database))
        try:
            await work(database)
        finally:
            await database.close()

    try:
        asyncio.run(within())
        return
    except DatabaseError as error:
        typer.echo(f"guichet: {error}", err=True)
    except DBAPIError as error:
        typer.echo(
            f"The database cannot be used: {error.orig}. Start Guichet once, which makes it, or check DATABASE_URL and "
            "GUICHET_DATA_DIR.",
            err=True,
        )
    raise typer.Exit(2)


async def _erase(database: Database, settings: Settings, asked: Asked, yes: bool) -> None:
    mails = await _failed(settings, asked)
    async with database.read() as conn:
        who = await asked.find(conn)
        typer.echo("\n".join([*await _shown(conn, who), *mails, *await asked.hints(conn, who)]))
    if not who and not mails:
        raise typer.Exit(1)
    if not yes:
        typer.confirm("Erase all of this for good?", abort=True)
    gone = 0
    while who:  # what they write meanwhile goes too
        await asyncio.to_thread(Erasures(settings.data_dir).add, who)
        gone += await _erase_once(database, settings, who)
        async with database.read() as conn:
            who = await asked.find(conn)
    await delete_files(settings.data_dir, mails)
    await _finish(database, f"{gone} rows erased.")


async def _failed(settings: Settings, asked: Asked) -> list[str]:
    """Mails of theirs that could not be taken, as places in the data folder."""
    if asked.email is None:
        return []
    return [f"mail/{name}" for name in await asyncio.to_thread(failed_mails, settings.data_dir / "mail", asked.email)]


async def _again(database: Database, settings: Settings) -> None:
    gone = 0
    for who in await asyncio.to_thread(Erasures(settings.data_dir).all):
        gone += await _erase_once(database, settings, who)
    await _finish(database, f"{gone} rows were there again and are erased.")


async def _finish(database: Database, said: str) -> None:
    typer.echo(said)
    if not await leave_no_traces(database.engine):
        typer.echo(
            "The database's write-ahead log is in use and still has them: run the command with --again later.", err=True
        )
        raise typer.Exit(1)


async def _shown(conn: AsyncConnection, who: Subject) -> list[str]:
    """What would be erased, in words; and what is elsewhere."""
    if not who:
        return ["Nothing is kept of them."]
    counts = await counted(conn, who)
    its = select(cases.c.ref, cases.c.status, cases.c.email, cases.c.created_at).where(cases.c.ref.in_(who.cases))
    opened = (await conn.execute(its.order_by(cases.c.created_at))).all()
    there = select(external.c.system, external.c.id, external.c.url).where(external.c.ref.in_(who.cases))
    elsewhere = (await conn.execute(there)).all()
    return [
        f"Conversations: {', '.join(sorted(who.conversations)) or 'none'}",
        *(f"Case {row.ref}, {row.status}, {row.email or 'no address'}, {row.created_at:%Y-%m-%d}" for row in opened),
        *(f"  {name}: {count}" for name, count in counts.items()),
        *(f"Also in {row.system}, where it has to be erased by hand: {row.url or row.id}" for row in elsewhere),
    ]


async def _erase_once(database: Database, settings: Settings, who: Subject) -> int:
    """Rows, then files and dialogues; how many rows."""
    async with database.write() as conn:
        counts = await counted(conn, who)
        files = await delete_rows(conn, who)
        if counts:
            await _note(conn, who)
    await delete_files(settings.data_dir / "attachments", files)
    await Dialogues(settings.data_dir).forget(who.conversations)
    return sum(counts.values())


async def _note(conn: AsyncConnection, who: Subject) -> None:
    """That it was done, for administrators; not whose it was."""
    details = {"cases": len(who.cases), "conversations": len(who.conversations)}
    await audit.write(conn, datetime.now(UTC), "erased", details=details)


async def _export(database: Database, settings: Settings, asked: Asked, folder: Path) -> None:
    async with database.read() as conn:
        who = await asked.find(conn)
        hints = await asked.hints(conn, who)
        mails = [settings.data_dir / name for name in await _failed(settings, asked)]
        if not who and not mails:
            typer.echo("\n".join(["Nothing is kept of them.", *hints]), err=True)
            raise typer.Exit(1)
        dialogues, store = Dialogues(settings.data_dir), settings.data_dir / "attachments"
        try:
            files = await exporting.write(conn, who, dialogues, store, folder, mails)
        except OSError as error:
            typer.echo(f"{folder}: {error.strerror}: name a folder to make with --to.", err=True)
            raise typer.Exit(2) from None
    typer.echo(
        "\n".join(
            [
                f"{folder}/data.json: {len(who.conversations)} conversations, {len(who.cases)} cases",
                f"{folder}/files: {files} files",
                *hints,
            ]
        )
    )
