"""The way into a form and out of it: start with what is known, then send, leave, or change to another one."""

from __future__ import annotations

from typing import Any

from rasa_sdk.events import FollowupAction, SlotSet

from actions.cases import ask_consent, case_message, tell
from actions.errors import Conflict, Refused, Unavailable
from actions.turn import FORM_SLOTS, Events, Turn, payload

KINDS = ("ticket", "callback", "sla")
FIELDS = {
    "ticket": ("email", "subject", "text"),
    "callback": ("phone", "slot", "subject", "text"),
    "sla": ("email", "contract", "severity", "system", "subject", "text"),
}
ABOUT_THE_MATTER = ("subject", "text", "slot", "severity", "system")  # the rest is about the person
KNOWN = ("email", "phone", "contract")
PERSON = "person"  # `confirmation` of a form that was left because a person comes
SUBJECT_LENGTH = 80


async def start(turn: Turn) -> Events:
    """request_ticket, request_callback or request_sla: typed, or by a button that carries question and topic."""
    return await begin(turn, turn.intent.removeprefix("request_"))


async def begin(turn: Turn, kind: str) -> Events:
    """What a form starts with: drafts of the same matter, else the question that led here."""
    offer = turn.state("offer")
    if "question" in turn.entities:
        offer = {"question": turn.entities["question"], "topic": turn.entities.get("topic")}
    question = offer.get("question")
    values: dict[str, Any] = {}
    if question != turn.state("form").get("question") or not turn.state("form"):
        values = dict.fromkeys(ABOUT_THE_MATTER)
        if question and kind != "sla" and await is_acceptable(turn, "text", question):
            values |= {"text": question, "subject": subject_of(offer, question)}
    form = {"kind": kind, "key": f"{turn.conversation}:{turn.message_id}", "question": question, "failures": 0}
    turn.say(f"utter_start_{kind}")
    return turn.set(offer=offer or None, form=form, confirmation=None, expects=None, **values)


async def switch_to(turn: Turn, kind: str) -> Events:
    """Begin a form from within another action."""
    return [*await begin(turn, kind), FollowupAction(f"{kind}_form")]


async def stale(turn: Turn) -> Events:
    """A button of a form that is over: a second press of « envoyer » is told what became of the request."""
    if turn.entities.get("value") == "send" and await turn.web.cases(turn.conversation):
        turn.say("utter_already_sent")
        await tell(turn, most=1)
    else:
        turn.say("utter_stale_button")
    return []


async def is_acceptable(turn: Turn, field: str, value: str) -> bool:
    try:
        await turn.web.check(field, value, turn.lang, turn.conversation)
    except Refused:
        return False
    return True


def subject_of(offer: dict[str, Any], text: str) -> str:
    """The topic's title, else the beginning of the text."""
    topic = offer.get("topic") or {}
    if topic.get("title"):
        return str(topic["title"])
    line = " ".join(text.split())
    if len(line) <= SUBJECT_LENGTH:
        return line
    return line[: SUBJECT_LENGTH + 1].rsplit(" ", 1)[0][:SUBJECT_LENGTH].rstrip(" ,;:.") + "…"


async def close(turn: Turn) -> Events:
    """The form has ended (or its request is sent once more): slot `confirmation` says how."""
    form, choice = turn.state("form"), str(turn.slot("confirmation") or "")
    if not form or (turn.intent == "resend" and choice != "send"):
        turn.say("utter_nothing_to_send")
        return turn.set(confirmation=None)
    if choice.startswith("switch:"):
        return await switch_to(turn, choice.removeprefix("switch:"))
    if choice == "send":
        return await send(turn, str(form["kind"]), form)
    if choice == PERSON:
        turn.say("utter_person_coming")
        return turn.set(confirmation=None)
    return leave(turn, str(form["kind"]))


async def cancel(turn: Turn) -> Events:
    """« annuler » outside a form: of a request that could not be sent, or of nothing."""
    form = turn.state("form")
    if form and turn.slot("confirmation") == "send":
        return leave(turn, str(form["kind"]))
    turn.say("utter_nothing_to_cancel")
    return turn.set(expects=None)


def leave(turn: Turn, kind: str) -> Events:
    """Nothing is sent, everything typed is kept for another start."""
    turn.say("utter_cancelled", restart=payload(f"request_{kind}"))
    return turn.set(confirmation=None)


async def send(turn: Turn, kind: str, form: dict[str, Any]) -> Events:
    try:
        case = await turn.web.open_case(request(turn, kind, form))
    except Unavailable:
        turn.say("utter_not_sent")
        return []
    except Conflict:  # sent before with other words, when the answer was lost
        turn.say("utter_already_sent")
        await tell(turn)
        return emptied(turn)
    except Refused as error:  # such as a slot taken meanwhile: ask for it again, keep the rest
        field = error.field if error.field in FIELDS[kind] else "text"
        turn.say(error_response(error.code))
        return [SlotSet(field, None), SlotSet("confirmation", None), FollowupAction(f"{kind}_form")]
    offer, display = turn.state("offer"), turn.state("display")
    waiting = case["status"] == "waiting_consent"
    turn.say(
        f"utter_created_{'consent' if waiting else kind}",
        custom=case_message(case),
        ref=case["ref"],
        time=display.get("slot"),
        number=display.get("phone"),
    )
    events = emptied(turn)
    topic = offer.get("topic") or {}
    if waiting and topic.get("passed_to") and topic.get("passed_on"):
        events += ask_consent(turn, case["ref"], topic["passed_to"], topic["passed_on"])
    return events


def request(turn: Turn, kind: str, form: dict[str, Any]) -> dict[str, Any]:
    """The body of `POST /internal/cases`. The key is that of the form's start: however often sent, one case."""
    offer = turn.state("offer")
    topic = offer.get("topic") or {}
    fields = {name: turn.slot(name) for name in FIELDS[kind]} | {"question": form.get("question")}
    fields["subject"] = fields["subject"] or subject_of(offer, str(fields["text"]))
    if topic.get("channel") == kind:
        fields["level"] = topic["level"]
        if topic["level"] == 4:
            fields |= {"passed_to": topic.get("passed_to"), "passed_on": topic.get("passed_on")}
    return {
        "conversation": turn.conversation,
        "idempotency_key": form["key"],
        "kind": kind,
        "lang": turn.lang,
        "topic": topic.get("id"),
        **{name: value for name, value in fields.items() if value is not None},
    }


def emptied(turn: Turn) -> Events:
    """Everything of the form forgotten, but for what can be proposed the next time."""
    known = {**turn.state("known"), **{name: turn.slot(name) for name in KNOWN if turn.slot(name)}}
    gone = dict.fromkeys((*FORM_SLOTS, "confirmation", "form", "offer", "expects"))
    return turn.set(known=known or None, **gone)


def error_response(code: str) -> str:
    """The sentence for an error code of the internal API."""
    known = {
        "invalid_email", "invalid_phone", "too_short", "too_long", "invalid_contract", "invalid_severity",
        "invalid_slot", "slot_taken", "slot_closed",
    }  # fmt: skip
    return f"utter_error_{code if code in known else 'other'}"
