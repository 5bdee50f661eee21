"""Knowledge bases of any size: texts of the sample content's words, vectors drawn around those of its texts."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np

from kb_index.content import Article
from kb_index.corpus import ASKED, TOLD, Corpus, Entry, Rows, Target, keys_of
from kb_index.encoder import Vectors
from kb_index.index import Index
from kb_index.passages import Passage

QUESTIONS, PASSAGES = 3, 7  # of each article
APART, NOISE = 0.5, 0.35  # how far vectors lie from the real one: towards others, and anywhere
NEW_WORDS = 0.03  # share of words that no text held before: names, numbers, typos


def synthetic(real: Index, size: int, seed: int = 1) -> tuple[Corpus, Vectors]:
    """`size` texts of articles with three questions and seven passages each, and their vectors."""
    source = real.corpus
    chance = random.Random(seed)
    rng = np.random.default_rng(seed)
    rows_of = {kind: np.flatnonzero(source.entry_kind == kind) for kind in (ASKED, TOLD)}
    words_of: dict[tuple[int, str], list[str]] = {(row.kind, row.lang): [] for row in source.entries}
    for entry in source.entries:
        words_of[entry.kind, entry.lang] += entry.text.split()
    count = size // (QUESTIONS + PASSAGES)
    drawn = np.empty((count, QUESTIONS + PASSAGES), np.int64)
    drawn[:, :QUESTIONS] = rng.choice(rows_of[ASKED], (count, QUESTIONS))
    drawn[:, QUESTIONS:] = rng.choice(rows_of[TOLD], (count, PASSAGES))
    entries: list[Entry] = []
    articles: list[Article] = []
    passages: list[list[Passage]] = []
    targets: list[Target] = []
    for number, row in enumerate(drawn.tolist()):
        lang = source.entries[row[0]].lang
        texts = [_text(source.entries[one], words_of, chance) for one in row]
        own = [Passage(at, text, f"Part {at}", f"part-{at}") for at, text in enumerate(texts[QUESTIONS:])]
        entries += [Entry(text, lang, number, ASKED, -1) for text in texts[:QUESTIONS]]
        entries += [Entry(one.text, lang, number, TOLD, one.number) for one in own]
        name = f"article-{number}"
        body = "\n\n".join(texts[QUESTIONS:])
        articles.append(Article(name, lang, "manual", texts[0], tuple(texts[1:QUESTIONS]), body, f"{number:012x}"))
        passages.append(own)
        targets.append(Target(name, False, {lang: number}, number))
    langs = sorted({entry.lang for entry in entries})
    rows = Rows(
        np.repeat(np.arange(count, dtype=np.int32), QUESTIONS + PASSAGES),
        np.array([entry.kind for entry in entries], np.int8),
        np.array([langs.index(entry.lang) for entry in entries], np.int8),
        np.array([entry.passage for entry in entries], np.int32),
    )
    corpus = Corpus(
        articles, [], source.config, passages, targets, langs, rows, entries, [keys_of(one) for one in articles]
    )
    return corpus, np.concatenate(list(_vectors(real.signals.vectors.vectors, drawn.ravel(), rng)))


def _text(entry: Entry, words_of: dict[tuple[int, str], list[str]], chance: random.Random) -> str:
    """Half of a real text's words, the others as frequent as in all texts of its kind and language."""
    own, pool = entry.text.split(), words_of[entry.kind, entry.lang]
    mixed = [word if chance.random() < 0.5 else pool[int(chance.random() * len(pool))] for word in own]
    if chance.random() < NEW_WORDS * len(mixed):
        mixed[int(chance.random() * len(mixed))] += f"{int(chance.random() * 1e6):x}"
    return " ".join(mixed)


def _vectors(real: Vectors, drawn: np.ndarray, rng: np.random.Generator) -> Iterator[Vectors]:
    for start in range(0, len(drawn), 50_000):
        part = drawn[start : start + 50_000]
        one, other = rng.integers(len(real), size=(2, len(part)))
        away = rng.standard_normal((len(part), real.shape[1]), np.float32)
        away *= NOISE / np.sqrt(real.shape[1])
        result = real[part] + APART * (real[one] - real[other]) + away
        yield (result / np.linalg.norm(result, axis=1, keepdims=True)).astype(np.float32)
