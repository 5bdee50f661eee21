"""Texts → vectors. The bundled model runs on onnxruntime; any sentence-transformers model can take its place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from kb_index.errors import EncoderError

BUNDLED = Path(__file__).parent / "encoder_model"
Vectors = NDArray[np.float32]


class Encoder(Protocol):
    """`name` for people; `fingerprint`: two encoders of one fingerprint give the same vectors."""

    name: str
    fingerprint: str
    dim: int

    def encode(self, sentences: Sequence[str], batch_size: int = 32) -> Vectors:
        """(n, dim) float32, each row of length 1."""


class OnnxEncoder:
    """The model in `folder`: model.onnx, tokenizer.json and encoder.json with dim, max_tokens and checksums."""

    def __init__(self, folder: Path = BUNDLED, threads: int = 1) -> None:
        about = _about(folder)
        self.name = str(about["name"])
        self.dim = int(about["dim"])
        sums = {file: _checked(folder / file, expected) for file, expected in sorted(about["sha256"].items())}
        self.fingerprint = hashlib.sha256(json.dumps(sums).encode()).hexdigest()[:16]
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(int(about["max_tokens"]))
        self._tokenizer.no_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.enable_cpu_mem_arena = False  # keeps the process small; one text at a time gains nothing from it
        self._session = onnxruntime.InferenceSession(str(folder / "model.onnx"), options, ["CPUExecutionProvider"])

    def encode(self, sentences: Sequence[str], batch_size: int = 32) -> Vectors:
        """(n, dim) float32, each row of length 1."""
        result = np.zeros((len(sentences), self.dim), np.float32)
        tokens = self._tokenizer.encode_batch(list(sentences))
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row].ids))
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            width = len(tokens[rows[-1]].ids)
            ids = np.zeros((len(rows), width), np.int64)
            mask = np.zeros((len(rows), width), np.int64)
            for at, row in enumerate(rows):
                ids[at, : len(tokens[row].ids)] = tokens[row].ids
                mask[at, : len(tokens[row].ids)] = 1
            (vectors,) = self._session.run(["embedding"], {"input_ids": ids, "attention_mask": mask})
            result[rows] = vectors
        return result


class TransformerEncoder:
    """Any sentence-transformers model by name or path; needs torch, which is imported only here."""

    def __init__(self, name: str) -> None:
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise EncoderError(
                f"GUICHET_ENCODER={name} needs sentence-transformers; install it or empty GUICHET_ENCODER"
            ) from error
        try:
            self._model: Any = SentenceTransformer(name, device="cpu")
        except Exception as error:  # the library raises many kinds for a name it cannot load
            raise EncoderError(
                f"GUICHET_ENCODER={name}: no sentence-transformers model can be loaded from there ({error}). "
                "Give the path of a model folder or a name that can be fetched, or empty it for the bundled model"
            ) from error
        self.name = name
        probe = self.encode(["probe"])
        self.dim = int(probe.shape[1])
        self.fingerprint = hashlib.sha256(name.encode() + np.round(probe, 3).tobytes()).hexdigest()[:16]

    def encode(self, sentences: Sequence[str], batch_size: int = 32) -> Vectors:
        """(n, dim) float32, each row of length 1."""
        vectors = self._model.encode(
            list(sentences), batch_size=batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, np.float32).reshape(len(sentences), -1)


def load_encoder(name: str = "", threads: int = 1) -> Encoder:
    """The bundled encoder, or the one that GUICHET_ENCODER names. EncoderError says what is missing and the cure."""
    if not name:
        return OnnxEncoder(threads=threads)
    if (Path(name) / "encoder.json").is_file():
        return OnnxEncoder(Path(name), threads)
    if name.startswith(("/", "./", "../")) and not Path(name).is_dir():
        raise EncoderError(
            f"GUICHET_ENCODER={name}: no such folder; correct the path or empty it for the bundled model"
        )
    return TransformerEncoder(name)


def _about(folder: Path) -> dict[str, Any]:
    path = folder / "encoder.json"
    cure = "restore the folder from the repository, or set GUICHET_ENCODER"
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for key in ("name", "dim", "max_tokens", "sha256"):
            about[key]
    except OSError as error:
        raise EncoderError(f"{path} cannot be read ({error.strerror}); {cure}") from error
    except (ValueError, KeyError) as error:
        raise EncoderError(f"{path} is damaged ({error}); {cure}") from error
    return about


def _checked(path: Path, expected: str) -> str:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EncoderError(f"{path} cannot be read ({error.strerror}); restore it from the repository") from error
    if found != expected:
        raise EncoderError(
            f"{path} is damaged or another file: expected SHA-256 {expected[:12]}…, got {found[:12]}…; "
            "restore it from the repository"
        )
    return found
