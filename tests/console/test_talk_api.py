"""What editors say to each other: comments, review, presence, and the stream that tells the others."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from bot.company import ConsoleRules
from tests.console.site import ConsoleSite, Editor, open_console
from tests.gateway.site import content

KEY = "faq:dark-theme"


@contextlib.asynccontextmanager
async def listening(editor: Editor, after: int | None = None) -> AsyncIterator[AsyncIterator[Any]]:
    headers = {"Last-Event-ID": str(after)} if after is not None else {}
    url = f"{editor.who.site.url}/api/console/stream"
    async with editor.who.http.get(url, headers=headers) as response:
        assert response.status == 200

        async def events() -> AsyncIterator[Any]:
            event: dict[str, Any] = {}
            async for raw in response.content:
                name, _, value = raw.decode().rstrip("\n").partition(": ")
                if name in ("id", "event"):
                    event[name] = value
                elif name == "data":
                    yield {**event, "data": json.loads(value)}
                    event = {}

        yield events()


async def until(events: AsyncIterator[Any], name: str) -> Any:
    async for event in events:
        if event["event"] == name:
            return event
    raise AssertionError(f"no {name}")


async def test_comments_are_answered_resolved_and_deleted_by_who_wrote_them(
    console: ConsoleSite, clara: Editor
) -> None:
    dario = await console.editor("Dario")
    made = (await clara.do("POST", f"/articles/{KEY}/comments", {"text": "Too long?", "lang": "en"}, 201))["comment"]
    shown = (await dario.article(KEY))["comments"]
    assert [(one["text"], one["author"]["name"], one["resolved"]) for one in shown] == [("Too long?", "Clara", False)]
    path = f"/articles/{KEY}/comments/{made['id']}"
    assert (await dario.do("PATCH", path, {"resolved": True}))["comment"]["resolved"]
    assert (await dario.do("PATCH", path, {"text": "Mine now"}, 403))["error"]["code"] == "not_yours"
    await dario.do("DELETE", path, status=403)
    await clara.do("DELETE", path, status=204)
    assert (await clara.article(KEY))["comments"] == []


async def test_where_review_is_required_nobody_approves_or_publishes_their_own_alone(tmp_path: Path) -> None:
    company = content()[0].model_copy(update={"console": ConsoleRules(review="required")})
    async with open_console(tmp_path, company) as console:
        clara, dario = await console.editor("Clara"), await console.editor("Dario")
        draft = (await clara.save(KEY, "en", None, text="Press the moon."))["article"]["langs"]["en"]["draft"]
        refused = await clara.do("POST", "/publish", {}, 409)
        assert (refused["error"]["code"], refused["articles"]) == ("review_required", [f"{KEY}.en"])
        approve = {"lang": "en", "state": "approved"}
        assert (await clara.do("POST", f"/articles/{KEY}/review", approve, 403))["error"]["code"] == "own_draft"
        await clara.do("POST", f"/articles/{KEY}/review", {"lang": "en", "state": "requested"})
        assert (await dario.get("/articles?state=review"))["total"] == 1
        await dario.do("POST", f"/articles/{KEY}/review", approve)
        changed = await clara.save(KEY, "en", draft["revision"], text="Press the sun.")
        assert changed["article"]["langs"]["en"]["review"] is None  # what was approved was another text
        await clara.do("POST", "/publish", {}, 409)
        await dario.do("POST", f"/articles/{KEY}/review", approve)
        assert (await clara.do("POST", "/publish", {}))["passes"]


async def test_others_are_told_of_changes_and_of_who_is_there_and_what_they_missed(
    console: ConsoleSite, clara: Editor
) -> None:
    dario = await console.editor("Dario")
    async with listening(dario) as events:
        assert (await until(events, "ready"))["event"] == "ready"
        people = (await clara.do("POST", f"/articles/{KEY}/presence", {"doing": "typing"}))["people"]
        assert [one["name"] for one in people] == ["Clara"]
        told = await until(events, "presence")
        assert (told["data"]["article"], told["data"]["people"][0]["doing"]) == (KEY, "typing")
        await clara.save(KEY, "en", None, text="Press the moon.")
        change = await until(events, "article")
        assert (change["data"]["article"], change["data"]["by"]) == (KEY, clara.who.id)
    await clara.do("POST", f"/articles/{KEY}/comments", {"text": "Look."}, 201)
    async with listening(dario, int(change["id"])) as events:
        missed = await until(events, "article")
        assert int(missed["id"]) > int(change["id"])


async def test_the_stream_ends_with_the_session(console: ConsoleSite, clara: Editor) -> None:
    async with listening(clara) as events:
        await until(events, "ready")
        assert (await clara.who.call("DELETE", "/api/staff/session"))[0] == 204
        assert [event async for event in events] == []
