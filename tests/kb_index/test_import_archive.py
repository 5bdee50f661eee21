"""Zips: an export comes back identical; bombs, links and names that lead out of the folder do not come in."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from kb_index import import_archive
from kb_index.errors import ContentError
from tests.kb_index.conftest import write_content
from tests.kb_index.imports import articles_of, take

VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\nOpen the box.\n"


def packed(path: Path, files: dict[str, bytes | str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def export(tmp_path: Path) -> Path:
    """A content folder with one of everything, line ends and marks of other systems among it."""
    folder = write_content(tmp_path / "ours")
    video = "---\nid: tour\nlang: en\ntitle: Tour\nvideo: https://example.org/v\ncaptions: tour.en.vtt\n---\n"
    for name, text in (
        ("videos/tour.en.md", video),
        ("videos/tour.en.vtt", VTT),
        ("golden/console.jsonl", '{"text": "Where?", "lang": "en", "expected": []}\n'),
        ("manuals/sub/crlf.en.md", "\ufeff---\r\nid: crlf\r\nlang: en\r\ntitle: Lines\r\n---\r\nOne.\r\nTwo.\r\n"),
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    return folder


@pytest.mark.parametrize("top", ["", "export-2026/"])
def test_an_export_imports_back_identical(tmp_path: Path, top: str) -> None:
    folder, content = export(tmp_path), tmp_path / "content"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    source = packed(tmp_path / "export.zip", {top + name: data for name, data in files.items()})
    content.mkdir()
    (content / "kb.yml").write_bytes(files["kb.yml"])
    result = take(source, content)
    assert (result.problems, result.conflicts) == ([], [])
    assert {
        path.relative_to(content).as_posix(): path.read_bytes() for path in content.rglob("*") if path.is_file()
    } == files
    again = take(source, content)
    assert (again.written, again.conflicts, len(again.unchanged)) == ([], [], len(files) - 1)


def test_a_zip_of_other_markdown_is_a_manual_and_its_folder_names_are_no_trap(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "wiki-main/blog/post.md": "# A post\n\nNot in our layout.\n",
        "wiki-main/guide.md": "# Guide\n\nSee [the post](blog/post.md).\n",
        "wiki-main/.git/config.md": "# no",
        "__MACOSX/guide.md": "junk",
        "wiki-main/logo.png": b"\x89PNG",
    }
    result = take(packed(tmp_path / "wiki.zip", files), tmp_path / "content")
    assert (result.written, result.problems) == (["manuals/post.en.md", "manuals/guide.en.md"], [])
    assert "(/articles/en/post)" in articles_of(tmp_path / "content")["guide"].text


NAMES = ["../out.md", "/etc/out.md", "a/../../out.md", "C:/out.md", "..\\out.md", "faq/../../out.en.md", "./out.md"]


@pytest.mark.parametrize("name", NAMES)
def test_names_that_lead_out_are_refused_and_the_rest_is_kept(tmp_path: Path, name: str) -> None:
    source = packed(tmp_path / "x.zip", {name: "# Out\n\ntext\n", "good.md": "# Good\n\ntext\n"})
    result = take(source, tmp_path / "deep" / "content")
    assert result.written == ["manuals/good.en.md"]
    assert "leads out of the archive" in str(result.problems[0])
    assert not list(tmp_path.rglob("out*"))


def test_links_in_zips_and_folders_that_lead_elsewhere_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("# Secret\n\nwords\n")
    link = zipfile.ZipInfo("link.md")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, str(secret))
    assert "a link" in str(take(tmp_path / "x.zip", tmp_path / "content").problems[0])
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.md").write_text("# A\n\nwords\n")
    (folder / "b.md").symlink_to(secret)
    assert take(folder, tmp_path / "content").written == ["manuals/a.en.md"]


def test_bombs_are_refused_by_what_they_say_and_by_what_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_archive, "MAX_UNPACKED", 1_000_000)
    source = packed(tmp_path / "x.zip", {f"{n}.md": "x" * 400_000 for n in range(3)})
    with pytest.raises(ContentError, match="unpacks to more than"):
        take(source, tmp_path / "content")
    data = bytearray(source.read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:  # the list of contents says that each unpacks to a byte
        data[at + 24 : at + 28] = (1).to_bytes(4, "little")
        at = data.find(b"PK\x01\x02", at + 4)
    source.write_bytes(data)
    result = take(source, tmp_path / "content")
    assert not result.written
    assert len(result.problems) == 3
    assert all("damaged" in str(problem) or "too much" in str(problem) for problem in result.problems)


def test_a_damaged_or_locked_member_is_named_and_the_rest_is_kept(tmp_path: Path) -> None:
    source = packed(tmp_path / "x.zip", {"a.md": "# A\n\n" + "words " * 99, "b.md": "# B\n\nwords\n"})
    data = bytearray(source.read_bytes())
    data[45] ^= 0xFF
    source.write_bytes(data)
    result = take(source, tmp_path / "content")
    assert result.written == ["manuals/b.en.md"]
    assert "damaged" in str(result.problems[0])
    for broken in (bytes(data[:60]), b"", b"PK\x05\x06" + b"\xff" * 18):
        source.write_bytes(broken)
        with pytest.raises(ContentError, match=r"not a zip|no file in it|unpacks"):
            take(source, tmp_path / "content")


def test_a_zip_in_a_zip_is_not_unpacked(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.md", "# A\n\nwords\n")
    with pytest.raises(ContentError, match="no file in it"):
        take(packed(tmp_path / "x.zip", {"inner.zip": inner.getvalue()}), tmp_path / "content")
