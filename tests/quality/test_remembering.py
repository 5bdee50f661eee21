"""No text is encoded twice, and order and doubles are kept."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kb_index.encoder import Vectors
from tests.quality.remembering import RememberingEncoder


class Counting:
    name, fingerprint, dim = "counting", "0", 1

    def __init__(self) -> None:
        self.asked: list[str] = []

    def encode(self, sentences: Sequence[str], batch_size: int = 32) -> Vectors:
        self.asked.extend(sentences)
        return np.array([[len(text)] for text in sentences], np.float32)


def test_each_text_is_encoded_once_and_every_row_is_its_own() -> None:
    counting = Counting()
    encoder = RememberingEncoder(counting)
    assert encoder.encode(["a", "bbb", "a"]).tolist() == [[1.0], [3.0], [1.0]]
    assert encoder.encode(["cc", "bbb"]).tolist() == [[2.0], [3.0]]
    assert encoder.encode([]).shape == (0, 1)
    assert counting.asked == ["a", "bbb", "cc"]
