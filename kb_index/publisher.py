"""Publishing as the service does it: one after the other, searching undisturbed, fitted anew when all is quiet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import structlog
from aiohttp import web

from kb_index.errors import KbError, PublishError, VersionError
from kb_index.index import Index
from kb_index.integrity import read_manifest
from kb_index.jobs import JobError, Jobs
from kb_index.library import Library
from kb_index.naming import state_of
from kb_index.publication import Made, layered, make_layer
from kb_index.publishing import content_folder, not_written, put_live, recovered, roll_back
from kb_index.settings import Settings
from kb_index.sources import Changed
from kb_index.workspace import Changes

log = structlog.get_logger()

FEW = 200  # changes; more are parsed and indexed in a child process

T = TypeVar("T")


class Publisher:
    """Owns what changes versions and content folder while the service runs."""

    def __init__(self, settings: Settings, library: Library, jobs: Jobs) -> None:
        self.settings = settings
        self.library = library
        self.jobs = jobs
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=2, thread_name_prefix="console")
        self._tried: tuple[tuple[str, str], Index] | None = None
        self._fitting: asyncio.Task[None] | None = None

    async def run(self, work: Callable[[], T]) -> T:
        """On a thread of the console's own: searching has others. Publishing finds one free while another lists."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def start(self) -> None:
        """Finish or undo what was cut short; then fit what is not fitted."""
        try:
            await self.run(partial(recovered, self.library.versions, self.settings.content_dir))
        except OSError as error:
            log.error("publication_not_recovered", reason=str(error))
        self.fit_later()

    async def close(self) -> None:
        if self._fitting is not None:
            self._fitting.cancel()
            await asyncio.gather(self._fitting, return_exceptions=True)
        self._thread.shutdown(wait=True)

    async def publish(
        self, changes: Changes, rows: list[Any], base: str | None, facts: dict[str, Any]
    ) -> dict[str, Any]:
        """What `POST /publish` answers. PublishError where nothing has changed. It goes on where the caller is gone."""
        return await asyncio.shield(asyncio.create_task(self._publish(changes, rows, base, facts)))

    async def _publish(
        self, changes: Changes, rows: list[Any], base: str | None, facts: dict[str, Any]
    ) -> dict[str, Any]:
        async with self._lock:
            await self.library.refresh()
            versions, live = self.library.versions, self.library.index
            serving = versions.current()
            if base is not None and base not in (serving, self._refitted(serving)):
                raise PublishError("changed_meanwhile", f"version {serving} serves by now, not {base}; look again")
            made: Made | None = None
            try:
                if live is not None and live.version == serving and len(changes) <= FEW:
                    work = partial(make_layer, live, versions, self.settings, self.library.encoder, changes, facts)
                    made = await self.run(work)
                if made is None:
                    made = Made(**await self.jobs.run("publish", {"changes": rows, "facts": facts}))
                put = partial(put_live, versions, self.settings.content_dir, made.version, serving, made.paths)
                await self.run(put)
            except JobError as error:
                raise PublishError(error.code, str(error), error.details.get("problems")) from error
            except OSError as error:
                raise not_written(error) from error
            await self._tidy()
        self.fit_later()
        return {"version": made.version, "previous": serving, "files": made.paths}

    async def roll_back(self, version: str) -> dict[str, Any]:
        """What `POST /rollback` answers."""
        return await asyncio.shield(asyncio.create_task(self._roll_back(version)))

    async def _roll_back(self, version: str) -> dict[str, Any]:
        async with self._lock:
            versions = self.library.versions
            if not await self.run(partial(versions.is_whole, version)):
                raise PublishError("not_found", f"there is no whole version {version}; see the list of versions")
            result = await self.run(partial(roll_back, versions, self.settings.content_dir, version))
            await self._tidy()
        self.fit_later()
        return result

    async def drafted(self, changes: Changes) -> Index:
        """What serves with the changes over it, for trying. PublishError where one of them cannot be read."""
        live = self.library.index
        if live is None:
            raise PublishError("no_index", self.library.problem or "the index is being loaded")
        return await self.run(partial(self._drafted, live, changes))

    def _drafted(self, live: Index, changes: Changes) -> Index:
        folder = content_folder(self.library.versions, self.settings.content_dir)
        sources = Changed(folder, changes)
        key = live.version, state_of(sources, self.library.encoder, self.settings.error_bound)
        if self._tried is None or self._tried[0] != key:
            index = layered(live, self.library.versions, self.settings, self.library.encoder, sources, most=None)
            if index is None:
                reason = "what serves was built without its files: build and publish it once more"
                raise PublishError("rebuild_first", reason)
            self._tried = key, index
        return self._tried[1]

    async def _tidy(self) -> None:
        await self.library.refresh()
        with contextlib.suppress(OSError):
            await self.run(partial(self.library.versions.prune, self.settings.keep_versions))

    def _refitted(self, version: str | None) -> str | None:
        """The layered version that this one is, fitted anew."""
        try:
            manifest = read_manifest(self.library.versions.path(version)) if version else {}
        except VersionError:
            return None
        return str(manifest["refits"]) if manifest.get("refits") else None

    def fit_later(self) -> None:
        """Fit what serves once nothing has been published for a while; what is under way for an older one ends."""
        if self._fitting is not None:
            self._fitting.cancel()
        self._fitting = asyncio.create_task(self._fit())

    async def _fit(self) -> None:
        await asyncio.sleep(self.settings.fit_after)
        versions = self.library.versions
        version = versions.current()
        try:
            if version is None or read_manifest(versions.path(version))["base"] is None:
                return
            found = await self.jobs.run("fit", {"version": version})
        except (JobError, KbError) as error:
            log.error("fit_failed", version=version, reason=str(error))
            return
        if not found["passes"]:
            log.warning("fit_not_published", version=found["version"], instead_of=version, golden=found["golden"])
            return
        async with self._lock:
            await self.run(partial(self._replace, version, found["version"]))
            await self.library.refresh()
        log.info("fit_published", version=found["version"], instead_of=version, golden=found["golden"])

    def _replace(self, version: str, fitted: str) -> None:
        versions = self.library.versions
        with versions.lock():
            if versions.current() == version:
                versions.switch(fitted, instead_of=version)
                built = versions.built()
                if built and built[0] == version:
                    versions.write("built", f"{fitted} {fitted}")


JOBS = web.AppKey("jobs", Jobs)
PUBLISHER = web.AppKey("publisher", Publisher)
