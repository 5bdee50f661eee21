"""What is asked is found, decided on, and answered verbatim."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb_index.building import build_index
from kb_index.config import Config
from kb_index.content import Content
from kb_index.encoder import Encoder
from kb_index.index import Index
from kb_index.signals import OF_MANUAL
from tests.kb_index.conftest import Ask, article


@pytest.mark.parametrize(
    ("question", "lang", "expected"),
    [
        ("I forgot my password", "en", "reset-password"),
        ("i forgott my pasword", "en", "reset-password"),
        ("mot de passe oublie", "fr", "reset-password"),
        ("my colleague needs an account in Archivelle", "en", "create-user"),
        ("turn the paper into a file with the scanner", "en", "scan-document"),
        ("get it out as a pdf", "en", "export-pdf"),
    ],
)
def test_the_right_article_comes_first(ask: Ask, question: str, lang: str, expected: str) -> None:
    found: Any = ask(question, lang)
    assert found["hits"][0]["article"] == expected
    assert found["hits"][0]["lang"] == lang


def test_what_the_preferred_language_lacks_is_answered_from_another(ask: Ask) -> None:
    found: Any = ask("dark theme", "fr")
    assert (found["hits"][0]["article"], found["hits"][0]["lang"]) == ("dark-theme", "en")


def test_a_question_in_another_language_than_preferred_is_understood(ask: Ask) -> None:
    found: Any = ask("I forgot my password", "fr")
    assert (found["hits"][0]["article"], found["hits"][0]["lang"]) == ("reset-password", "fr")


@pytest.mark.parametrize(
    ("question", "level", "channel", "topic"),
    [
        ("I have a question about my invoice", 1, "ticket", "invoice"),
        ("the NAS is broken", 4, "sla", "nas"),
        ("URGENT the system is down", 3, "sla", "down"),
    ],
)
def test_a_level_topic_is_handed_off_to_its_channel(
    ask: Ask, question: str, level: int, channel: str, topic: str
) -> None:
    decision: Any = ask(question)["decision"]
    assert decision["outcome"] == "handoff"
    assert (decision["level"], decision["channel"], decision["topic"]) == (level, channel, topic)
    assert decision["reason"] == "level_topic"


def test_a_far_subject_is_not_answered(ask: Ask) -> None:
    for question in ("will it rain on Sunday", "how long do hamsters live", "xkcd qwrtz"):
        decision: Any = ask(question)["decision"]
        assert decision["outcome"] == "handoff"


def test_excluded_articles_do_not_come_back(ask: Ask) -> None:
    found: Any = ask("I forgot my password", exclude=("reset-password",))
    assert "reset-password" not in [hit["article"] for hit in found["hits"]]


def test_nothing_answers_when_all_is_excluded(content: Content, config: Config, encoder: Encoder) -> None:
    index = build_index(content.articles, (), config, encoder, 0.1)
    vector = encoder.encode(["password"])[0]
    found = index.search("password", vector, "en", exclude=[one.id for one in content.articles])
    assert found["hits"] == []
    assert found["decision"]["outcome"] == "handoff"


def test_an_empty_knowledge_base_hands_off(config: Config, encoder: Encoder) -> None:
    index = build_index((), (), config, encoder, 0.1)
    found = index.search("anything", encoder.encode(["anything"])[0], "en")
    assert found["hits"] == []
    assert found["decision"] == {
        "outcome": "handoff", "probability": 0.0, "level": 1, "channel": "ticket", "topic": None, "urgent": False,
        "reason": "empty_index",
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=400), lang=st.sampled_from(["en", "fr", "de", "", "tlh"]))
def test_any_text_gives_a_decision_and_verbatim_hits(index: Index, encoder: Encoder, text: str, lang: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    found = index.search(text, encoder.encode([index.clean(text)])[0], lang)
    decision = found["decision"]
    assert decision["outcome"] in ("answer", "clarify", "handoff")
    assert (decision["channel"] is not None) == (decision["outcome"] == "handoff")
    assert all(0 <= one["probability"] <= 1 for one in [decision, *found["hits"], *found["topics"]])
    for hit in found["hits"]:
        source = index.article(hit["article"], hit["lang"])
        assert source is not None
        assert hit["text"] in source.text
        assert hit["version"] == source.version
    assert len({hit["article"] for hit in found["hits"]}) == len(found["hits"])


def test_probabilities_fall_from_hit_to_hit(ask: Ask) -> None:
    for question in ("password", "document", "colours of the screen", "user"):
        found: Any = ask(question)
        values = [hit["probability"] for hit in found["hits"]]
        assert values == sorted(values, reverse=True)


def test_a_video_hit_names_its_second_and_a_manual_hit_its_heading(config: Config, encoder: Encoder) -> None:
    from kb_index.captions import Cue

    cues = tuple(
        Cue(at, at + 20, text)
        for at, text in (
            (0, "Welcome."),
            (20, "Hello again."),
            (40, "Scan the letter."),
            (60, "Press the green button."),
        )
    )
    manual = article(
        "## Backup\n\nSave the database every night.\n\n## Printing\n\nChoose a printer.",
        "manual",
        id="m",
        title="Manual",
    )
    video = article("A tour.", "video", id="v", title="Tour", captions=cues)
    index = build_index([manual, video], (), config, encoder, 0.1)

    def first(text: str) -> dict[str, Any]:
        hit: dict[str, Any] = index.search(text, encoder.encode([text])[0], "en")["hits"][0]
        return hit

    hit = first("save the database at night")
    assert (hit["heading"], hit["url"], hit["text"]) == (
        "Backup",
        "/articles/en/m#backup",
        "Save the database every night.",
    )
    hit = first("scan the letter with the green button")
    assert (hit["second"], hit["url"]) == (40, "/articles/en/v?t=40")


def test_a_manual_says_nothing_where_a_question_is_asked_word_for_word(config: Config, encoder: Encoder) -> None:
    sections = "".join(
        f"## Part {at}\n\nHow the printer, the scanner and the archive are set up.\n\n" for at in range(20)
    )
    manual = article(f"{sections}## Letters\n\nPut the letter in and press Scan.", "manual", id="m", title="Handbook")
    asked = article("Press Scan.", id="scan", title="Scan", questions=("How do I put the letter in?", "scan a letter"))
    index = build_index([manual, asked], (), config, encoder, 0.1)

    def of_manual(text: str) -> float:
        measured = index.signals.measure(text, encoder.encode([text])[0], "en")
        assert not measured.features[[target.id for target in index.corpus.targets].index("scan"), OF_MANUAL]
        return float(measured.features[:, OF_MANUAL].max())

    assert of_manual("How do I put the letter in?") < 0.05
    assert of_manual("how is the archive set up") > 0.5


def test_ten_thousand_identical_questions_and_emoji_do_no_harm(config: Config, encoder: Encoder) -> None:
    many = article("Yes.", id="many", title="Many", questions=("Does it work?",) * 10_000)
    emoji = article("😀😀😀", id="emoji", title="😀", questions=("😀 😀", "🎉"))
    index = build_index([many, emoji], (), config, encoder, 0.1)
    assert len(index.corpus.entries) < 10
    found = index.search("does it work", encoder.encode(["does it work"])[0], "en")
    assert found["hits"][0]["article"] == "many"


def test_a_question_longer_than_the_encoders_window_counts_to_its_end(index: Index, encoder: Encoder) -> None:
    filler = "We moved to another building last spring and everything was carried up the stairs by us. " * 12
    long = f"{filler}Now I forgot my password. How do I reset my password?"
    vector = index.vector(long, encoder)
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-3)
    assert not np.allclose(vector, index.vector(filler, encoder), atol=1e-3)
    assert index.search(long, vector, "en")["hits"][0]["article"] == "reset-password"
    short = index.vector("I forgot my password", encoder)
    np.testing.assert_array_equal(short, encoder.encode(["I forgot my password"])[0])


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_letters_quotes_and_invisible_characters_may_be_typed_in_any_way(
    index: Index, encoder: Encoder, form: Any
) -> None:
    import unicodedata

    plain = "J'ai perdu mon mot de passe, réinitialiser"
    odd = unicodedata.normalize(form, "\ufeffJ’ai perdu\u00a0mon mot\u200b de  passe, réinitialiser")
    assert index.clean(odd) == index.clean(plain)
    assert index.search(odd, index.vector(odd, encoder), "fr") == index.search(
        plain, index.vector(plain, encoder), "fr"
    )


def test_twins_share_a_family(config: Config) -> None:
    from kb_index.corpus import Corpus

    corpus = Corpus.of(
        [
            article("Same.", id="a"),
            article("Same.", id="b"),
            article("Other.", id="c", twin="t"),
            article("X", id="t", twin="t"),
        ],
        (),
        config,
    )
    assert corpus.family[0] == corpus.family[1]
    assert corpus.family[2] == corpus.family[3] != corpus.family[0]


def test_entries_are_grouped_by_target(index: Index) -> None:
    assert (np.diff(index.corpus.entry_target) >= 0).all()
    for target in range(len(index.corpus.targets)):
        assert (index.corpus.entry_target[index.corpus.rows_of(target)] == target).all()
