"""`/proof`: words marked in their place, said plainly where they are not there; every version that is kept."""

from __future__ import annotations

import hashlib
import re
from html import unescape
from pathlib import Path

import pytest

from tests.gateway.site import Site
from tests.help.conftest import ARTICLES, version_of

TEXT = ARTICLES["faq", "reset-password", "fr"][3]


async def prove(site: Site, status: int = 200, **asked: str) -> str:
    query = {"article": "reset-password", "lang": "fr", **asked}
    async with site.http.get(f"{site.url}/proof", params=query, headers={"Accept": "text/html"}) as response:
        text = await response.text()
        assert response.status == status, text
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
        return text


def marked(text: str) -> str | None:
    found = re.search(r'<mark id="words">(.*?)</mark>', text, re.S)
    return unescape(found.group(1)) if found else None


async def test_the_words_of_an_answer_are_marked_where_they_stand(site: Site, kb_data: Path) -> None:
    text = await prove(site, text="1. Ouvrez la page.")
    assert marked(text) == "1. Ouvrez la page."
    assert "à la lettre" in text
    assert hashlib.sha256(TEXT.encode()).hexdigest() in text
    assert version_of(kb_data, "reset-password")[0] in text
    whole = re.search(r'<div class="whole"[^>]*>(.*?)</div>', text, re.S)
    assert whole
    assert unescape(re.sub(r"</?mark[^>]*>", "", whole.group(1))) == TEXT


async def test_words_as_they_are_read_stand_there_too(site: Site) -> None:
    text = await prove(site, text="Cliquez sur Mot de passe oublié")
    assert marked(text) == "Cliquez sur **Mot de passe oublié"
    assert "Seule la mise en forme diffère" in text


async def test_words_that_are_not_there_are_denied_plainly(site: Site) -> None:
    text = await prove(site, text="Le mot de passe est gratuit")
    assert "ces mots ne figurent pas" in text
    assert marked(text) is None


async def test_an_older_version_proves_what_it_said_and_not_what_came_later(site: Site, kb_data: Path) -> None:
    now, before = version_of(kb_data, "reset-password")
    assert marked(await prove(site, version=before, text="Attendez le courrier.")) == "Attendez le courrier."
    assert marked(await prove(site, version=now, text="Attendez le courrier.")) is None


async def test_a_version_that_is_no_longer_kept_is_said_to_be_so(site: Site) -> None:
    assert "plus conservée" in await prove(site, 404, version="0" * 12, text="mot")


@pytest.mark.parametrize("text", ["", " ?! ", "<script>alert(1)</script>", "😀", "a" * 4000])
async def test_any_text_is_answered(site: Site, text: str) -> None:
    page = await prove(site, text=text)
    assert "<script>alert" not in page
    assert "<textarea" in page


async def test_long_words_come_by_the_form(site: Site) -> None:
    form = {"article": "guide", "lang": "fr", "text": ARTICLES["manuals", "guide", "fr"][3].strip()}
    async with site.http.post(f"{site.url}/proof", data=form) as response:
        assert "à la lettre" in await response.text()


async def test_an_article_that_never_was_is_not_found(site: Site) -> None:
    await prove(site, 404, article="nothing", text="mot")
    await prove(site, 404, article="", text="mot")
