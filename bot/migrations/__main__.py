"""`python -m bot.migrations <name>`: write the revision that brings the database to what the metadata says now."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
from alembic import command
from sqlalchemy import create_engine

from bot import migrations


def write(name: Annotated[str, typer.Argument(help="What changes, in_a_few_words.")]) -> None:
    """Compare the history so far with the tables of today and write what is missing, to be read before it is kept."""
    number = migrations.head() + 1
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{Path(folder) / 'history.db'}")
        with engine.begin() as connection:
            migrations.upgrade(connection, 0)
            command.revision(
                migrations.configuration(connection),
                message=name.replace("_", " ").capitalize() + ".",
                rev_id=f"{number:04}",
                autogenerate=True,
            )
        engine.dispose()
    # Alembic names the file after number and sentence.
    (made,) = (migrations.FOLDER / "versions").glob(f"{number:04}_*.py")
    lines = [line for line in made.read_text("utf-8").splitlines(True) if "# ###" not in line]
    made.write_text("".join(lines).rstrip() + "\n", "utf-8")
    made = made.rename(made.with_name(f"{number:04}_{name}.py"))
    typer.echo(f"wrote {made}: read it, complete it (data, SQLite and PostgreSQL), commit it with its tables")


if __name__ == "__main__":
    typer.run(write)
