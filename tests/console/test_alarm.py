"""The simulator and the calibration alarm: the test's own error rate, what it decides, and that kb does as told."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import insert

from bot.console import alarm, stats
from bot.console.figures_api import Asked, Judged, point
from bot.console.tables import asked
from tests.console.site import ConsoleSite, Editor

RISK = 0.1


def test_of_bots_that_keep_their_word_at_most_one_in_twenty_is_ever_raised() -> None:
    draw, raised = random.Random(1), 0
    for _ in range(300):
        wrong = right = 0
        for _ in range(300):
            wrong, right = (wrong + 1, right) if draw.random() < RISK else (wrong, right + 1)
            if stats.evidence(wrong, right, RISK, above=True) >= stats.SURE:
                raised += 1
                break
    assert raised / 300 <= 0.05


def test_a_bot_that_is_wrong_three_times_as_often_as_stated_is_noticed_soon() -> None:
    draw, soon = random.Random(2), 0
    for _ in range(100):
        wrong = right = 0
        for _ in range(100):
            wrong, right = (wrong + 1, right) if draw.random() < 3 * RISK else (wrong, right + 1)
            if stats.evidence(wrong, right, RISK, above=True) >= stats.SURE:
                soon += 1
                break
    assert soon >= 90


def told(right: int, wrong: int, probability: float = 0.8) -> list[alarm.Opinion]:
    return [(probability, True)] * right + [(probability, False)] * wrong


def test_the_threshold_is_raised_to_where_the_opinions_keep_the_bound() -> None:
    given = told(10, 20, 0.75) + told(40, 1, 0.9)
    found = alarm.decided(None, given, 0.7, RISK)
    assert found is not None
    assert (found["threshold"], found["wrong"], found["right"]) == (0.9, 21, 50)
    everywhere = alarm.decided(None, told(10, 20, 0.75), 0.7, RISK)
    assert everywhere is not None
    assert everywhere["threshold"] == 0.85  # half-way to certainty


def test_it_steps_back_when_the_opinions_do_and_when_the_index_is_as_careful_by_itself() -> None:
    on = {"since": "", "threshold": 0.9, "fitted": 0.7}
    assert alarm.decided(on, told(10, 1, 0.95), 0.7, RISK) == on
    assert alarm.decided(on, told(60, 0, 0.95), 0.7, RISK) is None
    assert alarm.decided(on, [], 0.92, RISK) is None
    higher = alarm.decided(on, told(10, 20, 0.95), 0.7, RISK)
    assert higher is not None
    assert higher["threshold"] > 0.9


def test_another_threshold_answers_more_or_less_and_requests_follow() -> None:
    questions = [Asked(step / 10, False) for step in range(10)] + [Asked(0.95, True)]
    judged = [Judged(0.9, True, "feedback"), Judged(0.3, False, "golden")]
    opened = alarm.Counter({"ticket": 6, "sla": 3})
    low, now, high = (point(at, questions, judged, opened, 0.5) for at in (0.0, 0.5, 1.0))
    assert [one["answered"] for one in (low, now, high)] == [10, 5, 0]
    assert (now["tickets"], now["callbacks"], now["sla"]) == (6, 0, 3)
    assert (low["tickets"], high["tickets"]) == (1, 11)
    assert (low["wrong"]["share"], now["wrong"]["share"], high["wrong"]["share"]) == (0.5, 0.0, None)
    assert low["wrong"]["low"] < 0.5 < low["wrong"]["high"]


@pytest.mark.parametrize("wrong", [0, 3, 20])
def test_evidence_is_a_mean_of_likelihood_ratios(wrong: int) -> None:
    """Against the integral, by a finer sum."""
    fine = sum(
        (rate / RISK) ** wrong * ((1 - rate) / (1 - RISK)) ** 20
        for rate in (RISK + (1 - RISK) * (step + 0.5) / 20_000 for step in range(20_000))
    )
    assert stats.evidence(wrong, 20, RISK, above=True) == pytest.approx(fine / 20_000, rel=0.01)


async def opine(console: ConsoleSite, right: int, wrong: int, probability: float, at: str) -> None:
    """Opinions of as many customers, as the journal's reader keeps them."""
    row = {"at": at, "text": "q", "lang": "en", "outcome": "answer", "reason": "confident", "article": "dark-theme"}
    rows = [
        {**row, "seq": 1, "version": "0", "probability": probability, "helpful": number < right}
        for number in range(right + wrong)
    ]
    async with console.desk.site.gateway.database.write() as conn:
        await conn.execute(insert(asked), rows)


