"""A layer over a base answers as an index built whole with the same weights, rarities and lengths: for any edits."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kb_index import vectors
from kb_index.building import build_index, encode_texts, index_words
from kb_index.classifier import Classifier
from kb_index.config import Config
from kb_index.content import Content, parse_content
from kb_index.corpus import Corpus
from kb_index.encoder import Encoder, Vectors
from kb_index.increment import increment
from kb_index.index import Answer, Index
from kb_index.layers import Layered
from kb_index.signals import Signals
from kb_index.sources import Changed, Folder, Sources
from kb_index.storage import load, save, save_layer
from kb_index.vectors import VectorIndex
from tests.kb_index.conftest import write_content

QUESTIONS = (
    ("I forgot my password", "en"), ("mot de passe oublié", "fr"), ("nothing works any more", "en"),
    ("scan several pages", "en"), ("PDF", "de"), ("too bright", "en"), ("quagga zebra", "en"), ("Rechnung", "de"),
    ("something wholly different about whales", "en"), ("exprot a documnet", "en"), ("", "en"),
)  # fmt: skip
IDS = ("reset-password", "dark-theme", "export-pdf", "whale", "quagga")
TEXTS = (
    "Use **Forgotten password** on the sign-in page.",  # as another article says it
    "Whales are counted in **Reports**, a quagga is not.",
    "## First\n\nOpen the menu.\n\n## Second\n\nPress the green button and wait for the letter.",
)
WORDS = ("quagga count", "whale report please", "my password", "how bright is the screen?", "PDF of a letter")


@st.composite
def edits(draw: st.DrawFn) -> dict[str, bytes | None]:
    changes: dict[str, bytes | None] = {}
    for _ in range(draw(st.integers(0, 5))):
        ident, lang = draw(st.sampled_from(IDS)), draw(st.sampled_from(("en", "fr", "de")))
        if draw(st.integers(0, 3)) == 0:
            changes[f"faq/{ident}.{lang}.md"] = None
            continue
        questions = draw(st.lists(st.sampled_from(WORDS), max_size=3, unique=True))
        listed = "".join(f'  - "{question}"\n' for question in questions)
        head = f"---\nid: {ident}\nlang: {lang}\ntitle: {ident} in {lang}\nquestions:\n{listed}---\n"
        changes[f"faq/{ident}.{lang}.md"] = (head + draw(st.sampled_from(TEXTS))).encode()
    if draw(st.booleans()):
        changes["levels/nas.en.md"] = None
    return changes


class Alone:
    """text → vector, each encoded alone: those of one batch change each other a little."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._found: dict[str, Vectors] = {}

    def __contains__(self, text: object) -> bool:
        return isinstance(text, str)

    def __getitem__(self, text: str) -> Vectors:
        if text not in self._found:
            self._found[text] = self._encoder.encode([text])[0]
        return self._found[text]


@pytest.fixture(scope="module")
def known(encoder: Encoder) -> Alone:
    return Alone(encoder)


@pytest.fixture(scope="module")
def base(content: Content, config: Config, encoder: Encoder, known: Alone) -> Index:
    return build_index(content.articles, content.topics, config, encoder, 0.1, known=known)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return Folder(write_content(tmp_path_factory.mktemp("content")))


def whole(
    base: Index, sources: Sources, encoder: Encoder, known: Alone, rows: dict[tuple[bool, str], np.ndarray]
) -> Index:
    """All of it indexed anew, with what the base has fitted. `rows`: of the classifier."""
    below = base.signals
    content = parse_content(sources)
    corpus = Corpus.of(content.articles, content.topics, below.corpus.config, below.corpus.langs)
    found = [
        (number, rows[one.topic, one.id]) for number, one in enumerate(corpus.targets) if (one.topic, one.id) in rows
    ]
    weights = np.array([row for _, row in found], np.float32).reshape(len(found), -1)
    classifier = Classifier(weights, np.array([number for number, _ in found], np.int64))
    encoded = encode_texts([entry.text for entry in corpus.entries], encoder, known, lambda _: None)
    keywords, grams = index_words(corpus, below)
    keywords.peer, grams.peer = below.keywords, below.grams  # the rarity of what only deleted texts held
    signals = Signals(corpus, VectorIndex.build(encoded), keywords, grams, classifier)
    return dataclasses.replace(base, signals=signals)


def rows_of(index: Index) -> dict[tuple[bool, str], np.ndarray]:
    """The classifier's rows of a layered index, by topic and id."""
    signals = index.signals
    assert isinstance(signals, Layered)
    result = {}
    for part, gone in ((signals.base, signals.removed), (signals.layer, [])):
        for row, number in zip(part.classifier.weights, part.classifier.targets.tolist(), strict=True):
            if number not in gone:
                result[part.corpus.targets[number].topic, part.corpus.targets[number].id] = row
    return result


def shown(answer: Answer) -> tuple[object, ...]:
    """What is compared: articles of one score in any order."""
    hits = sorted(
        (-round(hit["score"], 2), hit["article"], hit["lang"], hit["text"], hit["url"]) for hit in answer["hits"]
    )
    topics = sorted((one["topic"], one["lang"]) for one in answer["topics"])
    return answer["decision"]["outcome"], hits, topics


