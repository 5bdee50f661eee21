"""A ticket from question to reference, with all that people do on the way."""

from __future__ import annotations

import pytest

from tests.dialogue.running import Bot, Reply, Talk


def begin(talk: Talk) -> Reply:
    talk.say("J'ai des questions sur une facture")
    return talk.press("ticket")


def case_of(bot: Bot, talk: Talk) -> dict[str, object]:
    bodies = [body for body in bot.web.bodies.values() if body["conversation"] == talk.id]
    assert len(bodies) == 1, bodies
    return bodies[0]


def test_from_an_unanswered_question_only_the_address_is_asked(talk: Talk, bot: Bot) -> None:
    reply = begin(talk)
    assert (reply.form, reply.asked) == ("ticket_form", "email")
    summary = talk.say("  Jean.Dupont@Exemple.fr ")
    assert summary.asked == "confirmation"
    for part in ("Topic invoice-question", "J'ai des questions sur une facture", "jean.dupont@exemple.fr"):
        assert part in summary.text
    done = talk.press("Envoyer")
    assert done.form is None
    assert done.customs[0]["type"] == "case"
    assert done.customs[0]["case"]["ref"] in done.text
    body = case_of(bot, talk)
    assert body == {
        "conversation": talk.id, "idempotency_key": body["idempotency_key"], "kind": "ticket", "lang": "fr",
        "topic": "invoice-question", "level": 1, "email": "jean.dupont@exemple.fr",
        "subject": "Topic invoice-question", "text": "J'ai des questions sur une facture",
        "question": "J'ai des questions sur une facture",
    }  # fmt: skip
    assert str(body["idempotency_key"]).startswith(f"{talk.id}:")


def test_typed_from_nothing_it_asks_for_the_text_first(talk: Talk, bot: Bot) -> None:
    reply = talk.say("je veux ouvrir un ticket")
    assert reply.asked == "text"
    assert talk.say("Le classeur Achats n'apparaît plus chez ma collègue depuis lundi").asked == "email"
    talk.say("a@exemple.fr")
    talk.say("oui")
    body = case_of(bot, talk)
    assert body["subject"] == "Le classeur Achats n'apparaît plus chez ma collègue depuis lundi"
    assert body.get("topic") is None


def test_a_second_try_says_what_was_wrong_and_a_third_failure_offers_other_ways(talk: Talk) -> None:
    begin(talk)
    for text in ("jean chez exemple", "jean@"):
        reply = talk.say(text)
        assert "ne semble pas complète" in reply.text
        assert reply.asked == "email"
    reply = talk.say("jean.exemple.fr")
    assert "essayer encore" in reply.text
    assert {"Écrire un ticket", "Être rappelé", "Annuler"} <= {b["title"] for b in reply.buttons}
    assert talk.say("jean@exemple.fr").asked == "confirmation"


def test_a_question_in_between_is_answered_and_the_form_goes_on(talk: Talk) -> None:
    begin(talk)
    reply = talk.say("Comment changer mon mot de passe ?")
    assert reply.customs[0]["source"]["article"] == "reset-password"
    assert (reply.form, reply.asked) == ("ticket_form", "email")
    assert "e-mail" in reply.messages[-1]["text"]
    assert talk.say("jean@exemple.fr").asked == "confirmation"


@pytest.mark.parametrize(
    "text", ["merci", "bonjour", "aide", "êtes-vous un robot ?", "je veux parler à quelqu'un", "où en est ma demande ?"]
)
def test_an_aside_is_answered_and_does_not_break_the_form(talk: Talk, text: str) -> None:
    begin(talk)
    reply = talk.say(text)
    assert (reply.form, reply.asked) == ("ticket_form", "email")
    assert len(reply.messages) >= 2


def test_free_text_that_is_a_question_the_articles_answer_can_still_be_the_text(talk: Talk, bot: Bot) -> None:
    talk.say("je veux ouvrir un ticket")
    reply = talk.say("Comment changer le mot de passe de tout le service ?")
    assert reply.asked == "text"
    assert reply.customs[0]["source"]["article"] == "reset-password"
    assert talk.press("texte de ma demande").asked == "email"
    talk.say("jean@exemple.fr")
    talk.press("Envoyer")
    assert case_of(bot, talk)["text"] == "Comment changer le mot de passe de tout le service ?"


def test_free_text_that_is_a_question_without_an_answer_is_the_text(talk: Talk) -> None:
    talk.say("je veux ouvrir un ticket")
    assert talk.say("Pourquoi la cafetière est-elle vide ?").asked == "email"


@pytest.mark.parametrize("how", ["annuler", "laissez tomber", "press"])
def test_cancelling_is_confirmed_and_what_was_typed_is_kept(talk: Talk, bot: Bot, how: str) -> None:
    talk.say("je veux ouvrir un ticket")
    talk.say("Le tampon de date est faux sur les copies")
    if how == "press":
        talk.say("jean@exemple.fr")
        reply = talk.press("Annuler")
    else:
        reply = talk.say(how)
    assert reply.form is None
    assert "rien n’a été envoyé" in reply.text
    again = talk.press("Reprendre")
    assert again.form == "ticket_form"
    assert again.asked == ("confirmation" if how == "press" else "email")
    summary = again if how == "press" else talk.say("jean@exemple.fr")
    assert "Le tampon de date est faux sur les copies" in summary.text
    assert not [b for b in bot.web.bodies.values() if b["conversation"] == talk.id]


