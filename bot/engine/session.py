"""Bounded sessions: what a turn costs grows with the events of its session, so a long one is begun anew."""

from __future__ import annotations

from rasa.shared.core.constants import ACTION_LISTEN_NAME, DEFAULT_SLOT_NAMES
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, SessionStarted, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

MOST_EVENTS = 40  # about four answered questions
# What was under way; a person who had the conversation meanwhile has settled it, or has not.
UNDER_WAY = frozenset({"expects", "offer", "form", "confirmation"})


def reset_unless_bounded(tracker: DialogueStateTracker, domain: Domain, *, fresh: bool = False) -> DialogueStateTracker:
    """The same tracker, or a new session with its slots where it has too many events and no form is open. `fresh`: a
    new session without anything under way, an open form included."""
    if not fresh and (len(tracker.events) <= MOST_EVENTS or tracker.active_loop_name is not None):
        return tracker
    initial = {slot.name: slot.initial_value for slot in domain.slots}
    dropped = DEFAULT_SLOT_NAMES | (UNDER_WAY if fresh else frozenset())
    carried: list[Event] = [
        SlotSet(name, value)
        for name, value in tracker.current_slot_values().items()
        if name not in dropped and value != initial.get(name)
    ]
    return new_session(tracker, [*carried, *last_exchange(tracker)], domain)


def last_exchange(tracker: DialogueStateTracker) -> list[Event]:
    """The last message and its replies: it may be delivered again, a failed question asked again, and the words in
    which consent was asked have to be kept with the answer."""
    said: list[Event] = []
    for event in reversed(tracker.events):
        if isinstance(event, (BotUttered, UserUttered)):
            said.insert(0, event)
        if isinstance(event, UserUttered):
            break
    return said


def continue_session(tracker: DialogueStateTracker, lang: str, domain: Domain) -> DialogueStateTracker:
    """The tracker with a session begun and slot `lang` set."""
    if not tracker.events:
        tracker = new_session(tracker, [], domain)
    if tracker.get_slot("lang") != lang:
        tracker.update(SlotSet("lang", lang), domain)
    return tracker


def new_session(tracker: DialogueStateTracker, carried: list[Event], domain: Domain) -> DialogueStateTracker:
    events = [SessionStarted(), *carried, ActionExecuted(ACTION_LISTEN_NAME)]
    begun = DialogueStateTracker.from_events(tracker.sender_id, events, slots=domain.slots, domain=domain)
    begun.model_id, begun.assistant_id = tracker.model_id, tracker.assistant_id
    return begun
