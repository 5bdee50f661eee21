"""A fr/de/en WordPiece vocabulary and its word vectors: `python -m kb_index.distill.vocabulary DATA TEACHER`.

The teacher's vocabulary cuts French and German into many pieces. Here it loses what is neither Latin nor in use, and
gains pieces learnt from the French and German sides. A new piece starts as the mean of the English pieces that it
translates (IBM model 1 over the pairs), so that training starts from a word-by-word translation, not from noise.
Writes DATA/student/: a transformer folder with tokenizer.json.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.trainers import WordPieceTrainer
from transformers import BertModel

NEW_PIECES = 27_000
TOTAL_PIECES = 46_500
ALIGN_PAIRS = 400_000
ALIGN_TOKENS = 18
ROUNDS = 4
LATIN = re.compile(r"[\x21-\x7e£€§°«»“”‘’–—…•ßæœø]+")


def read_pairs(data: Path) -> list[tuple[str, str, str, str, str]]:
    """The table that corpus.py wrote: (language, source, document, English, other)."""
    with (data / "pairs.tsv").open(encoding="utf-8") as table:
        return [tuple(line.rstrip("\n").split("\t")) for line in table]  # type: ignore[misc]


def with_vocabulary(tokenizer: Tokenizer, pieces: list[str]) -> Tokenizer:
    """The tokenizer with another list of pieces (normaliser, splitting and template kept)."""
    content = json.loads(tokenizer.to_str())
    ids = {piece: number for number, piece in enumerate(pieces)}
    content["model"]["vocab"] = ids
    content["truncation"] = content["padding"] = None
    for token in content["added_tokens"]:
        token["id"] = ids[token["content"]]
    for special in content["post_processor"].get("special_tokens", {}).values():
        special["ids"] = [ids[token] for token in special["tokens"]]
    for name in ("sep", "cls"):
        if name in content["post_processor"]:
            content["post_processor"][name][1] = ids[content["post_processor"][name][0]]
    return Tokenizer.from_str(json.dumps(content))


def choose_pieces(tokenizer: Tokenizer, texts: list[str]) -> list[str]:
    """Special tokens, new pieces, and as many of the old ones as fit, most frequent first."""
    learner = Tokenizer(WordPiece(unk_token="[UNK]"))
    learner.normalizer, learner.pre_tokenizer = tokenizer.normalizer, tokenizer.pre_tokenizer
    alphabet = list("abcdefghijklmnopqrstuvwxyz0123456789ß'")
    learner.train_from_iterator(
        texts, WordPieceTrainer(vocab_size=NEW_PIECES, min_frequency=4, initial_alphabet=alphabet, limit_alphabet=200)
    )
    new = learner.get_vocab()
    old = tokenizer.get_vocab()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    usable = [
        piece
        for piece, _ in sorted(old.items(), key=lambda item: item[1])
        if piece not in special and not piece.startswith("[unused") and LATIN.fullmatch(piece)
    ]
    added = [piece for piece in sorted(new, key=new.__getitem__) if piece not in old]
    usable.sort(key=lambda piece: piece not in new)  # what French and German use too must stay
    return special + usable[: TOTAL_PIECES - len(special) - len(added)] + added


def translation_table(
    pairs: list[tuple[str, str, str, str, str]], student: Tokenizer, teacher: Tokenizer
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """IBM model 1: (student piece, teacher piece, p(teacher piece | student piece)), rare pairs left out."""
    others = student.encode_batch([pair[4] for pair in pairs], add_special_tokens=False)
    english = teacher.encode_batch([pair[3] for pair in pairs], add_special_tokens=False)
    keys: list[NDArray[np.int64]] = []
    groups: list[NDArray[np.int64]] = []
    width = teacher.get_vocab_size()
    group = 0
    for one, two in zip(others, english, strict=True):
        left, right = one.ids, two.ids
        if 0 < len(left) <= ALIGN_TOKENS and 0 < len(right) <= ALIGN_TOKENS:
            keys.append((np.array(left, np.int64)[:, None] * width + np.array(right, np.int64)[None]).ravel())
            groups.append(np.repeat(np.arange(group, group + len(left)), len(right)))
            group += len(left)
    unique, index = np.unique(np.concatenate(keys), return_inverse=True)
    position = np.concatenate(groups)
    theirs = unique % width
    table = np.ones(len(unique))
    counts = table
    for _ in range(ROUNDS):
        weight = table[index]
        weight /= np.bincount(position, weight, group)[position]
        counts = np.bincount(index, weight, len(unique))
        table = counts / np.bincount(theirs, counts, width)[theirs]
    ours = unique // width
    share = counts / np.bincount(ours, counts)[ours]
    good = share > 0.04
    return ours[good], theirs[good], share[good]


def start_vectors(
    pieces: list[str],
    student: Tokenizer,
    teacher: Tokenizer,
    vectors: NDArray[np.float32],
    pairs: list[tuple[str, str, str, str, str]],
) -> NDArray[np.float32]:
    """Word vectors of the new vocabulary: old pieces as they are, new ones from what they translate."""
    old = teacher.get_vocab()
    start = np.zeros((len(pieces), vectors.shape[1]), np.float32)
    ours, theirs, share = translation_table(pairs, student, teacher)
    weighted = np.zeros_like(start)
    np.add.at(weighted, ours, vectors[theirs] * (share**1.5)[:, None].astype(np.float32))
    length = float(np.linalg.norm(vectors[1000:20000], axis=1).mean())
    for number, piece in enumerate(pieces):
        if piece in old:
            start[number] = vectors[old[piece]]
            continue
        norm = float(np.linalg.norm(weighted[number]))
        if norm > 1e-6:
            start[number] = weighted[number] * (length / norm)
        else:
            parts = teacher.encode(piece.removeprefix("##"), add_special_tokens=False).ids
            start[number] = vectors[parts or [old["[UNK]"]]].mean(0)
    return start


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("teacher", type=Path, help="sentence-transformers folder of the teacher")
    options = parser.parse_args()
    random.seed(7)
    pairs = [pair for pair in read_pairs(options.data) if pair[0] != "en"]
    teacher = Tokenizer.from_file(str(options.teacher / "tokenizer.json"))
    teacher.no_truncation()
    teacher.no_padding()
    pieces = choose_pieces(teacher, [pair[4] for pair in pairs])
    student = with_vocabulary(teacher, pieces)
    model = BertModel.from_pretrained(options.teacher, add_pooling_layer=False)
    vectors = model.get_input_embeddings().weight.detach().numpy()
    start = start_vectors(pieces, student, teacher, vectors, random.sample(pairs, min(ALIGN_PAIRS, len(pairs))))
    model.resize_token_embeddings(len(pieces), mean_resizing=False)
    with torch.no_grad():
        model.get_input_embeddings().weight.copy_(torch.from_numpy(start))
    target = options.data / "student"
    model.save_pretrained(target)
    student.save(str(target / "tokenizer.json"))
    for lang in ("fr", "de"):
        texts = [pair[4] for pair in pairs if pair[0] == lang and len(pair[4]) > 30][:20_000]
        words = sum(len(text.split()) for text in texts)
        for name, tokenizer in (("teacher", teacher), ("student", student)):
            tokens = sum(len(one.ids) for one in tokenizer.encode_batch(texts, add_special_tokens=False))
            print(lang, name, f"{tokens / words:.2f} tokens a word")
    print(len(pieces), "pieces,", len(set(pieces) - set(teacher.get_vocab())), "new")


if __name__ == "__main__":
    main()
