"""What the handlers of live conversations share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bot.live.clock import Clock
from bot.live.talks import Talks


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Made by `bot.live.start`. `tell` wakes open desks; `typing` tells them in which conversation somebody types."""

    talks: Talks
    clock: Clock
    tell: Callable[[], None]
    typing: Callable[[str], None]


LIVE: web.AppKey[Live] = web.AppKey("live", Live)
