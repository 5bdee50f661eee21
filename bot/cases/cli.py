"""`python -m bot outbox`: what has not been delivered, and another try for what was given up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from . import outbox
from .model import utc_text

Result = TypeVar("Result")


def outbox_app(open_engine: Callable[[], AsyncEngine]) -> typer.Typer:
    """The commands, for `app.add_typer(outbox_app(open_engine), name="outbox")`; they open the database themselves."""
    app = typer.Typer(no_args_is_help=True, help="Mails and webhook calls that have not been delivered.")

    def run(work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
        async def within() -> Result:
            engine = open_engine()
            try:
                async with engine.begin() as conn:
                    return await work(conn)
            finally:
                await engine.dispose()

        try:
            return asyncio.run(within())
        except DBAPIError as error:
            typer.echo(
                f"The outbox cannot be read: {error.orig}. Start Guichet once, which makes the database, or check "
                "DATABASE_URL and GUICHET_DATA_DIR.",
                err=True,
            )
            raise typer.Exit(2) from None

    @app.command("list")
    def list_(
        dead: Annotated[bool, typer.Option("--dead", help="Only those that were given up.")] = False,
        sent: Annotated[bool, typer.Option("--sent", help="Those that were delivered, newest first.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")] = False,
    ) -> None:
        """List letters that have not been delivered, with the reason; or those that were."""
        if dead and sent:
            raise typer.BadParameter("give either --dead or --sent")
        found = run(lambda conn: outbox.listed(conn, "sent") if sent else outbox.waiting(conn, dead_only=dead))
        rows = [_readable(row) for row in found]
        if as_json:
            typer.echo(json.dumps(rows, ensure_ascii=False))
        elif not rows:
            typer.echo("Nothing was sent." if sent else "Nothing is waiting.")
        else:
            Console().print(_table(rows))

    @app.command()
    def retry(
        letter: Annotated[str | None, typer.Argument(help="Id of one dead letter, or how it begins.")] = None,
        everything: Annotated[bool, typer.Option("--all", help="All dead letters.")] = False,
    ) -> None:
        """Try dead letters again; a running web process picks them up within seconds."""
        if (letter is None) != everything:
            raise typer.BadParameter("give either the id of a letter (see `outbox list --dead`) or --all")
        count = run(lambda conn: outbox.retry_dead(conn, datetime.now(UTC), letter))
        if not count:
            typer.echo("No such dead letter: see `python -m bot outbox list --dead`.", err=True)
            raise typer.Exit(1)
        typer.echo(f"{count} to be tried again.")

    @app.command()
    def replay(letter: Annotated[str, typer.Argument(help="Whole id of a letter that was sent or given up.")]) -> None:
        """Deliver a letter once more, as it is and under its id: a receiver that kept it drops the second."""
        if not run(lambda conn: outbox.replay(conn, datetime.now(UTC), letter)):
            typer.echo("No such letter, or it is on its way: see `python -m bot outbox list --sent --json`.", err=True)
            raise typer.Exit(1)
        typer.echo("To be delivered again.")

    return app


def _table(rows: list[dict[str, Any]]) -> Table:
    """Short enough for 80 columns: the beginning of the id, which `retry` accepts, and the reason in full."""
    table = Table(box=None, pad_edge=False)
    for name in ("id", "case", "channel", "event", "status", "tries"):
        table.add_column(name, no_wrap=True)
    table.add_column("reason", overflow="fold")
    for row in rows:
        event, reason = str(row["event"]).removeprefix("case."), row["last_error"] or ""
        table.add_row(row["id"][:8], row["ref"], row["channel"], event, row["status"], str(row["attempts"]), reason)
    return table


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    return {name: utc_text(value) if isinstance(value, datetime) else value for name, value in row.items()}
