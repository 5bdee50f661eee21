"""What takes long, in child processes: with progress, cancelled at will, within limits of memory and time.

A child that grows too large or never ends takes nothing with it; searching goes on beside it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from kb_index.settings import Settings

log = structlog.get_logger()

AT_ONCE = 2
KEPT_SECONDS = 3600  # results, after the end
MOST_KEPT = 100
LONGEST_LINE = 256 * 1024 * 1024  # bytes of a child's result
LAST_WORDS = 2_000  # characters of a child that died, for the log


class JobError(Exception):
    """A child that failed: `code` is stable."""

    def __init__(self, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.details = details or {}


@dataclass
class Job:
    """`state`: running, done, failed or cancelled; `total` None: not known."""

    id: str
    kind: str
    state: str = "running"
    done: int = 0
    total: int | None = None
    doing: str = "waiting"
    result: Any = None
    error: dict[str, Any] | None = None
    ended: float = 0.0
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    def json(self) -> dict[str, Any]:
        keys = ("kind", "state", "done", "total", "doing", "result", "error")
        return {"job": self.id} | {key: getattr(self, key) for key in keys}


class Jobs:
    """The jobs of one service; its settings say what each may take."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._jobs: dict[str, Job] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    def start(self, kind: str, args: dict[str, Any]) -> Job:
        """Begin a task of `tasks.TASKS`, or as soon as another has ended."""
        self._forget()
        job = Job(secrets.token_hex(8), kind)
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job, args))
        return job

    def get(self, ident: str) -> Job | None:
        return self._jobs.get(ident)

    async def cancel(self, job: Job) -> None:
        """End it, if it has not ended; nothing of it is left running when this returns."""
        if job.task is not None and not job.task.done():
            job.task.cancel()
            await asyncio.gather(job.task, return_exceptions=True)
            if job.state == "running":  # cancelled before it had begun
                job.state, job.ended = "cancelled", time.monotonic()

    async def close(self) -> None:
        for job in list(self._jobs.values()):
            await self.cancel(job)

    async def _run(self, job: Job, args: dict[str, Any]) -> None:
        def progress(done: int, total: int | None, doing: str) -> None:
            job.done, job.total, job.doing = done, total, doing

        try:
            async with self._slots:
                job.doing = "starting"
                job.result = await self.run(job.kind, args, progress)
            job.state = "done"
        except asyncio.CancelledError:
            job.state = "cancelled"
            raise
        except JobError as error:
            job.state, job.error = "failed", {"code": error.code, "message": str(error), **error.details}
        finally:
            job.ended = time.monotonic()
            log.info("job_ended", job=job.id, kind=job.kind, state=job.state, error=job.error and job.error["code"])

    async def run(
        self, kind: str, args: dict[str, Any], progress: Callable[[int, int | None, str], None] = lambda *_: None
    ) -> Any:
        """The result of a task in a child. JobError where it fails; the child ends with this call, however it ends."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "kb_index.child", limit=LONGEST_LINE, start_new_session=True,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stderr is not None
        errors = asyncio.create_task(_last_words(process.stderr))
        try:
            async with asyncio.timeout(self._settings.job_seconds):
                settings = self._settings.model_dump(mode="json", exclude={"internal_token"})
                request = {"kind": kind, "args": args, "settings": settings}
                with contextlib.suppress(ConnectionError):  # it died at once; what it said tells why
                    process.stdin.write(json.dumps(request).encode() + b"\n")
                    await process.stdin.drain()
                last = await _followed(process, progress)
        except TimeoutError:
            limit = f"not done after {self._settings.job_seconds:.0f} s (GUICHET_JOB_SECONDS)"
            raise JobError("too_slow", f"{limit}; divide it, or allow more time") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            words = await errors
        if "result" in last:
            return last["result"]
        if "error" in last:
            error = dict(last["error"])
            raise JobError(error.pop("code"), error.pop("message"), error)
        log.error("job_died", kind=kind, code=process.returncode, said=words if os.environ.get("GUICHET_DEBUG") else "")
        raise JobError("died", f"its process ended with status {process.returncode}, perhaps for want of memory")

    def _forget(self) -> None:
        ended = [job for job in self._jobs.values() if job.ended]
        for job in ended[: max(len(ended) - MOST_KEPT, 0)]:
            del self._jobs[job.id]
        for job in ended:
            if job.ended + KEPT_SECONDS < time.monotonic():
                self._jobs.pop(job.id, None)


async def _followed(
    process: asyncio.subprocess.Process, progress: Callable[[int, int | None, str], None]
) -> dict[str, Any]:
    """The last line of a child, once it has ended or said its result."""
    assert process.stdout is not None
    async for line in process.stdout:
        said: dict[str, Any] = json.loads(line)
        if "doing" not in said:
            return said
        progress(said["done"], said["total"], said["doing"])
    await process.wait()
    return {}


async def _last_words(stream: asyncio.StreamReader) -> str:
    last = ""
    while part := await stream.read(4096):
        last = (last + part.decode(errors="replace"))[-LAST_WORDS:]
    return last
