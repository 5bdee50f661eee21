"""The help page over the real search service, with a small content of two languages."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from kb_index.config import Config
from kb_index.content import read_content
from kb_index.encoder import Encoder, load_encoder
from kb_index.records import Records
from kb_index.service import make_app
from kb_index.settings import load_settings
from kb_index.versions import Versions
from tests.gateway.site import TOKEN, RasaPeer, Site, open_site

YESTERDAY, TOMORROW = (date.today() + timedelta(days=days) for days in (-1, 1))
STEPS = "".join(f"## Étape {n}\n\nLe texte de l’étape {n}.\n\n### Détail {n}\n\nUn détail.\n\n" for n in range(1, 5))
ARTICLES = {
    ("faq", "reset-password", "fr"): (
        "Demander un nouveau mot de passe",
        "account",
        "",
        "Cliquez sur **Mot de passe oublié**.\n\n1. Ouvrez la page.\n2. Suivez le lien.",
        ["Mot de passe oublié", "J'ai perdu mon code"],
    ),
    ("faq", "reset-password", "en"): (
        "Reset your password",
        "account",
        "",
        "Use **Forgotten password** on the sign-in page.",
        ["I forgot my password", "password lost"],
    ),
    ("faq", "account-locked", "fr"): (
        "Mon compte est bloqué",
        "account",
        "",
        "Attendez quinze minutes, puis demandez un nouveau mot de passe.",
        ["Compte bloqué après trop d'essais"],
    ),
    ("faq", "dark-theme", "en"): (
        "Dark theme",
        "screen-colours",
        "",
        "Choose **Dark** in your profile.",
        ["dark mode"],
    ),
    ("manuals", "guide", "fr"): ("Guide </script><b>complet</b>", "account", "", STEPS, ["le guide"]),
    ("blog", "news", "fr"): ("Quoi de neuf au printemps", "account", "", "Des nouveautés.", []),
    ("faq", "secret", "fr"): (
        "Consignes internes",
        "account",
        "audience: internal\n",
        "Le code du coffre est confidentiel.",
        ["code du coffre"],
    ),
    ("faq", "past", "fr"): (
        "Offre terminée",
        "account",
        f"valid_until: {YESTERDAY}\n",
        "Cette offre est terminée.",
        ["offre de Noël"],
    ),
    ("faq", "future", "fr"): (
        "Offre à venir",
        "account",
        f"valid_from: {TOMORROW}\n",
        "Cette offre arrive.",
        ["offre de Pâques"],
    ),
}


def write(folder: Path, kind: str, ident: str, lang: str) -> Path:
    title, category, more, text, questions = ARTICLES[kind, ident, lang]
    path = folder / kind / f"{ident}.{lang}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    asked = "".join(f'  - "{question}"\n' for question in questions)
    head = f"id: {ident}\nlang: {lang}\ntitle: {title}\ncategory: {category}\n{more}"
    path.write_text(f"---\n{head}questions:\n{asked or '  []'}\nupdated: 2026-03-02\n---\n{text}\n", "utf-8")
    return path


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return load_encoder()


@pytest.fixture(scope="session")
def kb_data(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    """Two index versions: in the first the password article reads otherwise."""
    content, data = tmp_path_factory.mktemp("content"), tmp_path_factory.mktemp("var")
    for name in ARTICLES:
        write(content, *name)
    config = Config((), {"fr": "french", "en": "english"})
    versions = Versions(data / "kb")
    password = content / "faq" / "reset-password.fr.md"
    now = password.read_text("utf-8")
    for text in (now.replace("Suivez le lien.", "Attendez le courrier."), now):
        password.write_text(text, "utf-8")
        version, _ = versions.build(read_content(content), config, encoder, 0.1)
        versions.publish(version, encoder)
    return data


def version_of(kb_data: Path, ident: str, lang: str = "fr") -> list[str]:
    """An article's versions, the present one first."""
    found: list[str] = []
    versions = Versions(kb_data / "kb")
    for manifest in sorted(versions.all(), key=lambda one: not one["live"]):
        for article in Records(versions.path(manifest["version"])).articles:
            if (article.id, article.lang) == (ident, lang) and article.version not in found:
                found.append(article.version)
    return found


@contextlib.asynccontextmanager
async def site_over(folder: Path, kb_data: Path, encoder: Encoder, **values: Any) -> AsyncIterator[Site]:
    kb = TestServer(make_app(load_settings(data_dir=kb_data, internal_token=TOKEN), encoder))
    await kb.start_server()
    try:
        async with open_site(folder, RasaPeer(), kb_port=kb.port, **values) as site:
            yield site
    finally:
        await kb.close()


@pytest.fixture
async def site(tmp_path: Path, kb_data: Path, encoder: Encoder) -> AsyncIterator[Site]:
    async with site_over(tmp_path, kb_data, encoder) as site:
        yield site


@pytest.fixture
async def dark(tmp_path: Path) -> AsyncIterator[Site]:
    """A site whose search service is down."""
    async with open_site(tmp_path, RasaPeer(), kb_port=9) as site:
        yield site
