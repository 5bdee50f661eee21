"""Cases, their history and their lists as the desk's API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.cases import sla
from bot.cases.listing import Listed
from bot.cases.model import Case, Status, utc_text
from bot.cases.timeline import Entry
from bot.gateway.context import Gateway

_WAITING = {Status.WAITING_CONSENT: "consent", Status.WAITING_CUSTOMER: "customer"}
_CUSTOMERS = ("customer", "link")
_MACHINES = ("clock", "system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shower:
    """`names` are people by id; `lang` is the reader's."""

    gateway: Gateway
    names: Mapping[str, str]
    lang: str
    now: datetime

    def person(self, identifier: str | None) -> dict[str, str] | None:
        if identifier is None:
            return None
        return {"id": identifier, "name": self.names.get(identifier) or self._say("actor.gone")}

    def row(self, case: Case, unread: bool = False) -> dict[str, Any]:
        """A case in a list."""
        return {
            "ref": case.ref,
            "kind": case.kind.value,
            "level": case.level,
            "status": case.status.value,
            "priority": case.priority.name.lower(),
            "subject": case.subject,
            "customer": case.email or case.phone,
            "lang": case.lang,
            "owner": self.person(case.owner),
            "tags": list(case.tags),
            "due_at": utc_text(case.due_at),
            "due": sla.due_state(case, self.now),
            "waiting": _WAITING.get(case.status),
            "snoozed_until": utc_text(case.snoozed_until),
            "unread": unread,
            "created_at": utc_text(case.created_at),
            "updated_at": utc_text(case.updated_at),
            "version": case.version,
        }

    def listed(self, item: Listed) -> dict[str, Any]:
        return self.row(item.case, item.unread)

    def case(self, case: Case, unread: bool = False) -> dict[str, Any]:
        """A case by itself, without what is read from elsewhere."""
        return {
            **self.row(case, unread),
            "text": case.text,
            "email": case.email,
            "phone": case.phone,
            "time_zone": case.time_zone,
            "slot": utc_text(case.slot),
            "slot_end": utc_text(case.slot_end),
            "contract": case.contract,
            "severity": case.severity,
            "system": case.system,
            "topic": case.topic,
            "passed_to": case.passed_to,
            "passed_on": case.passed_on,
            "custom": case.custom,
            "conversation": case.conversation,
            "attachments": [attachment.public() for attachment in case.attachments],
            "receipt": case.receipt,
            "clocks": sla.states(case, self.now),
            "confirmed_at": utc_text(case.confirmed_at),
            "merged_into": case.merged_into,
        }

    def entry(self, entry: Entry, case: Case) -> dict[str, Any]:
        """A line of a case's history."""
        return {
            "id": str(entry.id),
            "at": utc_text(entry.at),
            "type": entry.type,
            "actor": self._actor(entry.actor, case),
            "text": entry.text,
            "html": entry.html,
            "details": self._details(entry),
            "attachments": list(entry.attachments),
            "delivery": entry.delivery,
        }

    def _details(self, entry: Entry) -> dict[str, Any]:
        """Owners by name and the clock's reasons in words, as everything else that people read."""
        details = entry.details
        if entry.type == "owner":
            return {name: self.person(details.get(name)) for name in ("before", "after")}
        code = details.get("on") if entry.type == "escalated" else details.get("reason")
        if entry.actor == "clock" and isinstance(code, str) and code.startswith("case."):
            key = f"cases.escalation.{code.removeprefix('case.')}"
            return {**details, "reason": self.gateway.catalogue.text(self.lang, key)}
        return details

    def _actor(self, actor: str, case: Case) -> dict[str, str]:
        if actor in self.names:
            return {"id": actor, "name": self.names[actor]}
        if actor in _MACHINES:
            return {"id": actor, "name": self._say(f"actor.{actor}")}
        if actor in _CUSTOMERS or actor == case.conversation:
            return {"id": "customer", "name": case.email or case.phone or self._say("actor.customer")}
        return {"id": actor, "name": actor if "@" in actor else self._say("actor.gone")}

    def _say(self, key: str) -> str:
        return self.gateway.catalogue.text(self.lang, f"desk.{key}")
