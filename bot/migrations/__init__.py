"""The history of the database's tables, as Alembic revisions numbered 0001, 0002, … in versions/.

The table `schema` holds the number a database is at: `bot.database.prepare` reads it at every start and comes here
only where it differs from the release's. `python -m bot.migrations <name>` writes the next revision.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.engine import Connection

FOLDER = Path(__file__).parent
FIRST = 1  # what the first release made, without a history; its databases are adopted as being there


def head() -> int:
    """The number of this release's last revision, read from file names: importing Alembic would slow every start."""
    return max(int(file.name[:4]) for file in (FOLDER / "versions").glob("[0-9][0-9][0-9][0-9]_*.py"))


def configuration(connection: Connection) -> Config:
    """Alembic's settings for work on `connection`, inside the transaction that it has open."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def upgrade(connection: Connection, found: int, target: str = "head") -> None:
    """Bring a database from revision `found` (0: an empty one) to `target`."""
    from alembic import command

    config = configuration(connection)
    # Alembic's own table only repeats what `schema` says: databases made whole, or by the first release, lack it.
    command.stamp(config, f"{found:04}" if found else "base", purge=True)
    command.upgrade(config, target)
