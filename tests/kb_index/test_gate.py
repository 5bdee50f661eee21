"""Trying drafts, and the gate: what a publication would change is said before it is published."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from kb_index.encoder import Encoder
from kb_index.gate import gate
from kb_index.settings import load_settings
from tests.kb_index.site import TOKEN, MakeClient, Site, copied, made_site, publish_folder, served

GOLDEN: list[dict[str, Any]] = [
    {"text": "I lost my password", "lang": "en", "expected": ["reset-password"]},
    {"text": "how can I make the screen darker?", "lang": "en", "expected": ["dark-theme"], "part": "test"},
    {"text": "save my document as PDF", "lang": "en", "expected": ["export-pdf"]},
    {"text": "my NAS is broken", "lang": "en", "level": 4, "topic": "nas"},
    {"text": "where do whales sleep", "lang": "en", "expected": []},
]
QUESTIONS: list[dict[str, Any]] = [
    {"text": "I forgot my password", "lang": "en", "count": 9},
    {"text": "dark theme", "lang": "en", "count": 3},
    {"text": "How do I scan a document?", "lang": "en"},
]
STEALS = """---
id: new-login
lang: en
title: Get a new login
questions:
  - "I forgot my password!"
  - "How can I reset my password?"
  - "password lost again"
  - "new password please, quickly"
---
Write to [us](/articles/en/nowhere), see [there](/articles/en/scan-document#nothing)
or [the theme](/articles/en/dark-theme).
"""
DARK = "faq/dark-theme.en.md"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    folder = made_site(tmp_path_factory.mktemp("made"), encoder)
    (folder / "content" / "golden").mkdir()
    lines = "".join(json.dumps(row) + "\n" for row in GOLDEN)
    (folder / "content" / "golden" / "some.jsonl").write_text(lines)
    publish_folder(folder, encoder)
    return folder


@pytest.fixture
async def site(made: Path, tmp_path: Path, aiohttp_client: MakeClient, encoder: Encoder) -> Site:
    return await served(copied(made, tmp_path), aiohttp_client, encoder)


def rows(changes: Mapping[str, str | None]) -> list[dict[str, str | None]]:
    return [{"path": path, "source": source} for path, source in changes.items()]


async def checked(
    site: Site, changes: Mapping[str, str | None], questions: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The report of the gate, run as a job."""
    status, started = await site.post("/gate", {"changes": rows(changes), "questions": questions})
    assert status == 202
    async with asyncio.timeout(120):
        while (job := (await site.get(f"/jobs/{started['job']}"))[1])["state"] == "running":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert job["state"] == "done", job
    report: dict[str, Any] = job["result"]
    return report


async def test_the_gate_names_what_a_draft_breaks(site: Site) -> None:
    report = await checked(site, {"faq/new-login.en.md": STEALS, DARK: None}, QUESTIONS)
    assert not report["passes"]
    assert report["base"] == site.versions.current()
    golden = report["golden"]
    assert golden["asked"] == len(GOLDEN)
    assert golden["was_right"] > golden["right"]
    assert "how can I make the screen darker?" in [one["text"] for one in golden["lost"]], "the test part is asked too"
    kinds = {one["kind"] for one in report["blocks"]}
    assert {"golden_lost", "dead_link", "stolen_question"} <= kinds
    dead = sorted(one["message"] for one in report["blocks"] if one["kind"] == "dead_link")
    assert dead == ["/articles/en/dark-theme", "/articles/en/nowhere", "/articles/en/scan-document#nothing"]
    changed = {row["text"]: row for row in report["diff"]}
    assert "How do I scan a document?" not in changed
    assert changed["dark theme"]["before"]["article"] == "dark-theme"
    assert changed["dark theme"]["kind"] in ("lost", "changed", "to_handoff")
    assert "near_duplicate" in [one["kind"] for one in report["warnings"]]


async def test_the_gate_lets_a_good_draft_through_and_says_what_it_mends(site: Site) -> None:
    text = (site.content / DARK).read_text()
    mended = text.replace("Choose **Dark**", "Press **Night**").replace("lang: en", "lang: en\nvalid_until: 2020-01-31")
    report = await checked(site, {DARK: text.replace("Choose **Dark**", "Press **Night**")}, QUESTIONS)
    assert (report["passes"], report["blocks"], report["golden"]["lost"]) == (True, [], [])
    (row,) = report["diff"]
    assert (row["kind"], row["before"]["text"], row["after"]["text"]) == (
        "changed", "Choose **Dark** in your profile.", "Press **Night** in your profile.",
    )  # fmt: skip
    report = await checked(site, {DARK: mended}, [])
    assert ("expired", "2020-01-31") in [(one["kind"], one["message"]) for one in report["warnings"]]


async def test_the_same_draft_gives_the_same_report(site: Site, encoder: Encoder) -> None:
    settings = load_settings(data_dir=site.folder / "var", content_dir=site.content)
    changes: dict[str, bytes | None] = {"faq/new-login.en.md": STEALS.encode()}
    questions = [(row["text"], row["lang"], row.get("count", 1)) for row in QUESTIONS]
    reports = [gate(settings, encoder, changes, questions) | {"seconds": 0} for _ in range(2)]
    assert reports[0] == reports[1]
    (site.versions.folder / "vectors.sqlite").unlink()
    assert gate(settings, encoder, changes, questions) | {"seconds": 0} == reports[0], "with nothing remembered"


async def test_an_invalid_file_blocks_and_the_rest_is_checked(site: Site) -> None:
    report = await checked(site, {"faq/new-login.en.md": STEALS.replace("title:", "titel:"), DARK: None}, QUESTIONS)
    (invalid,) = [one for one in report["blocks"] if one["kind"] == "invalid"]
    assert (invalid["path"], invalid["line"]) == ("faq/new-login.en.md", 1)
    assert report["golden"]["lost"]


async def test_a_draft_is_tried_beside_what_serves_and_says_why(site: Site) -> None:
    text = "new password please, quickly"
    body = {"questions": [{"text": text, "lang": "en"}], "changes": rows({"faq/new-login.en.md": STEALS})}
    status, found = await site.post("/try", body)
    assert status == 200
    (row,) = found["results"]
    assert [row["draft"]["hits"][0]["article"], row["live"]["hits"][0]["article"]] == ["new-login", "reset-password"]
    because = row["draft"]["hits"][0]["because"]
    assert (because["text"], because["kind"], because["lang"]) == (text, "question", "en")
    assert because["signals"]["meaning"] > 0.8
    assert all("because" in hit for hit in [*row["live"]["hits"], *row["live"]["topics"]])
    assert (await site.first(text))["article"] == "reset-password", "nothing was published"
    title = {"questions": [{"text": "Dark theme", "lang": "en"}], "changes": []}
    _, found = await site.post("/try", title)
    assert found["results"][0]["live"]["hits"][0]["because"]["kind"] in ("title", "question")


async def test_questions_are_grouped_by_meaning(site: Site) -> None:
    texts = [
        "How do I reset my password?",
        "how can I reset my password",
        "Where do whales sleep?",
        "reset my password",
    ]
    questions = [{"text": text, "lang": "en", "count": count} for text, count in zip(texts, (2, 1, 9, 1), strict=True)]
    status, found = await site.post("/groups", {"questions": questions})
    assert status == 200
    assert [sorted(one["members"]) for one in found["groups"]] == [[2], [0, 1, 3]]
    assert found["groups"][0]["name"] == "Where do whales sleep?"
    assert (await site.post("/groups", {"questions": []}))[1] == {"groups": []}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/try", {}),
        ("/try", {"questions": [{"text": 5, "lang": "en"}]}),
        ("/try", {"questions": [], "limit": 0}),
        ("/try", {"questions": [], "changes": {"faq/a.en.md": "x"}}),
        ("/gate", {"questions": "all"}),
        ("/groups", {}),
        ("/check", {"changes": [{"path": "faq/a.en.md", "source": 5}]}),
        ("/publish", {"changes": [{"path": "../a", "source": ""}]}),
        ("/publish", {"changes": [], "base": 5}),
        ("/publish", {"changes": [], "facts": {"by": 5}}),
        ("/rollback", {"version": "../../etc"}),
    ],
)
async def test_what_cannot_be_asked_is_refused(site: Site, path: str, body: dict[str, object]) -> None:
    status, answer = await site.post(path, body)
    assert status == 422
    assert set(answer["error"]) >= {"code", "message", "field"}


