"""`python -m bot`: start the bot's processes and look after them."""

from __future__ import annotations

import asyncio
import sys

if __name__ == "__main__" and sys.argv[1:] == ["run"]:
    # Stays in memory as long as Guichet runs, so without the libraries of the other commands.
    from bot.launch import main

    sys.exit(main())

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.cases.cli import outbox_app
from bot.catalogue import CatalogueError
from bot.company import CompanyError
from bot.database import DatabaseError, make_engine
from bot.retention.cli import add_commands as add_retention
from bot.settings import Settings, SettingsError, load_settings, table

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Guichet: a support chatbot that answers from your articles."
)


def settings_or_exit() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        raise _refusal(error) from None


def _refusal(error: Exception) -> typer.Exit:
    typer.echo(f"guichet: {error}", err=True)
    return typer.Exit(2)


@app.command()
def run() -> None:
    """Prepare and run everything until Ctrl-C: web, search, actions, Rasa."""
    from bot import launch

    raise typer.Exit(launch.run(settings_or_exit()))


@app.command()
def serve() -> None:
    """Run the web process alone: pages, chat API, cases."""
    from bot import web  # its imports are not needed by the other commands

    settings = settings_or_exit()
    web.set_up_logging(settings.log_level)
    try:
        asyncio.run(web.serve(settings))
    except (SettingsError, CompanyError, CatalogueError, DatabaseError) as error:
        raise _refusal(error) from None
    except OSError as error:
        raise _refusal(error) from None


@app.command("settings")
def show_settings() -> None:
    """Print every setting with its default and what it does."""
    shown = Table("variable", "default", "what it does")
    for row in table():
        shown.add_row(*row)
    Console().print(shown)


def _engine() -> AsyncEngine:
    try:
        return make_engine(settings_or_exit().database)
    except DatabaseError as error:
        raise _refusal(error) from None


app.add_typer(outbox_app(_engine), name="outbox")
add_retention(app, settings_or_exit)

if __name__ == "__main__":
    app()
