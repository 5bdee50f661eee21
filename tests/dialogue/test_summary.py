"""At the summary of a request: what is typed there replaces a value, is answered, or is added; yes and no count."""

from __future__ import annotations

import pytest

from tests.dialogue.peers import SLOTS
from tests.dialogue.running import Bot, Reply, Talk


def ticket(talk: Talk) -> Reply:
    talk.say("J'ai des questions sur une facture")
    talk.press("ticket")
    return talk.say("jean@exemple.fr")


def callback(talk: Talk) -> Reply:
    talk.say("mon antivirus bloque tout")
    talk.press("rappelé")
    talk.say("06 12 34 56 78")
    return talk.press("14:00")


def sla(talk: Talk) -> Reply:
    talk.say("un souci avec la base de données")
    talk.press("SLA")
    talk.say("sla-2026-0042")
    talk.press("1 –")
    talk.say("le serveur de la comptabilité")
    talk.press("Reprendre ma question")
    return talk.say("chef@exemple.fr")


def sent(bot: Bot, talk: Talk) -> dict[str, object]:
    talk.press("Envoyer")
    return next(body for body in bot.web.bodies.values() if body["conversation"] == talk.id)


BEGIN = {"ticket": ticket, "callback": callback, "sla": sla}


@pytest.mark.parametrize(
    ("kind", "typed", "shown", "field", "value"),
    [
        ("ticket", "Marie.Durand@exemple.fr", "marie.durand@exemple.fr", "email", "marie.durand@exemple.fr"),
        ("ticket", "non, plutôt marie@exemple.fr svp", "marie@exemple.fr", "email", "marie@exemple.fr"),
        ("callback", "07 11 22 33 44", "+33 711223344", "phone", "+33711223344"),
        ("callback", "mardi 8 janvier, 10:00", "10:00", "slot", SLOTS[0][0]),
        ("sla", "SLA-2026-0077", "SLA-2026-0077", "contract", "SLA-2026-0077"),
        ("sla", "3", "3 – degree", "severity", "3"),
        ("sla", "patron@exemple.fr", "patron@exemple.fr", "email", "patron@exemple.fr"),
    ],
)
def test_a_new_value_replaces_the_old_one(
    talk: Talk, bot: Bot, kind: str, typed: str, shown: str, field: str, value: str
) -> None:
    BEGIN[kind](talk)
    summary = talk.say(typed)
    assert summary.asked == "confirmation"
    assert shown in summary.text
    assert len(summary.messages) == 1, "only the summary, nothing is asked"
    assert sent(bot, talk)[field] == value


def test_what_is_no_good_value_is_explained_and_the_old_one_stays(talk: Talk, bot: Bot) -> None:
    ticket(talk)
    reply = talk.say("marie@")
    assert "ne semble pas complète" in reply.text
    assert "jean@exemple.fr" in reply.messages[-1]["text"]
    assert sent(bot, talk)["email"] == "jean@exemple.fr"


def test_a_number_that_is_none_is_explained(talk: Talk) -> None:
    callback(talk)
    reply = talk.say("06 12 34")
    assert "ne reconnais pas ce numéro" in reply.text
    assert "+33 612345678" in reply.messages[-1]["text"]


def test_a_time_that_cannot_be_had_is_asked_for_anew(talk: Talk) -> None:
    callback(talk)
    reply = talk.say("dimanche à 3 h")
    assert "ne pouvons pas vous rappeler" in reply.text
    assert reply.asked == "slot"
    assert "10:00" in talk.press("10:00").text


def test_a_question_is_answered_and_the_summary_is_shown_again(talk: Talk, bot: Bot) -> None:
    ticket(talk)
    for question in ("Comment changer mon mot de passe ?", "comment changer mon mot de passe"):
        reply = talk.say(question)
        assert reply.customs[0]["source"]["article"] == "reset-password"
        assert reply.asked == "confirmation"
        assert "Voici votre ticket" in reply.messages[-1]["text"]
    assert sent(bot, talk)["text"] == "J'ai des questions sur une facture"


@pytest.mark.parametrize("typed", ["Quand répondez-vous d'habitude ?", "c'est celle du mois de mars"])
def test_what_no_article_answers_can_be_added_to_the_request(talk: Talk, bot: Bot, typed: str) -> None:
    ticket(talk)
    reply = talk.say(typed)
    assert reply.asked == "confirmation"
    assert "Voici votre ticket" in reply.messages[-1]["text"]
    added = talk.press("ajouter")
    assert added.asked == "confirmation"
    assert typed in added.text
    assert sent(bot, talk)["text"] == f"J'ai des questions sur une facture\n{typed}"


@pytest.mark.parametrize("yes", ["oui", "Ja", "yes", "ok", "envoyez", "oui c'est bon", "OUI !!!"])
def test_yes_sends(talk: Talk, bot: Bot, yes: str) -> None:
    ticket(talk)
    reply = talk.say(yes)
    assert reply.form is None
    assert reply.customs[0]["type"] == "case"


@pytest.mark.parametrize("no", ["non", "nein", "No", "ce n'est pas correct", "corriger"])
def test_no_asks_what_is_wrong_which_can_be_named_or_typed_at_once(talk: Talk, bot: Bot, no: str) -> None:
    ticket(talk)
    assert "corriger" in talk.say(no).text
    assert talk.say({"non": "l'email", "nein": "mon mail"}.get(no, "l'e-mail")).asked == "email"
    assert "marie@exemple.fr" in talk.say("marie@exemple.fr").text
    talk.say(no)
    assert "anna@exemple.fr" in talk.say("anna@exemple.fr").text
    talk.say(no)
    assert "Voici votre ticket" in talk.say("rien, tout est juste").text
    assert sent(bot, talk)["email"] == "anna@exemple.fr"


def test_another_number_while_the_time_is_asked_for_is_taken_too(talk: Talk) -> None:
    talk.say("mon antivirus bloque tout")
    talk.press("rappelé")
    talk.say("06 12 34 56 78")
    assert talk.say("non, plutôt le 07 11 22 33 44").asked == "slot"
    assert "+33 711223344" in talk.press("14:00").text
