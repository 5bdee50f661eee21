"""Access tokens for mailboxes that take no password (Gmail, Microsoft 365): from a command, or for a refresh token
(RFC 6749, 6)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import ClientError, ClientSession, ClientTimeout

SECONDS = 30.0  # that a command or a provider may take
_MARGIN = 60.0  # seconds before its end at which a token is not used any more
_USUAL = 3600.0  # seconds that a token holds whose provider does not say


class OAuthError(OSError):
    """No token was had; the message says why, and holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthSettings:
    """`command` prints a token; without one a token is asked for at `token_url` with the rest."""

    command: str = ""
    token_url: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    scope: str = ""


class AccessToken:
    """A token that holds, kept until it ends or is refused."""

    def __init__(self, settings: OAuthSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._refresh_token = settings.refresh_token
        self._kept = ("", 0.0)  # and until when

    async def get(self) -> str:
        token, until = self._kept
        if token and self._clock() < until:
            return token
        if self._settings.command:
            return await self._from_command()
        return await self._refreshed()

    def refused(self) -> None:
        """The server did not take the last one: another is asked for the next time."""
        self._kept = ("", 0.0)

    async def _from_command(self) -> str:
        """The first line that it prints. It knows itself how long a token holds."""
        process = await asyncio.create_subprocess_shell(
            self._settings.command, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
        )
        try:
            async with asyncio.timeout(SECONDS):
                printed, _ = await process.communicate()
        except TimeoutError:
            raise OAuthError(f"IMAP_OAUTH_COMMAND: no answer within {SECONDS:g} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        token = printed.decode("ascii", "replace").partition("\n")[0].strip()
        if process.returncode or not token or not token.isascii():
            raise OAuthError(f"IMAP_OAUTH_COMMAND: expected a token, got exit status {process.returncode}")
        return token

    async def _refreshed(self) -> str:
        settings = self._settings
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token, "client_id": settings.client_id}
        form |= {"client_secret": settings.client_secret} if settings.client_secret else {}
        form |= {"scope": settings.scope} if settings.scope else {}
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=SECONDS)) as http,
                http.post(settings.token_url, data=form, allow_redirects=False) as response,
            ):
                status, answer = response.status, json.loads(await response.read())
        except (ClientError, TimeoutError, ValueError) as error:
            raise OAuthError(f"IMAP_OAUTH_TOKEN_URL: {type(error).__name__}") from None
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if status != 200 or not isinstance(token, str) or not token:
            code = answer.get("error") if isinstance(answer, dict) else None
            raise OAuthError(f"IMAP_OAUTH_TOKEN_URL: expected a token, got {status} {str(code)[:80]}")
        if isinstance(answer.get("refresh_token"), str):
            self._refresh_token = answer["refresh_token"]  # some providers give another each time
        lasts = answer.get("expires_in")
        seconds = float(lasts) if isinstance(lasts, int | float) else _USUAL
        self._kept = (token, self._clock() + seconds - _MARGIN)
        return token
