"""Questions: search, then answer, ask back, or hand over; and what follows on a yes or a no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actions import cases, forms, people
from actions.errors import Conflict, Unavailable
from actions.handoff import channel_of, hand_over, kept, offer_people, receipt
from actions.kb import Found, Hit
from actions.turn import Events, Turn, payload

CHOICES = 3
SOURCE = ("article", "version", "title", "url", "passage", "kind", "heading", "second", "lang")
ANSWERS = 3  # shown for one question before a person takes over
# From this probability on the likeliest topic's people are offered beside articles: of the golden messages for people
# that are asked back, 23 of 33 find their channel so.
TOPIC_OFFERED = 0.03
OR_PEOPLE = {"utter_clarify": "utter_clarify_or_people", "utter_maybe": "utter_maybe_or_people"}


async def answer(turn: Turn) -> Events:
    """A question was typed, one of the offered articles chosen, or the last question asked once more."""
    if turn.intent == "choose":
        return await show_choice(turn, turn.entities)
    expected = turn.state("expects")
    if expected.get("kind") == "choices" and turn.text in map(str, range(1, len(expected["choices"]) + 1)):
        return await show_choice(turn, expected["choices"][int(turn.text) - 1])
    question = turn.entities.get("question") or (turn.last_question() if turn.pressed else turn.text)
    if not question or not any(character.isalnum() for character in question):  # « ??? »
        turn.say("utter_reformulate")
        return turn.set(expects=None)
    try:
        found = await turn.kb.search(question, turn.lang)
    except Unavailable:
        return await search_is_down(turn, question)
    outcome = found.decision["outcome"]
    if outcome == "handoff" or found.decision.get("urgent"):
        return await hand_over(turn, question, found)
    if outcome == "clarify" and found.hits:
        return offer_choices(turn, "utter_clarify", question, found, shown=[])
    if not found.hits:
        return await offer_people(turn, question, receipt(question, found, "handoff"), response="utter_no_answer")
    return give_answer(turn, question, found, found.hits[0], shown=[])


async def feedback(turn: Turn) -> Events:
    """Yes or no: to an answer, to a choice of articles, or to what is passed on; pressed or typed."""
    expected = {**turn.state("expects"), **turn.entities}
    agreed = turn.intent == "affirm"
    if expected.get("kind") == "consent" and "question" not in turn.entities:
        return await cases.decide(turn, "yes" if agreed else "no", expected)
    if expected.get("kind") == "handoff" and "question" not in turn.entities:
        if agreed and expected["channel"] == people.HERE:
            return await people.request(turn)
        if agreed:
            return await forms.switch_to(turn, str(expected["channel"]))
        turn.say("utter_reformulate")
        return turn.set(expects=None)
    question = expected.get("question")
    if not question:
        turn.say("utter_say_more")
        return []
    if agreed and expected.get("kind") == "choices":  # which of them?
        choices = expected["choices"]
        if len(choices) == 1:
            return await show_choice(turn, choices[0])
        turn.say("utter_which")
        return []
    if agreed:
        turn.say("utter_glad")
        return turn.set(expects=None)
    return await next_best(turn, str(question), strings(expected.get("shown")))


async def next_best(turn: Turn, question: str, shown: list[str]) -> Events:
    """What has not been shown yet; then a person."""
    try:
        found = await turn.kb.search(question, turn.lang, exclude=shown)
    except Unavailable:
        return await search_is_down(turn, question)
    outcome = found.decision["outcome"]
    named = found.decision.get("topic") or found.decision.get("urgent")
    if len(shown) >= ANSWERS or not found.hits or (outcome == "handoff" and named):
        if found.topic:
            return await hand_over(turn, question, found, reason="not_helpful")
        return await offer_people(
            turn, question, receipt(question, found, "handoff", "not_helpful"), response="utter_person"
        )
    if outcome == "answer":
        turn.say("utter_next_best")
        return give_answer(turn, question, found, found.hits[0], shown)
    return offer_choices(turn, "utter_maybe", question, found, shown)


async def show_choice(turn: Turn, chosen: Mapping[str, Any]) -> Events:
    """The passage of the chosen article that fits the question; the whole article where it is no longer found."""
    question, article = str(chosen.get("question") or ""), str(chosen["article"])
    lang = str(chosen.get("lang") or turn.lang)
    shown = [name for name in strings(chosen.get("shown")) if name != article]
    found = None
    if question:
        try:
            found = await turn.kb.search(question, turn.lang, limit=10)
        except Unavailable:
            return await search_is_down(turn, question)
        hit = next((hit for hit in found.hits if hit["article"] == article), None)
        if hit is not None:
            return give_answer(turn, question, found, hit, shown)
    try:
        whole = await turn.kb.article(article, lang)
    except Conflict:
        turn.say("utter_reformulate")
        return turn.set(expects=None)
    hit = {
        "article": article, "version": whole["version"], "lang": whole["lang"], "kind": whole["kind"],
        "title": whole["title"], "url": f"/articles/{whole['lang']}/{article}", "passage": f"{article}.{whole['lang']}",
        "heading": None, "second": None, "text": whole["text"], "probability": 1.0,
    }  # fmt: skip
    return give_answer(turn, question or whole["title"], found, hit, shown)


def give_answer(turn: Turn, question: str, found: Found | None, hit: Hit, shown: Sequence[str]) -> Events:
    show_hit(turn, question, found, hit)
    shown = [*shown, hit["article"]]
    turn.say(
        "utter_ask_helpful",
        yes=payload("affirm", question=question, shown=shown),
        no=payload("deny", question=question, shown=shown),
    )
    return turn.set(
        expects={"kind": "feedback", "question": question, "shown": shown}, offer={"question": question, "topic": None}
    )


def show_hit(turn: Turn, question: str, found: Found | None, hit: Hit) -> None:
    """The passage, verbatim, with its source; said first where it is in another language than the customer's."""
    if hit["lang"] != turn.lang:
        turn.say("utter_other_language")
    source = {name: hit.get(name) for name in SOURCE}
    turn.show(
        {
            "type": "answer",
            "text": hit["text"],
            "lang": hit["lang"],
            "source": source,
            "decision": decided("answer", hit["probability"]),
            "receipt": receipt(question, found, "answer"),
        }
    )


