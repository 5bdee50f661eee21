"""What the handlers of the staff share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from bot.catalogue import Catalogue
from bot.company import Company
from bot.database import Database
from bot.http import LANG, ApiError
from bot.limiter import Limiter
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.staff.mail import Mail
    from bot.staff.provider import Provider
    from bot.staff.sealing import Sealer
    from bot.staff.sessions import Sessions


class StaffError(ApiError):
    """Its sentence is `staff.error.<code>` of the catalogue."""

    section = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Made by `bot.staff.start`, read by handlers. `mail` is None where no mail server is set, `provider` where
    nobody signs in by OpenID Connect; `changed` is called after a commit that may have changed who is there."""

    settings: Settings
    company: Company
    catalogue: Catalogue
    database: Database
    limiter: Limiter
    sessions: Sessions
    sealer: Sealer
    mail: Mail | None
    provider: Provider | None
    changed: Callable[[], None]

    def now(self) -> datetime:
        return datetime.now(UTC)

    def lang_of(self, request: web.Request) -> str:
        """The person's language, the browser's first that we have, else the company's."""
        if LANG in request:
            return request[LANG]
        for tag in request.headers.get("Accept-Language", "").split(","):
            code = tag.split(";")[0].split("-")[0].strip().lower()
            if code in self.company.languages:
                return code
        return self.company.first_language


STAFF: web.AppKey[Staff] = web.AppKey("staff", Staff)
