"""Persons in a real dialogue: offered where one is there, asked for by a button, and gone without a trace."""

from __future__ import annotations

import pytest

from tests.dialogue.peers import CLOSED, THERE
from tests.dialogue.running import Bot, Talk

NOW = {
    "fr": "Parler à une personne maintenant", "de": "Jetzt mit einem Menschen sprechen", "en": "Talk to a person now",
}  # fmt: skip


@pytest.mark.parametrize(
    ("lang", "wish"),
    [("fr", "je veux parler à quelqu'un"), ("de", "ich will mit jemandem sprechen"), ("en", "get me a human")],
)
def test_who_asks_for_a_person_gets_one_by_one_button(bot: Bot, lang: str, wish: str) -> None:
    bot.web.presence = dict(THERE)
    talk = Talk(bot, lang)
    reply = talk.say(wish)
    assert reply.buttons[0]["title"] == NOW[lang]
    assert len(reply.buttons) == 3
    talk.press(NOW[lang])
    assert [asked["conversation"] for asked in bot.web.asked] == [talk.id]


def test_a_handoff_has_the_button_first_and_its_question_goes_along(bot: Bot, talk: Talk) -> None:
    bot.web.presence = dict(THERE)
    reply = talk.say("Ma facture est fausse")
    assert [button["title"] for button in reply.buttons][:2] == [NOW["fr"], "Écrire un ticket"]
    talk.press(NOW["fr"])
    assert bot.web.asked == [{"conversation": talk.id, "question": "Ma facture est fausse"}]


def test_outside_hours_it_is_said_first_when_somebody_is_back(bot: Bot, talk: Talk) -> None:
    bot.web.presence = dict(CLOSED)
    reply = talk.say("Ma facture est fausse")
    assert CLOSED["display"] in reply.messages[0]["text"]
    assert NOW["fr"] not in [button["title"] for button in reply.buttons]
    assert talk.press("ticket").form == "ticket_form"


def test_a_person_asked_for_inside_a_form_ends_it_and_keeps_what_was_typed(bot: Bot, talk: Talk) -> None:
    talk.say("Je veux ouvrir un ticket")
    assert talk.say("Mon imprimante ne répond plus depuis hier").form == "ticket_form"
    bot.web.presence = dict(THERE)
    talk.say("je veux parler à quelqu'un")
    assert talk.press(NOW["fr"]).form is None
    assert [asked["conversation"] for asked in bot.web.asked] == [talk.id]


def test_after_a_person_the_next_question_is_one_though_a_form_was_open(talk: Talk) -> None:
    talk.say("Je veux ouvrir un ticket")
    reply = talk.send(text="Comment changer mon mot de passe ?", fresh=True)
    assert reply.form is None
    assert reply.customs[0]["type"] == "answer"


def test_leaving_the_queue_is_answered(talk: Talk) -> None:
    talk.say("bonjour")
    assert "vous n’attendez plus" in talk.send(payload="/leave_queue").text
