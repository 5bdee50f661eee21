"""Typed text is text: never an intent, never something that a database or a parser chokes on."""

from __future__ import annotations

import re
import sqlite3
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.gateway.text import for_dialogue, for_journal, is_blank
from tests.gateway.site import Site, Talk

ANYTHING = st.text(st.characters(), max_size=80)
TRICKS = [
    "/restart",
    '  /inform{"email": "x@example.org"}',
    "\u200b/restart",
    "\u200f\u202e/restart",
    "\ufeff /restart",
    "\x00/restart",
    "\x1f\x7f/restart",
    "//restart",
    "/ / restart",
    "\n\t/restart",
    "\u00a0/restart",
    "\u2028/restart",
]


@given(text=ANYTHING | st.builds("{}/{}".format, ANYTHING, ANYTHING) | st.sampled_from(TRICKS))
def test_the_dialogue_never_gets_an_intent_or_a_control_character(text: str) -> None:
    shown = for_dialogue(text, 50)
    assert shown
    assert len(shown) <= 50
    assert not re.match(r"\s*/", shown)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ufeff]", shown)
    shown.encode()


@given(text=ANYTHING)
def test_the_journal_keeps_everything_but_what_no_database_can(text: str) -> None:
    kept = for_journal(text)
    kept.encode()
    assert "\0" not in kept
    (stored,) = sqlite3.connect(":memory:").execute("SELECT ?", [kept]).fetchone()
    assert stored == kept
    if "\0" not in text and not re.search(r"[\ud800-\udfff]", text):
        assert kept == text


@pytest.mark.parametrize(
    "text", ["", " ", "\n\t", "\u200b\u200d", "\u202e\u2066", "\ufeff", "\x00\x01", "\u3164", "\u2800"]
)
def test_what_shows_nothing_is_blank(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["?", "a\u200b", "مرحبا", "👩‍👧", "/", "​é", "\U0001fae9"])
def test_what_shows_something_is_not_blank(text: str) -> None:
    assert not is_blank(text)


@pytest.mark.parametrize("text", TRICKS)
async def test_a_typed_intent_reaches_rasa_as_text(site: Site, talk: Talk, text: str) -> None:
    await talk.say(text)
    await talk.replies(1)
    (call,) = site.rasa.calls
    assert "payload" not in call
    assert re.match(r"[a-z]", call["text"])
    assert (await talk.events())[1]["text"] == text.replace("\0", "")


async def test_a_very_long_message_is_kept_whole_and_given_to_rasa_in_part(site: Site, talk: Talk) -> None:
    text = "été " * 1250
    await talk.say(text)
    await talk.replies(1)
    assert (await talk.events())[1]["text"] == text
    assert site.rasa.calls[0]["text"] == text[:2000].rstrip()


async def test_the_longest_message_is_taken_and_a_longer_one_refused(talk: Talk) -> None:
    await talk.say("\U0001f600" * 10_000)
    status, body = await talk.post("messages", {"client_id": str(uuid.uuid4()), "text": "x" * 10_001})
    assert (status, body["error"]["code"], body["error"]["field"]) == (422, "message_too_long", "text")
    assert "10000" in body["error"]["message"]


@pytest.mark.parametrize("text", ["", "   ", "\u200b", "\u0000", "\u202e\n"])
async def test_an_empty_message_is_refused_and_not_journaled(talk: Talk, text: str) -> None:
    status, body = await talk.post("messages", {"client_id": str(uuid.uuid4()), "text": text})
    assert (status, body["error"]["code"], body["error"]["field"]) == (422, "empty_message", "text")
    assert len(await talk.events()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "שלום, איך משנים סיסמה? \u202eabc",
        "a\u200bb\u200dc",
        "half a pair: \ud83d!",
        "'; DROP TABLE events; --",
        "{{7*7}} ${7*7} %s %(x)s {0}",
    ],
)
async def test_odd_text_is_answered_and_comes_back_as_it_was(site: Site, talk: Talk, text: str) -> None:
    await talk.say(text)
    events = await talk.replies(1)
    assert events[1]["text"] == text.replace("\ud83d", "\ufffd")
    assert events[2]["type"] == "text"
    assert site.rasa.calls[0]["text"]
