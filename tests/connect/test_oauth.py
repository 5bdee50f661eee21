"""Mailboxes that take no password: a real IMAP server (Dovecot with XOAUTH2) that asks a stand-in of a provider about
each token; Gmail and Microsoft 365 themselves are not asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.connect.imap import ImapSettings
from bot.connect.oauth import AccessToken, OAuthError, OAuthSettings
from bot.connect.start import imap_settings
from bot.settings import SettingsError
from tests.connect.conftest import Outcome, Post
from tests.connect.dovecot import Dovecot, dovecot
from tests.connect.posting import OURS, mail
from tests.connect.test_imap import Watched, reading
from tests.gateway.site import make_settings

MORE = """
auth_mechanisms = plain xoauth2
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth
}
"""
ASKED = """
introspection_mode = post
introspection_url = {url}/introspect
username_attribute = username
active_attribute = active
active_value = true
"""


@dataclass
class Provider:
    """Gives tokens for one refresh token and one client, and tells Dovecot which hold."""

    url: str = ""
    given: list[str] = field(default_factory=list)
    holding: set[str] = field(default_factory=set)
    answer: dict[str, Any] = field(default_factory=dict)  # instead of a token
    expires_in: int = 3600
    worthless: int = 0  # tokens that are given and do not hold

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        wanted = {"grant_type": "refresh_token", "refresh_token": "r1", "client_id": "guichet", "client_secret": "s"}
        if dict(form) != wanted:
            return web.json_response({"error": "invalid_grant"}, status=400)
        if self.answer:
            return web.json_response(self.answer)
        self.given.append(f"access-{len(self.given)}")
        if len(self.given) > self.worthless:
            self.holding.add(self.given[-1])
        return web.json_response({"access_token": self.given[-1], "expires_in": self.expires_in})

    async def introspect(self, request: web.Request) -> web.Response:
        token = str((await request.post()).get("token", ""))
        return web.json_response({"active": token in self.holding, "username": OURS})

    def settings(self, **changes: Any) -> OAuthSettings:
        known = {"token_url": f"{self.url}/token", "client_id": "guichet", "client_secret": "s", "refresh_token": "r1"}
        return OAuthSettings(**known | changes)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    standin, app = Provider(), web.Application()
    app.router.add_post("/token", standin.token)
    app.router.add_post("/introspect", standin.introspect)
    async with TestServer(app) as server:
        standin.url = str(server.make_url("")).rstrip("/")
        yield standin


@pytest.fixture
async def server(provider: Provider) -> AsyncIterator[Dovecot]:
    context = dovecot(MORE, oauth=ASKED.format(url=provider.url))
    server = await asyncio.to_thread(context.__enter__)
    yield server
    await asyncio.to_thread(context.__exit__, None, None, None)


def mailbox(server: Dovecot, oauth: OAuthSettings) -> ImapSettings:
    return ImapSettings(
        host="127.0.0.1", port=server.port, user=OURS, password="", security="none", poll=0.2, oauth=oauth
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_mails_are_read_with_tokens_for_a_refresh_token(post: Post, provider: Provider, server: Dovecot) -> None:
    watched = Watched(post)
    async with reading(post, mailbox(server, provider.settings())) as reader:
        await asyncio.to_thread(server.put, mail("Erster.", message_id="<1@x>"))
        assert (await watched.next()).outcome == Outcome.OPENED
        assert reader.connected
    assert len(provider.given) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_token_that_the_server_refuses_is_followed_by_another(
    post: Post, provider: Provider, server: Dovecot
) -> None:
    provider.worthless = 2  # withdrawn before they end
    watched = Watched(post)
    async with reading(post, mailbox(server, provider.settings())):
        await asyncio.to_thread(server.put, mail("Erster.", message_id="<1@x>"))
        assert (await watched.next()).outcome == Outcome.OPENED
    assert len(provider.given) == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_mails_are_read_with_tokens_of_a_command(
    post: Post, provider: Provider, server: Dovecot, tmp_path: Path
) -> None:
    provider.holding.add("from-a-command")
    watched, runs = Watched(post), tmp_path / "runs"
    command = f"echo run >> {runs}; echo from-a-command; echo more"
    async with reading(post, mailbox(server, OAuthSettings(command=command))):
        await asyncio.to_thread(server.put, mail("Erster.", message_id="<1@x>"))
        assert (await watched.next()).outcome == Outcome.OPENED
    assert runs.read_text() == "run\n"


async def test_a_token_is_kept_until_shortly_before_it_ends(provider: Provider) -> None:
    now = 0.0
    token = AccessToken(provider.settings(), clock=lambda: now)
    assert await token.get() == await token.get() == "access-0"
    now = 3539.0
    assert await token.get() == "access-0"
    now = 3541.0
    assert await token.get() == "access-1"
    token.refused()
    assert await token.get() == "access-2"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"refresh_token": "stale-secret"}, "400 invalid_grant"),
        ({"token_url": "http://127.0.0.1:1/token"}, "ClientConnectorError"),
        ({"command": "echo printed-secret; exit 3"}, "exit status 3"),
        ({"command": "true"}, "exit status 0"),
    ],
)
async def test_why_there_is_no_token_is_said_without_secrets(
    provider: Provider, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(OAuthError, match=told) as refusal:
        await AccessToken(provider.settings(**changes)).get()
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("answer", [{"access_token": ""}, {"token": "x"}, {"access_token": 7}])
async def test_an_answer_without_a_token_is_refused(provider: Provider, answer: dict[str, Any]) -> None:
    provider.answer = answer
    with pytest.raises(OAuthError, match="expected a token, got 200"):
        await AccessToken(provider.settings()).get()


def test_settings_that_lack_a_part_are_named(tmp_path: Path) -> None:
    mailbox = {"imap_host": "imap.example.com", "imap_user": OURS}
    with pytest.raises(SettingsError, match="IMAP_OAUTH_REFRESH_TOKEN"):
        imap_settings(make_settings(tmp_path, **mailbox, imap_oauth_token_url="https://x.example/token"))
    parts = {"imap_oauth_client_id": "guichet", "imap_oauth_refresh_token": "r1"}
    with pytest.raises(SettingsError, match="https://"):
        imap_settings(make_settings(tmp_path, **mailbox, **parts, imap_oauth_token_url="http://x.example/token"))
    whole = imap_settings(make_settings(tmp_path, **mailbox, **parts, imap_oauth_token_url="https://x.example/token"))
    assert whole.oauth is not None
    assert "r1" not in repr(whole)
    assert imap_settings(make_settings(tmp_path, **mailbox)).oauth is None
