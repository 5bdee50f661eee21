"""An encoder that encodes no text twice: every system of a run asks for much the same vectors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kb_index.encoder import Encoder, Vectors


class RememberingEncoder:
    """The same vectors as `encoder`; each text's is kept for the life of this object."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}
        self.name, self.fingerprint, self.dim = encoder.name, encoder.fingerprint, encoder.dim

    def encode(self, sentences: Sequence[str], batch_size: int = 32) -> Vectors:
        """(n, dim) float32, each row of length 1."""
        fresh = [text for text in dict.fromkeys(sentences) if text not in self._known]
        if fresh:
            self._known.update(zip(fresh, self._encoder.encode(fresh, batch_size), strict=True))
        if not sentences:
            return np.zeros((0, self.dim), np.float32)
        return np.stack([self._known[text] for text in sentences])
