"""Pictures and attachments: taken by what they are, served so that they do no harm; previews made safe."""

from __future__ import annotations

import pytest

from tests.console.site import ConsoleSite, Editor

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


async def fetched(editor: Editor, url: str) -> tuple[int, dict[str, str], bytes]:
    async with editor.who.site.http.get(f"{editor.who.site.url}{url}") as response:
        return response.status, dict(response.headers), await response.read()


async def test_a_picture_is_shown_to_everybody_and_known_to_be_used(console: ConsoleSite, clara: Editor) -> None:
    status, body = await clara.upload("/files", PNG, "écran 1.PNG")
    assert status == 201, body
    file = body["file"]
    again = (await clara.upload("/files", PNG, "other.png"))[1]["file"]
    assert again["id"] == file["id"]
    status, headers, content = await fetched(clara, file["url"])
    assert (status, headers["Content-Type"], content) == (200, "image/png", PNG)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    (listed,) = (await clara.get("/files"))["files"]
    assert listed["used_by"] == []
    await clara.save("faq:dark-theme", "en", None, text=f"Look: ![screen]({file['url']})")
    (listed,) = (await clara.get("/files"))["files"]
    assert listed["used_by"] == ["faq:dark-theme"]
    refused = await clara.do("DELETE", f"/files/{file['id']}", status=409)
    assert refused["error"]["code"] == "file_in_use"
    await clara.do("DELETE", "/articles/faq:dark-theme/draft?lang=en")
    await clara.do("DELETE", f"/files/{file['id']}", status=204)
    assert (await fetched(clara, file["url"]))[0] == 404


async def test_what_is_no_picture_is_saved_and_never_shown(console: ConsoleSite, clara: Editor) -> None:
    file = (await clara.upload("/files", b"plain words\n", "notes.txt"))[1]["file"]
    _, headers, _ = await fetched(clara, file["url"])
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (SVG, "a.svg"),
        (SVG, "a.png"),
        (b"<!doctype html><script>alert(1)</script>", "a.txt"),
        (b"MZ\x90\0\x03\0\0\0", "a.png"),
        (b"", "empty.png"),
    ],
)
async def test_programs_and_pictures_that_are_programs_are_refused(
    console: ConsoleSite, clara: Editor, content: bytes, name: str
) -> None:
    assert (await clara.upload("/files", content, name))[0] in (415, 422)
    assert (await clara.get("/files"))["files"] == []


async def test_a_preview_is_made_safe(console: ConsoleSite, clara: Editor) -> None:
    body = {"lang": "fr", "text": "# Titre\n\n<script>alert(1)</script> [x](javascript:alert(1)) **gras**"}
    html = (await clara.do("POST", "/preview", body))["html"]
    assert "<strong>gras</strong>" in html
    assert "<script" not in html
    assert "href" not in html
