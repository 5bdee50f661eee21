"""The end of a live conversation: how it was, and the transcript."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Mailbox
from tests.desk.live_site import BASE, LiveDesk, eventually, open_live
from tests.desk.site import Colleague
from tests.gateway.site import Talk


async def closed(live: LiveDesk, agent: Colleague) -> Talk:
    talk = await live.taken(agent)
    await talk.say("Merci <b>Anna</b>\r\nBcc: x@y.example")
    await live.say(agent, talk, "Avec plaisir.")
    status, body = await agent.call("POST", f"{BASE}/{talk.id}/close", {})
    assert (status, body["conversation"]["state"]) == (200, "closed"), body
    return talk


async def rate(talk: Talk, **body: object) -> tuple[int, str]:
    async with talk.site.http.post(talk.url("satisfaction"), json=body, headers=talk.headers) as response:
        return response.status, await response.text()


async def test_a_closed_conversation_is_the_bots_with_the_next_word(live: LiveDesk, agent: Colleague) -> None:
    talk = await closed(live, agent)
    assert (await talk.get("state"))[1]["state"] == "closed"
    assert (await talk.events())[-1]["live"] == {"state": "closed"}
    await talk.say("Encore une question")
    await talk.until(lambda events: events[-1].get("text") == "echo: Encore une question")
    assert (await talk.get("state"))[1]["state"] == "bot"


async def test_how_it_was_is_kept_once_can_be_changed_and_reaches_the_figures(live: LiveDesk, agent: Colleague) -> None:
    talk = await closed(live, agent)
    assert (await rate(talk, score=2, text="Trop long"))[0] == 204
    assert (await rate(talk, score=5))[0] == 204
    found = (await agent.get("/api/desk/figures"))["satisfaction"]
    assert (found["count"], found["mean"]) == (1, 5.0)
    assert found["by_score"]["5"] == 1


async def test_a_rating_that_is_none_is_refused(live: LiveDesk, agent: Colleague) -> None:
    talk = await live.taken(agent)
    assert (await rate(talk, score=4))[0] == 409, "nobody has closed it"
    done = await closed(live, await live.at_desk("Bruno"))
    for wrong in (0, 6, "5", True, None, 4.5):
        assert (await rate(done, score=wrong))[0] == 422
    assert (await rate(done, score=5, text="x" * 1001))[0] == 422


async def test_the_transcript_goes_by_mail_to_the_address_that_was_named(tmp_path: Path, mailbox: Mailbox) -> None:
    to = "transcript-wanted@example.org"
    settings = {"smtp_host": "127.0.0.1", "smtp_port": mailbox.port, "smtp_security": "none"}
    async with open_live(tmp_path, **settings) as live:
        talk = await closed(live, await live.at_desk("Anna"))
        async with talk.site.http.post(talk.url("transcript"), json={"email": to}, headers=talk.headers) as response:
            assert response.status == 202, await response.text()
        await eventually(lambda: bool(mailbox.to(to)))
        mail = mailbox.to(to)[0]
        text = mail.get_content()
        assert mail["To"] == to
        assert mail["Bcc"] is None
        for words in ("Merci <b>Anna</b>", "Avec plaisir.", "Anna"):
            assert words in text


async def test_without_a_mail_server_nothing_is_promised(live: LiveDesk, agent: Colleague) -> None:
    talk = await closed(live, agent)
    status, body = await talk.post("transcript", {"email": "cliente@example.org"})
    assert (status, body["error"]["code"]) == (503, "no_mail")