async def test_content_is_listed_and_read_with_its_problems(site: Site) -> None:
    (site.content / "faq" / "bad.en.md").write_text("no front matter")
    status, found = await site.get("/content")
    assert (status, found["version"]) == (200, site.versions.current())
    row = next(one for one in found["files"] if one["path"] == DARK)
    assert row | {"version": ""} == {
        "path": DARK, "id": "dark-theme", "lang": "en", "kind": "faq", "title": "Dark theme", "questions": 5,
        "version": "", "category": "account", "updated": "2026-03-01", "audience": "public", "valid_from": None,
        "valid_until": None, "topic": None,
    }  # fmt: skip
    assert [one["path"] for one in found["problems"]] == ["faq/bad.en.md"]
    assert {one["id"] for one in found["files"] if one["kind"] == "topic"} == {"invoice", "nas", "down"}
    _, source = await site.get(f"/content/{DARK}")
    assert source == {"path": DARK, "source": (site.content / DARK).read_text(), "version": row["version"]}
    assert (await site.get("/content/faq/none.en.md"))[0] == 404
    assert (await site.get("/content/company.yml"))[0] == 404
    async with site.client.get("/content", headers=TOKEN) as response:
        tag = response.headers["ETag"]
    async with site.client.get("/content", headers=TOKEN | {"If-None-Match": tag}) as response:
        assert response.status == 304
    (site.content / "faq" / "bad.en.md").unlink()
    async with site.client.get("/content", headers=TOKEN | {"If-None-Match": tag}) as response:
        assert response.status == 200


async def test_a_draft_is_checked_as_it_would_be_read(site: Site) -> None:
    head = "---\nid: guide\nlang: en\ntitle: Guide\nupdated: 2026-02-03\ntags: [a]\n---\n"
    manual = head + "## One\n\nFirst.\n\n## Two\n\nSecond.\n"
    status, found = await site.post("/check", {"changes": rows({"manuals/guide.en.md": manual, "faq/x.en.md": "x"})})
    assert status == 200
    (row,) = found["files"]
    assert (row["kind"], row["title"], row["meta"]["tags"]) == ("manual", "Guide", ["a"])
    assert [(one["heading"], one["text"]) for one in row["passages"]] == [("One", "First."), ("Two", "Second.")]
    assert [(one["path"], one["line"]) for one in found["problems"]] == [("faq/x.en.md", 1)]


async def test_endless_references_in_front_matter_are_a_problem_and_no_bomb(site: Site) -> None:
    bomb = "---\na: &a [x, x, x, x, x, x, x, x, x]\n"
    for number in range(20):
        name, before = chr(ord("b") + number), chr(ord("a") + number)
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n"
    bomb += "id: bomb\nlang: en\ntitle: *u\nquestions: *u\n---\ntext\n"
    async with asyncio.timeout(5):
        _, found = await site.post("/check", {"changes": rows({"faq/bomb.en.md": bomb})})
    assert found["files"] == []
    assert "cannot be used" in found["problems"][0]["message"]