def test_correcting_asks_which_field_and_comes_back_to_the_summary(talk: Talk, bot: Bot) -> None:
    begin(talk)
    talk.say("jean@exemple.fr")
    which = talk.press("Corriger")
    assert [b["title"] for b in which.buttons] == ["L’objet", "La demande", "L’e-mail", "Rien, tout est juste"]
    assert talk.press("e-mail").asked == "email"
    summary = talk.say("marie@exemple.fr")
    assert summary.asked == "confirmation"
    assert "marie@exemple.fr" in summary.text
    talk.say("corriger")
    assert "Voici votre ticket" in talk.press("Rien, tout est juste").text
    talk.press("Envoyer")
    assert case_of(bot, talk)["email"] == "marie@exemple.fr"


def test_the_address_of_the_last_case_is_proposed(talk: Talk, bot: Bot) -> None:
    begin(talk)
    talk.say("jean@exemple.fr")
    talk.press("Envoyer")
    reply = begin(talk)
    assert "jean@exemple.fr" in [b["title"] for b in reply.buttons]
    assert talk.say("oui").asked == "confirmation"
    talk.press("Envoyer")
    assert len([b for b in bot.web.bodies.values() if b["conversation"] == talk.id]) == 2


def test_another_address_than_the_proposed_one_can_be_typed(talk: Talk) -> None:
    begin(talk)
    talk.say("jean@exemple.fr")
    talk.press("Envoyer")
    begin(talk)
    assert "jean@exemple.fr" not in [b["title"] for b in talk.say("non").buttons]
    assert "autre@exemple.fr" in talk.say("autre@exemple.fr").text


def test_a_request_that_cannot_be_sent_is_kept_and_sent_once(talk: Talk, bot: Bot) -> None:
    begin(talk)
    talk.say("jean@exemple.fr")
    bot.web.refuse_case = (503, "unavailable", None)
    failed = talk.press("Envoyer")
    assert "gardée" in failed.text
    done = talk.press("Envoyer à nouveau")
    assert done.customs[0]["type"] == "case"
    assert case_of(bot, talk)["email"] == "jean@exemple.fr"
    assert "pas de demande en attente" in talk.send(payload="/resend").text


def test_a_request_sent_before_with_other_words_is_shown_and_not_doubled(talk: Talk, bot: Bot) -> None:
    begin(talk)
    talk.say("jean@exemple.fr")
    bot.web.refuse_case = (409, "key_reused", None)
    reply = talk.press("Envoyer")
    assert "déjà enregistrée" in reply.text
    assert reply.form is None


def test_a_button_of_an_earlier_step_does_no_harm(talk: Talk) -> None:
    begin(talk)
    summary = talk.say("jean@exemple.fr")
    send = summary.payload("Envoyer")
    talk.press("Corriger")
    talk.press("e-mail")
    assert talk.send(payload=send).asked == "email"
    talk.say("annuler")
    assert "n’est plus en cours" in talk.send(payload=send).text


def test_another_kind_of_request_takes_over_with_what_is_known(talk: Talk) -> None:
    begin(talk)
    reply = talk.say("rappelez-moi")
    assert (reply.form, reply.asked) == ("callback_form", "phone")


def test_an_emergency_told_in_a_ticket_is_pointed_out(talk: Talk) -> None:
    talk.say("je veux ouvrir un ticket")
    reply = talk.say("c'est urgent, plus rien ne va dans toute l'entreprise depuis ce matin")
    assert reply.form == "ticket_form"
    assert talk.press("urgence").form == "sla_form"


def test_where_requests_stand_is_told_to_their_owner_only(talk: Talk, bot: Bot) -> None:
    begin(talk)
    talk.say("jean@exemple.fr")
    ref = talk.press("Envoyer").customs[0]["case"]["ref"]
    assert ref in talk.say("où en est mon ticket ?").text
    other = Talk(bot)
    assert "pas encore envoyé" in other.say(f"où en est mon ticket {ref} ?").text


def test_when_web_fails_in_mid_form_the_customer_is_told_and_the_form_goes_on(talk: Talk, bot: Bot) -> None:
    begin(talk)
    bot.web.peer.down = True
    reply = talk.say("jean@exemple.fr")
    assert "pas fonctionné" in reply.text
    assert (reply.form, reply.asked) == ("ticket_form", "email")
    bot.web.peer.down = False
    assert talk.say("jean@exemple.fr").asked == "confirmation"


def test_what_customers_type_cannot_spoil_the_sentences_around_it(talk: Talk, bot: Bot) -> None:
    text = "le champ {email} montre tab0[1] et {0[lang]} au lieu de 100 % {{x}}"
    talk.say("je veux ouvrir un ticket")
    talk.say(text)
    summary = talk.say("jean@exemple.fr")
    assert "{email}" in summary.text
    assert "jean@exemple.fr" in summary.text
    talk.press("Envoyer")
    assert case_of(bot, talk)["text"] == text
    handoff = talk.say(text).customs[0]
    assert all(button["payload"].startswith("/") for button in handoff["buttons"])
    talk.send(payload=handoff["buttons"][0]["payload"])
