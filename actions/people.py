"""A person at once: whether somebody is there, the offer, and the asking (docs/desk.md, "Live conversations")."""

from __future__ import annotations

from typing import Any

from actions.errors import Conflict, ServiceError, Unavailable
from actions.turn import Events, Turn, payload
from actions.web import Presence

HERE = "person"  # the channel that a typed yes would take


async def ask(turn: Turn) -> Events:
    """« parler à quelqu'un »: a person is offered where one is there, and comes where that is said again."""
    question = turn.state("offer").get("question")
    try:
        presence = await turn.web.presence(turn.conversation, turn.lang)
    except ServiceError:
        turn.say("utter_ask_human")
        return turn.set(expects=None)
    if presence["there"] and turn.state("expects").get("channel") == HERE:
        return await request(turn)
    return say_presence(turn, presence, question)


async def request(turn: Turn) -> Events:
    """The button « a person at once », or a yes to it."""
    await bring(turn)
    offer = offer_of(turn)
    return turn.set(offer=offer or None, expects=None)


async def bring(turn: Turn) -> bool:
    """Ask for a person; whether one is on the way. Where not, it is said, with the other ways."""
    question = offer_of(turn).get("question")
    try:
        await turn.web.ask_person(turn.conversation, question)
    except Conflict:
        say_presence(turn, await turn.web.presence(turn.conversation, turn.lang), question)
        return False
    except Unavailable:
        turn.say("utter_person_unreachable", live=button(question))
        return False
    turn.say("utter_person_coming")  # heard by nobody: what the web process says takes its place
    return True


async def sorry(turn: Turn) -> Events:
    """An angry or helpless customer."""
    live = await offered(turn, turn.state("offer").get("question"))
    turn.say("utter_sorry", live=live)
    return []


async def offered(turn: Turn, question: str | None) -> str:
    """The payload of « a person at once » for a handoff, empty where there is to be no such button. When somebody is
    back, where that is known, is said before anything else."""
    try:
        presence = await turn.web.presence(turn.conversation, turn.lang)
    except ServiceError:
        return ""
    if presence["there"]:
        return "" if presence.get("released") else button(question)
    if back := presence.get("display"):
        turn.say("utter_back", back=back)
    return ""


def say_presence(turn: Turn, presence: Presence, question: str | None) -> Events:
    if presence["there"]:
        turn.say("utter_ask_human_there", live=button(question))
        return turn.set(expects={"kind": "handoff", "channel": HERE})
    if back := presence.get("display"):
        turn.say("utter_ask_human_closed", back=back)
    else:
        turn.say("utter_ask_human_busy" if presence.get("reason") == "busy" else "utter_ask_human_nobody")
    return turn.set(expects=None)


def button(question: str | None) -> str:
    return payload("request_person", question=question)


def offer_of(turn: Turn) -> dict[str, Any]:
    """What the person is asked about: what the button carries, else what was offered last."""
    if "question" in turn.entities:
        return {"question": turn.entities["question"], "topic": turn.entities.get("topic")}
    return turn.state("offer")
