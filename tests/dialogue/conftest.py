from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.dialogue.peers import NOBODY, found, hit, topic
from tests.dialogue.running import Bot, Talk

NAS = topic("nas-problems", 4, "sla", passed_to="NAS vendor", passed_on="logs and contact data")
PASSWORD = found("answer", [hit("reset-password"), hit("change-password", probability=0.4)])
ARCHIVE = found("clarify", [hit(f"archive-{letter}") for letter in "abcd"], reason="several_likely")
INVOICE = found("handoff", [hit("invoice-list", probability=0.2)], [topic("invoice-question", 1, "ticket")])
RESULTS = [
    ("mot de passe|passwort|password", PASSWORD),
    ("archiv", ARCHIVE),
    ("facture|rechnung|invoice", INVOICE),
    ("antivirus", found("handoff", [], [topic("antivirus-blocks", 2, "callback")])),
    ("base de données", found("handoff", [], [topic("database-problems", 3, "sla")])),
    ("NAS", found("handoff", [], [NAS])),
    ("urgent", found("handoff", [], [topic("system-down", 3, "sla", urgent=True)])),
    ("étranger", found("answer", [hit("english-only", lang="en")])),
]


@pytest.fixture(scope="session")
def whole_bot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    bot = Bot(tmp_path_factory.mktemp("dialogue"))
    try:
        bot.start()
        yield bot
    finally:
        bot.close()


@pytest.fixture
def bot(whole_bot: Bot) -> Bot:
    """The running bot with its peers as they were at the start."""
    whole_bot.kb.results = list(RESULTS)
    whole_bot.web.refuse_case = None
    whole_bot.web.presence = dict(NOBODY)
    whole_bot.web.asked.clear()
    whole_bot.kb.peer.down = whole_bot.web.peer.down = False
    whole_bot.kb.peer.calls.clear()
    return whole_bot


@pytest.fixture
def talk(bot: Bot) -> Talk:
    return Talk(bot)
