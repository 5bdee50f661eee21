"""Values of a form's fields: checked by the web process, stored in slots, replaced where another one is typed."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rasa_sdk.events import SlotSet

from actions import answer
from actions.errors import Refused, Unavailable
from actions.forms import error_response, subject_of
from actions.turn import Events, Turn, payload
from actions.web import Checked

FAILURES = 3
ANSWERS = frozenset({"affirm", "deny", "correct", "cancel"})  # to a summary
# Fields with a form of their own, by which a value is known for what it is; the strictest first.
TELLING = {"ticket": ("email",), "callback": ("phone", "slot"), "sla": ("email", "contract", "severity")}
SHORT = 6  # words: a longer text that happens to name a severity tells a story
LONGEST_SLOT = 100  # characters of a time that web reads
NUMBER_DIGITS = 6  # a phone number has at least so many
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")


async def check(turn: Turn, asked: str, value: str, *, or_question: bool = False) -> Events:
    """The value in its stored form; else what was wrong with it, and after three failures another way."""
    form = turn.state("form")
    try:
        checked = await turn.web.check(asked, value, turn.lang, turn.conversation)
    except Refused as error:
        if or_question:
            if noted := await recognised(turn, [name for name in telling(turn) if name not in (asked, "severity")]):
                turn.say("utter_noted")
                return noted
            if len(value.split()) >= 3 and await answered(turn):
                return []
        failures = int(form.get("failures", 0)) + 1
        turn.say("utter_too_many_tries" if failures >= FAILURES else error_response(error.code))
        return turn.set(form={**form, "failures": failures % FAILURES})
    events = store(turn, asked, checked)
    if asked == "text" and not turn.slot("subject"):
        events.append(SlotSet("subject", subject_of(turn.state("offer"), str(checked["value"]))))
    return events + turn.set(form={**form, "failures": 0})


def store(turn: Turn, field: str, checked: Checked) -> Events:
    stored, display = str(checked["value"]), turn.state("display")
    display.pop(field, None)
    if checked["display"] != stored:
        display[field] = checked["display"]
    return [SlotSet(field, stored), *turn.set(display=display or None)]


def telling(turn: Turn) -> tuple[str, ...]:
    return TELLING.get(turn.form_kind or "", ())


async def recognised(turn: Turn, fields: Iterable[str], *, refuse: bool = False) -> Events:
    """The new value of that one of `fields` whose form the message has; none where it has no field's. With `refuse`,
    what is clearly meant as a value but no acceptable one is said to be wrong."""
    for field in fields:
        if not may_be(turn, field):
            continue
        try:
            checked = await turn.web.check(field, turn.text, turn.lang, turn.conversation)
        except Refused as error:
            if refuse and (events := refused(turn, field, error)):
                return events
        else:
            return store(turn, field, checked)
    return []


def may_be(turn: Turn, field: str) -> bool:
    """Whether asking the web process is worth it."""
    text = turn.text
    digits = len(_DIGIT.findall(text))
    if field == "email":
        return "@" in text
    if field == "phone":
        return digits >= NUMBER_DIGITS
    if field == "severity":
        is_answer = turn.intent in ANSWERS and not digits  # « rien de grave, envoyez »
        return len(text.split()) <= SHORT and not text.rstrip().endswith("?") and not is_answer
    return digits > 0 if field == "contract" else len(text) <= LONGEST_SLOT


def refused(turn: Turn, field: str, error: Refused) -> Events:
    """What to do where the message clearly is a value of this field, but no acceptable one. A time that cannot be had
    is asked for anew, with those that can; of the others the old value stays."""
    if error.code in ("slot_taken", "slot_closed"):
        turn.say(error_response(error.code))
        return [SlotSet(field, None)]
    bare_number = field == "phone" and not _LETTER.search(turn.text)
    if field == "email" or (bare_number and ":" not in turn.text):
        turn.say(error_response(error.code))
        return [SlotSet(field, turn.slot(field))]
    return []


def unanswered(turn: Turn) -> Events:
    """Say that no article answers the question in between; it can go with the request where that has a text."""
    if turn.slot("text"):
        turn.say("utter_no_answer_in_form", add=payload("pick", slot="add", value=turn.text))
    else:
        turn.say("utter_no_answer_yet")
    return []


async def answered(turn: Turn) -> bool:
    """Answer the message from the articles, if they surely do; the form goes on afterwards."""
    try:
        found = await turn.kb.search(turn.text, turn.lang)
    except Unavailable:
        return False
    if found.decision["outcome"] != "answer" or not found.hits:
        return False
    answer.show_hit(turn, turn.text, found, found.hits[0])
    return True
