"""A process for `test_escalation`: fires a deadline, says so inside the transaction, and waits to be killed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.assignment import Agent
from bot.cases.clocks import Clocks
from bot.catalogue import load_catalogue
from bot.company import load_company
from bot.database import make_engine
from tests.cases.asking import NOW
from tests.cases.crashing import ROOT, until_killed


async def main(database: str) -> None:
    company = load_company(ROOT / "data" / "company.yml")
    policy = company.policy(load_catalogue(ROOT / "data" / "messages", company.first_language))

    async def hang(_conn: AsyncConnection) -> Sequence[Agent]:
        """Asked for when the deadline's row has been written."""
        await until_killed("firing")
        return ()

    engine = make_engine(f"sqlite+aiosqlite:///{database}")
    clocks = Clocks(engine, policy, fired=lambda: None, team=hang, now=lambda: NOW + timedelta(minutes=90))
    await clocks.fire_due()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
