"""The service answers as docs/architecture.md says, takes new versions over without a pause, and survives bad ones."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from kb_index import service
from kb_index.config import Config
from kb_index.content import Content
from kb_index.encoder import Encoder
from kb_index.library import LIBRARY, Library
from kb_index.service import make_app
from kb_index.settings import load_settings
from kb_index.versions import Versions

Client = TestClient[web.Request, web.Application]
MakeClient = Callable[[web.Application], Awaitable[Client]]
TOKEN = {"X-Guichet-Token": "secret"}
HIT = {
    "article", "version", "lang", "kind", "title", "url", "passage", "heading", "second", "text", "probability",
    "score",
}  # fmt: skip
TOPIC = {"topic", "lang", "level", "channel", "title", "text", "urgent", "passed_to", "passed_on"}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory, content: Content, config: Config, encoder: Encoder) -> Path:
    folder = tmp_path_factory.mktemp("var")
    versions = Versions(folder / "kb")
    versions.publish(versions.build(content, config, encoder, 0.1)[0], encoder)
    return folder


@pytest.fixture
async def client(aiohttp_client: MakeClient, data_dir: Path, encoder: Encoder) -> Client:
    settings = load_settings(data_dir=data_dir, internal_token="secret")
    return await aiohttp_client(make_app(settings, encoder))


async def post(client: Client, body: object) -> tuple[int, Any]:
    async with client.post("/search", json=body, headers=TOKEN) as response:
        return response.status, await response.json()


async def get(client: Client, path: str, **headers: str) -> tuple[int, Any]:
    async with client.get(path, headers=TOKEN | headers) as response:
        return response.status, await response.json()


async def test_a_search_has_the_documented_shape(client: Client) -> None:
    status, body = await post(client, {"text": "I forgot my password", "lang": "en", "limit": 2})
    assert status == 200
    assert set(body) == {"version", "lang", "decision", "hits", "topics"}
    assert set(body["decision"]) == {"outcome", "probability", "level", "channel", "topic", "urgent", "reason"}
    assert len(body["hits"]) == 2
    assert set(body["hits"][0]) == HIT
    assert set(body["topics"][0]) == TOPIC | {"probability"}
    assert body["hits"][0]["url"] == "/articles/en/reset-password"


async def test_an_article_and_a_topic_can_be_read(client: Client) -> None:
    status, body = await get(client, "/articles/en/reset-password")
    assert status == 200
    expected = {"article", "version", "lang", "kind", "title", "text", "video", "updated", "category", "audience"}
    assert set(body) == expected
    assert (await get(client, f"/articles/en/reset-password?version={body['version']}"))[0] == 200
    status, topic = await get(client, "/topics/fr/nas")
    assert (status, set(topic), topic["lang"]) == (200, TOPIC, "en")


@pytest.mark.parametrize(
    "path",
    ["/articles/en/nothing", "/articles/fr/dark-theme", "/articles/en/reset-password?version=0", "/topics/en/x", "/x"],
)
async def test_what_is_not_there_is_a_404_with_the_error_body(client: Client, path: str) -> None:
    status, body = await get(client, path)
    assert status == 404
    assert set(body["error"]) == {"code", "message", "field"}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lang": "en"}, "text"),
        ({"text": 5}, "text"),
        ({"text": "a", "lang": 1}, "lang"),
        ({"text": "a", "lang": "en", "limit": 0}, "limit"),
        ({"text": "a", "lang": "en", "limit": True}, "limit"),
        ({"text": "a", "lang": "en", "exclude": "a"}, "exclude"),
    ],
)
async def test_a_bad_request_names_the_field(client: Client, body: object, field: str) -> None:
    status, answer = await post(client, body)
    assert (status, answer["error"]["field"]) == (422, field)


@pytest.mark.parametrize("text", ["", "\x00", "\ud83d", "😀" * 200, "<b>x</b>", "a" * 20_000, "\u202e\u200b"])
async def test_any_text_is_answered(client: Client, text: str) -> None:
    status, body = await post(client, {"text": text, "lang": "en"})
    assert status == 200
    assert body["decision"]["outcome"] in ("answer", "clarify", "handoff")


async def test_a_body_that_is_not_json_is_a_400(client: Client) -> None:
    async with client.post("/search", data=b"{", headers=TOKEN) as response:
        assert response.status == 400


async def test_calls_without_the_token_are_refused_but_health_is_open(client: Client) -> None:
    for headers in ({}, {"X-Guichet-Token": "wrong"}, {"X-Guichet-Token": "é"}):
        async with client.get("/articles/en/reset-password", headers=headers) as response:
            assert response.status == 401
    for path in ("/healthz", "/readyz"):
        async with client.get(path) as response:
            assert response.status == 200


async def test_without_an_index_it_is_up_but_not_ready_and_says_the_cure(
    aiohttp_client: MakeClient, tmp_path: Path, encoder: Encoder
) -> None:
    client = await aiohttp_client(make_app(load_settings(data_dir=tmp_path), encoder))
    assert (await get(client, "/healthz"))[0] == 200
    assert (await get(client, "/readyz"))[0] == 503
    status, body = await post(client, {"text": "a", "lang": "en"})
    assert (status, body["error"]["code"]) == (503, "no_index")
    assert "kb_index build" in body["error"]["message"]


async def test_a_new_version_takes_over_under_load_and_a_damaged_one_does_not(
    aiohttp_client: MakeClient,
    tmp_path: Path,
    content: Content,
    config: Config,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "POLL_SECONDS", 0.02)
    versions = Versions(tmp_path / "kb")
    first, _ = versions.build(content, config, encoder, 0.1)
    second, _ = versions.build(dataclasses.replace(content, topics=[]), config, encoder, 0.1)
    third, _ = versions.build(dataclasses.replace(content, articles=content.articles[1:]), config, encoder, 0.1)
    versions.publish(first, encoder)
    app = make_app(load_settings(data_dir=tmp_path), encoder)
    client = await aiohttp_client(app)
    seen: list[str] = []
    answered = asyncio.Condition()
    ended = False

    async def ask_on() -> None:
        while not ended:
            status, body = await post(client, {"text": "I forgot my password", "lang": "en"})
            assert status == 200
            async with answered:
                seen.append(body["version"])
                answered.notify_all()

    async def until(reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(60), answered:
            await answered.wait_for(reached)

    workers = [asyncio.create_task(ask_on()) for _ in range(4)]
    await until(lambda: seen[-1:] == [first])
    versions.publish(second, encoder)
    await until(lambda: seen[-1] == second)
    path = versions.path(third) / "ngrams-values.npy"
    path.write_bytes(path.read_bytes()[:-1])
    versions.write("current", third)  # as a damage after publication
    await until(lambda: app[LIBRARY].problem is not None)
    before = len(seen)
    await until(lambda: len(seen) >= before + 8)
    ended = True
    await asyncio.gather(*workers)
    assert seen[-1] == second
    assert third not in seen
    assert "truncated or changed" in (app[LIBRARY].problem or "")


async def test_an_index_of_another_encoder_leaves_the_old_one_serving(
    tmp_path: Path, content: Content, config: Config, encoder: Encoder
) -> None:
    class Other:
        name, fingerprint, dim = "other", "another", encoder.dim
        encode = staticmethod(encoder.encode)

    versions = Versions(tmp_path / "kb")
    first, _ = versions.build(content, config, encoder, 0.1)
    versions.publish(first, encoder)
    library = Library(load_settings(data_dir=tmp_path), encoder)
    await library.refresh()
    other, _ = versions.build(content, config, Other(), 0.1)
    versions.publish(other, Other())
    await library.refresh()
    assert library.index is not None
    assert library.index.version == first
    assert "was made with encoder other" in (library.problem or "")
    versions.publish(first, encoder)
    await library.refresh()
    assert library.problem is None
    library.close()


async def test_an_older_article_version_is_found_in_the_versions_kept(
    aiohttp_client: MakeClient, tmp_path: Path, content: Content, config: Config, encoder: Encoder
) -> None:
    versions = Versions(tmp_path / "kb")
    versions.build(content, config, encoder, 0.1)
    old = next(one for one in content.articles if one.id == "dark-theme")
    new = dataclasses.replace(old, text="Another answer.", version="0123456789ab")
    changed = [new if one is old else one for one in content.articles]
    versions.publish(versions.build(dataclasses.replace(content, articles=changed), config, encoder, 0.1)[0], encoder)
    client = await aiohttp_client(make_app(load_settings(data_dir=tmp_path), encoder))
    assert (await get(client, "/articles/en/dark-theme"))[1]["text"] == "Another answer."
    assert (await get(client, f"/articles/en/dark-theme?version={old.version}"))[1]["text"] == old.text


def test_serving_loads_neither_torch_nor_scikit_learn_nor_scipy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, kb_index.service; "
        "heavy = ('torch', 'sklearn', 'scipy', 'sentence_transformers', 'pandas'); "
        "print([name for name in heavy if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_a_taken_port_is_named_with_the_cure(data_dir: Path) -> None:
    import socket

    from kb_index.errors import SettingsError

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} \(GUICHET_KB_PORT\)"):
            service.serve(load_settings(data_dir=data_dir, kb_port=port))