def offer_choices(turn: Turn, response: str, question: str, found: Found, shown: list[str]) -> Events:
    """Up to three articles as buttons, the people of the likeliest topic where one may be meant, « none of these »."""
    hits = found.hits[:CHOICES]
    offered = [*shown, *(hit["article"] for hit in hits)]
    choices = [{"article": hit["article"], "lang": hit["lang"], "question": question, "shown": shown} for hit in hits]
    topic = next((one for one in found.topics if one["probability"] >= TOPIC_OFFERED), None)
    people = {}
    if topic is not None:
        request = payload(f"request_{channel_of(topic)}", question=question, topic=kept(topic))
        people = {"topic": topic["title"], "people": request}
    turn.say(
        OR_PEOPLE[response] if people else response,
        custom={
            "type": "choices",
            "decision": decided("clarify", found.decision["probability"]),
            "receipt": receipt(question, found, "clarify"),
        },
        buttons=[
            {"title": hit["title"], "payload": payload("choose", **choice)}
            for hit, choice in zip(hits, choices, strict=True)
        ],
        none=payload("deny", question=question, shown=offered),
        **people,
    )
    expected = {"kind": "choices", "question": question, "shown": offered, "choices": choices}
    return turn.set(expects=expected, offer={"question": question, "topic": None})


async def search_is_down(turn: Turn, question: str) -> Events:
    """The articles cannot be searched: try again, or a person."""
    reasons = receipt(question, None, "handoff", "search_unavailable")
    return await offer_people(
        turn, question, reasons, response="utter_search_down", retry=payload("retry", question=question)
    )


def decided(outcome: str, probability: float) -> dict[str, Any]:
    """A decision without a level: no person is needed."""
    return {"outcome": outcome, "probability": probability, "level": None, "channel": None}


def strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
