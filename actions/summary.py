"""The summary at a form's end: send, correct, cancel, or simply type what is to be different."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

from rasa_sdk.events import SlotSet

from actions import values
from actions.errors import Refused
from actions.forms import error_response
from actions.turn import Events, Turn, payload

LONGEST_NAME = 4  # words in which people name one of the buttons
TELLING_LETTERS = 4  # shorter words are articles and the like


async def confirm(turn: Turn, value: str) -> Events:
    """send, correct, edit:<field> or back."""
    form = turn.state("form")
    if value == "send":
        return settled(turn, SlotSet("confirmation", "send"))
    if value.startswith("edit:"):
        return settled(turn, SlotSet(value.removeprefix("edit:"), None), SlotSet("confirmation", None))
    return [SlotSet("confirmation", None), *turn.set(form={**form, "correcting": value == "correct"})]


def settled(turn: Turn, *events: Any) -> Events:
    """The events, and an end of « corriger »."""
    return [*events, *turn.set(form={**turn.state("form"), "correcting": False})]


async def add(turn: Turn, text: str) -> Events:
    """Another sentence of the request's text."""
    before = str(turn.slot("text") or "")
    try:
        checked = await turn.web.check("text", f"{before}\n{text}".strip(), turn.lang, turn.conversation)
    except Refused as error:
        turn.say(error_response(error.code))
        return []
    return settled(turn, *values.store(turn, "text", checked))


async def new_value(turn: Turn) -> Events:
    """What was typed is another value of one of the fields; none where it is not."""
    events = await values.recognised(turn, values.telling(turn), refuse=True)
    return settled(turn, *events, SlotSet("confirmation", None)) if events else []


async def anything_else(turn: Turn) -> Events:
    """Neither a value nor a yes or no: the name of a button, a question, or something to add to the request."""
    if (picked := named_button(turn)) is not None:
        return await confirm(turn, picked)
    if await values.answered(turn):
        return []
    if turn.text.rstrip().endswith("?"):
        return values.unanswered(turn)
    turn.say("utter_error_confirmation", add=payload("pick", slot="add", value=turn.text))
    return []


def named_button(turn: Turn) -> str | None:
    """The value of the one button shown last that the message names: « l'adresse » for « L’adresse e-mail »."""
    said = words(turn.text)
    telling = {word for word in said if len(word) >= TELLING_LETTERS}
    if not said or len(said) > LONGEST_NAME:
        return None
    found = set()
    for title, sent in turn.last_buttons():
        intent, brace, entities = sent.removeprefix("/").partition("{")
        if intent == "pick" and (said == words(title) or (telling and named(telling, title))):
            found.add(str(json.loads(brace + entities)["value"]))
    return found.pop() if len(found) == 1 else None


def named(telling: set[str], title: str) -> bool:
    """Whether each of the words is one of the title's, or part of one: « mail » of « e-mail »."""
    return all(any(word in other for other in words(title)) for word in telling)


def words(text: str) -> frozenset[str]:
    """The words in lower case, without accents and hyphens."""
    plain = text.casefold().replace("-", "")
    bare = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return frozenset(re.findall(r"\w+", bare))
