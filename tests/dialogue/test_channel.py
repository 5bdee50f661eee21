"""The channel's promises: token, replay, no silence, nothing lost by a kill, bounded cost."""

from __future__ import annotations

import sqlite3
import threading
import uuid
from collections.abc import Iterator

import pytest

from tests.dialogue.conftest import RESULTS
from tests.dialogue.running import Bot, Reply, Talk, call

TURN = "/webhooks/guichet/turn"


@pytest.fixture
def own_bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    """A bot whose processes a test may kill."""
    bot = Bot(tmp_path_factory.mktemp("own"))
    bot.kb.results = list(RESULTS)
    bot.start()
    yield bot
    bot.close()


@pytest.mark.parametrize("token", [None, "", "wrong"])
def test_calls_without_the_token_are_refused(bot: Bot, token: str | None) -> None:
    body = {"sender": "x", "message_id": "1", "lang": "fr", "text": "bonjour"}
    assert call("POST", bot.rasa_port, TURN, body, token=token)[0] == 403
    assert call("POST", bot.actions_port, "/webhook", {"next_action": "action_answer"}, token=token)[0] == 403


@pytest.mark.parametrize(
    "change",
    [
        {"text": None},
        {"payload": "/greet"},
        {"sender": ""},
        {"message_id": 7},
        {"text": None, "payload": "/unknown_intent"},
        {"text": None, "payload": "/greet{not json}"},
        {"text": None, "payload": "greet"},
    ],
)
def test_a_malformed_call_is_a_400_that_says_what_was_expected(bot: Bot, change: dict[str, object]) -> None:
    body = {"sender": "x", "message_id": "1", "lang": "fr", "text": "bonjour", **change}
    status, answer = call("POST", bot.rasa_port, TURN, body)
    assert status == 400
    assert "expected" in answer["error"]["message"] or "JSON" in answer["error"]["message"]


def test_the_same_message_again_gets_the_same_reply_without_a_second_turn(talk: Talk, bot: Bot) -> None:
    first = talk.say("J'ai des questions sur une facture")
    asked = len(bot.kb.questions)
    assert talk.deliver(talk.last_body).body == first.body
    assert len(bot.kb.questions) == asked
    talk.press("ticket")
    talk.say("jean@exemple.fr")
    done = talk.press("Envoyer")
    cases = len(bot.web.cases)
    assert talk.deliver(talk.last_body).body == done.body
    assert len(bot.web.cases) == cases


def test_two_deliveries_at_the_same_time_are_one_turn(talk: Talk, bot: Bot) -> None:
    body = {"sender": talk.id, "message_id": str(uuid.uuid4()), "lang": "fr", "text": "une facture étrange"}
    replies: list[object] = []
    threads = [
        threading.Thread(target=lambda: replies.append(call("POST", bot.rasa_port, TURN, body))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [replies[0]] * 3
    assert bot.kb.questions.count("une facture étrange") == 1


def stored_events(bot: Bot, talk: Talk) -> int:
    with sqlite3.connect(bot.folder / "rasa" / "tracker.db") as connection:
        return int(connection.execute("select count(*) from events where sender_id = ?", (talk.id,)).fetchone()[0])


def test_a_long_conversation_stays_as_small_as_a_short_one_and_keeps_what_it_knows(talk: Talk, bot: Bot) -> None:
    talk.say("J'ai des questions sur une facture")
    talk.press("ticket")
    talk.say("jean@exemple.fr")
    talk.press("Envoyer")
    sizes = []
    for _ in range(40):
        talk.say("Comment changer mon mot de passe ?")
        sizes.append(stored_events(bot, talk))
    assert max(sizes) < 70, sizes
    talk.say("J'ai des questions sur une facture")
    assert "jean@exemple.fr" in [button["title"] for button in talk.press("ticket").buttons]


def test_a_no_is_understood_across_the_border_of_sessions(talk: Talk) -> None:
    for _ in range(12):
        talk.say("Comment changer mon mot de passe ?")
        reply = talk.say("non")
        assert reply.customs[0]["source"]["article"] == "change-password"


def test_an_open_form_is_never_cut_however_long_it_takes(talk: Talk) -> None:
    talk.say("J'ai des questions sur une facture")
    talk.press("ticket")
    for _ in range(15):
        assert talk.say("merci").asked == "email"
    assert talk.say("jean@exemple.fr").asked == "confirmation"


def test_a_dead_action_server_ends_in_utter_default_with_a_way_on(own_bot: Bot) -> None:
    talk = Talk(own_bot)
    talk.say("bonjour")
    own_bot.kill("actions")
    for text in ("Comment changer mon mot de passe ?", "où en est mon ticket ?", "je veux ouvrir un ticket", "oui"):
        reply = talk.say(text)
        assert "pas fonctionné" in reply.text, text
        assert [b["title"] for b in reply.buttons] == ["Réessayer", "Écrire un ticket"]
        assert reply.form is None
    talk.say("Comment changer mon mot de passe ?")
    own_bot.start("actions")
    assert talk.press("Réessayer").customs[0]["source"]["article"] == "reset-password"


def test_in_a_form_a_dead_action_server_is_a_failed_turn_that_can_be_delivered_again(own_bot: Bot) -> None:
    talk = Talk(own_bot)
    talk.say("J'ai des questions sur une facture")
    talk.press("ticket")
    own_bot.kill("actions")
    failed = talk.send(expect=502, text="jean@exemple.fr")
    assert failed["error"]["code"] == "no_reply"
    own_bot.start("actions")
    reply: Reply = talk.deliver(talk.last_body)
    assert reply.asked == "confirmation"


def test_the_last_step_with_a_dead_action_server_can_be_taken_again_and_makes_one_case(own_bot: Bot) -> None:
    talk = Talk(own_bot)
    talk.say("J'ai des questions sur une facture")
    talk.press("ticket")
    summary = talk.say("jean@exemple.fr")
    send = summary.payload("Envoyer")
    own_bot.kill("actions")
    talk.send(expect=502, payload=send)
    own_bot.start("actions")
    assert talk.deliver(talk.last_body).customs[0]["type"] == "case"
    assert talk.deliver(talk.last_body).customs[0]["type"] == "case"
    assert len(own_bot.web.cases) == 1


def test_a_form_goes_on_after_kill_9_of_rasa(own_bot: Bot) -> None:
    talk = Talk(own_bot)
    talk.say("J'ai des questions sur une facture")
    talk.press("ticket")
    own_bot.kill("rasa")
    own_bot.start("rasa")
    reply = talk.say("jean@exemple.fr")
    assert (reply.form, reply.asked) == ("ticket_form", "confirmation")
    assert talk.press("Envoyer").customs[0]["type"] == "case"
