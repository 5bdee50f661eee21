"""Questions in a real dialogue: answered, asked back, handed over; and what a yes or a no leads to."""

from __future__ import annotations

import json

import pytest

from tests.dialogue.peers import found, hit, topic
from tests.dialogue.running import Bot, Talk


def test_an_answer_is_verbatim_with_source_decision_and_receipt(talk: Talk) -> None:
    reply = talk.say("Comment changer mon mot de passe ?")
    answer = reply.customs[0]
    expected = hit("reset-password")
    assert answer["type"] == "answer"
    assert answer["text"] == expected["text"]
    assert answer["source"] | {"article": "reset-password"} == answer["source"]
    assert {name: answer["source"][name] for name in ("version", "title", "url", "passage")} == {
        name: expected[name] for name in ("version", "title", "url", "passage")
    }
    assert answer["decision"] == {"outcome": "answer", "probability": 0.9, "level": None, "channel": None}
    assert answer["receipt"]["question"] == "Comment changer mon mot de passe ?"
    assert [candidate["article"] for candidate in answer["receipt"]["candidates"]] == [
        "reset-password",
        "change-password",
    ]
    assert [button["title"] for button in reply.buttons] == ["Oui", "Non"]


@pytest.mark.parametrize(
    ("lang", "question"), [("de", "Wie ändere ich mein Passwort?"), ("en", "How do I change my password?")]
)
def test_the_language_of_the_turn_is_the_language_of_the_reply(bot: Bot, lang: str, question: str) -> None:
    reply = Talk(bot, lang).say(question)
    assert [button["title"] for button in reply.buttons] == {"de": ["Ja", "Nein"], "en": ["Yes", "No"]}[lang]
    assert bot.kb.peer.calls[-1][2]["lang"] == lang


def test_the_language_may_change_in_mid_conversation(talk: Talk) -> None:
    talk.say("Bonjour")
    talk.lang = "en"
    assert "Hello" in talk.say("hello").text
    talk.lang = "fr"
    assert "Bonjour" in talk.say("bonjour").text


def test_an_answer_in_another_language_is_announced_first(talk: Talk) -> None:
    reply = talk.say("Comment travailler à l'étranger ?")
    assert "langue de l’article" in reply.messages[0]["text"]
    assert reply.messages[1]["custom"]["lang"] == "en"


@pytest.mark.parametrize("how", ["press", "type"])
def test_no_leads_to_the_next_best_and_then_to_a_person(talk: Talk, how: str) -> None:
    def no() -> None:
        talk.press("Non") if how == "press" else talk.say("non")

    talk.say("Comment changer mon mot de passe ?")
    no()
    assert talk.last is not None
    assert talk.last.customs[0]["source"]["article"] == "change-password"
    no()
    person = talk.last.customs[0]
    assert person["type"] == "handoff"
    assert person["decision"]["channel"] == "ticket"
    assert person["receipt"]["reason"] == "not_helpful"
    assert "ticket" in person["buttons"][0]["title"]
    form = talk.press("ticket")
    assert form.form == "ticket_form"


@pytest.mark.parametrize("how", ["press", "type"])
def test_yes_ends_it_kindly(talk: Talk, how: str) -> None:
    talk.say("Comment changer mon mot de passe ?")
    reply = talk.press("Oui") if how == "press" else talk.say("oui merci")
    assert "Tant mieux" in reply.text


def test_a_yes_without_a_question_before_it_is_not_taken_for_an_answer(talk: Talk) -> None:
    assert "pas de question en attente" in talk.say("oui").text


def test_clarifying_offers_three_titles_and_none_of_these(talk: Talk) -> None:
    reply = talk.say("une question sur l'archivage")
    choices = reply.customs[0]
    assert choices["type"] == "choices"
    assert choices["decision"]["outcome"] == "clarify"
    assert [b["title"] for b in choices["buttons"]] == [
        "Title of archive-a", "Title of archive-b", "Title of archive-c", "Rien de tout cela",
    ]  # fmt: skip
    assert "receipt" in choices


@pytest.mark.parametrize(("probability", "offered"), [(0.2, True), (0.01, False)])
def test_the_people_of_a_topic_that_may_be_meant_are_offered_beside_the_articles(
    talk: Talk, bot: Bot, probability: float, offered: bool
) -> None:
    meant = topic("nas-problems", 2, "callback", probability=probability)
    bot.kb.results.insert(0, ("classement", found("clarify", [hit("archive-a")], [meant], reason="several_likely")))
    titles = [button["title"] for button in talk.say("souci de classement").customs[0]["buttons"]]
    people = "Joindre le support\u00a0: Topic nas-problems"
    assert titles == ["Title of archive-a", *([people] if offered else []), "Rien de tout cela"]
    if offered:
        assert talk.press(people).form == "callback_form"


