"""What runs in a child is told of while it runs, is ended at will, and takes nothing with it when it fails."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kb_index.encoder import Encoder
from kb_index.integrity import read_manifest
from kb_index.jobs import Job, JobError, Jobs
from kb_index.publisher import PUBLISHER
from kb_index.settings import load_settings
from tests.kb_index.site import NEVER, MakeClient, Site, copied, made_site, served
from tests.kb_index.test_publishing import NEW

TASKS = """
import os, threading
from kb_index import tasks
from kb_index.errors import ContentError

def waits(settings, args, report):
    report(1, 3, str(os.getpid()))
    threading.Event().wait()

def grows(settings, args, report):
    held = []
    while True:
        held.append(b"x" * 50_000_000)

def counts(settings, args, report):
    print("what libraries print is no result")
    for number in range(args["to"]):
        report(number, args["to"], "counting")
    return {"sum": sum(range(args["to"])), "data": str(settings.data_dir)}

def fails(settings, args, report):
    raise ContentError("faq/a.en.md", 3, "bad")

def dies(settings, args, report):
    os._exit(7)

tasks.TASKS = {name: f"sitecustomize:{name}" for name in ("waits", "grows", "counts", "fails", "dies")}
"""


@pytest.fixture
async def make_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Callable[..., Jobs]]:
    """Jobs with tasks of our own, which the child finds as it starts."""
    (tmp_path / "sitecustomize.py").write_text(TASKS)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.getcwd()}")
    made: list[Jobs] = []

    def make(**settings: object) -> Jobs:
        made.append(Jobs(load_settings(data_dir=tmp_path, **settings)))
        return made[-1]

    yield make
    for jobs in made:
        await jobs.close()


async def ended(job: Job) -> Job:
    assert job.task is not None
    async with asyncio.timeout(60):
        await asyncio.wait([job.task])
    return job


async def test_a_result_comes_with_the_settings_and_without_what_is_printed(
    make_jobs: Callable[..., Jobs], tmp_path: Path
) -> None:
    job = await ended(make_jobs().start("counts", {"to": 4}))
    assert job.json() == {
        "job": job.id, "kind": "counts", "state": "done", "done": 3, "total": 4, "doing": "counting",
        "result": {"sum": 6, "data": str(tmp_path)}, "error": None,
    }  # fmt: skip


async def test_a_cancelled_job_leaves_no_process(make_jobs: Callable[..., Jobs]) -> None:
    jobs = make_jobs()
    told = asyncio.Event()
    process = 0

    def progress(done: int, total: int | None, doing: str) -> None:
        nonlocal process
        process = int(doing)
        told.set()

    running = asyncio.create_task(jobs.run("waits", {}, progress))
    async with asyncio.timeout(30):
        await told.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    job = jobs.start("waits", {})
    await jobs.cancel(job)
    assert job.state == "cancelled"


async def test_a_job_that_grows_too_large_ends_alone_and_says_so(make_jobs: Callable[..., Jobs]) -> None:
    jobs = make_jobs(job_memory_mb=400)
    job = await ended(jobs.start("grows", {}))
    assert (job.state, job.error and job.error["code"]) == ("failed", "out_of_memory")
    assert (await ended(jobs.start("counts", {"to": 1}))).state == "done"


async def test_a_job_that_never_ends_is_ended(make_jobs: Callable[..., Jobs]) -> None:
    with pytest.raises(JobError, match="GUICHET_JOB_SECONDS") as caught:
        await make_jobs(job_seconds=1.5).run("waits", {})
    assert caught.value.code == "too_slow"


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("fails", {"code": "invalid_content", "message": "faq/a.en.md:3: bad", "file": "faq/a.en.md", "line": 3}),
        ("dies", {"code": "died", "message": "its process ended with status 7, perhaps for want of memory"}),
    ],
)
async def test_what_fails_says_why(make_jobs: Callable[..., Jobs], kind: str, error: dict[str, object]) -> None:
    job = await ended(make_jobs().start(kind, {}))
    assert (job.state, job.error) == ("failed", error)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Path:
    return made_site(tmp_path_factory.mktemp("made"), encoder)


async def test_jobs_are_asked_for_and_cancelled_over_http(
    made: Path, tmp_path: Path, aiohttp_client: MakeClient, encoder: Encoder
) -> None:
    site = await served(copied(made, tmp_path), aiohttp_client, encoder)
    assert (await site.get("/jobs/none"))[0] == 404
    _, started = await site.post("/gate", {"changes": [], "questions": []})
    status, job = await site.call("DELETE", f"/jobs/{started['job']}")
    assert (status, job["state"]) == (200, "cancelled")
    assert (await site.get(f"/jobs/{started['job']}"))[1]["state"] == "cancelled"


async def fitted(site: Site) -> None:
    """Until what waits to be fitted is."""
    task = site.client.app[PUBLISHER]._fitting  # type: ignore[union-attr]
    assert task is not None
    async with asyncio.timeout(120):
        await task


async def test_what_was_published_is_fitted_in_the_background_and_takes_its_place(
    made: Path, tmp_path: Path, aiohttp_client: MakeClient, encoder: Encoder
) -> None:
    site = await served(copied(made, tmp_path), aiohttp_client, encoder, fit_after=0)
    await fitted(site)
    first = site.versions.current()
    _, done = await site.publish({"faq/holiday.en.md": NEW}, facts={"by": "Ada", "note": None})
    await fitted(site)
    version = site.versions.current()
    assert version not in (first, done["version"])
    manifest = read_manifest(site.versions.path(str(version)))
    assert (manifest["base"], manifest["fitted"], manifest["refits"]) == (None, version, done["version"])
    assert site.versions.history() == [first, version]
    _, listed = await site.get("/versions")
    assert [(row["version"], row["by"], row["files"]) for row in listed["versions"]] == [
        (version, "Ada", ["faq/holiday.en.md"]), (first, None, []),
    ]  # fmt: skip
    hit = await site.first("days off request")
    assert hit["article"] == "holiday"
    status, _ = await site.publish({"faq/holiday.en.md": None}, base=done["version"])
    assert status == 200, "who saw it before it was fitted anew publishes over it"


async def test_what_is_too_much_for_a_layer_is_built_in_a_child(
    made: Path, tmp_path: Path, aiohttp_client: MakeClient, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kb_index.publisher.FEW", 0)
    site = await served(copied(made, tmp_path), aiohttp_client, encoder, fit_after=NEVER)
    before = site.versions.current()
    status, done = await site.publish({"faq/holiday.en.md": NEW}, facts={"by": "Ada"})
    assert (status, done["previous"]) == (200, before)
    manifest = read_manifest(site.versions.path(done["version"]))
    assert (manifest["base"], manifest["by"]) == (None, "Ada")
    assert (await site.first("days off request"))["article"] == "holiday"
    status, body = await site.publish({"faq/holiday.en.md": "nothing"})
    assert (status, body["error"]["problems"][0]["line"]) == (422, 1)
