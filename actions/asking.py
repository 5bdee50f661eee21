"""How a form asks for slots whose question depends on what is known: `action_ask_<slot>`."""

from __future__ import annotations

from actions.errors import Unavailable
from actions.turn import Events, Turn, payload

LONGEST_SHOWN = 300  # characters of a text in a summary


async def text(turn: Turn) -> Events:
    question = turn.state("offer").get("question")
    if question:
        turn.say("utter_ask_text_known", pick=payload("pick", slot="text", value=question))
    else:
        turn.say("utter_ask_text")
    return []


async def email(turn: Turn) -> Events:
    return ask_with_known(turn, "email")


async def phone(turn: Turn) -> Events:
    return ask_with_known(turn, "phone")


async def contract(turn: Turn) -> Events:
    return ask_with_known(turn, "contract")


def ask_with_known(turn: Turn, field: str) -> Events:
    """The value of an earlier request of this conversation is proposed as a button."""
    known = turn.state("known").get(field)
    if known:
        shown = turn.state("display").get(field, known)
        turn.say(f"utter_ask_{field}_known", known=shown, pick=payload("pick", slot=field, value=known))
    else:
        turn.say(f"utter_ask_{field}")
    return []


async def slot(turn: Turn) -> Events:
    try:
        free = await turn.web.slots(turn.conversation, turn.lang)
    except Unavailable:
        turn.say("utter_ask_slot_open")
        return []
    if not free:
        turn.say("utter_no_slots")
        return []
    turn.say(
        "utter_ask_slot",
        buttons=[{"title": s["display"], "payload": payload("pick", slot="slot", value=s["start"])} for s in free],
    )
    return []


async def confirmation(turn: Turn) -> Events:
    """The summary with send, correct, cancel; or, after « corriger », which field."""
    kind = turn.state("form").get("kind") or turn.form_kind
    if turn.state("form").get("correcting"):
        turn.say(f"utter_correct_{kind}")
        return []
    display = turn.state("display")
    turn.say(
        f"utter_summary_{kind}",
        about=turn.slot("subject"),
        request=shortened(str(turn.slot("text") or "")),
        address=turn.slot("email"),
        number=display.get("phone") or turn.slot("phone"),
        time=display.get("slot") or turn.slot("slot"),
        agreement=turn.slot("contract"),
        degree=display.get("severity") or turn.slot("severity"),
        affected=turn.slot("system"),
    )
    return []


def shortened(value: str) -> str:
    """On one line, as a line of the summary's list."""
    line = " – ".join(" ".join(part.split()) for part in value.splitlines() if part.strip())
    return line if len(line) <= LONGEST_SHOWN else line[:LONGEST_SHOWN].rsplit(" ", 1)[0] + " …"
