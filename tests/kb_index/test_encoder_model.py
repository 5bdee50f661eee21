"""The shipped encoder files: whole, small, and meaning what the card says."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

FOLDER = Path(__file__).resolve().parents[2] / "kb_index" / "encoder_model"
ABOUT: dict[str, Any] = json.loads((FOLDER / "encoder.json").read_text(encoding="utf-8"))


class Encoder:
    """The files used as any runtime would: tokenizer.json, then model.onnx, nothing else."""

    def __init__(self) -> None:
        self.tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(FOLDER / "model.onnx", options)

    def __call__(self, texts: list[str]) -> NDArray[np.float32]:
        encoded = self.tokenizer.encode_batch(texts)
        feed = {
            "input_ids": np.array([one.ids for one in encoded], np.int64),
            "attention_mask": np.array([one.attention_mask for one in encoded], np.int64),
        }
        (vectors,) = self.session.run(["embedding"], feed)
        return np.asarray(vectors)


@pytest.fixture(scope="module")
def encode() -> Encoder:
    return Encoder()


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_checksum_is_that_of_the_file(file: str) -> None:
    assert hashlib.sha256((FOLDER / file).read_bytes()).hexdigest() == ABOUT["sha256"][file]


def test_model_stays_below_thirty_megabytes() -> None:
    assert (FOLDER / "model.onnx").stat().st_size <= 30_000_000


def test_card_names_the_model_and_its_licence() -> None:
    card = (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert ABOUT["name"] in card
    assert ABOUT["licence"] in card


def test_vectors_are_finite_of_length_one_and_of_the_stated_size(encode: Encoder) -> None:
    vectors = encode(["", "a", "How do I reset my password?", "Mot de passe oublié ?", "😀😀", "x" * 5000])
    assert vectors.dtype == np.float32
    assert vectors.shape == (6, ABOUT["dim"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-4)


def test_texts_beyond_the_limit_are_cut_not_refused(encode: Encoder) -> None:
    long = "password " * 2000
    assert len(encode.tokenizer.encode(long).ids) == ABOUT["max_tokens"]
    assert encode([long]).shape == (1, ABOUT["dim"])


def test_a_text_means_the_same_alone_and_beside_a_longer_one(encode: Encoder) -> None:
    text = "How do I change my billing address?"
    alone, beside = encode([text])[0], encode([text, "The parcel has not arrived. " * 30])[0]
    assert float(alone @ beside) > 0.98


def test_a_paraphrase_is_nearer_than_another_subject(encode: Encoder) -> None:
    question, paraphrase, other = encode(
        ["How do I reset my password?", "I forgot my password and cannot log in", "When will my parcel arrive?"]
    )
    assert question @ paraphrase > question @ other + 0.3


@pytest.mark.parametrize(
    ("question", "translation", "other"),
    [
        ("Comment réinitialiser mon mot de passe ?", "How do I reset my password?", "When will my parcel arrive?"),
        ("Où en est ma commande ?", "Where is my order?", "How do I delete my account?"),
        ("Wie kann ich mein Passwort zurücksetzen?", "How do I reset my password?", "When will my parcel arrive?"),
        ("Ich möchte eine Rechnung herunterladen.", "I want to download an invoice.", "The screen stays black."),
        ("Wo finde ich meine Rechnungen?", "Où trouver mes factures ?", "Comment supprimer mon compte ?"),
    ],
)
def test_a_translation_is_nearer_than_another_subject(
    encode: Encoder, question: str, translation: str, other: str
) -> None:
    asked, translated, different = encode([question, translation, other])
    assert asked @ translated > asked @ different + 0.3


def test_missing_accents_change_nothing(encode: Encoder) -> None:
    right, bare = encode(["Où télécharger le reçu ?", "Ou telecharger le recu ?"])
    assert float(right @ bare) > 0.999


BENCHMARK = FOLDER.parents[1].parent / "shared" / "benchmarks" / "stsb-multi-mt" / "stsb-en-dev.csv"


@pytest.mark.skipif(not BENCHMARK.exists(), reason=f"outside data absent: {BENCHMARK}")
def test_english_similarity_follows_human_judgement(encode: Encoder) -> None:
    with BENCHMARK.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))[:400]
    left, right = (np.vstack([encode([row[side]]) for row in rows]) for side in (0, 1))
    ranks = [
        np.argsort(np.argsort(values)) for values in ((left * right).sum(1), np.array([float(r[2]) for r in rows]))
    ]
    assert np.corrcoef(ranks[0], ranks[1])[0, 1] > 0.8


TATOEBA = BENCHMARK.parents[1] / "laser-tatoeba"


@pytest.mark.skipif(not TATOEBA.exists(), reason=f"outside data absent: {TATOEBA}")
@pytest.mark.parametrize(("file", "least"), [("fra-eng.tsv", 0.75), ("deu-eng.tsv", 0.84)])
def test_the_english_translation_is_found_among_a_thousand(encode: Encoder, file: str, least: float) -> None:
    rows = [line.split("\t") for line in (TATOEBA / file).read_text(encoding="utf-8").splitlines()[1:]]
    other, english = (
        np.vstack([encode([row[side] for row in rows[start : start + 50]]) for start in range(0, len(rows), 50)])
        for side in (0, 1)
    )
    assert ((other @ english.T).argmax(1) == np.arange(len(rows))).mean() > least
