"""The sentences that training reads: token ids on disk, shared by its processes, and the batches made of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from .vocabulary import read_pairs

MAX_TOKENS = 64
BATCH_TOKENS = 4096
BATCH_ROWS = (48, 320)
RUN = 16
ENGLISH_SHARE = 0.3
TYPO_SHARE = 0.06
LONG, LONG_SHARE = 28, 0.3


def encoded(tokenizer: Tokenizer, texts: list[str]) -> list[NDArray[np.int32]]:
    """Token ids with [CLS] and [SEP], cut at MAX_TOKENS."""
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    found: list[NDArray[np.int32]] = []
    for start in range(0, len(texts), 20_000):
        found += [np.array(one.ids, np.int32) for one in tokenizer.encode_batch(texts[start : start + 20_000])]
    return found


def padded(rows: list[NDArray[np.int32]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, int64 (n, longest)."""
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)


class Ragged:
    """Rows of different length in one array; memory-mapped, so that the processes share it."""

    def __init__(self, path: Path) -> None:
        self.values: NDArray[np.int32] = np.load(path.with_suffix(".values.npy"), mmap_mode="r")
        self.ends: NDArray[np.int64] = np.load(path.with_suffix(".ends.npy"))

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, number: int) -> NDArray[np.int32]:
        row: NDArray[np.int32] = self.values[self.ends[number] : self.ends[number + 1]]
        return row

    @staticmethod
    def write(path: Path, rows: list[NDArray[np.int32]]) -> None:
        """Stores rows for later."""
        np.save(path.with_suffix(".values.npy"), np.concatenate(rows))
        np.save(path.with_suffix(".ends.npy"), np.cumsum([0, *map(len, rows)]))


def mistyped(text: str, generator: random.Random) -> str:
    """The text with one slip of the keyboard: a letter left out, doubled, swapped with the next, or replaced."""
    places = [at for at, char in enumerate(text[:-1]) if char.isalpha() and text[at + 1].isalpha()]
    if not places:
        return text
    at = generator.choice(places)
    slips = ("", text[at] * 2, text[at + 1] + text[at], generator.choice("aeioustrnl"))
    kind = generator.randrange(4)
    return text[:at] + slips[kind] + text[at + (2 if kind == 2 else 1) :]


def prepare(data: Path, student: Tokenizer, teacher: Tokenizer) -> None:
    """Writes what Corpus reads: token ids of all sentences, the English original of each, and its place.

    Order: translations, mistyped copies of some sentences, English alone, English originals of translations.
    """
    pairs = read_pairs(data)
    generator = random.Random(5)
    pairs.sort(key=lambda pair: pair[0] == "en")
    translations = [pair for pair in pairs if pair[0] != "en"]
    alone = pairs[len(translations) :]
    numbers: dict[str, int] = {}
    for pair in translations + alone:
        numbers.setdefault(pair[3], len(numbers))
    places: dict[str, int] = {}
    place = [places.setdefault(pair[1] + pair[2], len(places)) for pair in pairs]
    slipped = [
        number
        for number, pair in enumerate(pairs)
        if 12 < len(pair[4]) < 120 and generator.random() < (TYPO_SHARE if pair[0] != "en" else 3 * TYPO_SHARE)
    ]
    english = list(numbers)
    first: dict[str, int] = {}
    for pair, where in zip(pairs, place, strict=True):
        first.setdefault(pair[3], where)
    originals = english[: len({pair[3] for pair in translations})]
    texts = [
        *(pair[4] for pair in translations),
        *(mistyped(pairs[number][4], generator) for number in slipped),
        *(pair[4] for pair in alone),
        *originals,
    ]
    Ragged.write(data / "teacher", encoded(teacher, english))
    Ragged.write(data / "sentences", encoded(student, texts))
    original = [numbers[pair[3]] for pair in translations] + [numbers[pairs[number][3]] for number in slipped]
    original += [numbers[pair[3]] for pair in alone] + list(range(len(originals)))
    where = place[: len(translations)] + [place[number] for number in slipped] + place[len(translations) :]
    where += [first[text] for text in originals]
    np.save(data / "original.npy", np.array(original, np.int64))
    np.save(data / "place.npy", np.array(where, np.int64))
    np.save(data / "always.npy", np.array(len(texts) - len(originals)))


class Corpus:
    """Sentences to learn from: `always` in each pass, then the English originals, of which a share."""

    def __init__(self, data: Path) -> None:
        self.ids, self.teacher_ids = Ragged(data / "sentences"), Ragged(data / "teacher")
        self.original: NDArray[np.int64] = np.load(data / "original.npy")
        self.place: NDArray[np.int64] = np.load(data / "place.npy")
        self.always = int(np.load(data / "always.npy"))
        self.length = np.diff(self.ids.ends)

    def batches(self, generator: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """One pass in shuffled batches of like length; of English originals and long (dear) sentences a share."""
        total = len(self.ids)
        chosen = np.arange(total)
        chosen = chosen[(chosen < self.always) | (generator.random(total) < ENGLISH_SHARE)]
        chosen = chosen[(self.length[chosen] <= LONG) | (generator.random(len(chosen)) < LONG_SHARE)]
        step = np.maximum(4, self.length[chosen] // 4 * 4)
        order = chosen[np.lexsort((generator.random(len(chosen)), self.place[chosen], step))]
        step = np.maximum(4, self.length[order] // 4 * 4)
        found: list[NDArray[np.int64]] = []
        for value in np.unique(step):
            rows = order[step == value]
            runs = [rows[start : start + RUN] for start in range(0, len(rows), RUN)]
            generator.shuffle(runs)  # type: ignore[arg-type]
            size = int(np.clip(BATCH_TOKENS // (value + 3), *BATCH_ROWS)) // RUN
            found += [np.concatenate(runs[start : start + size]) for start in range(0, len(runs), size)]
        for number in generator.permutation(len(found)):
            if len(found[number]) >= RUN:
                yield found[number]
