"""Passages are verbatim, short enough for the widget, and know where they stand."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kb_index.captions import Cue
from kb_index.passages import WIDGET_CHARS, chunks, passages_of
from tests.kb_index.conftest import article

LINES = st.lists(
    st.one_of(
        st.text(max_size=200),
        st.sampled_from(["# One", "## Two", "### Three", "- item", "1. step", "```", "> quote", "", "a. B! C? " * 300]),
        st.text(alphabet="ab é.😀 \n", max_size=3000),
    ),
    max_size=12,
).map("\n".join)


@given(LINES, st.sampled_from(["faq", "manual", "blog"]))
def test_every_passage_is_verbatim_and_fits_the_widget(text: str, kind: str) -> None:
    text = text.strip()
    for passage in passages_of(article(text, kind)):
        assert passage.text in text
        assert 0 < len(passage.text) <= WIDGET_CHARS


@given(st.lists(st.sampled_from(["Press the button.", "Wait for the light!", "Is it green?", "Go on."]), min_size=1))
def test_no_sentence_is_lost_when_an_article_is_cut(sentences: list[str]) -> None:
    text = " ".join(sentences * 20)
    shown = " ".join(passage.text for passage in passages_of(article(text)))
    assert shown.split() == text.split()


@given(st.text(max_size=5000))
def test_chunks_hold_every_word_of_plain_text(text: str) -> None:
    plain = " ".join(character for character in text if character.isalnum() or character == " ")
    assert "".join("".join(chunks(plain)).split()) == "".join(plain.split())


def test_a_short_answer_is_one_passage() -> None:
    text = "Do this:\n\n1. one\n2. two\n\nElse call us."
    assert [passage.text for passage in passages_of(article(text))] == [text]


def test_a_manual_is_cut_by_headings_with_path_and_anchor() -> None:
    text = "Intro.\n\n## Début\n\nA.\n\n### Détail & suite\n\nB.\n\n## Début\n\nC.\n\n```\n## no heading\n```"
    found = [(one.heading, one.anchor, one.text) for one in passages_of(article(text, "manual"))]
    assert found == [
        (None, None, "Intro."),
        ("Début", "debut", "A."),
        ("Début › Détail & suite", "detail-suite", "B."),
        ("Début", "debut-2", "C.\n\n```\n## no heading\n```"),
    ]


def test_a_long_answer_is_cut_between_sentences() -> None:
    text = " ".join(f"This is sentence number {number} of the answer." for number in range(100))
    for passage in passages_of(article(text)):
        assert passage.text.startswith("This is")
        assert passage.text.endswith("answer.")


def test_captions_become_runs_of_about_forty_seconds_with_their_second() -> None:
    cues = tuple(Cue(start, start + 5, f"Sentence {start}.") for start in range(3, 123, 5))
    found = passages_of(article("About.", "video", captions=cues))
    assert found[0].second is None
    seconds = [passage.second for passage in found[1:]]
    assert seconds[0] == 3
    assert all(25 <= b - a <= 45 for a, b in pairwise(seconds) if a is not None and b is not None)
    assert " ".join(passage.text for passage in found[1:]) == " ".join(cue.text for cue in cues)


def test_anchors_are_those_of_the_article_page() -> None:
    from bot.gateway.markdown import render
    from kb_index.passages import passages_of

    text = "## L’été à la plage !\n\nA\n\n## 2. Œuvre & straße\n\nB\n\n## L’été à la plage !\n\nC\n\n## …\n\nD"
    ours = [one.anchor for one in passages_of(article(text, "manual"))]
    assert ours == [anchor for _, anchor, _ in render(text).headings]
