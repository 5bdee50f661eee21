"""Cases of this conversation: where they stand, and consent to what is passed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.errors import Conflict
from actions.turn import Events, Turn, payload

LISTED = 5
STATUSES = frozenset({"open", "in_progress", "waiting_customer", "waiting_consent", "resolved", "closed"})


async def status(turn: Turn) -> Events:
    """The cases that the message names by reference, else the newest ones."""
    await tell(turn, named_in=turn.text)
    return turn.set(expects=None)


async def tell(turn: Turn, named_in: str = "", most: int = LISTED) -> None:
    cases = await turn.web.cases(turn.conversation)
    if not cases:
        turn.say("utter_no_case")
        return
    wanted = [case for case in cases if str(case["ref"]).casefold() in named_in.casefold()]
    newest = sorted(wanted or cases, key=lambda case: str(case["created_at"]), reverse=True)
    for case in newest[:most]:
        current = case["status"] if case["status"] in STATUSES else "in_progress"
        turn.say(
            f"utter_status_{current}",
            custom=case_message(case),
            ref=case["ref"],
            about=case.get("subject") or case["ref"],
        )


def case_message(case: Any) -> dict[str, Any]:
    return {"type": "case", "case": {name: case.get(name) for name in ("ref", "kind", "level", "status", "due_at")}}


def ask_consent(turn: Turn, ref: str, who: str, what: str) -> Events:
    """Who gets what, and three buttons; a typed yes or no counts too."""
    say_consent(turn, "utter_ask_consent", ref, who, what)
    return turn.set(expects={"kind": "consent", "ref": ref, "who": who, "what": what})


def say_consent(turn: Turn, response: str, ref: str, who: str, what: str) -> None:
    buttons: dict[str, Any] = {
        name: payload("consent", ref=ref, agreed=agreed, who=who, what=what)
        for name, agreed in (("agree", "yes"), ("decline", "no"), ("later", "later"))
    }
    turn.say(response, ref=ref, who=who, what=what, **buttons)


async def consent(turn: Turn) -> Events:
    """A button of `utter_ask_consent` or `utter_consent_later`."""
    return await decide(turn, str(turn.entities["agreed"]), turn.entities)


async def decide(turn: Turn, agreed: str, asked: Mapping[str, Any]) -> Events:
    """Note yes or no with the words that were shown; later leaves everything open."""
    ref, who, what = (str(asked.get(name) or "") for name in ("ref", "who", "what"))
    if agreed == "later":
        say_consent(turn, "utter_consent_later", ref, who, what)
        return turn.set(expects=None)
    shown = turn.shown_text(("utter_ask_consent", "utter_consent_later"), "ref", ref)
    try:
        case = await turn.web.consent(ref, turn.conversation, agreed == "yes", shown or f"{who}: {what}")
    except Conflict:  # answered before, or by the link in the mail
        await tell(turn, named_in=ref)
        return turn.set(expects=None)
    outcome = "given" if agreed == "yes" else "declined"
    turn.say(f"utter_consent_{outcome}", custom=case_message(case), ref=case["ref"])
    return turn.set(expects=None)