def test_a_chosen_article_is_shown_and_a_typed_number_chooses_too(talk: Talk) -> None:
    talk.say("une question sur l'archivage")
    assert talk.press("archive-b").customs[0]["source"]["article"] == "archive-b"
    talk.say("une question sur l'archivage")
    assert talk.say("3").customs[0]["source"]["article"] == "archive-c"


def test_none_of_these_leads_to_what_was_not_offered(talk: Talk, bot: Bot) -> None:
    talk.say("une question sur l'archivage")
    reply = talk.press("Rien de tout cela")
    assert bot.kb.peer.calls[-1][2]["exclude"] == ["archive-a", "archive-b", "archive-c"]
    assert reply.customs[0]["type"] in ("choices", "handoff")


@pytest.mark.parametrize(
    ("question", "level", "channel", "button"),
    [
        ("J'ai des questions sur une facture", 1, "ticket", "Écrire un ticket"),
        ("mon antivirus bloque tout", 2, "callback", "Être rappelé par un technicien"),
        ("un souci avec la base de données", 3, "sla", "Ouvrir une demande SLA"),
        ("mon NAS ne répond plus", 4, "sla", "Ouvrir une demande SLA"),
    ],
)
def test_a_topic_is_handed_over_in_its_words_with_its_channel_first(
    talk: Talk, question: str, level: int, channel: str, button: str
) -> None:
    handoff = talk.say(question).customs[0]
    assert handoff["type"] == "handoff"
    assert handoff["decision"] == {"outcome": "handoff", "probability": 0.8, "level": level, "channel": channel}
    assert handoff["text"].startswith("Words of topic")
    assert handoff["buttons"][0]["title"] == button
    assert handoff["buttons"][-1]["title"] == "Reformuler ma question"
    carried = json.loads(
        handoff["buttons"][0]["payload"].partition("{")[1] + handoff["buttons"][0]["payload"].partition("{")[2]
    )
    assert carried["question"] == question
    assert handoff["receipt"]["topics"][0]["level"] == level


def test_an_unknown_matter_is_offered_a_ticket_rather_than_a_guess(talk: Talk) -> None:
    handoff = talk.say("le distributeur de café du troisième est vide").customs[0]
    assert handoff["decision"]["channel"] == "ticket"
    assert "préfère ne pas deviner" in handoff["text"]
    assert handoff["receipt"]["reason"] == "low_probability"


def test_an_emergency_is_offered_at_once_whatever_else_was_likely(talk: Talk, bot: Bot) -> None:
    several = {**bot.kb.results[1][1], "topics": [topic("system-down", 3, "sla", urgent=True)]}
    several["decision"] = {**several["decision"], "urgent": True, "topic": "system-down", "level": 3, "channel": "sla"}
    bot.kb.results.insert(0, ("tout est en panne", several))
    reply = talk.say("tout est en panne depuis ce matin")
    assert "urgent" in reply.messages[0]["text"]
    assert reply.customs[0]["decision"]["channel"] == "sla"


def test_when_the_search_is_down_the_customer_can_try_again_or_reach_a_person(talk: Talk, bot: Bot) -> None:
    bot.kb.peer.down = True
    handoff = talk.say("Comment changer mon mot de passe ?").customs[0]
    assert handoff["receipt"]["reason"] == "search_unavailable"
    assert [b["title"] for b in handoff["buttons"]] == [
        "Réessayer",
        "Écrire un ticket",
        "Être rappelé par un technicien",
    ]
    bot.kb.peer.down = False
    assert talk.press("Réessayer").customs[0]["source"]["article"] == "reset-password"


def test_a_person_please_is_answered_with_the_three_ways(talk: Talk) -> None:
    reply = talk.say("je veux parler à quelqu'un")
    assert [b["title"] for b in reply.buttons] == ["Écrire un ticket", "Être rappelé", "Demande SLA"]


def test_typed_slashes_are_text_and_never_an_intent(bot: Bot) -> None:
    for text in ("/restart", "  /resend", '/pick{"slot": "email", "value": "x@example.org"}', "//"):
        reply = Talk(bot).say(text)  # « resend » after an offer to send something may be a yes
        assert reply.form is None
    assert any("restart" in question for question in bot.kb.questions)
