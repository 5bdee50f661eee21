"""What customers ask for in these tests, and when: Wednesday 25 November 2026, 10:00 in Paris."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.cases import Channel, Policy, store
from bot.cases.model import Say
from bot.cases.rows import By

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
Data = dict[str, Any]
CHANNELS = frozenset({Channel.CUSTOMER_MAIL, Channel.STAFF_MAIL, Channel.WEBHOOK})  # what most installations have


def ticket(**changes: Any) -> Data:
    return {
        "kind": "ticket",
        "email": "jeanne@example.fr",
        "subject": "Facture de novembre",
        "text": "Le montant ne correspond pas à notre commande.",
        **changes,
    }


def callback(**changes: Any) -> Data:
    return {
        "kind": "callback",
        "email": "jeanne@example.fr",
        "phone": "06 12 34 56 78",
        "slot": "2026-11-26T14:00+01:00",
        "subject": "Antivirus",
        **changes,
    }


def sla(**changes: Any) -> Data:
    return {
        "kind": "sla",
        "level": 3,
        "email": "jeanne@example.fr",
        "contract": "SLA-2026-0042",
        "severity": 2,
        "system": "Base de données",
        "text": "La base ne répond plus depuis ce matin.",
        **changes,
    }


@dataclass(frozen=True)
class Desk:
    """Opens cases in a database as the web process does."""

    engine: AsyncEngine
    policy: Policy
    say: Say

    def by(self, actor: str, now: datetime = NOW) -> By:
        return By(actor=actor, now=now, policy=self.policy, channels=CHANNELS)

    async def open(self, data: Mapping[str, Any], key: str = "k1", conversation: str = "c1", **more: Any) -> Data:
        return (await self.try_open(data, key, conversation, **more))[0]

    async def try_open(
        self, data: Mapping[str, Any], key: str = "k1", conversation: str = "c1", now: datetime = NOW, **more: Any
    ) -> tuple[Data, bool]:
        async with self.engine.begin() as conn:
            return await self.open_in(conn, data, key, conversation, now, **more)

    async def open_in(
        self, conn: AsyncConnection, data: Mapping[str, Any], key: str, conversation: str, now: datetime, **more: Any
    ) -> tuple[Data, bool]:
        more.setdefault("channels", CHANNELS)
        return await store.open_case(
            conn,
            data,
            conversation=conversation,
            idempotency_key=key,
            lang=more.pop("lang", "fr"),
            policy=self.policy,
            say=self.say,
            now=now,
            **more,
        )
