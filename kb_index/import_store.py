"""Pages that an unfinished walk has fetched, so that the next one goes on there."""

from __future__ import annotations

import hashlib
import sqlite3
import time
import zlib
from pathlib import Path
from types import TracebackType

from kb_index.fetching import Page

KEPT_SECONDS = 24 * 3600.0


class Store:
    """A SQLite file for each start of a walk; it is gone when the walk is finished. Without a file nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None

    @classmethod
    def of(cls, folder: Path | None, start: str) -> Store:
        name = hashlib.sha256(start.encode("utf-8", "replace")).hexdigest()[:16]
        return cls(folder / f"walk-{name}.db" if folder else None)

    def __enter__(self) -> Store:
        if self._path is None:
            return self
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists() and time.time() - self._path.stat().st_mtime > KEPT_SECONDS:
            self._path.unlink()
        try:
            self._database = self._opened(self._path)
        except sqlite3.DatabaseError:  # damaged: it holds nothing that cannot be fetched again
            self._path.unlink(missing_ok=True)
            self._database = self._opened(self._path)
        return self

    @staticmethod
    def _opened(path: Path) -> sqlite3.Connection:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute(
            "CREATE TABLE IF NOT EXISTS page (asked TEXT PRIMARY KEY, url TEXT, type TEXT, charset TEXT, data BLOB)"
        )
        return database

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database is not None:
            self._database.close()

    def find(self, asked: str) -> Page | None:
        if self._database is None:
            return None
        row = self._database.execute("SELECT url, type, charset, data FROM page WHERE asked = ?", (asked,)).fetchone()
        return Page(row[0], row[1], row[2], zlib.decompress(row[3])) if row else None

    def keep(self, asked: str, page: Page) -> None:
        if self._database is not None:
            row = (asked, page.url, page.type, page.charset, zlib.compress(page.data))
            self._database.execute("INSERT OR REPLACE INTO page VALUES (?, ?, ?, ?, ?)", row)

    def finish(self) -> None:
        if self._database is not None and self._path is not None:
            self._database.close()
            self._database = None
            self._path.unlink(missing_ok=True)
