"""A customer and an agent, each with a browser, at a company that is there day and night."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from argon2 import PasswordHasher
from playwright.async_api import Browser, BrowserContext, Download, FilePayload, Locator, expect

from bot.staff import passwords
from tests.browser.customer import Customer
from tests.browser.desk import Agent
from tests.desk.site import DeskSite, open_desk
from tests.gateway.site import content

NOTE = FilePayload(name="journal.txt", mimeType="text/plain", buffer=b"lignes du journal")
MANUAL = FilePayload(name="notice.txt", mimeType="text/plain", buffer=b"lisez ceci")


@pytest.fixture(autouse=True)
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real algorithm with the least work."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def options() -> dict[str, Any]:
    return {"bypass_csp": True}  # axe adds styles of its own, which the pages' policy rightly refuses


@pytest.fixture
def rules() -> dict[str, Any]:
    """`live` of company.yml; a test overrides it."""
    return {}


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, rules: dict[str, Any]) -> AsyncIterator[DeskSite]:
    """The web process of a company that is there day and night and has a mail server, which is down."""
    company, _ = content()
    live = company.live.model_copy(update={"around_the_clock": True, **rules})
    company = company.model_copy(update={"live": live})
    async with open_desk(tmp_path, company, smtp_host="127.0.0.1", smtp_port=9) as desk:
        yield desk


@pytest_asyncio.fixture(loop_scope="session")
async def anna(desk: DeskSite, context: BrowserContext) -> AsyncIterator[Agent]:
    colleague = await desk.colleague("Anna")
    await desk.presence(colleague, "online")
    agent = await Agent.arrive(context, desk, colleague, "/desk?view=all")
    yield agent
    assert agent.thrown == []


@pytest_asyncio.fixture(loop_scope="session")
async def bruno(desk: DeskSite, browser: Browser, options: dict[str, Any]) -> AsyncIterator[Agent]:
    """A colleague of Anna's, in a browser of his own."""
    made = await browser.new_context(locale="fr-FR", timezone_id="Europe/Paris", **options)
    made.set_default_timeout(15_000)
    colleague = await desk.colleague("Bruno")
    await desk.presence(colleague, "online")
    agent = await Agent.arrive(made, desk, colleague, "/desk?view=all")
    yield agent
    assert agent.thrown == []
    await made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def jean(desk: DeskSite, browser: Browser) -> AsyncIterator[Customer]:
    """A visitor of the company's page, in a browser of his own."""
    made = await browser.new_context(
        viewport={"width": 1280, "height": 860}, locale="fr-FR", timezone_id="Europe/Paris", bypass_csp=True
    )
    made.set_default_timeout(15_000)
    visitor = Customer(await made.new_page(), desk.site.url)
    await visitor.visit()
    await visitor.open()
    yield visitor
    assert visitor.thrown == []
    await made.close()


async def ask(customer: Customer) -> None:
    await customer.menu("Nous contacter")
    await customer.panel.locator(".way[data-kind=person]").click()


def live_row(agent: Agent) -> Locator:
    return agent.page.locator(".live-row")


def said(agent: Agent, text: str) -> Locator:
    return agent.case.locator(".said .bubble").filter(has_text=text)


async def take(agent: Agent) -> None:
    """Open what waits and take it."""
    await live_row(agent).first.click()
    await agent.case.get_by_role("button", name="Prendre la conversation").click()
    await expect(agent.text).to_be_focused()


async def bytes_of(saved: Download) -> bytes:
    return await asyncio.to_thread(Path(await saved.path()).read_bytes)


async def together(customer: Customer, agent: Agent) -> None:
    await customer.say("Bonjour")
    await ask(customer)
    await take(agent)
    await expect(customer.panel.locator(".title")).to_have_text(agent.colleague.name)
