"""Cases of this conversation: where they stand, and consent to what is passed on."""

from __future__ import annotations

from typing import Any

from actions.errors import Conflict
from actions.turn import Events, Turn, payload

LISTED = 5
STATUSES = frozenset({"open", "in_progress", "waiting_customer", "waiting_consent", "resolved", "closed"})


async def status(turn: Turn) -> Events:
    """The cases that the message names by reference, else the newest ones."""
    await tell(turn, named_in=turn.text)
    return turn.set(expects=None)


async def tell(turn: Turn, named_in: str = "") -> None:
    cases = await turn.web.cases(turn.conversation)
    if not cases:
        turn.say("utter_no_case")
        return
    wanted = [case for case in cases if str(case["ref"]).casefold() in named_in.casefold()]
    newest = sorted(wanted or cases, key=lambda case: str(case["created_at"]), reverse=True)
    for case in newest[:LISTED]:
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
    carried = {"ref": ref, "statement": f"{who}: {what}"}
    turn.say(
        "utter_ask_consent",
        ref=ref,
        who=who,
        what=what,
        agree=payload("consent", agreed="yes", **carried),
        decline=payload("consent", agreed="no", **carried),
        later=payload("consent", agreed="later", **carried),
    )
    return turn.set(expects={"kind": "consent", **carried})


async def consent(turn: Turn) -> Events:
    """A button of `utter_ask_consent` or `utter_consent_later`."""
    given = turn.entities
    statement = str(given.get("statement") or "")
    return await decide(turn, str(given["ref"]), agreed=str(given["agreed"]), who_what=statement)


async def decide(turn: Turn, ref: str, *, agreed: str, who_what: str) -> Events:
    """Note yes or no with the words that were shown; later leaves everything open."""
    who_what = who_what or str(turn.state("expects").get("statement") or "")
    if agreed == "later":
        carried = {"ref": ref, "statement": who_what}
        turn.say(
            "utter_consent_later",
            ref=ref,
            agree=payload("consent", agreed="yes", **carried),
            decline=payload("consent", agreed="no", **carried),
        )
        return turn.set(expects=None)
    statement = turn.shown_text("utter_ask_consent", "ref", ref) or who_what
    try:
        case = await turn.web.consent(ref, turn.conversation, agreed == "yes", statement)
    except Conflict:
        await tell(turn, named_in=ref)
        return turn.set(expects=None)
    outcome = "given" if agreed == "yes" else "declined"
    turn.say(f"utter_consent_{outcome}", custom=case_message(case), ref=case["ref"])
    return turn.set(expects=None)
