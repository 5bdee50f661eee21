"""What a message means inside a form: the value asked for, a question in between, thanks, a way out.

The form hands every message over (domain.yml, mappings `from_text`), so that none is refused and none is lost.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from rasa_sdk.events import SlotSet

from actions import answer, cases
from actions.errors import Refused, Unavailable
from actions.forms import error_response, subject_of
from actions.handoff import kept
from actions.turn import Events, Turn, payload

FREE_TEXT = frozenset({"text", "subject", "system"})
LONGEST_ASIDE = {True: 5, False: 12}  # words, by whether the slot takes free text
FAILURES = 3
_HAS_VALUE = re.compile(r"[\d@]")
POLITE = {
    "greet": "utter_form_polite",
    "goodbye": "utter_form_polite",
    "thank": "utter_form_polite",
    "bot_challenge": "utter_bot_challenge",
    "help": "utter_form_help",
    "ask_human": "utter_form_human",
    "change_language": "utter_change_language",
    "reformulate": "utter_reformulate",
}


async def reply(turn: Turn) -> Events:
    """Events for the slot that was asked for; None as its value makes the form ask again."""
    asked = turn.slot("requested_slot")
    if asked is None:  # the form has just started, nobody has answered yet
        return []
    handle = meaning(turn, asked)
    events = await handle(turn, asked)
    if not any(event.get("name") == asked for event in events):
        events = [*events, SlotSet(asked, None)]
    return events


Handle = Callable[[Turn, str], Awaitable[Events]]


def meaning(turn: Turn, asked: str) -> Handle:
    """How the message is to be taken."""
    intent = turn.intent
    if turn.pressed:
        if intent == "pick":
            return take_picked if turn.entities.get("slot") == asked else ask_again
        if intent in ("affirm", "deny") and "question" in turn.entities:
            return take_feedback
        if intent in HANDLERS:
            return HANDLERS[intent]
        return say_politely if intent in POLITE else ask_again
    if asked not in FREE_TEXT and _HAS_VALUE.search(turn.text):  # « SLA-2026-0042 » is no wish for an SLA request
        return take_value
    # « demain matin » sounds like « rappelez-moi demain matin », which inside its own form is no other wish.
    is_short = len(turn.text.split()) <= LONGEST_ASIDE[asked in FREE_TEXT]
    if is_short and intent != f"request_{turn.form_kind}":
        if intent in ("affirm", "deny", "correct") and (asked == "confirmation" or turn.state("known").get(asked)):
            return HANDLERS[intent]
        if intent in POLITE:
            return say_politely
        if intent in HANDLERS and intent not in ("affirm", "deny", "correct"):
            return HANDLERS[intent]
    return take_text if asked in FREE_TEXT else take_value


async def ask_again(turn: Turn, asked: str) -> Events:
    """A button of another moment: the form's question is simply repeated."""
    return []


async def say_politely(turn: Turn, asked: str) -> Events:
    turn.say(POLITE[turn.intent])
    return []


async def leave(turn: Turn, asked: str) -> Events:
    return end("cancel")


async def switch(turn: Turn, asked: str) -> Events:
    """Another kind of request: this form ends and the other begins with what is known."""
    kind = turn.intent.removeprefix("request_")
    if kind == turn.form_kind:
        return []
    events = end(f"switch:{kind}")
    if "question" in turn.entities:
        events += turn.set(offer={"question": turn.entities["question"], "topic": turn.entities.get("topic")})
    return events if asked == "confirmation" else [SlotSet(asked, None), *events]


def end(how: str) -> Events:
    """`requested_slot` None ends the form; action_close_form reads `confirmation`."""
    return [SlotSet("confirmation", how), SlotSet("requested_slot", None)]


async def tell_status(turn: Turn, asked: str) -> Events:
    await cases.tell(turn, named_in=turn.text)
    return []


async def consent(turn: Turn, asked: str) -> Events:
    return await cases.consent(turn)


async def choose(turn: Turn, asked: str) -> Events:
    return await answer.show_choice(turn, turn.entities)


async def take_feedback(turn: Turn, asked: str) -> Events:
    """Yes or no to an answer given earlier; a person is on the way already."""
    turn.say("utter_form_polite" if turn.intent == "affirm" else "utter_form_human")
    return []