def check(base: Index, folder: Folder, changes: dict[str, bytes | None], encoder: Encoder, known: Alone) -> None:
    sources = Changed(folder, changes)
    made = increment(base, folder, sources, encoder, known, "test")
    assert made is not None
    layered = made[0]
    expected = whole(base, sources, encoder, known, rows_of(layered))
    for text, lang in QUESTIONS:
        vector = expected.vector(text, encoder)
        one, other = (index.search(text, vector, lang, 50) for index in (layered, expected))
        assert shown(one) == shown(other), text
        scores = {hit["article"]: hit["score"] for hit in other["hits"]}
        assert [hit["score"] for hit in one["hits"]] == pytest.approx(
            [scores[hit["article"]] for hit in one["hits"]], abs=2e-3
        )
        probabilities = [answer["decision"]["probability"] for answer in (one, other)]
        assert probabilities[0] == pytest.approx(probabilities[1], abs=2e-3)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=edits())
def test_a_layer_answers_as_all_of_it_built_anew(
    base: Index, folder: Folder, encoder: Encoder, known: Alone, changes: dict[str, bytes | None]
) -> None:
    check(base, folder, changes, encoder, known)


def test_the_same_over_a_base_that_is_searched_by_a_graph(
    index: Index, folder: Folder, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 10)
    monkeypatch.setattr(vectors, "TRIED", 20)
    vectors_of = index.signals.vectors.vectors
    graph = VectorIndex.build(np.asarray(vectors_of))
    assert not graph.exact
    old = index.signals
    base = dataclasses.replace(index, signals=Signals(old.corpus, graph, old.keywords, old.grams, old.classifier))
    new = b"---\nid: whale\nlang: en\ntitle: Whales\nquestions:\n  - how many whales are there\n---\nTwelve."
    monkeypatch.undo()
    made = increment(
        base, folder, Changed(folder, {"faq/whale.en.md": new, "faq/dark-theme.en.md": None}), encoder, {}, ""
    )
    assert made is not None
    for text, first in (("how many whales are there?", "whale"), ("I forgot my password", "reset-password")):
        answer = made[0].search(text, made[0].vector(text, encoder), "en")
        assert answer["hits"][0]["article"] == first
    answer = made[0].search("dark theme", made[0].vector("dark theme", encoder), "en", 50)
    assert "dark-theme" not in [hit["article"] for hit in answer["hits"]]


def test_saved_and_loaded_over_the_same_base_it_answers_the_same(
    index: Index, folder: Folder, encoder: Encoder, tmp_path: Path
) -> None:
    base = dataclasses.replace(index, version="aaaa", fitted="aaaa")
    made = increment(base, folder, Changed(folder, {"faq/dark-theme.en.md": None}), encoder, {}, "test")
    assert made is not None
    for name in ("base", "layer"):
        (tmp_path / name).mkdir()
    save(base, tmp_path / "base", encoder, {})
    save_layer(made[0], tmp_path / "base", tmp_path / "layer", encoder, {})
    alone = load(tmp_path / "layer", encoder)
    beside = load(tmp_path / "layer", encoder, load(tmp_path / "base", encoder))
    for text, lang in QUESTIONS:
        vector = made[0].vector(text, encoder)
        answers = [one.search(text, vector, lang) for one in (made[0], alone, beside)]
        assert answers[0] == answers[1] == answers[2]
    links = {path.stat().st_nlink for path in (tmp_path / "layer" / "base").iterdir()}
    assert links == {2}, "the base's files are shared, not copied"


def test_a_new_article_is_not_put_back_for_want_of_a_classifier_of_its_own(
    index: Index, folder: Folder, encoder: Encoder
) -> None:
    new = b"---\nid: whale\nlang: en\ntitle: Whales\nquestions:\n  - how many whales are there\n---\nTwelve."
    made = increment(index, folder, Changed(folder, {"faq/whale.en.md": new}), encoder, {}, "test")
    assert made is not None
    rows = rows_of(made[0])
    vector = np.append(made[0].vector("how many whales are there", encoder), np.float32(1))
    values = {key: float(row @ vector) for key, row in rows.items()}
    assert max(values, key=lambda key: values[key]) == (False, "whale")


def test_what_is_too_much_for_a_layer_is_left_to_a_whole_build(
    index: Index, folder: Folder, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = Changed(folder, {"faq/dark-theme.en.md": TEXTS[0].encode(), "faq/create-user.en.md": None})
    assert increment(index, folder, changed, encoder, {}, "test", most=0) is not None
    new = b"---\nid: whale\nlang: en\ntitle: Whales\n---\nTwelve."
    assert increment(index, folder, Changed(folder, {"faq/whale.en.md": new}), encoder, {}, "test", most=1) is None
    assert increment(index, folder, Changed(folder, {"kb.yml": b"product_names: []"}), encoder, {}, "test") is None
