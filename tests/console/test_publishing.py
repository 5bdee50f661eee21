"""Try, prove, publish, roll back, plan: over the real kb service."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.console.schedule import Schedule
from bot.staff.tables import text_of
from tests.console.asking import NOBODY, answered, ask, dialogue
from tests.console.site import ConsoleSite, Editor, open_console

KEY = "faq:dark-theme"


async def job(editor: Editor, ident: str) -> Any:
    """The job, once it has ended."""
    async with asyncio.timeout(120):
        for pause in itertools.repeat(0.1):
            found = await editor.get(f"/jobs/{ident}")
            if found["state"] != "running":
                break
            await asyncio.sleep(pause)
    return found


async def live(editor: Editor, question: str) -> Any:
    body = {"text": question, "lang": "en", "draft": False}
    return (await editor.do("POST", "/try", body))["results"][0]["live"]


async def test_a_draft_can_be_tried_beside_what_is_published(console: ConsoleSite, clara: Editor) -> None:
    await clara.save(KEY, "en", None, text="Press the moon.")
    tried = (await clara.do("POST", "/try", {"text": "dark theme", "lang": "en"}))["results"][0]
    assert (tried["draft"]["hits"][0]["text"], tried["live"]["hits"][0]["text"]) == (
        "Press the moon.",
        "Choose **Dark** in your profile.",
    )
    status, many = await clara.upload("/try?lang=en", b"question;lang\ndark theme;en\nmot de passe;fr\n", "q.csv")
    assert status == 200, many
    assert [(one["text"], one["lang"]) for one in many["results"]] == [("dark theme", "en"), ("mot de passe", "fr")]


async def test_a_draft_is_proved_published_and_rolled_back(console: ConsoleSite, clara: Editor) -> None:
    before = (await live(clara, "dark theme"))["hits"][0]["version"]
    await clara.save(KEY, "en", None, text="Press the moon.")
    begun = await clara.do("POST", "/gate", {"articles": [KEY]}, 202)
    assert (await job(clara, begun["job"]))["state"] == "done"
    done = await clara.do("POST", "/publish", {"articles": [KEY], "gate": begun["job"], "note": "moon"})
    assert done["passes"]
    now = await live(clara, "dark theme")
    assert now["hits"][0]["text"] == "Press the moon."
    shown = (await clara.article(KEY))["langs"]["en"]
    assert (shown["state"], shown["draft"], shown["version"]) == ("published", None, now["hits"][0]["version"])
    versions = (await clara.get("/versions"))["versions"]
    assert (versions[0]["version"], versions[0]["by"], versions[0]["note"]) == (done["version"], "Clara", "moon")
    assert versions[0]["files"] == ["faq/dark-theme.en.md"]
    back = await clara.do("POST", "/rollback", {"version": done["previous"]})
    assert back["version"] == done["previous"]
    assert (await live(clara, "dark theme"))["hits"][0]["version"] == before
    assert (await clara.article(KEY))["langs"]["en"]["text"] == "Choose **Dark** in your profile."
    history = (await clara.get(f"/articles/{KEY}/revisions?lang=en"))["revisions"]
    assert [one["note"] for one in history] == ["", ""]  # what was taken back is still there
    gone = await clara.do("POST", "/publish", {}, 422)
    assert gone["error"]["code"] == "nothing_to_publish"


async def test_a_gate_of_other_texts_is_not_believed(console: ConsoleSite, clara: Editor) -> None:
    saved = (await clara.save(KEY, "en", None, text="Press the moon."))["article"]["langs"]["en"]["draft"]
    begun = await clara.do("POST", "/gate", {}, 202)
    await clara.save(KEY, "en", saved["revision"], text="Press the sun.")
    refused = await clara.do("POST", "/publish", {"gate": begun["job"]}, 409)
    assert refused["error"]["code"] == "gate_outdated"


async def test_a_lost_golden_question_blocks_and_only_an_administrator_overrules_with_a_reason(
    console: ConsoleSite, clara: Editor
) -> None:
    golden = {"text": "where is the dark theme", "lang": "en", "expected": ["dark-theme"]}
    await clara.do("POST", "/golden", golden, 201)
    assert [one["state"] for one in (await clara.get("/golden"))["questions"]] == ["new"]
    await clara.do("POST", "/publish", {})
    assert [one["state"] for one in (await clara.get("/golden"))["questions"]] == ["published"]
    await clara.do("DELETE", f"/articles/{KEY}?lang=en")
    refused = await clara.do("POST", "/publish", {}, 409)
    assert refused["error"]["code"] == "gate_blocked"
    assert refused["report"]["golden"]["lost"][0]["text"] == golden["text"]
    assert (await clara.do("POST", "/publish", {"overrule": "no"}, 403))["error"]["code"] == "not_allowed"
    chief = await console.editor("Ada", "administrator")
    assert (await chief.do("POST", "/publish", {"overrule": " "}, 422))["error"]["code"] == "reason_needed"
    done = await chief.do("POST", "/publish", {"overrule": "The theme is gone."})
    assert not done["passes"]
    assert (await clara.call("GET", f"/articles/{KEY}"))[0] == 404
    entries = (await chief.who.get("/api/staff/audit"))["entries"]
    kept = next(one for one in entries if one["action"] == "console_overruled")
    assert (kept["details"]["reason"], kept["details"]["version"]) == ("The theme is gone.", done["version"])


async def test_a_planned_publication_fires_once_however_many_processes_look(
    console: ConsoleSite, clara: Editor
) -> None:
    await clara.save(KEY, "en", None, text="Press the moon.")
    at = text_of(datetime.now(UTC) + timedelta(hours=1))
    planned = await clara.do("POST", f"/articles/{KEY}/schedule", {"lang": "en", "publish_at": at})
    assert planned["article"]["langs"]["en"]["publish_at"] == at
    assert (await clara.get("/articles?state=scheduled"))["total"] == 1
    parts = console.console
    schedules = [Schedule(parts.publisher.database, parts.publisher, parts.feed) for _ in range(2)]
    later = datetime.now(UTC) + timedelta(hours=2)
    await asyncio.gather(*(schedule.fire(later) for schedule in schedules))
    shown = (await clara.article(KEY))["langs"]["en"]
    assert (shown["state"], shown["publish_at"], shown["text"]) == ("published", None, "Press the moon.")
    assert len((await clara.get("/versions"))["versions"]) == 2


async def test_a_planned_publication_that_cannot_be_says_why(console: ConsoleSite, clara: Editor) -> None:
    await clara.save(KEY, "en", None, text="")
    at = text_of(datetime.now(UTC) + timedelta(hours=1))
    await clara.do("POST", f"/articles/{KEY}/schedule", {"lang": "en", "publish_at": at})
    parts = console.console
    await Schedule(parts.publisher.database, parts.publisher, parts.feed).fire(datetime.now(UTC) + timedelta(hours=2))
    shown = (await clara.article(KEY))["langs"]["en"]
    assert (shown["state"], shown["publish_at"]) == ("changed", None)
    assert shown["publish_error"]["code"]


async def test_what_went_on_while_it_was_published_stays_a_draft_and_is_not_behind(
    console: ConsoleSite, clara: Editor
) -> None:
    saved = (await clara.save(KEY, "en", None, text="Press the moon."))["article"]["langs"]["en"]["draft"]
    publisher = console.console.publisher
    batch = await publisher.batch()
    dario = await console.editor("Dario")
    await dario.save(KEY, "en", saved["revision"], text="Press the moon twice.")
    await publisher.publish(batch, await console.person(clara))
    shown = (await clara.article(KEY))["langs"]["en"]
    assert (shown["state"], shown["text"], shown["draft"]["behind"]) == ("changed", "Press the moon twice.", False)


async def test_with_kb_gone_publishing_says_so_and_changes_nothing(console: ConsoleSite, clara: Editor) -> None:
    await clara.save(KEY, "en", None, text="Press the moon.")
    await console.kb.stop()
    for path in ("/gate", "/publish", "/try"):
        answer = await clara.do("POST", path, {"text": "a", "lang": "en"}, 503)
        assert answer["error"]["code"] == "search_unavailable"
    await console.kb.start()
    assert (await clara.article(KEY))["langs"]["en"]["state"] == "changed"


async def test_a_process_that_died_right_after_publishing_leaves_no_draft_behind(
    console: ConsoleSite, clara: Editor
) -> None:
    await clara.save(KEY, "en", None, text="Press the moon.")
    parts = console.console
    batch = await parts.publisher.batch()
    base = (await parts.kb.call("GET", "/careful"))["version"]
    body = {"changes": batch.changes, "base": base, "facts": {"by": "Clara", "note": ""}}
    await parts.kb.call("POST", "/publish", body, long=True)  # and nothing is noted of it
    shown = (await clara.article(KEY))["langs"]["en"]
    assert (shown["state"], shown["draft"], shown["text"]) == ("published", None, "Press the moon.")
    history = (await clara.get(f"/articles/{KEY}/revisions?lang=en"))["revisions"]
    assert history[0]["author"]["name"] == "Clara"


async def test_all_of_it_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    async with open_console(tmp_path, database_url=postgres_url) as console:
        clara, dario = await console.editor("Clara"), await console.editor("Dario")
        listed = await clara.get("/articles?limit=2&q=a")
        assert (await clara.get(f"/articles?limit=2&q=a&after={listed['next']}"))["articles"]
        saved = (await clara.save(KEY, "en", None, text="Press the moon."))["article"]["langs"]["en"]["draft"]
        await clara.save(KEY, "en", saved["revision"], text="Press the sun.")
        assert (await dario.save(KEY, "en", saved["revision"], 409, text="x"))["error"]["code"] == "changed_meanwhile"
        await clara.do("POST", f"/articles/{KEY}/comments", {"text": "Done."}, 201)
        await clara.do("POST", f"/articles/{KEY}/presence", {"doing": "looking"})
        await clara.do("POST", "/golden", {"text": "dark?", "lang": "en", "expected": ["dark-theme"]}, 201)
        at = text_of(datetime.now(UTC) + timedelta(hours=1))
        await clara.do("POST", f"/articles/{KEY}/schedule", {"lang": "en", "publish_at": at})
        parts = console.console
        pair = [Schedule(parts.publisher.database, parts.publisher, parts.feed) for _ in range(2)]
        await asyncio.gather(*(one.fire(datetime.now(UTC) + timedelta(hours=2)) for one in pair))
        assert (await clara.article(KEY))["langs"]["en"]["state"] == "published"
        assert (await clara.do("POST", "/publish", {}))["passes"]
        dialogue(console, {"can I pay": NOBODY, "make it dark": answered("dark-theme", "0", 0.9)})
        await ask(console, "can I pay")
        await ask(console, "make it dark", True)
        assert len((await clara.get("/gaps"))["gaps"]) == 1
        assert len((await clara.get("/proposals"))["proposals"]) == 1
        assert (await clara.get("/simulate"))["asked"] == 2
        assert (await clara.get("/calibration"))["bins"][9]["count"] == 1
        assert await parts.feed.since(0)
