"""What people do beside asking well: they swear, answer too early or too late, press twice, say yes to an offer."""

from __future__ import annotations

import pytest

from tests.dialogue.peers import SLOTS
from tests.dialogue.running import Bot, Talk


@pytest.mark.parametrize("text", ["vous êtes nul", "merde", "Das ist Mist", "you are useless"])
def test_anger_is_met_with_a_way_on_and_no_search(talk: Talk, bot: Bot, text: str) -> None:
    reply = talk.say(text)
    assert "désolé" in reply.text
    assert {"Écrire un ticket", "Être rappelé"} == {b["title"] for b in reply.buttons}
    assert bot.kb.questions == []


@pytest.mark.parametrize("text", ["???", "!!", "…"])
def test_marks_alone_are_no_question(talk: Talk, bot: Bot, text: str) -> None:
    assert "en une phrase" in talk.say(text).text
    assert bot.kb.questions == []


@pytest.mark.parametrize(
    ("question", "form", "asked"),
    [("une question sur ma facture", "ticket_form", "email"), ("mon antivirus bloque tout", "callback_form", "phone")],
)
def test_yes_to_an_offered_person_begins_that_request(talk: Talk, question: str, form: str, asked: str) -> None:
    talk.say(question)
    reply = talk.say("oui")
    assert (reply.form, reply.asked) == (form, asked)


def test_no_to_an_offered_person_asks_for_other_words(talk: Talk) -> None:
    talk.say("une question sur ma facture")
    assert "en une phrase" in talk.say("non").text


def test_yes_to_several_articles_asks_which(talk: Talk) -> None:
    talk.say("archiver")
    assert "Lequel" in talk.say("oui").text
    assert talk.say("2").customs[0]["source"]["article"] == "archive-b"


def test_a_second_press_of_send_is_told_what_became_of_the_request(talk: Talk, bot: Bot) -> None:
    talk.say("une question sur ma facture")
    talk.press("ticket")
    send = talk.say("jean@exemple.fr").payload("Envoyer")
    ref = talk.send(payload=send).customs[0]["case"]["ref"]
    again = talk.send(payload=send)
    assert "déjà enregistrée" in again.text
    assert ref in again.text
    assert len([b for b in bot.web.bodies.values() if b["conversation"] == talk.id]) == 1


def test_a_time_told_before_it_is_asked_for_is_kept(talk: Talk) -> None:
    talk.say("mon antivirus bloque tout")
    talk.press("rappelé")
    reply = talk.say("10:00")
    assert "déjà noté" in reply.text
    assert reply.asked == "phone"
    summary = talk.say("06 12 34 56 78")
    assert summary.asked == "confirmation"
    assert SLOTS[0][1] in summary.text


def test_a_question_in_between_that_nothing_answers_is_no_wrong_value(talk: Talk) -> None:
    talk.say("une question sur ma facture")
    talk.press("ticket")
    reply = talk.say("combien de temps ça prend ?")
    assert "pas de réponse sûre" in reply.text
    assert "ne semble pas complète" not in reply.text
    assert reply.asked == "email"
    assert talk.press("ajouter").asked == "email"
    assert "combien de temps ça prend" in talk.say("jean@exemple.fr").text


@pytest.mark.parametrize("text", ["oui", "non"])
def test_yes_or_no_is_no_wrong_address(talk: Talk, text: str) -> None:
    talk.say("une question sur ma facture")
    talk.press("ticket")
    reply = talk.say(text)
    assert "J’ai besoin de cette indication" in reply.text
    assert reply.asked == "email"


@pytest.mark.parametrize(("text", "answer"), [("bonjour", "Nous en étions là"), ("au revoir", "pas encore envoyée")])
def test_greetings_within_a_form_are_answered_as_greetings(talk: Talk, text: str, answer: str) -> None:
    talk.say("une question sur ma facture")
    talk.press("ticket")
    reply = talk.say(text)
    assert answer in reply.text
    assert reply.asked == "email"
