"""Second factors lie encrypted in the database, also those of earlier releases, and are read by former keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyotp
from sqlalchemy import select, update

from bot.secret import Secret
from bot.staff.sealing import Sealer, seal_all
from bot.staff.tables import people
from tests.gateway.site import RasaPeer, Site, open_site
from tests.retention.test_erasing import in_files
from tests.staff.signing_in import ADMIN, PASSWORD, Browser, code, sign_in
from tests.staff.test_second_factor import SESSION, fresh, turned_on

OLD, NEW = Secret((b"o" * 32,)), Secret((b"n" * 32,))
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


async def kept(site: Site) -> Any:
    async with site.gateway.database.read() as conn:
        return (await conn.execute(select(people.c.totp_secret, people.c.totp_next))).one()


async def test_no_secret_lies_open_in_the_database(site: Site, admin: Browser, tmp_path: Path) -> None:
    _, offered = await admin.call("POST", "/api/staff/me/totp")
    assert (await kept(site)).totp_next.startswith("gAAAA")
    phone, _ = await turned_on(admin)
    assert (await kept(site)).totp_secret.startswith("gAAAA")
    assert in_files(tmp_path, phone.secret.encode()) == []
    assert in_files(tmp_path, offered["secret"].encode()) == []


async def test_a_secret_of_an_earlier_release_is_sealed_at_the_start(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"admin_email": ADMIN, "admin_password": PASSWORD}
    async with open_site(tmp_path, RasaPeer(), **settings) as site, site.gateway.database.write() as conn:
        await conn.execute(update(people).values(totp_secret=SECRET, totp_next=SECRET))
    async with open_site(tmp_path, RasaPeer(), **settings) as site:
        row = await kept(site)
        assert row.totp_secret.startswith("gAAAA")
        assert row.totp_next.startswith("gAAAA")
        assert await seal_all(site.gateway.database, Sealer(NEW)) == 0, "once"
        here = Browser(site.url)
        await sign_in(here, ADMIN, PASSWORD, pyotp.TOTP(SECRET).now())
        await here.close()


def test_former_keys_read_and_new_ones_write() -> None:
    sealed = Sealer(OLD).seal(SECRET)
    both = Sealer(Secret(NEW.keys + OLD.keys))
    assert both.open(sealed) == SECRET
    assert Sealer(NEW).open(both.seal(SECRET)) == SECRET
    assert Sealer(NEW).open(sealed) is None


async def test_without_the_key_no_code_is_right_and_recovery_codes_still_are(site: Site, admin: Browser) -> None:
    phone, codes = await turned_on(admin)
    async with site.gateway.database.write() as conn:
        await conn.execute(update(people).values(totp_secret=Sealer(OLD).seal(SECRET)))
    here = Browser(site.url)
    body = {"email": ADMIN, "password": PASSWORD}
    answer = await here.call("POST", SESSION, body | {"code": await fresh(site, phone)})
    assert code(answer) == (401, "invalid_code", "code")
    await sign_in(here, ADMIN, PASSWORD, codes[0])
    await here.close()
