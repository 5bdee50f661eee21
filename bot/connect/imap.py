"""Reads a folder of a mailbox over IMAP: waits for new mails (IDLE, RFC 2177; else looks every so often) and brings
each to the inbox. The mailbox is only read: people may go on using it, nothing there is marked, moved or deleted.

Read from the start are only mails that nobody has seen; from then on everything newer, by UID.
"""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import random
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar

import structlog
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError
from prometheus_client import Gauge
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bot.cases.tables import insert_new
from bot.database import Database

from .inbox import Inbox, Outcome
from .oauth import AccessToken, OAuthSettings
from .tables import folders

log = structlog.get_logger(__name__)

CONNECTED = Gauge("guichet_imap_connected", "Whether the mailbox can be read just now")

Result = TypeVar("Result")
_SLICE = 1.0  # seconds between looks at whether to stop
_AFTER_NEWS = 2.0  # seconds: mails come in groups, and what a server tells while IDLE begins can be lost
_BACKOFF = (5.0, 300.0)
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImapSettings:
    """`poll` are the seconds between looks, unless the server tells before; `timeout` those of one answer. With `oauth`
    a token signs in instead of the password."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    security: Literal["tls", "starttls", "none"] = "tls"
    folder: str = "INBOX"
    poll: float = 60.0
    timeout: float = 60.0
    oauth: OAuthSettings | None = None

    @property
    def name(self) -> str:
        """Under which the place in the folder is kept."""
        return f"{self.user}@{self.host}/{self.folder}"[:255]


class Folder:
    """One connection with its folder selected; every call blocks, and they come one at a time. `token` signs in where
    the settings have `oauth`."""

    def __init__(self, settings: ImapSettings, token: str = "") -> None:
        self._settings = settings
        self._box = self._connect()
        try:
            if token:
                self._box.xoauth2(settings.user, token, initial_folder=None)
            else:
                # As UTF-8 where the server can: user names and passwords need not be ASCII.
                plain = "AUTH=PLAIN" in self._box.client.capabilities
                sign_in = self._box.login_utf8 if plain else self._box.login
                sign_in(settings.user, settings.password, initial_folder=None)
            self._box.folder.set(settings.folder, readonly=True)
        except BaseException:
            self.close()
            raise
        validity = self._box.client.response("UIDVALIDITY")[1]
        self.validity = int(validity[0]) if validity and validity[0] else 0
        self.can_idle = "IDLE" in self._box.client.capabilities

    def _connect(self) -> BaseMailBox:
        settings = self._settings
        kinds: dict[str, Callable[..., BaseMailBox]] = {
            "tls": MailBox,
            "starttls": MailBoxStartTls,
            "none": MailBoxUnencrypted,
        }
        return kinds[settings.security](settings.host, settings.port, timeout=settings.timeout)

    def unseen(self) -> list[int]:
        return sorted(int(uid) for uid in self._box.uids("UNSEEN"))

    def newest(self) -> int:
        return max(self._newer(0), default=0)

    def after(self, uid: int) -> list[int]:
        return self._newer(uid)

    def _newer(self, uid: int) -> list[int]:
        self._box.client.untagged_responses.pop("EXISTS", None)
        # `n:*` always names the last message, also where it is older.
        return sorted(found for found in map(int, self._box.uids(f"UID {uid + 1}:*")) if found > uid)

    def size(self, uid: int) -> int | None:
        """Bytes of a mail; None where it has gone meanwhile."""
        found = _SIZE.search(b" ".join(self._fetch(uid, "(RFC822.SIZE)")))
        return int(found.group(1)) if found else None

    def content(self, uid: int, *, headers_only: bool) -> bytes | None:
        parts = self._fetch(uid, "(BODY.PEEK[HEADER])" if headers_only else "(BODY.PEEK[])")
        return parts[1] if len(parts) > 1 else None

    def _fetch(self, uid: int, what: str) -> list[bytes]:
        kind, data = self._box.client.uid("fetch", str(uid), what)
        if kind != "OK":
            raise imaplib.IMAP4.error(f"FETCH answered {kind}")
        found: list[bytes] = []
        for item in data:
            found += item if isinstance(item, tuple) else [item] if item else []
        return found

    def wait(self, stop: threading.Event, seconds: float) -> None:
        """Until something is new since the last look, `seconds` have passed, or `stop`."""
        if "EXISTS" in self._box.client.untagged_responses:
            return  # it came with the answer to that look: the server will not tell it again
        if not self.can_idle:
            stop.wait(seconds)
            self._box.client.noop()  # says what is new, and keeps the connection
            return
        self._box.idle.start()  # type: ignore[no-untyped-call]
        waited = 0.0
        while waited < seconds and not stop.is_set() and not self._box.idle.poll(timeout=_SLICE):
            waited += _SLICE
        self._box.idle.stop()  # type: ignore[no-untyped-call]

    def close(self) -> None:
        with contextlib.suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
            self._box.client.logout()


class ImapReader:
    """`run` is a task; `connected` says whether the server answers just now."""

    def __init__(
        self,
        database: Database,
        inbox: Inbox,
        settings: ImapSettings,
        *,
        backoff: tuple[float, float] = _BACKOFF,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._settings = settings
        self._backoff = backoff
        self._now = now
        self._stop = threading.Event()
        self._token = AccessToken(settings.oauth) if settings.oauth is not None else None
        self.connected = False

    async def run(self) -> None:
        """Read until cancelled. A server that cannot be reached, or signs nobody in, is tried ever later."""
        failures = 0
        with ThreadPoolExecutor(1, thread_name_prefix="imap") as thread:
            try:
                while True:
                    try:
                        await self._read(thread)
                    except (OSError, imaplib.IMAP4.error, ImapToolsError, DBAPIError, ValueError) as error:
                        failures = 0 if self.connected else failures + 1
                        self._set(False)
                        wait = min(self._backoff[1], self._backoff[0] * 2.0 ** min(failures, 20))
                        wait *= 0.5 + random.random() / 2
                        log.warning(
                            "imap_failed", host=self._settings.host, error=_told(error), again_in=round(wait, 1)
                        )
                        await asyncio.sleep(wait)
            finally:
                self._stop.set()
                self._set(False)

    def _set(self, connected: bool) -> None:
        self.connected = connected
        CONNECTED.set(connected)

    async def _read(self, thread: ThreadPoolExecutor) -> None:
        async def call(work: Callable[..., Result], *args: Any, **named: Any) -> Result:
            return await asyncio.get_running_loop().run_in_executor(thread, lambda: work(*args, **named))

        token = await self._token.get() if self._token is not None else ""
        try:
            folder = await call(Folder, self._settings, token)
        except (imaplib.IMAP4.error, ImapToolsError):
            if self._token is not None:
                self._token.refused()
            raise
        try:
            self._set(True)
            log.info("imap_connected", host=self._settings.host, folder=self._settings.folder, idle=folder.can_idle)
            last = await self._place(folder, call)
            while True:
                new = await call(folder.after, last)
                for uid in new:
                    await self._bring(folder, call, uid)
                    await self._keep_place(folder, uid)
                    last = uid
                poll = self._settings.poll  # also where the server tells by itself: that only shortens the wait
                await call(folder.wait, self._stop, min(poll, _AFTER_NEWS) if new else poll)
        finally:
            self._stop.set()  # where the thread waits, it comes back
            thread.submit(folder.close)
            self._stop = threading.Event()

    async def _place(self, folder: Folder, call: Callable[..., Any]) -> int:
        """The last UID that was read. The first time, and where the numbers no longer count, the unseen mails come
        first; those that were taken before are known to the inbox."""
        query = select(folders.c.last_uid).where(
            folders.c.name == self._settings.name, folders.c.validity == folder.validity
        )
        async with self._database.read() as conn:
            last: int | None = (await conn.execute(query)).scalar_one_or_none()
        if last is not None:
            return last
        newest = int(await call(folder.newest))
        for uid in await call(folder.unseen):
            if uid <= newest:
                await self._bring(folder, call, uid)
        await self._keep_place(folder, newest)
        return newest

    async def _bring(self, folder: Folder, call: Callable[..., Any], uid: int) -> None:
        size = await call(folder.size, uid)
        if size is None:
            return
        too_large = size > self._inbox.settings.mail_bytes
        raw = await call(folder.content, uid, headers_only=too_large)
        if raw is None:
            return
        taken = await self._inbox.take(raw, size=size if too_large else None)
        if taken.outcome in (Outcome.UNREADABLE, Outcome.FAILED):
            log.warning("imap_mail_left", uid=uid, folder=self._settings.folder, outcome=taken.outcome.value)

    async def _keep_place(self, folder: Folder, uid: int) -> None:
        """Never backwards: another process may be further on."""
        row = {"name": self._settings.name, "validity": folder.validity, "last_uid": uid, "at": self._now()}
        async with self._database.write() as conn:
            if await insert_new(conn, folders, row):
                return
            this = folders.c.name == self._settings.name
            behind = (folders.c.validity != folder.validity) | (folders.c.last_uid < uid)
            await conn.execute(folders.update().where(this, behind).values(**row))


def _told(error: Exception) -> str:
    """Never what the library quotes of the exchange: it may hold the password."""
    return f"{type(error).__name__}: {str(error)[:200]}" if isinstance(error, OSError) else type(error).__name__
