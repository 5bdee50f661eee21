"""All actions by name, each guarded: whatever fails in one, the customer gets a polite reply and a way on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from actions import answer, asking, cases, forms, people, replies
from actions.errors import ServiceError
from actions.turn import Events, Services, Turn

log = structlog.get_logger()

Act = Callable[[Turn], Awaitable[Events]]

ACTIONS: Mapping[str, Act] = {
    "action_answer": answer.answer,
    "action_feedback": answer.feedback,
    "action_ask_human": people.ask,
    "action_request_person": people.request,
    "action_sorry": people.sorry,
    "action_case_status": cases.status,
    "action_consent": cases.consent,
    "action_start_form": forms.start,
    "action_close_form": forms.close,
    "action_cancel": forms.cancel,
    "action_stale_button": forms.stale,
    "validate_ticket_form": replies.reply,
    "validate_callback_form": replies.reply,
    "validate_sla_form": replies.reply,
    "action_ask_text": asking.text,
    "action_ask_email": asking.email,
    "action_ask_phone": asking.phone,
    "action_ask_contract": asking.contract,
    "action_ask_slot": asking.slot,
    "action_ask_confirmation": asking.confirmation,
}


def guarded(name: str, act: Act, services: Services) -> Callable[..., Awaitable[Events]]:
    """The action as Rasa's SDK calls it. It never raises; slot `turn` set to done is its sign of life."""

    async def run(dispatcher: CollectingDispatcher, tracker: Tracker, domain: Mapping[str, Any]) -> Events:
        turn = Turn(dispatcher, tracker, services)
        try:
            events = await act(turn)
        except Exception as error:
            if isinstance(error, ServiceError):
                log.warning("action_failed", action=name, conversation=turn.conversation, cause=str(error))
            else:
                log.exception("action_failed", action=name, conversation=turn.conversation)
            turn.take_back()
            turn.say("utter_trouble")
            asked = turn.slot("requested_slot")
            # In a form the raw message must not stay as the slot's value: the form asks again.
            events = [SlotSet(asked, None)] if name.startswith("validate_") and asked else []
        return [*events, SlotSet("turn", "done")]

    return run


def executor(services: Services) -> ActionExecutor:
    """Rasa's executor with every action registered."""
    made = ActionExecutor()
    for name, act in ACTIONS.items():
        made.register_function(name, guarded(name, act, services))
    return made
