"""What customers asked in vain: taken over from the journal, grouped by meaning, one step from a draft."""

from __future__ import annotations

from sqlalchemy import delete, select

from bot.console import asked
from bot.console.tables import asked as table
from bot.gateway.tables import conversations
from tests.console.asking import NOBODY, answered, ask, dialogue
from tests.console.site import ConsoleSite, Editor

SSO = ("how do I sign in with single sign-on", "single sign-on how to sign in")


async def test_unanswered_questions_are_one_gap_by_meaning_with_count_and_trend(
    console: ConsoleSite, clara: Editor
) -> None:
    dialogue(console, dict.fromkeys((*SSO, "can I pay by cheque"), NOBODY))
    for text in (*SSO, SSO[0], "can I pay by cheque"):
        await ask(console, text)
    found = await clara.get("/gaps?days=14")
    assert found["grouped"]
    sso, cheque = found["gaps"]
    assert (sso["name"], sso["count"], sso["trend"], sso["outcome"]) == (SSO[0], 3, [0, 3], "handoff")
    assert [(one["text"], one["count"]) for one in sso["questions"]] == [(SSO[0], 2), (SSO[1], 1)]
    assert cheque["count"] == 1
    await clara.do("POST", f"/gaps/{sso['id']}", {"state": "dismissed"})
    assert [one["id"] for one in (await clara.get("/gaps?days=14"))["gaps"]] == [cheque["id"]]
    await clara.do("POST", f"/gaps/{sso['id']}", {"state": "open"})
    assert len((await clara.get("/gaps?days=14"))["gaps"]) == 2
    await console.kb.stop()
    alone = await clara.get("/gaps?days=14")
    assert (alone["grouped"], len(alone["gaps"])) == (False, 3)


async def test_feedback_is_kept_with_the_version_it_was_about_and_weak_articles_are_named(
    console: ConsoleSite, clara: Editor
) -> None:
    version = (await clara.article("faq:dark-theme"))["langs"]["en"]["version"]
    dialogue(console, {"make it dark": answered("dark-theme", version, 0.8)})
    for helpful in (False, False, False, True):
        await ask(console, "make it dark", helpful)
    found = await clara.get("/gaps")
    (weak,) = found["weak"]
    assert (weak["article"], weak["shown"], weak["helpful"], weak["not_helpful"]) == ("dark-theme", 4, 1, 3)
    assert weak["versions"] == {version: {"helpful": 1, "not_helpful": 3}}
    assert 0.15 < weak["interval"]["low"] < 0.75 < weak["interval"]["high"]
    (gap,) = found["gaps"]
    assert (gap["name"], gap["count"], gap["outcome"]) == ("make it dark", 3, "not_helpful")
    assert "dark-theme" not in {one["article"] for one in found["unused"]}
    assert "scan-document" in {one["article"] for one in found["unused"]}


async def test_an_agents_reply_comes_with_the_gap(console: ConsoleSite, clara: Editor) -> None:
    dialogue(console, {SSO[0]: NOBODY})
    talk = await ask(console, SSO[0])
    ref = await console.desk.open(conversation=talk.id)
    anna = await console.desk.colleague("Anna")
    assert (await anna.reply(ref, "Choose your company on the sign-in page."))[0] == 201
    (gap,) = (await clara.get("/gaps"))["gaps"]
    assert gap["agent_reply"] == {"text": "Choose your company on the sign-in page.", "ref": ref}


async def test_what_was_asked_outlives_its_conversation_and_names_nobody(console: ConsoleSite, clara: Editor) -> None:
    words = "write to jean@dupont.example or 06 12 34 56 78 about my order"
    dialogue(console, {words: NOBODY})
    talk = await ask(console, words)
    await console.console.upkeep.once()
    database = console.desk.site.gateway.database
    async with database.write() as conn:
        await conn.execute(delete(conversations).where(conversations.c.id == talk.id))
    await console.console.upkeep.once()
    async with database.read() as conn:
        rows = (await conn.execute(select(table.c.text))).scalars().all()
    assert rows == ["write to … or … about my order"]


def test_what_names_somebody_is_taken_out_and_nothing_else() -> None:
    assert asked.anonymous("call +33 6 12-34.56.78 now") == "call … now"
    assert asked.anonymous("error 5042 in version 12.4, page 3") == "error 5042 in version 12.4, page 3"


async def test_a_helpful_answer_proposes_a_golden_question_and_a_click_takes_it(
    console: ConsoleSite, clara: Editor
) -> None:
    version = (await clara.article("faq:dark-theme"))["langs"]["en"]["version"]
    dialogue(console, {"moon mode": answered("dark-theme", version, 0.8)})
    await ask(console, "moon mode", True)
    await console.console.upkeep.once()
    (proposal,) = (await clara.get("/proposals"))["proposals"]
    assert (proposal["question"], proposal["article"], proposal["from"]) == ("moon mode", "dark-theme", "feedback")
    await clara.do("POST", f"/proposals/{proposal['id']}", {"state": "taken", "as": "both"})
    assert "moon mode" in (await clara.article("faq:dark-theme"))["langs"]["en"]["questions"]
    (golden,) = (await clara.get("/golden"))["questions"]
    assert (golden["text"], golden["expected"]) == ("moon mode", ["dark-theme"])
    assert (await clara.get("/proposals"))["proposals"] == []
    again = await clara.do("POST", f"/proposals/{proposal['id']}", {"state": "refused"}, 409)
    assert again["error"]["code"] == "already_settled"
