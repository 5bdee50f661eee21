"""The second factor: time-based codes (RFC 6238), each accepted once, and ten codes for the day the phone is lost."""

from __future__ import annotations

import hmac
import io
import secrets
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.staff.people import Person
from bot.staff.sealing import Sealer
from bot.staff.tables import hash_of, people, recovery_codes, text_of

STEP = 30  # seconds a code is shown
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without what is read as something else


async def offer(conn: AsyncConnection, sealer: Sealer, person: Person, issuer: str) -> tuple[str, str, str]:
    """A new secret, kept aside until a code proves that the phone has it: (secret, otpauth address, SVG)."""
    import pyotp
    import segno

    secret = pyotp.random_base32()
    await conn.execute(update(people).where(people.c.id == person.id).values(totp_next=sealer.seal(secret)))
    uri = pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=issuer)
    drawn = io.BytesIO()
    segno.make(uri, error="m").save(drawn, kind="svg", scale=4, border=4, light="#fff", xmldecl=False, nl=False)
    return secret, uri, drawn.getvalue().decode()


async def confirm(conn: AsyncConnection, sealer: Sealer, person: Person, code: str, now: datetime) -> list[str] | None:
    """Turn the offered secret on where `code` is right: the recovery codes, shown once. None otherwise."""
    sealed = (await conn.execute(select(people.c.totp_next).where(people.c.id == person.id))).scalar_one()
    secret = sealer.open(sealed) if sealed else None
    step = _step_of(secret, code, now, after=0) if secret else None
    if step is None:
        return None
    await conn.execute(
        update(people)
        .where(people.c.id == person.id)
        .values(totp_secret=sealed, totp_next=None, totp_step=step, updated_at=text_of(now))
    )
    await conn.execute(delete(recovery_codes).where(recovery_codes.c.person == person.id))
    codes = ["-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4)) for _ in range(10)]
    await conn.execute(insert(recovery_codes), [{"hash": hash_of(_bare(code)), "person": person.id} for code in codes])
    return codes


async def turn_off(conn: AsyncConnection, person: Person, now: datetime) -> None:
    await conn.execute(
        update(people).where(people.c.id == person.id).values(totp_secret=None, totp_next=None, updated_at=text_of(now))
    )
    await conn.execute(delete(recovery_codes).where(recovery_codes.c.person == person.id))


async def accept(conn: AsyncConnection, sealer: Sealer, person: Person, code: str, now: datetime) -> str | None:
    """Use up a code: `totp` or `recovery` where it was right and new, None otherwise."""
    row = (await conn.execute(select(people.c.totp_secret, people.c.totp_step).where(people.c.id == person.id))).one()
    secret = sealer.open(row.totp_secret)
    step = _step_of(secret, code, now, after=row.totp_step) if secret else None
    if step is not None:
        used = await conn.execute(
            update(people).where(people.c.id == person.id, people.c.totp_step < step).values(totp_step=step)
        )
        return "totp" if used.rowcount == 1 else None
    mine = recovery_codes.c.person == person.id
    used = await conn.execute(delete(recovery_codes).where(mine, recovery_codes.c.hash == hash_of(_bare(code))))
    return "recovery" if used.rowcount == 1 else None


def _step_of(secret: str, code: str, now: datetime, *, after: int) -> int | None:
    """The time step whose code this is, of the last, this and the next; None where none is, or it was used."""
    import pyotp

    typed = "".join(code.split())
    current = int(now.timestamp()) // STEP
    totp = pyotp.TOTP(secret, interval=STEP)
    for step in (current - 1, current, current + 1):
        right = hmac.compare_digest(totp.generate_otp(step).encode(), typed.encode("utf-8", "surrogatepass"))
        if right and step > after:
            return step
    return None


def _bare(code: str) -> str:
    return "".join(letter for letter in code.lower() if letter.isalnum())
