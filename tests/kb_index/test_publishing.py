"""A publication is live at once and whole: index and files, or neither; also where it is killed or the disk is full."""

from __future__ import annotations

import asyncio
import errno
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kb_index import publishing
from kb_index.encoder import Encoder
from kb_index.publishing import content_folder, recovered
from kb_index.versions import Versions
from tests.kb_index.site import MakeClient, Site, copied, made_site, served

DARK = "faq/dark-theme.en.md"
NEW = """---
id: holiday
lang: en
title: Ask for a holiday
questions:
  - "How do I ask for a holiday?"
  - "apply for annual leave"
  - "days off request"
---
Open **Absences** and choose the days.
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    return made_site(tmp_path_factory.mktemp("made"), encoder)


@pytest.fixture
async def site(made: Path, tmp_path: Path, aiohttp_client: MakeClient, encoder: Encoder) -> Site:
    return await served(copied(made, tmp_path), aiohttp_client, encoder)


async def test_a_new_article_answers_at_once_and_is_in_the_folder(site: Site) -> None:
    before = site.versions.current()
    status, done = await site.publish({"faq/holiday.en.md": NEW}, base=before, facts={"by": "Ada", "note": "asked for"})
    assert (status, done["previous"], done["files"]) == (200, before, ["faq/holiday.en.md"])
    hit = await site.first("How do I ask for a holiday?")
    assert (hit["article"], site.versions.current()) == ("holiday", done["version"])
    assert (site.content / "faq/holiday.en.md").read_text() == NEW
    _, listed = await site.get("/versions")
    newest = listed["versions"][0]
    assert (newest["version"], newest["live"], newest["by"], newest["note"]) == (
        done["version"],
        True,
        "Ada",
        "asked for",
    )
    assert (newest["files"], newest["articles"], newest["fitted"]) == (["faq/holiday.en.md"], 7, before)


async def test_a_changed_and_a_deleted_article_take_effect_and_nothing_else_moves(site: Site) -> None:
    changed = (site.content / DARK).read_text().replace("Choose **Dark**", "Press **Night**")
    status, _ = await site.publish({DARK: changed, "faq/create-user.en.md": None})
    assert status == 200
    assert (await site.first("How do I turn on dark mode?"))["text"] == "Press **Night** in your profile."
    assert (await site.first("add a colleague"))["article"] != "create-user"
    assert not (site.content / "faq/create-user.en.md").exists()
    assert (await site.get("/articles/en/create-user"))[0] == 404
    _, listed = await site.get("/articles")
    assert len(listed["articles"]) == 5
    assert (await site.first("I forgot my password"))["article"] == "reset-password"


async def test_rolling_back_brings_back_index_and_files(site: Site) -> None:
    before = site.versions.current()
    old = {path.name: path.read_bytes() for path in (site.content / "faq").iterdir()}
    await site.publish({"faq/holiday.en.md": NEW, "faq/create-user.en.md": None})
    await site.publish({DARK: (site.content / DARK).read_text().replace("Dark theme", "Night theme")})
    (site.content / "faq" / "scan-document.en.md").write_text("edited by hand, in no version")
    status, done = await site.post("/rollback", {"version": before})
    assert (status, done["version"]) == (200, before)
    assert {path.name: path.read_bytes() for path in (site.content / "faq").iterdir()} == old
    assert (await site.first("add a colleague"))["article"] == "create-user"
    aside = list((site.versions.folder / "replaced").rglob("scan-document.en.md"))
    assert [path.read_text() for path in aside] == ["edited by hand, in no version"], "nothing is lost"
    _, listed = await site.get("/versions")
    assert [row["live"] for row in listed["versions"]] == [False, False, True]


async def test_who_publishes_over_another_version_is_told(site: Site) -> None:
    base = site.versions.current()
    await site.publish({"faq/holiday.en.md": NEW}, base=base)
    status, body = await site.publish({"faq/create-user.en.md": None}, base=base)
    assert (status, body["error"]["code"]) == (409, "changed_meanwhile")
    assert (site.content / "faq/create-user.en.md").exists()


@pytest.mark.parametrize(
    ("path", "source", "line", "says"),
    [
        ("faq/holiday.en.md", NEW.replace("title: Ask for a holiday\n", ""), 1, "title: missing"),
        ("faq/other.en.md", NEW, 2, "expected holiday.en.md"),
        ("blog/dark-theme.en.md", NEW.replace("holiday", "dark-theme"), None, "is taken by"),
        ("faq/../../x.en.md", NEW, None, "not the path of a content file"),
        ("kb.yml", "product_names: []", None, "not the path of a content file"),
        ("golden/console.jsonl", '{"text": 1}\n', 1, "expected"),
        ("faq/holiday.en.md", NEW.replace("lang: en", "lang: en\nvalid_until: tomorrow"), 4, "expected a date"),
    ],
)
async def test_what_cannot_be_published_is_named_with_its_line_and_nothing_changes(
    site: Site, path: str, source: str, line: int | None, says: str
) -> None:
    before = site.versions.current()
    status, body = await site.publish({path: source})
    assert (status, body["error"]["code"]) == (422, "invalid_content")
    (problem,) = body["error"]["problems"]
    assert (problem["path"], problem["line"]) == (path, line)
    assert says in problem["message"]
    assert site.versions.current() == before


async def test_internal_and_expired_articles_are_not_found_by_customers(site: Site) -> None:
    internal = NEW.replace("lang: en", "lang: en\naudience: internal")
    expired = (site.content / DARK).read_text().replace("lang: en", "lang: en\nvalid_until: 2020-01-01")
    await site.publish({"faq/holiday.en.md": internal, DARK: expired})
    for text in ("How do I ask for a holiday?", "How do I turn on dark mode?"):
        _, found = await site.post("/search", {"text": text, "lang": "en", "limit": 20})
        assert not {"holiday", "dark-theme"} & {hit["article"] for hit in found["hits"]}
    _, found = await site.post("/search", {"text": "apply for annual leave", "lang": "en", "audience": "internal"})
    assert found["hits"][0]["article"] == "holiday"


async def test_what_was_published_is_not_undone_by_a_version_that_was_built_before(
    site: Site, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kb_index import cli
    from kb_index.errors import KbError

    monkeypatch.setenv("GUICHET_DATA_DIR", str(site.folder / "var"))
    monkeypatch.setenv("GUICHET_CONTENT_DIR", str(site.content))
    versions = site.versions
    (site.content / "faq" / "export-pdf.en.md").unlink()
    before = versions.current()
    sources = content_folder(versions, site.content)
    _, done = await site.publish({"faq/holiday.en.md": NEW})
    versions.write("built", f"{before} {before}")  # a build that began before and ended after
    with pytest.raises(KbError, match="would undo it; build again"):
        await asyncio.to_thread(cli.publish)
    assert versions.current() == done["version"]
    await asyncio.to_thread(cli.build)
    assert versions.built() == (done["version"], done["version"]), "the same files make no other version"
    assert "faq/export-pdf.en.md" not in sources


async def test_what_killed_builds_left_is_swept_and_what_changes_nothing_makes_no_version(site: Site) -> None:
    left = site.versions.folder / "versions" / ".building-4194999-x"  # above the largest process id of Linux
    left.mkdir()
    before = site.versions.current()
    same = (site.content / DARK).read_text()
    status, done = await site.publish({DARK: same})
    assert (status, done) == (200, {"version": before, "previous": before, "files": []})
    await site.publish({"faq/holiday.en.md": NEW})
    assert not left.exists()


async def test_the_same_published_again_by_somebody_else_says_so(site: Site) -> None:
    before = site.versions.current()
    await site.publish({"faq/holiday.en.md": NEW}, facts={"by": "Ada"})
    await site.post("/rollback", {"version": before})
    await site.publish({"faq/holiday.en.md": NEW}, facts={"by": "Bob"})
    _, listed = await site.get("/versions")
    assert [(row["by"], row["live"]) for row in listed["versions"]] == [("Bob", True), ("Ada", False), (None, False)]


async def test_searches_go_on_while_versions_change(site: Site) -> None:
    ended, statuses = False, []

    async def ask_on() -> None:
        while not ended:
            status, body = await site.post("/search", {"text": "I forgot my password", "lang": "en"})
            statuses.append((status, body["hits"][0]["article"]))

    workers = [asyncio.create_task(ask_on()) for _ in range(3)]
    for number in range(4):
        assert (await site.publish({"faq/holiday.en.md": NEW + f"{number}\n"}))[0] == 200
    ended = True
    await asyncio.gather(*workers)
    assert len(statuses) > 4
    assert set(statuses) == {(200, "reset-password")}


@pytest.mark.parametrize("step", ["_note", "_stage", "switch"])
async def test_a_full_disk_changes_nothing_and_is_said(site: Site, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    before = site.versions.current()
    files = {path: path.read_bytes() for path in site.content.rglob("*") if path.is_file()}

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "somewhere")

    monkeypatch.setattr(Versions if step == "switch" else publishing, step, full)
    status, body = await site.publish({"faq/holiday.en.md": NEW, DARK: None})
    assert (status, body["error"]["code"]) == (507, "disk_full")
    assert "No space left" in body["error"]["message"]
    monkeypatch.undo()
    assert site.versions.current() == before
    assert {path: path.read_bytes() for path in site.content.rglob("*") if path.is_file()} == files
    assert not (site.versions.folder / "publishing.json").exists()
    assert (await site.publish({"faq/holiday.en.md": NEW, DARK: None}))[0] == 200


KILLED = """
import os, signal, sys
from pathlib import Path
from kb_index import publishing
from kb_index.sources import Kept
from kb_index.versions import Versions
folder, version, at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
versions = Versions(folder / "var" / "kb")
count = 0
def event(name, args):
    global count
    if name in ("open", "os.rename", "os.remove", "os.mkdir"):
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(event)
kept = Kept(versions.path(version))
paths = publishing.differing(publishing.content_folder(versions, folder / "content").digests, kept.digests)
publishing.put_live(versions, folder / "content", version, versions.current(), paths)
print(count)
"""


async def test_a_publication_killed_at_any_point_is_whole_or_not_there(
    site: Site, tmp_path: Path, encoder: Encoder
) -> None:
    old = {path: (site.content / path).read_bytes() for path in content_folder(site.versions, site.content)}
    before = site.versions.current()
    await site.publish({"faq/holiday.en.md": NEW, DARK: None, "levels/nas.en.md": None})
    version = site.versions.current()
    assert before
    assert version
    new = {path: (site.content / path).read_bytes() for path in content_folder(site.versions, site.content)}
    await site.post("/rollback", {"version": before})
    await site.client.close()
    outcomes = set()
    for at in range(1, 200):
        work = tmp_path / f"killed-{at}"
        for name in ("content", "var"):
            shutil.copytree(tmp_path / name, work / name)
        command = [sys.executable, "-c", KILLED, str(work), version, str(at)]
        ended = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        versions = Versions(work / "var" / "kb")
        recovered(versions, work / "content")
        assert not (versions.folder / "publishing.json").exists()
        live = versions.current()
        files = {path: (work / "content" / path).read_bytes() for path in content_folder(versions, work / "content")}
        assert live in (before, version)
        assert files == (new if live == version else old), f"killed at {at}"
        assert not list((work / "content").rglob(".*.publishing"))
        outcomes.add((ended.returncode, live))
        shutil.rmtree(work)
        if ended.returncode == 0:
            break
    assert {live for code, live in outcomes if code} == {before, version}, "killed before and after the switch"
    assert (0, version) in outcomes
