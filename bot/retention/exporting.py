"""Hands out what is somebody's: one JSON document and the files it names (right of access, GDPR articles 15 and 20)."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.cases.desk_tables import presence, reads, words
from bot.cases.model import utc_text
from bot.cases.tables import attachments, idempotency
from bot.gateway.tables import buttons

from .erasing import Dialogues
from .whose import Subject, rows_of, tables

# What says nothing of the person that other tables do not say: an index, keys, what staff have open.
LEFT_OUT = {table.name for table in (words, reads, presence, idempotency, buttons)}
# What opens something, and copies of what stands elsewhere (a letter's words are the case's).
SECRETS = {"conversations": {"token_hash"}, "cases": {"key"}, "outbox": {"payload", "lease"}}


async def document(conn: AsyncConnection, who: Subject, dialogues: Dialogues) -> dict[str, Any]:
    """`{"made_at", "conversations": {id: {table: [row]}}, "cases": {ref: {table: [row]}}, "others": {table: [row]}}`;
    moments in UTC. A file's `path` is its place in the folder `files`."""
    talks: dict[str, Any] = {each: defaultdict(list) for each in sorted(who.conversations)}
    cases: dict[str, Any] = {each: defaultdict(list) for each in sorted(who.cases)}
    others: dict[str, Any] = defaultdict(list)
    for table in sorted(tables(), key=lambda table: table.name):
        if table.name in LEFT_OUT:
            continue
        for row in await _rows(conn, table, who):
            ref, talk = row.get("ref"), row["id"] if table.name == "conversations" else row.get("conversation")
            place = cases.get(str(ref)) if ref else talks.get(str(talk))
            (others if place is None else place)[table.name].append(row)
    for conversation, held in talks.items():
        if known := await dialogues.events(conversation):
            held["dialogue"] = known
    return {"made_at": utc_text(datetime.now(UTC)), "conversations": talks, "cases": cases, "others": others}


async def _rows(conn: AsyncConnection, table: Table, who: Subject) -> list[dict[str, Any]]:
    columns = [column for column in table.columns if column.name not in SECRETS.get(table.name, ())]
    rule = rows_of(table, who)
    assert rule is not None, table.name
    query = select(*columns).where(rule).order_by(*table.primary_key.columns)
    return [_readable(row) for row in (await conn.execute(query)).mappings()]


def _readable(row: Mapping[Any, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: utc_text(value) if isinstance(value, datetime) else value for name, value in row.items()
    }
    if "path" in found:
        found["path"] = f"files/{_name(found['path'], found['name'])}"
    return found


def _name(path: str, name: str) -> str:
    """Unique, and with the ending by which it can be opened; the whole name is in the document."""
    ending = "".join(letter for letter in Path(name).suffix if letter.isalnum() or letter == ".")
    return f"{path}{ending}"


async def write(
    conn: AsyncConnection, who: Subject, dialogues: Dialogues, store: Path, folder: Path, mails: Sequence[Path] = ()
) -> int:
    """Make `folder` (FileExistsError where there is one) with `data.json`, the files of `store` and `mails`; how many
    files. Nobody but its owner may read it."""
    content = await document(conn, who, dialogues)
    rule = rows_of(attachments, who)
    assert rule is not None
    files = (await conn.execute(select(attachments.c.path, attachments.c.name).where(rule))).all()
    copies = {store / path: f"files/{_name(path, name)}" for path, name in files}
    copies |= {mail: f"files/{mail.name}" for mail in mails}
    return await asyncio.to_thread(_write, folder, content, copies)


def _write(folder: Path, content: Mapping[str, Any], copies: Mapping[Path, str]) -> int:
    folder.mkdir(mode=0o700)
    (folder / "files").mkdir(mode=0o700)
    descriptor = os.open(folder / "data.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.write("\n")
    there = {source: name for source, name in copies.items() if source.is_file()}
    for source, name in there.items():
        shutil.copyfile(source, folder / name)
    return len(there)
