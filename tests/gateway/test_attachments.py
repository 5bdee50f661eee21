"""Files are taken by what they contain, kept out of everybody's reach, and join the next case."""

from __future__ import annotations

import io
import stat
import zipfile
from typing import Any

import pytest
from aiohttp import FormData
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from bot.cases.tables import attachments
from bot.gateway.attachments import safe_name, sniff
from tests.gateway.site import Site, Talk
from tests.gateway.test_cases import TICKET, open_case

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def archive(*names: str) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as file:
        for name in names:
            file.writestr(name, "x")
    return kept.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0rest", "image/jpeg"),
        (b"GIF89a....", "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"\0\0\0\x18ftypheic\0\0", "image/heic"),
        (b"%PDF-1.7\n", "application/pdf"),
        (archive("a.txt"), "application/zip"),
        (
            archive("[Content_Types].xml", "word/document.xml"),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("Journal des événements\n".encode(), "text/plain"),
        ("Journal des événements\n".encode("cp1252"), "text/plain"),
        ("Journal".encode("utf-16"), "text/plain"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b"MZ\x90\0\x03\0\0\0", None),
        (b"\x7fELF\x02\x01\x01\0", None),
        (b"PK\x03\x04broken", None),
        (b"\0\0\0\0", None),
        (b"\xfe\xff\xd8", None),
    ],
)
def test_the_type_comes_from_the_content(content: bytes, kind: str | None) -> None:
    assert sniff(content) == kind


@given(content=st.binary(max_size=200))
def test_no_content_makes_the_check_fail(content: bytes) -> None:
    sniff(content)
    sniff(b"PK\x03\x04" + content)


@pytest.mark.parametrize(
    ("claimed", "kind", "name"),
    [
        ("photo.PNG", "image/png", "photo.PNG"),
        ("../../etc/passwd", "text/plain", "passwd.txt"),
        ("C:\\Users\\me\\scan.pdf", "application/pdf", "scan.pdf"),
        ("virus.exe", "text/plain", "virus.exe.txt"),
        ("picture.pdf", "image/png", "picture.pdf.png"),
        ("", "image/png", "file.png"),
        (None, "image/png", "file.png"),
        ("...", "image/png", "file.png"),
        ("a\r\nSet-Cookie: x\0.png", "image/png", "aSet-Cookie x.png"),
        ("abc\u202egnp.exe", "image/png", "abcgnp.exe.png"),
        ("x" * 300 + ".png", "image/png", "x" * 100 + ".png"),
        ("e\u0301te\u0301.txt", "text/plain", "été.txt"),
    ],
)
def test_names_are_harmless_and_end_in_what_they_are(claimed: str | None, kind: str, name: str) -> None:
    assert safe_name(claimed, kind) == name


async def send(talk: Talk, content: bytes, name: str = "file.png", field: str = "file") -> tuple[int, Any]:
    form = FormData(quote_fields=False)  # as browsers send names
    form.add_field(field, io.BytesIO(content), filename=name, content_type="image/png")
    async with talk.site.http.post(talk.url("attachments"), data=form, headers=talk.headers) as response:
        return response.status, await response.json()


async def test_a_file_joins_the_next_case_and_lies_under_a_random_name_for_the_owner_only(
    site: Site, talk: Talk
) -> None:
    status, body = await send(talk, PNG, "écran.png")
    assert status == 201
    assert body["attachment"] | {"id": ""} == {"id": "", "name": "écran.png", "type": "image/png", "size": len(PNG)}
    case = await open_case(talk, TICKET)
    async with site.gateway.database.read() as connection:
        row = (await connection.execute(select(attachments))).one()
    assert (row.ref, row.conversation) == (case["ref"], talk.id)
    kept = site.gateway.attachments / row.path
    assert kept.read_bytes() == PNG
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "png" not in row.path
    for path in (
        f"/attachments/{row.path}",
        f"/widget/{row.path}",
        f"/api/conversations/{talk.id}/attachments/{row.id}",
    ):
        async with site.http.get(f"{site.url}{path}", headers=talk.headers) as response:
            assert response.status in (404, 405)


async def test_another_conversations_file_cannot_be_attached(site: Site, talk: Talk) -> None:
    _, body = await send(talk, PNG)
    other = await site.talk()
    ticket = TICKET | {"attachments": [body["attachment"]["id"]]}
    status, answer = await other.post("cases", ticket, **{"Idempotency-Key": "k"})
    assert (status, answer["error"]["code"]) == (422, "invalid_attachment")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "file_empty"),
        (b"MZ\x90\0\x03\0\0\0", 415, "file_type"),
        (PNG + bytes(5 * 1024 * 1024), 413, "file_too_large"),
    ],
)
async def test_a_file_that_is_not_accepted_leaves_nothing_behind(
    site: Site, talk: Talk, content: bytes, status: int, code: str
) -> None:
    got, body = await send(talk, content)
    assert (got, body["error"]["code"], body["error"]["field"]) == (status, code, "file")
    assert not list(site.gateway.attachments.glob("*"))


async def test_the_largest_file_is_taken(talk: Talk) -> None:
    assert (await send(talk, PNG + bytes(5 * 1024 * 1024 - len(PNG))))[0] == 201


async def test_five_files_wait_for_a_case_not_six(talk: Talk) -> None:
    for _ in range(5):
        assert (await send(talk, PNG))[0] == 201
    status, body = await send(talk, PNG)
    assert (status, body["error"]["code"]) == (422, "too_many_files")
    await open_case(talk, TICKET)
    assert (await send(talk, PNG))[0] == 201


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"raw", "image/png"),
        (b"", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ncut off', "multipart/form-data; boundary=x"),
    ],
)
async def test_a_body_that_is_no_upload_is_refused(site: Site, talk: Talk, data: bytes, content_type: str) -> None:
    headers = talk.headers | {"Content-Type": content_type}
    async with site.http.post(talk.url("attachments"), data=data, headers=headers) as response:
        assert response.status in (400, 415, 422)
        assert (await response.json())["error"]["code"]


async def test_a_file_in_another_field_is_refused(talk: Talk) -> None:
    status, body = await send(talk, PNG, field="picture")
    assert (status, body["error"]["code"]) == (422, "file_missing")


async def test_a_file_can_be_taken_back_until_a_case_has_it(site: Site, talk: Talk) -> None:
    async def remove(owner: Talk, id_: str) -> int:
        async with site.http.delete(talk.url(f"attachments/{id_}"), headers=owner.headers) as response:
            return response.status

    _, first = await send(talk, PNG)
    assert await remove(await site.talk(), first["attachment"]["id"]) == 404
    assert await remove(talk, first["attachment"]["id"]) == 204
    assert await remove(talk, first["attachment"]["id"]) == 404
    assert not list(site.gateway.attachments.glob("*"))
    _, second = await send(talk, PNG)
    await open_case(talk, TICKET)
    assert await remove(talk, second["attachment"]["id"]) == 404
    assert len(list(site.gateway.attachments.glob("*"))) == 1