async def affirm(turn: Turn, asked: str) -> Events:
    """Yes: to the summary, or to the value that was proposed."""
    if asked == "confirmation":
        return await confirm(turn, "send")
    return await check(turn, asked, str(turn.state("known")[asked]))


async def deny(turn: Turn, asked: str) -> Events:
    """No: something in the summary is wrong, or another value than the proposed one is to be used."""
    if asked == "confirmation":
        return await confirm(turn, "correct")
    known = {name: value for name, value in turn.state("known").items() if name != asked}
    return turn.set(known=known or None)


async def correct(turn: Turn, asked: str) -> Events:
    return await confirm(turn, "correct") if asked == "confirmation" else []


HANDLERS: dict[str, Handle] = {
    "cancel": leave,
    "request_ticket": switch,
    "request_callback": switch,
    "request_sla": switch,
    "case_status": tell_status,
    "consent": consent,
    "choose": choose,
    "affirm": affirm,
    "deny": deny,
    "correct": correct,
}


async def take_picked(turn: Turn, asked: str) -> Events:
    value = str(turn.entities["value"])
    return await confirm(turn, value) if asked == "confirmation" else await check(turn, asked, value)


async def confirm(turn: Turn, value: str) -> Events:
    """send, correct, edit:<field> or back."""
    form = turn.state("form")
    if value == "send":
        return turn_back(turn, form, SlotSet("confirmation", "send"))
    if value.startswith("edit:"):
        return turn_back(turn, form, SlotSet(value.removeprefix("edit:"), None), SlotSet("confirmation", None))
    return [SlotSet("confirmation", None), *turn.set(form={**form, "correcting": value == "correct"})]


def turn_back(turn: Turn, form: dict[str, Any], *events: Any) -> Events:
    return [*events, *turn.set(form={**form, "correcting": False})]


async def take_text(turn: Turn, asked: str) -> Events:
    """Free text is the value, unless it is put as a question that the articles answer."""
    if turn.text.rstrip().endswith("?") and await answered(turn):
        turn.say("utter_is_it_your_text", pick=payload("pick", slot=asked, value=turn.text))
        return []
    events = await check(turn, asked, turn.text)
    if asked == "text" and turn.form_kind != "sla":
        await point_out_urgency(turn)
    return events


async def point_out_urgency(turn: Turn) -> None:
    """What a ticket or callback tells may be an emergency: its own channel is offered at once, the form goes on."""
    try:
        found = await turn.kb.search(turn.text, turn.lang)
    except Unavailable:
        return
    topic = found.topic
    if topic is not None and topic["urgent"]:
        request = payload(f"request_{topic['channel']}", question=turn.text, topic=kept(topic))
        turn.say("utter_urgent_in_form", switch=request)


async def take_value(turn: Turn, asked: str) -> Events:
    """A value with a form of its own; what does not fit may be a question."""
    is_question = turn.text.rstrip().endswith("?") and "@" not in turn.text and asked != "slot"
    if is_question and await answered(turn):
        return []
    if asked == "confirmation":
        if not is_question and not await answered(turn):
            turn.say("utter_error_confirmation")
        return []
    return await check(turn, asked, turn.text, or_question=not is_question)


async def check(turn: Turn, asked: str, value: str, *, or_question: bool = False) -> Events:
    """The value in its stored form; else what was wrong with it, and after three failures another way."""
    form = turn.state("form")
    try:
        checked = await turn.web.check(asked, value, turn.lang, turn.conversation)
    except Refused as error:
        if or_question and len(value.split()) >= 3 and await answered(turn):
            return []
        failures = int(form.get("failures", 0)) + 1
        turn.say("utter_too_many_tries" if failures >= FAILURES else error_response(error.code))
        return turn.set(form={**form, "failures": failures % FAILURES})
    stored = str(checked["value"])
    events = [SlotSet(asked, stored)]
    if checked["display"] != stored:
        events += turn.set(display={**turn.state("display"), asked: checked["display"]})
    if asked == "text" and not turn.slot("subject"):
        events.append(SlotSet("subject", subject_of(turn.state("offer"), stored)))
    return events + turn.set(form={**form, "failures": 0})


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
