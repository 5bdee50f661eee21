"""The encoder's interface, and clear words where a model is missing or damaged."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from kb_index.encoder import BUNDLED, Encoder, load_encoder
from kb_index.errors import EncoderError


def test_vectors_are_float32_of_length_one_in_the_order_of_the_texts(encoder: Encoder) -> None:
    texts = ["a long question about the password of a colleague", "short", "", "😀"]
    vectors = encoder.encode(texts, batch_size=2)
    assert (vectors.dtype, vectors.shape) == (np.float32, (4, encoder.dim))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    for text, vector in zip(texts, vectors, strict=True):
        assert float(encoder.encode([text])[0] @ vector) > 0.95  # int8 activations depend a little on the batch


def test_no_text_gives_no_vector(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, encoder.dim)


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_changed_file_is_refused(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(BUNDLED, folder)
    data = (folder / file).read_bytes()
    (folder / file).write_bytes(data[:-1])
    with pytest.raises(EncoderError, match="damaged"):
        load_encoder(str(folder))
    (folder / file).unlink()
    with pytest.raises(EncoderError, match="cannot be read"):
        load_encoder(str(folder))


def test_a_damaged_description_is_refused(tmp_path: Path) -> None:
    (tmp_path / "encoder.json").write_text("{}")
    with pytest.raises(EncoderError, match="damaged"):
        load_encoder(str(tmp_path))


def test_a_missing_path_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"GUICHET_ENCODER=.*no such folder"):
        load_encoder(str(tmp_path / "nowhere"))


def test_a_copy_of_the_bundled_model_is_the_same_encoder(tmp_path: Path, encoder: Encoder) -> None:
    shutil.copytree(BUNDLED, tmp_path / "model")
    assert load_encoder(str(tmp_path / "model")).fingerprint == encoder.fingerprint
