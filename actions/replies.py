"""What a message means inside a form: the value asked for, a question in between, thanks, a way out.

The form hands every message over (domain.yml, mappings `from_text`), so that none is refused and none is lost.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from rasa_sdk.events import SlotSet

from actions import answer, cases, people, summary
from actions.errors import Unavailable
from actions.forms import PERSON
from actions.handoff import kept
from actions.summary import confirm
from actions.turn import Events, Turn, payload
from actions.values import ANSWERS, answered, check, unanswered

FREE_TEXT = frozenset({"text", "subject", "system"})
LONGEST_ASIDE = {True: 5, False: 12}  # words, by whether the slot takes free text
_HAS_VALUE = re.compile(r"[\d@]")
POLITE = {
    "greet": "utter_form_greet",
    "goodbye": "utter_form_goodbye",
    "thank": "utter_form_polite",
    "bot_challenge": "utter_bot_challenge",
    "help": "utter_form_help",
    "change_language": "utter_change_language",
    "reformulate": "utter_reformulate",
    "complain": "utter_form_sorry",
    "leave_queue": "utter_left_queue",
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
        if intent == "pick" and turn.entities.get("slot") == "add":
            return take_added
        if intent == "pick":
            return take_picked if turn.entities.get("slot") == asked else ask_again
        if intent in ("affirm", "deny") and "question" in turn.entities:
            return take_feedback
        if intent in HANDLERS:
            return HANDLERS[intent]
        return say_politely if intent in POLITE else ask_again
    if asked == "confirmation":
        return at_summary
    if asked not in FREE_TEXT and has_value(turn.text):  # « SLA-2026-0042 » is no wish for an SLA request
        return take_value
    return aside(turn, asked) or (take_text if asked in FREE_TEXT else take_value)


def has_value(text: str) -> bool:
    return _HAS_VALUE.search(text) is not None


def aside(turn: Turn, asked: str) -> Handle | None:
    """How a short message that is no value is to be taken."""
    intent = turn.intent
    # « demain matin » sounds like « rappelez-moi demain matin », which inside its own form is no other wish.
    is_short = len(turn.text.split()) <= LONGEST_ASIDE[asked in FREE_TEXT]
    if is_short and intent != f"request_{turn.form_kind}":
        if intent in ("affirm", "deny", "correct") and (asked == "confirmation" or turn.state("known").get(asked)):
            return HANDLERS[intent]
        if intent in ("affirm", "deny") and asked in ("email", "phone", "contract"):
            return say_needed
        if intent in POLITE:
            return say_politely
        if intent in HANDLERS and intent not in ("affirm", "deny", "correct"):
            return HANDLERS[intent]
    return None


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


async def offer_person(turn: Turn, asked: str) -> Events:
    """« je préfère parler à quelqu'un »: at once where somebody is there; else the request is the way to people."""
    if live := await people.offered(turn, turn.state("offer").get("question")):
        turn.say("utter_form_human_there", live=live)
    else:
        turn.say("utter_form_human")
    return []


async def call_person(turn: Turn, asked: str) -> Events:
    """A person comes and the form ends, with what was typed kept; where nobody comes it goes on."""
    return end(PERSON) if await people.bring(turn) else []


HANDLERS: dict[str, Handle] = {
    "ask_human": offer_person,
    "request_person": call_person,
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


async def take_added(turn: Turn, asked: str) -> Events:
    return await summary.add(turn, str(turn.entities["value"]))


async def say_needed(turn: Turn, asked: str) -> Events:
    """Yes or no where a value is asked for."""
    turn.say("utter_form_needed")
    return []


async def take_picked(turn: Turn, asked: str) -> Events:
    value = str(turn.entities["value"])
    return await confirm(turn, value) if asked == "confirmation" else await check(turn, asked, value)


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
    if is_question:
        return [] if await answered(turn) else unanswered(turn)
    return await check(turn, asked, turn.text, or_question=True)


async def at_summary(turn: Turn, asked: str) -> Events:
    """Typed at the summary: a value that is to replace another, an aside, a yes or no, or anything else."""
    is_plain = turn.intent in ANSWERS and len(turn.text.split()) == 1 and not has_value(turn.text)
    if not is_plain and (events := await summary.new_value(turn)):
        return events
    handle = aside(turn, asked)
    return await handle(turn, asked) if handle else await summary.anything_else(turn)
