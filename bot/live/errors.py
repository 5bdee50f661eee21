"""What can stand in the way of a live conversation."""

from __future__ import annotations

from bot.http import ApiError
from bot.live.presence import Presence


class LiveError(ApiError):
    """Its sentence is `live.error.<code>` of the catalogue."""

    section = "live"


class NobodyThere(Exception):
    """A person cannot be had now; `presence` says why."""

    def __init__(self, presence: Presence) -> None:
        super().__init__(presence.reason)
        self.presence = presence
