"""Vectors of texts that an index version holds already, found by a digest of the text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kb_index.arrays import read_arrays
from kb_index.encoder import Encoder
from kb_index.errors import VersionError
from kb_index.integrity import read_manifest, verify
from kb_index.postings import Floats
from kb_index.vectors import VectorIndex

BASE = "base"  # folder of a version's base, where it is a layer over one
_DIGEST = 16  # bytes


class KnownVectors:
    """text → vector of the version in `folder`, as far as it can be read and was made with the same encoder."""

    def __init__(self, folder: Path | None, encoder: Encoder) -> None:
        self._row: dict[bytes, Floats] = {}
        try:
            manifest = None if folder is None else read_manifest(folder)
            if folder is None or manifest is None or manifest["encoder"]["fingerprint"] != encoder.fingerprint:
                return
            verify(folder, manifest)
            for below in [folder / BASE, folder] if manifest["base"] else [folder]:
                digests = read_arrays(below, "rows")["text"].tobytes()
                vectors = VectorIndex.load(below).vectors
                starts = range(0, len(digests), _DIGEST)
                self._row |= {digests[at : at + _DIGEST]: vectors[at // _DIGEST] for at in starts}
        except (VersionError, OSError, ValueError, KeyError):
            return

    def __getitem__(self, text: str) -> Floats:
        return np.asarray(self._row[text_digest(text)], np.float32)

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str) and text_digest(text) in self._row


def text_digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST).digest()


def text_digests(texts: Sequence[str]) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(text_digest(text) for text in texts), np.uint8).reshape(-1, _DIGEST)
