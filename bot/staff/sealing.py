"""Secrets of second factors as they lie in the database: encrypted with the installation's key (Fernet)."""

from __future__ import annotations

import base64
from functools import cached_property
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import or_, select, update

from bot.database import Database
from bot.secret import Secret
from bot.staff.tables import people

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

log = structlog.get_logger()

_SEALED = "gAAAAA"  # how every Fernet token begins; secrets have no lower-case letters


class Sealer:
    def __init__(self, secret: Secret) -> None:
        self._keys = [base64.urlsafe_b64encode(key) for key in secret.derived("second factor")]

    @cached_property
    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet  # needed where somebody has a second factor

        return MultiFernet([Fernet(key) for key in self._keys])

    def seal(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """The secret; None where none of our keys made it."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken:
            log.error("second_factor_unreadable", cure="restore secret.key or the former GUICHET_SECRET_KEY")
            return None


async def seal_all(database: Database, sealer: Sealer) -> int:
    """Encrypt what an earlier release left in the open; how many people's that was."""
    bare = or_(*(~column.startswith(_SEALED) for column in (people.c.totp_secret, people.c.totp_next)))
    query = select(people.c.id, people.c.totp_secret, people.c.totp_next).where(bare)
    async with database.read() as conn:
        if (await conn.execute(query)).first() is None:
            return 0
    async with database.write() as conn:
        rows = (await conn.execute(query.with_for_update())).all()
        for row in rows:
            values = {name: getattr(row, name) for name in ("totp_secret", "totp_next")}
            sealed = {
                name: sealer.seal(value) for name, value in values.items() if value and not value.startswith(_SEALED)
            }
            await conn.execute(update(people).where(people.c.id == row.id).values(**sealed))
    log.info("second_factors_sealed", count=len(rows))
    return len(rows)
