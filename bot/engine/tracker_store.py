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
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import QueuePool


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
            # Connections that stay open: closing the last one would checkpoint the write-ahead log at every turn.
            self.engine.dispose()
            self.engine = sa.create_engine(
                self.engine.url, poolclass=QueuePool, connect_args={"check_same_thread": False}
            )
            sa.event.listen(self.engine, "connect", _tune)
            self.sessionmaker = sessionmaker(bind=self.engine)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """The current session, which is all that is stored; None for an unknown conversation."""
        table = self.SQLEvent
        query = sa.select(table.data).where(table.sender_id == sender_id).order_by(table.id)
        with self.session_scope() as session:
            events = [json.loads(data) for data in session.execute(query).scalars()]
        if not events or self.domain is None:
            return None
        return DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Append what is new; a tracker that starts with another event than the stored one replaces it."""
        table = self.SQLEvent
        own = table.sender_id == tracker.sender_id
        with self.session_scope() as session:
            stored = session.execute(sa.select(table.timestamp).where(own).order_by(table.id)).scalars().all()
            if stored and stored[0] != tracker.events[0].timestamp:
                session.execute(sa.delete(table).where(own).execution_options(synchronize_session=False))
                stored = []
            new = [_row(tracker.sender_id, event) for event in itertools.islice(tracker.events, len(stored), None)]
            if new:
                session.execute(sa.insert(table), new)
            session.commit()


def _row(sender_id: str, event: Event) -> dict[str, Any]:
    data = event.as_dict()
    return {
        "sender_id": sender_id,
        "type_name": event.type_name,
        "timestamp": data.get("timestamp"),
        "intent_name": (data.get("parse_data") or {}).get("intent", {}).get("name"),
        "action_name": data.get("name"),
        "data": json.dumps(data),
    }


def _tune(connection: Any, record: Any) -> None:
    """A killed process loses nothing; a power cut may lose the last turns of dialogue state, never the journal. What is
    deleted is overwritten: `bot.retention` deletes the dialogues of conversations that are erased."""
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
