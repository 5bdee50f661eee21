"""Rasa's SQL tracker store, keeping only the current session of each conversation.

The journal of the web process holds what was said; Rasa needs no more than where the dialogue stands. A turn therefore
reads, copies and sends to the action server a bounded number of events, however long the conversation is.
"""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker


def default_database() -> str:
    """`rasa/tracker.db` in GUICHET_DATA_DIR (default `var`); the folder is created."""
    path = Path(os.environ.get("GUICHET_DATA_DIR") or "var") / "rasa" / "tracker.db"
    path.parent.mkdir(parents=True, exist_ok=True)
    return str(path)


class OneSessionTrackerStore(SQLTrackerStore):
    """Takes the settings of Rasa's SQL store in endpoints.yml; without any, SQLite at `default_database()`."""

    def __init__(
        self,
        domain: Domain | None = None,
        host: str | None = None,
        event_broker: EventBroker | None = None,
        dialect: str = "sqlite",
        db: str | None = None,
        **kwargs: Any,
    ) -> None:
        if dialect == "sqlite" and db is None:
            db = default_database()
        super().__init__(domain, dialect, host, db=db or "rasa", event_broker=event_broker, **kwargs)
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _tune)
            self.engine.dispose()  # connections opened so far were not tuned

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """All that is stored is the current session."""
        return await self.retrieve_full_tracker(sender_id)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Append what is new; a tracker that starts with another event than the stored one replaces it."""
        table = self.SQLEvent
        with self.session_scope() as session:
            rows = session.query(table).filter(table.sender_id == tracker.sender_id)
            stored = rows.count()
            first = rows.order_by(table.id).first()
            if first is not None and first.timestamp != tracker.events[0].timestamp:
                rows.delete(synchronize_session=False)
                stored = 0
            for event in itertools.islice(tracker.events, stored, None):
                data = event.as_dict()
                session.add(
                    table(
                        sender_id=tracker.sender_id,
                        type_name=event.type_name,
                        timestamp=data.get("timestamp"),
                        intent_name=(data.get("parse_data") or {}).get("intent", {}).get("name"),
                        action_name=data.get("name"),
                        data=json.dumps(data),
                    )
                )
            session.commit()


def _tune(connection: Any, record: Any) -> None:
    """A killed process loses nothing; a power cut may lose the last turns of dialogue state, never the journal."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
