"""Callbacks and SLA requests in a real dialogue, consent included."""

from __future__ import annotations

import pytest

from tests.dialogue.peers import SLOTS
from tests.dialogue.running import Bot, Talk


def body_of(bot: Bot, talk: Talk) -> dict[str, object]:
    return next(body for body in bot.web.bodies.values() if body["conversation"] == talk.id)


def test_a_callback_asks_number_and_time_and_books_it(talk: Talk, bot: Bot) -> None:
    talk.say("mon antivirus bloque tout")
    assert talk.press("rappelé").asked == "phone"
    times = talk.say("06 12 34 56 78")
    assert [b["title"] for b in times.buttons] == [display for _, display in SLOTS]
    summary = talk.press("14:00")
    for part in ("+33 612345678", "mardi 8 janvier, 14:00", "mon antivirus bloque tout"):
        assert part in summary.text
    done = talk.press("Envoyer")
    assert "mardi 8 janvier, 14:00" in done.text
    body = body_of(bot, talk)
    assert (body["kind"], body["level"], body["phone"], body["slot"]) == ("callback", 2, "+33612345678", SLOTS[1][0])
    assert body["subject"] == "Topic antivirus-blocks"


def test_a_time_can_be_typed_and_a_closed_one_is_explained(talk: Talk) -> None:
    talk.say("rappelez-moi")
    talk.say("0612345678")
    assert "ne pouvons pas vous rappeler" in talk.say("dimanche à 3 h").text
    assert "pas compris ce moment" in talk.say("quand vous voulez").text
    assert talk.say("10:00").asked == "text"


@pytest.mark.parametrize("text", ["demain matin", "cet après-midi", "rappelez-moi demain matin"])
def test_what_sounds_like_a_wish_for_a_callback_is_a_time_here(talk: Talk, text: str) -> None:
    talk.say("rappelez-moi")
    talk.say("0612345678")
    reply = talk.say(text)
    assert "pas compris ce moment" in reply.text  # the fake web knows no such time; it was asked at least
    assert reply.asked == "slot"


def test_a_slot_taken_meanwhile_is_asked_for_again_and_the_rest_is_kept(talk: Talk, bot: Bot) -> None:
    talk.say("mon antivirus bloque tout")
    talk.press("rappelé")
    talk.say("0612345678")
    talk.press("10:00")
    bot.web.refuse_case = (422, "slot_taken", "slot")
    reply = talk.press("Envoyer")
    assert "vient d’être pris" in reply.text
    assert (reply.form, reply.asked) == ("callback_form", "slot")
    assert "+33 612345678" in talk.press("14:00").text
    assert "réservé" in talk.press("Envoyer").text


def test_without_any_free_slot_a_ticket_is_offered(talk: Talk, bot: Bot) -> None:
    bot.web.slots = []
    try:
        talk.say("rappelez-moi")
        reply = talk.say("0612345678")
        assert "sont pris" in reply.text
        assert talk.press("ticket").form == "ticket_form"
    finally:
        bot.web.slots = list(SLOTS)


def sla(talk: Talk, question: str) -> None:
    talk.say(question)
    talk.press("SLA")
    talk.say("sla-2026-0042")
    talk.press("1 –")
    talk.say("le serveur de la comptabilité, version 12")
    talk.press("Reprendre ma question")
    talk.say("chef@exemple.fr")


def test_an_sla_request_takes_contract_severity_system_text_and_address(talk: Talk, bot: Bot) -> None:
    sla(talk, "un souci avec la base de données")
    done = talk.press("Envoyer")
    assert "demande SLA" in done.text
    body = body_of(bot, talk)
    assert {name: body[name] for name in ("kind", "level", "contract", "severity", "system", "email", "text")} == {
        "kind": "sla", "level": 3, "contract": "SLA-2026-0042", "severity": "1",
        "system": "le serveur de la comptabilité, version 12", "email": "chef@exemple.fr",
        "text": "un souci avec la base de données",
    }  # fmt: skip
    assert "passed_to" not in body


@pytest.mark.parametrize(
    ("answer", "agreed"), [("J’accepte", True), ("Je refuse", False), ("oui", True), ("non", False)]
)
def test_level_4_waits_for_consent_and_keeps_what_was_shown(talk: Talk, bot: Bot, answer: str, agreed: bool) -> None:
    sla(talk, "mon NAS ne répond plus")
    done = talk.press("Envoyer")
    assert done.customs[0]["case"]["status"] == "waiting_consent"
    shown = done.messages[-1]["text"]
    for part in ("NAS vendor", "logs and contact data"):
        assert part in shown
    assert body_of(bot, talk)["passed_to"] == "NAS vendor"
    reply = talk.say(answer) if answer in ("oui", "non") else talk.press(answer)
    given = bot.web.consents[-1]
    assert (given["agreed"], given["statement"]) == (agreed, shown)
    assert ("accord est noté" in reply.text) is agreed


def test_consent_can_be_given_later(talk: Talk, bot: Bot) -> None:
    sla(talk, "mon NAS ne répond plus")
    talk.press("Envoyer")
    before = len(bot.web.consents)
    talk.press("Plus tard")
    assert len(bot.web.consents) == before
    assert "accord est noté" in talk.press("J’accepte").text
    assert len(bot.web.consents) == before + 1


def test_who_has_no_contract_is_led_to_a_ticket(talk: Talk) -> None:
    talk.say("un souci avec la base de données")
    talk.press("SLA")
    assert talk.press("pas de contrat").form == "ticket_form"
