"""Erasing and handing out by command, as whoever runs Guichet does it when somebody asks."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
import typer
from sqlalchemy import insert, select
from typer.testing import CliRunner

from bot.cases.desk_tables import external
from bot.cases.tables import cases
from bot.database import Database, make_engine, prepare
from bot.retention.cli import add_commands
from bot.schema import PARTS
from bot.staff.tables import audit
from tests.connect.posting import mail
from tests.gateway.site import make_settings
from tests.retention.filling import THEN, case_of, fill, talk_of
from tests.retention.test_erasing import in_files, make_dialogues


def run(folder: Path, *arguments: str, answer: str | None = None) -> tuple[int, str]:
    app = typer.Typer()
    add_commands(app, lambda: make_settings(folder))
    result = CliRunner().invoke(app, list(arguments), input=answer)
    return result.exit_code, result.output


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Jeanne's and Paul's things."""

    async def make() -> None:
        database = Database(make_engine(make_settings(tmp_path).database))
        await prepare(database.engine, PARTS)
        async with database.write() as conn:
            await fill(conn, "jeanne", 1)
            await fill(conn, "paul", 2)
            there = {"ref": case_of("jeanne"), "system": "zammad", "id": "7", "url": "https://zammad.example/7"}
            await conn.execute(insert(external).values(**there, at=THEN))
        await database.close()

    asyncio.run(make())
    make_dialogues(tmp_path, **{talk_of("jeanne"): 1.0, talk_of("paul"): 1.0})
    (tmp_path / "attachments").mkdir()
    (tmp_path / "mail").mkdir()
    for name in ("jeanne", "paul"):
        (tmp_path / "attachments" / f"{name}-path").write_bytes(f"file of {name}".encode())
        (tmp_path / "mail" / f"{name}.eml").write_bytes(mail(sender=f"{name}@example.fr"))
    return tmp_path


def names(folder: Path) -> set[str]:
    async def read() -> set[str]:
        database = Database(make_engine(make_settings(folder).database))
        async with database.read() as conn:
            found = set((await conn.execute(select(cases.c.ref))).scalars())
        await database.close()
        return found

    return asyncio.run(read())


def test_erasing_shows_asks_and_erases_everywhere(folder: Path) -> None:
    status, output = run(folder, "erase", "--email", "jeanne@example.fr", answer="n\n")
    assert status == 1
    assert names(folder) == {case_of("jeanne"), case_of("paul")}
    for told in (talk_of("jeanne"), case_of("jeanne"), "events: 1", "mail/jeanne.eml", "https://zammad.example/7"):
        assert told in output
    assert "paul" not in output
    status, output = run(folder, "erase", "--email", "jeanne@example.fr", answer="y\n")
    assert status == 0, output
    assert names(folder) == {case_of("paul")}
    assert [name for name in in_files(folder, b"jeanne") if name != "erasures.jsonl"] == []
    assert sorted(file.name for file in (folder / "attachments").iterdir()) == ["paul-path"]
    assert sorted(file.name for file in (folder / "mail").iterdir()) == ["paul.eml"]
    assert run(folder, "erase", "--email", "jeanne@example.fr", "--yes")[0] == 1


def test_an_erasure_is_noted_without_saying_whose(folder: Path) -> None:
    assert run(folder, "erase", "--ref", "T JEAN 2222", "--yes")[0] == 0

    async def read() -> list[tuple[str, object]]:
        database = Database(make_engine(make_settings(folder).database))
        async with database.read() as conn:
            found = [(row.action, row.details) for row in (await conn.execute(select(audit))).all()]
        await database.close()
        return found

    assert asyncio.run(read()) == [("erased", {"cases": 1, "conversations": 1})]


def test_after_a_backup_was_restored_what_was_erased_is_erased_again(folder: Path) -> None:
    backup = (folder / "guichet.db").read_bytes()
    assert run(folder, "erase", "--conversation", talk_of("jeanne"), "--yes")[0] == 0
    (folder / "guichet.db").write_bytes(backup)
    assert names(folder) == {case_of("jeanne"), case_of("paul")}
    status, output = run(folder, "erase", "--again")
    assert status == 0, output
    assert names(folder) == {case_of("paul")}
    assert run(folder, "erase", "--again")[1].startswith("0 rows")


def test_the_export_is_a_folder_with_everything_for_its_owner_alone(folder: Path) -> None:
    to = folder / "for-jeanne"
    status, output = run(folder, "export", "--email", "jeanne@example.fr", "--to", str(to))
    assert status == 0, output
    data = json.loads((to / "data.json").read_text("utf-8"))
    assert data["cases"][case_of("jeanne")]["case_messages"][0]["text"] == "jeanne-text"
    assert "jeanne" in str(data["conversations"][talk_of("jeanne")]["dialogue"])
    assert "paul" not in str(data)
    path = (
        data["conversations"][talk_of("jeanne")].get("attachments") or data["cases"][case_of("jeanne")]["attachments"]
    )
    assert (to / path[0]["path"]).read_bytes() == b"file of jeanne"
    assert (to / "files" / "jeanne.eml").is_file()
    assert (to / "data.json").stat().st_mode & 0o777 == 0o600
    assert to.stat().st_mode & 0o777 == 0o700
    status, output = run(folder, "export", "--email", "jeanne@example.fr", "--to", str(to))
    assert status == 2
    assert "--to" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("erase",), "give one of"),
        (("erase", "--email", "a@example.fr", "--ref", "T-2222-2222"), "give one of"),
        (("erase", "--email", "jeanne"), "expected an address"),
        (("erase", "--again", "--email", "a@example.fr"), "alone"),
        (("export",), "give one of"),
    ],
)
def test_what_cannot_be_meant_is_refused(folder: Path, arguments: tuple[str, ...], told: str) -> None:
    status, output = run(folder, *arguments)
    assert status == 2
    assert told in " ".join(output.replace("│", " ").split())
    assert names(folder) == {case_of("jeanne"), case_of("paul")}


def test_without_a_database_it_is_said_what_to_do(tmp_path: Path) -> None:
    status, output = run(tmp_path, "export", "--email", "jeanne@example.fr")
    assert status == 2
    assert "GUICHET_DATA_DIR" in output
    assert run(tmp_path, "erase", "--email", "jeanne@example.fr", "--yes")[0] == 2
