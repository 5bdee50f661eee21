"""What other thresholds would have done, and whether the bot keeps its word, as editors see it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.async_api import expect
from sqlalchemy import insert

from bot.console.tables import asked
from bot.staff.tables import text_of
from tests.browser.console import Editor
from tests.browser.test_console import claire, console, encoder, name, quick_hashes  # noqa: F401

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def went(editor: Editor, probabilities: dict[float, tuple[int, int]]) -> None:
    """Questions as they went: by probability, how many answers helped and how many did not."""
    gateway, number = editor.desk.site.gateway, 0
    async with gateway.database.write() as conn:
        for probability, (helped, not_helped) in probabilities.items():
            for helpful in [True] * helped + [False] * not_helped:
                number += 1
                row = {"seq": 1, "at": text_of(gateway.now() - timedelta(hours=number)), "text": f"q{number}"}
                row |= {"lang": "fr", "outcome": "answer", "reason": "confident", "article": "dark-theme"}
                row |= {"version": "a", "probability": probability, "helpful": helpful}
                await conn.execute(insert(asked).values(conversation=f"f{number}", **row))


async def test_without_questions_the_pages_say_what_they_wait_for(claire: Editor) -> None:  # noqa: F811
    await claire.visit("/console/figures")
    await expect(claire.page.locator("#simulator")).to_contain_text("Pas encore de questions")
    await expect(claire.page.locator("#calibration")).to_contain_text("Pas encore d’avis")
    await claire.visit("/console/gaps")
    await expect(claire.page.locator("#gaps")).to_contain_text("Rien ne manque")


async def test_the_threshold_is_moved_by_key_and_by_mouse_and_says_what_it_would_do(claire: Editor) -> None:  # noqa: F811
    page = claire.page
    await went(claire, {0.95: (18, 1), 0.9: (10, 1), 0.5: (0, 0)})
    await claire.visit("/console/figures")
    tiles, slider = page.locator("#simulator .tile .big"), page.get_by_role("slider", name="Seuil")
    await expect(tiles.nth(1)).to_have_text("100 %")
    await slider.focus()
    await page.keyboard.press("End")
    await expect(tiles.nth(0)).to_have_text("100 %")
    await expect(tiles.nth(1)).to_have_text("0 %")
    await expect(slider).to_have_attribute("aria-valuetext", re.compile("Seuil 100.%.: 0.% de réponses"))
    box = await page.locator("#simulator .chart").bounding_box()
    assert box is not None
    at = box["x"] + box["width"] * (48 + 0.92 * 640) / 720
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 80)
    await page.mouse.down()
    await page.mouse.move(at, box["y"] + 80)
    await page.mouse.up()
    await expect(tiles.nth(0)).to_have_text("92 %")
    await expect(tiles.nth(1)).to_have_text("63,3 %")
    await expect(page.locator("#simulator .tile").nth(1)).to_contain_text("19 sur 30")
    await page.locator("#simulator summary").click()
    await expect(page.locator("#simulator tbody tr")).not_to_have_count(0)
    await expect(page.locator("#calibration .chart .point")).to_have_count(1)
    await claire.expect_accessible()
