"""Versions are immutable, switched atomically, checked when loaded; what fails leaves the old one serving."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest

from kb_index.config import Config
from kb_index.content import Content, read_content
from kb_index.encoder import Encoder, Vectors
from kb_index.errors import VersionError
from kb_index.integrity import FORMAT, checksum
from kb_index.storage import load
from kb_index.versions import Versions
from tests.kb_index.conftest import write_article, write_content


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, content: Content, config: Config, encoder: Encoder) -> Path:
    """A folder of versions with one that serves; tests copy it."""
    folder = tmp_path_factory.mktemp("kb")
    versions = Versions(folder)
    versions.publish(versions.build(content, config, encoder, 0.1)[0], encoder)
    return folder


@pytest.fixture
def versions(built: Path, tmp_path: Path) -> Versions:
    shutil.copytree(built, tmp_path / "kb")
    return Versions(tmp_path / "kb")


class Counting:
    """The bundled encoder, counting what it encodes; as another encoder where `fingerprint` is given."""

    def __init__(self, encoder: Encoder, fingerprint: str = "") -> None:
        self._encoder = encoder
        self.name, self.dim = encoder.name, encoder.dim
        self.fingerprint = fingerprint or encoder.fingerprint
        self.encoded: list[str] = []

    def encode(self, sentences: list[str], batch_size: int = 32) -> Vectors:
        self.encoded += sentences
        return self._encoder.encode(sentences, batch_size)


def test_a_loaded_version_answers_as_the_built_one(versions: Versions, index: object, encoder: Encoder) -> None:
    loaded = versions.load_current(encoder)
    vector = encoder.encode(["I forgot my password"])[0]
    again, memory = (one.search("I forgot my password", vector, "en") for one in (loaded, index))  # type: ignore[attr-defined]
    assert again | {"version": ""} == memory | {"version": ""}
    assert len(loaded.version) == 12


def test_the_same_content_is_not_built_twice(
    versions: Versions, content: Content, config: Config, encoder: Encoder
) -> None:
    counting = Counting(encoder)
    version, made = versions.build(content, config, counting, 0.1)
    assert (version, made, counting.encoded) == (versions.current(), False, [])


def test_only_new_texts_are_encoded(versions: Versions, tmp_path: Path, config: Config, encoder: Encoder) -> None:
    folder = write_content(tmp_path / "content")
    write_article(folder, "added", "en", "Added", "A wholly new answer.", ["Something wholly new"])
    counting = Counting(encoder)
    _, made = versions.build(read_content(folder), config, counting, 0.1)
    assert made
    first_batch = counting.encoded[:3]
    assert set(first_batch) == {"Something wholly new", "Added", "A wholly new answer."}


def test_publishing_and_rolling_back_switch_the_pointer(
    versions: Versions, content: Content, config: Config, encoder: Encoder
) -> None:
    first = versions.current()
    fewer = dataclasses.replace(content, articles=content.articles[1:])
    second, made = versions.build(fewer, config, encoder, 0.1)
    assert made
    assert versions.current() == first, "building publishes nothing"
    assert versions.publish(second, encoder) == first
    assert versions.current() == second
    before = versions.before()
    assert before == first
    versions.switch(before, again=True)
    assert [(one["version"], one["live"]) for one in versions.all()] == [(second, False), (first, True)]
    with pytest.raises(VersionError, match="no version served before"):
        versions.before()


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("vectors.npy", "truncate"),
        ("articles.jsonl", "change"),
        ("ngrams-values.npy", "delete"),
        ("manifest.json", "truncate"),
    ],
)
def test_a_damaged_version_is_refused_and_the_old_one_stays(
    versions: Versions, content: Content, config: Config, encoder: Encoder, file: str, damage: str
) -> None:
    first = versions.current()
    second, _ = versions.build(dataclasses.replace(content, topics=[]), config, encoder, 0.1)
    path = versions.path(second) / file
    data = path.read_bytes()
    if damage == "delete":
        path.unlink()
    elif damage == "change":
        path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    else:
        path.write_bytes(data[: len(data) // 2])
    with pytest.raises(VersionError, match="build again or roll back"):
        versions.publish(second, encoder)
    assert versions.current() == first
    again, made = versions.build(dataclasses.replace(content, topics=[]), config, encoder, 0.1)
    assert (again, made) == (second, True), "a damaged version is made anew"
    versions.publish(second, encoder)


def test_an_index_of_another_encoder_is_refused_with_the_cure(versions: Versions, encoder: Encoder) -> None:
    with pytest.raises(VersionError, match=r"made with encoder .* build && .* publish"):
        versions.load_current(Counting(encoder, "another"))


def test_an_index_of_another_format_is_refused(versions: Versions, encoder: Encoder) -> None:
    current = versions.current()
    assert current
    path = versions.path(current) / "manifest.json"
    path.write_text(path.read_text().replace(f'"format": {FORMAT}', '"format": 99'))
    with pytest.raises(VersionError, match="format 99"):
        load(versions.path(current), encoder)


def test_a_whole_index_that_another_program_made_is_refused(versions: Versions, encoder: Encoder) -> None:
    current = versions.current()
    assert current
    folder = versions.path(current)
    (folder / "fit.json").write_text("{}")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["fit.json"] = {"bytes": 2, "sha256": checksum(folder / "fit.json")}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(VersionError, match="another version of this program"):
        load(folder, encoder)


def test_another_encoder_or_bound_makes_another_version(
    versions: Versions, content: Content, config: Config, encoder: Encoder
) -> None:
    first = versions.current()
    assert versions.build(content, config, encoder, 0.2)[0] != first
    assert versions.build(content, config, Counting(encoder, "another"), 0.1)[0] != first


def test_without_a_published_version_the_cure_is_said(tmp_path: Path, encoder: Encoder) -> None:
    with pytest.raises(VersionError, match="kb_index build"):
        Versions(tmp_path).load_current(encoder)


def test_an_empty_knowledge_base_can_be_built_published_and_loaded(
    tmp_path: Path, config: Config, encoder: Encoder
) -> None:
    versions = Versions(tmp_path)
    versions.publish(versions.build(Content(), config, encoder, 0.1)[0], encoder)
    index = versions.load_current(encoder)
    found = index.search("hello", encoder.encode(["hello"])[0], "en")
    assert found["decision"]["reason"] == "empty_index"


def test_old_versions_are_deleted_but_never_the_one_that_serves(
    versions: Versions, content: Content, config: Config, encoder: Encoder
) -> None:
    for count in range(1, 4):
        version, _ = versions.build(
            dataclasses.replace(content, articles=content.articles[count:]), config, encoder, 0.1
        )
        versions.publish(version, encoder, keep_count=2)
    assert len(versions.all()) == 2
    assert versions.current() == version
    versions.load_current(encoder)
