"""What editors publish is on the customers' pages at once; what was said before can still be rechecked."""

from __future__ import annotations

from pathlib import Path

from kb_index.encoder import Encoder
from tests.gateway.site import TOKEN, RasaPeer, Site, open_site
from tests.kb_index.site import MakeClient, made_site, served

DARK = "faq/dark-theme.en.md"
WORDS = "Choose **Dark** in your profile."


async def page(site: Site, path: str, query: dict[str, str], status: int = 200) -> str:
    async with site.http.get(f"{site.url}{path}", params=query, headers={"Accept": "text/html"}) as response:
        assert response.status == status
        return await response.text()


async def test_a_publication_changes_lists_suggestions_and_articles_and_leaves_the_past_provable(
    tmp_path: Path, aiohttp_client: MakeClient, encoder: Encoder
) -> None:
    kb = await served(made_site(tmp_path / "kb", encoder), aiohttp_client, encoder, internal_token=TOKEN)
    head = {"X-Guichet-Token": TOKEN}

    async def publish(source: str | None) -> None:
        body = {"changes": [{"path": DARK, "source": source}]}
        async with kb.client.post("/publish", json=body, headers=head) as response:
            assert response.status == 200, await response.text()

    async with open_site(tmp_path / "web", RasaPeer(), kb_port=kb.client.port) as site:
        query = {"article": "dark-theme", "lang": "en", "text": WORDS}
        assert "to the letter" in await page(site, "/proof", query)
        async with kb.client.get("/articles/en/dark-theme", headers=head) as response:
            query["version"] = str((await response.json())["version"])

        source = (kb.content / DARK).read_text()
        await publish(
            source.replace("title: Dark theme", "title: Nocturnal colours").replace(WORDS, "Press **Night**.")
        )
        assert "Nocturnal colours" in await page(site, "/help", {"lang": "en"})
        assert "Press <strong>Night</strong>." in await page(site, "/articles/en/dark-theme", {})
        async with site.http.get(f"{site.url}/api/help/suggest", params={"text": "nocturn", "lang": "en"}) as response:
            assert [hit["title"] for hit in (await response.json())["hits"]] == ["Nocturnal colours"]
        assert "to the letter" in await page(site, "/proof", query)
        assert "do not stand like this" in await page(site, "/proof", query | {"version": ""})

        await publish(source.replace("lang: en", "lang: en\naudience: internal"))
        assert "Dark theme" not in await page(site, "/help", {"lang": "en"})
        await page(site, "/articles/en/dark-theme", {}, 404)

        await publish(None)
        await page(site, "/articles/en/dark-theme", {}, 404)
        assert "no longer published" in await page(site, "/articles/en/dark-theme", {"version": query["version"]})
        assert "to the letter" in await page(site, "/proof", query)
