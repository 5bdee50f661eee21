"""Checks of bot/engine, run by Rasa's Python (3.10): each function is one test of test_engine.py."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path

from rasa.core.actions.action import RemoteAction
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.engine.validation import _get_parameter_information
from rasa.graph_components.providers.domain_provider import DomainProvider
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, BotUttered, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.engine.familiar_words import FamiliarWords, words_of
from bot.engine.messages import InvalidTurn, as_message, read_payload, read_turn, reply_to
from bot.engine.quick_start import trust_own_domain
from bot.engine.schema_check import check_schema_once
from bot.engine.session import MOST_EVENTS, continue_session, reset_unless_bounded
from bot.engine.tracker_store import OneSessionTrackerStore

DOMAIN = Domain.load("domain.yml")
INTENTS = set(DOMAIN.intents)
CALL = {"sender": "c", "message_id": "m", "lang": "de"}


def tracker(*events: object) -> DialogueStateTracker:
    return DialogueStateTracker.from_events("c", list(events), slots=DOMAIN.slots, domain=DOMAIN)


def said(text: str, message_id: str) -> UserUttered:
    return UserUttered(text, {"name": "question", "confidence": 1.0}, [], message_id=message_id)


def long_tracker(*last: object) -> DialogueStateTracker:
    exchange = [said("old", "m-old"), ActionExecuted("action_answer"), BotUttered("old words"), SlotSet("turn", "done")]
    return tracker(*exchange * (MOST_EVENTS // len(exchange) + 1), *last)


def typed_text_never_begins_with_a_slash() -> None:
    for text in ("/restart", "  /restart", "//x", " / /x", "/"):
        turn = read_turn({**CALL, "text": text}, INTENTS)
        assert turn.parse_data is None
        assert not turn.text.startswith("/"), turn.text
        assert turn.text.strip()


def a_payload_becomes_an_intent_with_entities_of_any_kind() -> None:
    entities = {"question": 'with "quotes", {braces}\nand lines', "shown": ["a", "b"], "topic": {"id": "t"}}
    parsed = read_payload("/choose" + json.dumps(entities), INTENTS)
    assert parsed["intent"]["name"] == "choose"
    assert {entity["entity"]: entity["value"] for entity in parsed["entities"]} == entities


def a_payload_of_no_button_of_ours_is_refused() -> None:
    for payload in ("/unknown", "greet", "/greet{", "/greet{]}", "/EXTERNAL_x", "/greet extra", "/choose[1]"):
        try:
            read_payload(payload, INTENTS)
        except InvalidTurn:
            continue
        raise AssertionError(payload)


def a_call_has_either_text_or_payload() -> None:
    for more in ({}, {"text": "a", "payload": "/greet"}, {"text": 1}, {"payload": 1}):
        try:
            read_turn({**CALL, **more}, INTENTS)
        except InvalidTurn:
            continue
        raise AssertionError(more)


def the_reply_of_a_message_ends_where_the_next_message_begins() -> None:
    found = tracker(said("a", "1"), BotUttered("one"), BotUttered("two"), said("b", "2"), BotUttered("three"))
    assert [message["text"] for message in reply_to(found, "1")["messages"]] == ["one", "two"]
    assert [message["text"] for message in reply_to(found, "2")["messages"]] == ["three"]
    assert reply_to(found, "3") is None


def words_and_buttons_are_put_into_a_custom_message_choices_first() -> None:
    article = {"title": "Article", "payload": "/choose"}
    none = {"title": "None", "payload": "/deny"}
    event = BotUttered("Words", {"custom": {"type": "choices", "buttons": [article]}, "buttons": [none]})
    assert as_message(event) == {"custom": {"type": "choices", "text": "Words", "buttons": [article, none]}}


def a_button_without_a_payload_is_not_shown() -> None:
    buttons = [{"title": "Now", "payload": ""}, {"title": "Ticket", "payload": "/request_ticket"}]
    assert as_message(BotUttered("Words", {"buttons": buttons})) == {"text": "Words", "buttons": buttons[1:]}
    assert as_message(BotUttered("Words", {"buttons": buttons[:1]})) == {"text": "Words"}


def after_a_person_nothing_is_under_way_and_the_customer_is_still_known() -> None:
    slots = {"form": {"kind": "ticket"}, "expects": {"kind": "handoff"}, "requested_slot": "email"}
    under_way = [ActiveLoop("ticket_form"), *(SlotSet(name, value) for name, value in slots.items())]
    old = tracker(said("a", "1"), *under_way, SlotSet("known", {"email": "a@b.fr"}))
    new = reset_unless_bounded(old, DOMAIN, fresh=True)
    assert new.active_loop_name is None
    assert [new.get_slot(name) for name in slots] == [None] * 3
    assert new.get_slot("known") == {"email": "a@b.fr"}
    assert read_turn({**CALL, "text": "a", "fresh": True}, INTENTS).fresh
    assert not read_turn({**CALL, "text": "a"}, INTENTS).fresh


def a_long_session_is_begun_anew_with_its_slots_and_last_exchange() -> None:
    old = long_tracker(SlotSet("known", {"email": "a@b.fr"}), said("last", "m-last"), BotUttered("last words"))
    new = reset_unless_bounded(old, DOMAIN)
    assert len(new.events) < MOST_EVENTS / 2
    assert new.get_slot("known") == {"email": "a@b.fr"}
    assert reply_to(new, "m-last")["messages"] == [{"text": "last words"}]
    assert reply_to(new, "m-old") is None


def an_open_form_keeps_its_session() -> None:
    old = long_tracker(ActiveLoop("ticket_form"))
    assert reset_unless_bounded(old, DOMAIN) is old


def a_short_session_stays_and_the_language_is_set() -> None:
    old = tracker(said("a", "1"), BotUttered("one"))
    assert reset_unless_bounded(old, DOMAIN) is old
    assert continue_session(old, "de", DOMAIN).get_slot("lang") == "de"
    assert continue_session(tracker(), "en", DOMAIN).get_slot("lang") == "en"


def a_store_appends_and_replaces_and_survives_a_new_process() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GUICHET_DATA_DIR"] = folder

        async def scenario() -> None:
            store = OneSessionTrackerStore(DOMAIN)
            first = tracker(said("a", "1"), BotUttered("one"))
            await store.save(first)
            first.update(said("b", "2"), DOMAIN)
            await store.save(first)
            await store.save(first)
            again = await OneSessionTrackerStore(DOMAIN).retrieve("c")
            assert [event.as_dict() for event in again.events] == [event.as_dict() for event in first.events]
            await store.save(tracker(said("new", "3")))
            assert len((await store.retrieve("c")).events) == 1
            assert await store.retrieve("unknown") is None
            assert (Path(folder) / "rasa" / "tracker.db").is_file()
            store.engine.dispose()

        asyncio.run(scenario())


def the_prepared_validator_judges_as_rasas_own() -> None:
    good = {"events": [{"event": "slot", "timestamp": None, "name": "turn", "value": "done"}], "responses": [{}]}
    bad = ({"events": [{"event": "nonsense"}], "responses": []}, {"events": [], "responses": "x"}, [])
    action = RemoteAction("action_x", None)

    def verdicts() -> list[bool]:
        found = []
        for result in (good, *bad):
            try:
                action._validate_action_result(result)
                found.append(True)
            except Exception:
                found.append(False)
        return found

    before = verdicts()
    check_schema_once()
    assert before == verdicts() == [True, False, False, False]


TRUSTED = """
import json, skops.io._trusted_types as types
print(json.dumps({name: list(map(str, value)) for name, value in vars(types).items() if isinstance(value, list)}))
"""


def skops_knows_the_same_functions_whether_it_comes_first_or_last() -> None:
    def said_by(code: str) -> str:
        ran = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
        return ran.stdout

    first = said_by("import bot.engine.__main__, sys; m = list(sys.modules); "
                    "assert m.index('skops.io') < m.index('rasa'); assert 'tensorflow' not in m" + TRUSTED)  # fmt: skip
    last = said_by("import rasa.core.agent, sys; assert 'tensorflow' in sys.modules" + TRUSTED)
    assert len(json.loads(first)["SCIPY_UFUNC_TYPE_NAMES"]) > 100
    assert first == last


def a_domain_read_without_a_check_is_the_domain_that_rasa_reads() -> None:
    resource = Resource("domain_provider")
    with tempfile.TemporaryDirectory() as folder:
        storage = LocalModelStorage(Path(folder))

        def loaded() -> Domain:
            return DomainProvider.load({}, storage, resource, None).provide_inference()

        with storage.write_to(resource) as place:
            DOMAIN.persist(place / "domain.yml")
        checked = loaded()
        trust_own_domain()
        _get_parameter_information(DomainProvider, "load")  # what Rasa wants to know of a component before it trains
        assert loaded().as_dict() == checked.as_dict() == DOMAIN.as_dict()
        assert loaded().fingerprint() == checked.fingerprint()
        with storage.write_to(resource) as place:  # not where it is expected: Rasa's own way is taken
            (place / "domain.yml").rename(place / "elsewhere.yml")
        assert loaded().as_dict() == DOMAIN.as_dict()


def foreign_words_make_small_talk_a_question() -> None:
    words = FamiliarWords(FamiliarWords.get_default_config(), {"thank": ["merci", "beaucoup", "pour", "votre", "aide"]})
    assert words.is_familiar("Merci beaucoup !", "thank")
    assert words.is_familiar("mercii beaucoupp pour votre aide", "thank")
    assert words.is_familiar("merci T-1042", "thank")
    assert not words.is_familiar("merci de restaurer mon dossier", "thank")


def words_have_no_accents_and_no_digits() -> None:
    assert words_of("L’été, T-1042 N°5 Überprüfung!") == ["l", "ete", "uberprufung"]


CHECKS = [
    value for name, value in list(globals().items())
    if getattr(value, "__module__", None) == "__main__" and name not in ("tracker", "said", "long_tracker", "main")
    and callable(value)
]  # fmt: skip


def main() -> None:
    """Write {name: null or traceback} of all checks."""
    results = {}
    for check in CHECKS:
        try:
            check()
            results[check.__name__] = None
        except Exception:
            results[check.__name__] = traceback.format_exc()
    sys.stdout.write("RESULT " + json.dumps(results) + "\n")


if __name__ == "__main__":
    main()
