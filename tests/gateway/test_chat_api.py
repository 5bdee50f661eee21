"""What clients get before and beside the conversation."""

from __future__ import annotations

from pathlib import Path

from tests.gateway.site import RasaPeer, open_site


async def test_clients_are_told_the_limits_that_are_set_and_what_a_contract_number_looks_like(tmp_path: Path) -> None:
    limits = {"message": 500, "attachment_bytes": 2048, "attachment_count": 2}
    async with (
        open_site(tmp_path, RasaPeer(), message_limit=500, attachment_bytes=2048, attachment_count=2) as site,
        site.http.get(f"{site.url}/api/widget?lang=de") as response,
    ):
        body = await response.json()
    assert body["limits"] == limits
    assert body["contract_example"] == site.gateway.company.sla.contract_example
    assert body["lang"] == "de"