async def test_opinions_against_the_bound_raise_kbs_threshold_and_it_says_so_and_steps_back(
    console: ConsoleSite, clara: Editor
) -> None:
    kb, watch = console.console.kb, console.console.alarm
    await watch.once()
    assert (await kb.call("GET", "/careful"))["threshold"] == 0
    await opine(console, 20, 30, 0.95, "2026-01-01T00:00:00Z")
    await watch.once()
    shown = await clara.get("/calibration")
    raised = shown["alarm"]["threshold"]
    assert raised == (await kb.call("GET", "/careful"))["threshold"] == shown["threshold"]
    assert raised > shown["alarm"]["fitted"]
    assert (shown["bins"][9]["count"], shown["bins"][9]["share"]) == (50, 0.4)
    await console.kb.stop()
    await console.kb.start()
    assert (await kb.call("GET", "/careful"))["threshold"] == raised  # it outlives the service
    chief = await console.editor("Ada", "administrator")
    entries = (await chief.who.get("/api/staff/audit"))["entries"]
    assert next(one for one in entries if one["action"] == "console_calibration")["details"]["alarm"]["wrong"] == 30
    await opine(console, 80, 0, 0.999, "2099-01-01T00:00:00Z")
    await watch.once()
    assert (await clara.get("/calibration"))["alarm"] is None
    assert (await kb.call("GET", "/careful"))["threshold"] == 0


async def test_below_a_raised_threshold_nothing_is_answered(console: ConsoleSite, clara: Editor) -> None:
    question, kb = "How do I turn on dark mode?", console.console.kb
    assert await live(clara, question) == "answer"
    await kb.call("PUT", "/careful", {"threshold": 1.0})
    assert await live(clara, question) != "answer"
    await kb.call("PUT", "/careful", {"threshold": None})
    assert await live(clara, question) == "answer"


async def live(editor: Editor, question: str) -> str:
    """What customers get now."""
    site = editor.who.site
    port, token = site.gateway.settings.kb_port, site.gateway.settings.internal_token.get_secret_value()
    url, headers = f"http://127.0.0.1:{port}/search", {"X-Guichet-Token": token}
    async with editor.who.http.post(url, json={"text": question, "lang": "en"}, headers=headers) as response:
        return str((await response.json())["decision"]["outcome"])


async def test_an_administrator_takes_the_alarm_back_and_others_may_not(console: ConsoleSite, clara: Editor) -> None:
    await opine(console, 20, 30, 0.95, "2026-01-01T00:00:00Z")
    await console.console.alarm.once()
    assert (await clara.call("POST", "/calibration", {"state": "reset"}))[0] == 403
    chief = await console.editor("Ada", "administrator")
    assert (await chief.do("POST", "/calibration", {"state": "reset"}))["alarm"] is None
    await console.console.alarm.once()  # what was said before counts no more
    assert (await clara.get("/calibration"))["alarm"] is None


async def test_the_simulator_replays_what_was_asked_and_judges_by_feedback_and_golden_questions(
    console: ConsoleSite, clara: Editor
) -> None:
    await clara.do("POST", "/golden", {"text": "dark theme", "lang": "en", "expected": ["dark-theme"]}, 201)
    await clara.do("POST", "/publish", {})
    at = console.desk.site.gateway.now().isoformat()
    await opine(console, 3, 1, 0.8, at)
    found = await clara.get("/simulate?days=7")
    assert (found["asked"], found["judged"]) == (4, {"feedback": 4, "golden": 1})
    first, last = found["points"][0], found["points"][-1]
    assert (first["answered"], first["wrong"]["count"], first["wrong"]["share"]) == (4, 5, 0.2)
    assert (last["threshold"], last["answered"]) == (1.0, 0)
