"""Customers who ask, over the real chat API; the dialogue answers as the actions do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.console.site import ConsoleSite
from tests.gateway.site import Talk, Turn

NOBODY = {"outcome": "handoff", "reason": "low_probability", "probability": 0.1}


def answered(article: str, version: str, probability: float) -> dict[str, Any]:
    return {
        "outcome": "answer",
        "reason": "confident",
        "probability": probability,
        "article": article,
        "version": version,
    }


def dialogue(console: ConsoleSite, what: Mapping[str, Mapping[str, Any]]) -> None:
    """What is answered to which words; every other is thanked for."""

    async def answer(turn: Turn) -> Any:
        given, text = what.get(turn.get("text") or ""), turn.get("text")
        state = {"active_loop": None, "requested_slot": None}
        if given is None:
            return {"messages": [{"text": "Merci."}], "state": state}
        article, version = given.get("article"), given.get("version")
        candidate = {"article": article or "x", "version": version or "0", "title": "t"}
        receipt = {
            "question": text,
            "outcome": given["outcome"],
            "reason": given["reason"],
            "index_version": "1",
            "candidates": [{**candidate, "probability": given["probability"]}],
            "topics": [],
        }
        decision = {"outcome": given["outcome"], "probability": given["probability"], "channel": "ticket", "level": 1}
        if given["outcome"] != "answer":
            custom = {"type": "handoff", "text": "Une personne ?", "decision": decision, "receipt": receipt}
            return {"messages": [{"custom": custom}], "state": state}
        source = {"article": article, "version": version, "title": "t", "url": "/articles/en/x", "passage": "p"}
        custom = {"type": "answer", "text": "Voici.", "lang": "en", "source": source, "receipt": receipt}
        custom["decision"] = {"outcome": "answer", "probability": given["probability"]}
        said = json.dumps({"question": text, "shown": [article]})
        buttons = [{"title": "Oui", "payload": f"/affirm{said}"}, {"title": "Non", "payload": f"/deny{said}"}]
        return {"messages": [{"custom": custom}, {"text": "Utile ?", "buttons": buttons}], "state": state}

    console.desk.site.rasa.answer = answer


async def ask(console: ConsoleSite, text: str, helpful: bool | None = None, lang: str = "en") -> Talk:
    """A customer asks, and perhaps says whether it helped."""
    talk = await console.desk.site.talk(lang)
    await talk.say(text)
    if helpful is None:
        await talk.replies(1)
        return talk
    seen = await talk.replies(2)
    buttons = seen[-1]["buttons"]
    await talk.press(buttons[0 if helpful else 1]["id"])
    await talk.replies(3)
    return talk
