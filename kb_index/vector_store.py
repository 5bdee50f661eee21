"""Vectors of questions and sentences that were encoded before, in a file: a check before publishing asks the same."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kb_index.encoder import Encoder, Vectors
from kb_index.known import text_digest

VECTORS = "vectors.sqlite"  # below the folder of versions
MOST = 200_000  # vectors kept; the oldest go first
AT_ONCE = 500  # looked up by one statement


class RememberingEncoder:
    """An encoder that looks into `path` first. Without the file (a full disk, a damaged one) it only encodes.

    Texts are encoded one by one, as customers' questions are: those of one batch change each other's vectors a little.
    """

    def __init__(self, encoder: Encoder, path: Path) -> None:
        self.name, self.fingerprint, self.dim = encoder.name, encoder.fingerprint, encoder.dim
        self._encoder = encoder
        self._path = path

    def encode(self, sentences: Sequence[str], batch_size: int = 32) -> Vectors:
        """(n, dim) float32, each row of length 1."""
        keys = [self.fingerprint.encode() + text_digest(text) for text in sentences]
        known: dict[bytes, bytes] = {}
        with contextlib.suppress(sqlite3.Error), self._open() as store:
            for start in range(0, len(keys), AT_ONCE):
                part = keys[start : start + AT_ONCE]
                marks = ",".join("?" * len(part))
                known |= store.execute(f"SELECT key, vector FROM vectors WHERE key IN ({marks})", part).fetchall()
        fresh = {key: text for key, text in zip(keys, sentences, strict=True) if key not in known}
        if fresh:
            encoded = self._encoder.encode(list(fresh.values()), batch_size=1)
            new = {key: row.tobytes() for key, row in zip(fresh, encoded, strict=True)}
            known |= new
            with contextlib.suppress(sqlite3.Error), self._open() as store:
                store.executemany("INSERT OR IGNORE INTO vectors (key, vector) VALUES (?, ?)", list(new.items()))
                store.execute("DELETE FROM vectors WHERE rowid <= (SELECT max(rowid) FROM vectors) - ?", (MOST,))
        result = np.empty((len(keys), self.dim), np.float32)
        for row, key in enumerate(keys):
            result[row] = np.frombuffer(known[key], np.float32)
        return result

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        store = sqlite3.connect(self._path, timeout=5)
        try:
            with store:
                store.execute(
                    "CREATE TABLE IF NOT EXISTS vectors (key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL) STRICT"
                )
                yield store
        finally:
            store.close()
