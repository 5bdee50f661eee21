"""Files become articles and topics; a file that cannot is named with line and cure, and the others go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from kb_index.config import load_config
from kb_index.content import MAX_BYTES, read_content
from kb_index.errors import ContentError
from tests.kb_index.conftest import ARTICLES, TOPICS, write_article, write_content


def test_every_file_becomes_an_article_or_a_topic_with_its_text_verbatim(content_dir: Path) -> None:
    content = read_content(content_dir)
    assert not content.problems
    assert {(one.id, one.lang): one.text for one in content.articles} == {key: row[1] for key, row in ARTICLES.items()}
    assert {one.id: (one.level, one.channel, one.urgent) for one in content.topics} == {
        key: row[:3] for key, row in TOPICS.items()
    }


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        ("no front matter", 1, "no front matter"),
        ("---\nid: bad\nlang: en\ntitle: a: b\n---\ntext", 4, "not YAML"),
        ("---\nid: bad\nlang: en\n---\ntext", 1, "title: missing"),
        ("---\nid: other\nlang: en\ntitle: T\n---\ntext", 2, "expected other.en.md"),
        ("---\nid: bad\nlang: en\ntitle: T\nquestions: one\n---\ntext", 5, "expected a list"),
        ("---\nid: bad\nlang: en\ntitle: T\n---\n", None, "no text"),
        ("", 1, "no front matter"),
    ],
)
def test_a_bad_file_is_named_with_its_line_and_the_others_go_on(
    tmp_path: Path, source: str, line: int | None, says: str
) -> None:
    write_content(tmp_path)
    (tmp_path / "faq" / "bad.en.md").write_text(source, encoding="utf-8")
    content = read_content(tmp_path)
    assert len(content.articles) == len(ARTICLES)
    (problem,) = content.problems
    assert (problem.file, problem.line) == ("faq/bad.en.md", line)
    assert says in str(problem)


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    path = write_article(tmp_path, "a", "en", "A", "text", ["q"])
    path.write_bytes(path.read_bytes() + b"caf\xe9\n")
    (problem,) = read_content(tmp_path).problems
    assert problem.line == path.read_bytes()[: path.read_bytes().index(b"\xe9")].count(b"\n") + 1
    assert "UTF-8" in str(problem)


def test_a_file_beyond_the_limit_is_refused_and_one_of_two_megabytes_is_read(tmp_path: Path) -> None:
    write_article(tmp_path, "large", "en", "A", "word " * 400_000, ["q"])
    write_article(tmp_path, "huge", "en", "A", "x" * (MAX_BYTES + 1), ["q"])
    content = read_content(tmp_path)
    assert [one.id for one in content.articles] == ["large"]
    assert "Divide it" in str(content.problems[0])


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [("level: 1", "level: 5", "expected 1, 2, 3 or 4"), ("channel: ticket", "channel: fax", "expected one of"),
     ("urgent: false", "urgent: maybe", "expected true or false")],
)  # fmt: skip
def test_a_topic_with_a_wrong_field_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    write_content(tmp_path)
    path = tmp_path / "levels" / "invoice.en.md"
    path.write_text(path.read_text().replace(old, new))
    content = read_content(tmp_path)
    assert says in str(content.problems[0])
    assert len(content.topics) == len(TOPICS) - 1


def test_a_level_4_topic_must_say_who_gets_what(tmp_path: Path) -> None:
    write_content(tmp_path)
    path = tmp_path / "levels" / "nas.en.md"
    path.write_text(path.read_text().replace("passed_to: the vendor\n", ""))
    assert "passed_to: missing" in str(read_content(tmp_path).problems[0])


def test_a_video_needs_its_captions(tmp_path: Path) -> None:
    folder = tmp_path / "videos"
    folder.mkdir()
    head = "---\nid: v\nlang: en\ntitle: V\nvideo: https://example.org/v\ncaptions: v.en.vtt\n---\nA tour.\n"
    (folder / "v.en.md").write_text(head)
    assert "not beside" in str(read_content(tmp_path).problems[0])
    (folder / "v.en.vtt").write_text("no captions")
    assert "not WebVTT" in str(read_content(tmp_path).problems[0])
    (folder / "v.en.vtt").write_text("WEBVTT\n\n00:00:01.000 --> 00:00:04.000\nOpen the inbox.\n")
    (video,) = read_content(tmp_path).articles
    assert [(cue.start, cue.text) for cue in video.captions] == [(1.0, "Open the inbox.")]


def test_the_version_changes_with_the_source(tmp_path: Path) -> None:
    write_article(tmp_path, "a", "en", "A", "one", ["q"])
    before = read_content(tmp_path).articles[0].version
    write_article(tmp_path, "a", "en", "A", "two", ["q"])
    assert read_content(tmp_path).articles[0].version != before


def test_golden_questions_are_read_and_bad_lines_named(tmp_path: Path) -> None:
    write_content(tmp_path)
    (tmp_path / "golden").mkdir()
    (tmp_path / "golden" / "g.jsonl").write_text('{"text": "q", "lang": "en", "expected": ["a"]}\n{"text": "q"}\n')
    content = read_content(tmp_path)
    assert [one.articles for one in content.gold] == [("a",)]
    assert str(content.problems[0]).startswith("golden/g.jsonl:2")


def test_a_golden_message_of_a_level_without_a_topic_is_one_that_nothing_answers(tmp_path: Path) -> None:
    write_content(tmp_path)
    (tmp_path / "golden").mkdir()
    line = '{"text": "q", "lang": "en", "level": 4, "topic": null}\n'
    (tmp_path / "golden" / "g.jsonl").write_text(line)
    content = read_content(tmp_path)
    assert [(one.articles, one.topic) for one in content.gold] == [((), None)]
    assert content.problems == []


def test_golden_questions_that_only_measure_are_not_there_to_be_fitted_on(tmp_path: Path) -> None:
    write_content(tmp_path)
    (tmp_path / "golden").mkdir()
    lines = [
        f'{{"text": "{part}", "lang": "en", "expected": [], "part": "{part}"}}\n' for part in ("fit", "test", "other")
    ]
    (tmp_path / "golden" / "g.jsonl").write_text("".join(lines))
    content = read_content(tmp_path)
    assert [one.text for one in content.gold] == ["fit"]
    assert "expected fit or test, got 'other'" in str(content.problems[0])


def test_an_unknown_stemmer_is_named(tmp_path: Path) -> None:
    (tmp_path / "kb.yml").write_text("languages: {fr: {stemmer: klingon}}")
    with pytest.raises(ContentError, match="Snowball"):
        load_config(tmp_path)


def test_a_fourth_language_is_configuration(tmp_path: Path) -> None:
    (tmp_path / "kb.yml").write_text("languages: {es: {stemmer: spanish}, tlh: {}}")
    assert load_config(tmp_path).stemmers == {"es": "spanish", "tlh": ""}


def test_frame_words_are_read_and_a_wrong_list_is_named(tmp_path: Path) -> None:
    path = tmp_path / "kb.yml"
    path.write_text("languages: {fr: {stemmer: french, frame_words: [bonjour, merci]}, en: {stemmer: english}}")
    assert load_config(tmp_path).frame_words == {"fr": ("bonjour", "merci"), "en": ()}
    path.write_text("languages: {fr: {stemmer: french, frame_words: bonjour}}")
    with pytest.raises(ContentError, match="expected a list of phrases"):
        load_config(tmp_path)
