"""Index versions: immutable folders named by their content, and a pointer to the one that serves.

kb/versions/<version>/   written whole in a temporary folder, then renamed
kb/current               the version that serves, one line; replaced atomically
kb/history               versions that served, oldest first
kb/built                 the version built last, and the one that served when its content was read
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kb_index.building import build_index
from kb_index.config import Config
from kb_index.content import Content
from kb_index.encoder import Encoder
from kb_index.errors import VersionError
from kb_index.index import Index
from kb_index.integrity import read_manifest, replace_file, sync, verify
from kb_index.known import KnownVectors
from kb_index.naming import name_of, state_of
from kb_index.sources import Kept, Sources, differing, has_sources, keep
from kb_index.storage import load, save

STAGED = ".building-"


class Versions:
    """The versions below one folder (`Settings.versions_dir`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pointer = folder / "current"

    def path(self, version: str) -> Path:
        return self.folder / "versions" / version

    def current(self) -> str | None:
        """The version that serves; None where none was published."""
        return self._read("current")

    def built(self) -> tuple[str, str | None] | None:
        """(the version built last, the one that served when its content was read)."""
        words = (self._read("built") or "").split()
        return (words[0], words[1] if len(words) > 1 else None) if words else None

    def history(self) -> list[str]:
        """The versions that served, oldest first."""
        return (self._read("history") or "").split()

    def before(self) -> str:
        """The version that served before the current one."""
        history, current = self.history(), self.current()
        before = history[: history.index(current)] if current in history else []
        if not before:
            raise VersionError(
                "no version served before the current one; name one: python -m kb_index rollback VERSION"
            )
        return before[-1]

    def all(self) -> list[dict[str, Any]]:
        """The readable manifests, newest first, each with `live`."""
        current, found = self.current(), []
        for path in (self.folder / "versions").glob("[0-9a-f]*"):
            with contextlib.suppress(VersionError):
                found.append(read_manifest(path) | {"live": path.name == current})
        return sorted(found, key=lambda manifest: str(manifest["created"]), reverse=True)

    def build(
        self,
        content: Content,
        config: Config,
        encoder: Encoder,
        risk: float,
        progress: Callable[[str], None] = lambda _: None,
        *,
        sources: Sources | None = None,
        after: str | None = None,
        facts: dict[str, Any] | None = None,
        anew: bool = False,
        default: bool = True,
    ) -> tuple[str, bool]:
        """(version, whether it was made now). What is the same in all respects is not built twice.

        `sources`: what `content` was read from, kept with the version; `after`: the version that served when it was
        read; `facts`: more for the manifest; `anew`: also where a layer of the same
        serves; `default`: whether it is what `publish` publishes where no version is named.
        """
        state = None if sources is None else state_of(sources, encoder, risk)
        live = self.current()
        with contextlib.suppress(VersionError):  # what serves may be a layer, which has another name
            if (
                live
                and state
                and not anew
                and read_manifest(self.path(live)).get("state") == state
                and self.is_whole(live)
            ):
                if default:
                    self.write("built", f"{live} {live}")
                return live, False
        version = name_of(content, config, encoder, risk)
        if not self.is_whole(version) or (sources is not None and not has_sources(self.path(version))):
            known = KnownVectors(self.path(live) if live else None, encoder)
            index = build_index(
                content.articles,
                content.topics,
                config,
                encoder,
                risk,
                version=version,
                known=known,
                gold=content.gold,
                progress=progress,
            )
            about = {"problems": [str(problem) for problem in content.problems], "state": state}
            about |= self.facts(sources) | (facts or {})

            def write(folder: Path) -> None:
                if sources is not None:
                    keep(folder, sources)
                save(index, folder, encoder, about)

            self.add(version, write)
            made = True
        else:
            made = False
        if default:
            self.write("built", f"{version} {after or ''}")
        return version, made

    def facts(self, sources: Sources | None) -> dict[str, Any]:
        """What every manifest says: when it was made, after which version, and which files differ from that one's."""
        live = self.current()
        changed: list[str] = []
        if sources is not None and live and has_sources(self.path(live)):
            changed = differing(sources.digests, Kept(self.path(live)).digests)
        return {"created": datetime.now(UTC).isoformat(), "after": live, "changed": changed, "by": None, "note": None}

    def add(self, version: str, write: Callable[[Path], None]) -> None:
        """Let `write` fill a folder, which then is the version's: whole, or not there at all."""
        versions = self.folder / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        self._sweep()
        with tempfile.TemporaryDirectory(prefix=f"{STAGED}{os.getpid()}-", dir=versions) as temporary:
            staged = Path(temporary) / version
            staged.mkdir()
            write(staged)
            if self.path(version).exists():  # damaged: whoever builds has looked
                os.replace(self.path(version), Path(temporary) / "damaged")
            os.replace(staged, self.path(version))
            sync(versions)

    def publish(self, version: str, encoder: Encoder, keep_count: int = 10) -> str | None:
        """Let `version` serve once it has been loaded whole. Returns the version before. Files are not touched."""
        if not self.path(version).is_dir():
            raise VersionError(f"there is no index version {version}; see python -m kb_index versions, or build one")
        load(self.path(version), encoder)
        with self.lock():
            previous = self.current()
            if previous != version:
                self.switch(version)
            self.prune(keep_count)
        return previous

    def switch(self, version: str, *, instead_of: str | None = None, again: bool = False) -> None:
        """Let `version` serve; the lock is held. `instead_of`: takes that one's place in the history; `again`: it
        has served before, and keeps its place there."""
        history = self.history()
        if instead_of in history:
            history = [version if one == instead_of else one for one in history if one != version]
        elif not (again and version in history):
            history = [*(one for one in history if one != version), version]
        self.write("history", "\n".join(history))
        self.write("current", version)

    def load_current(self, encoder: Encoder, loaded: Index | None = None) -> Index:
        """The index that serves. VersionError where there is none or it cannot be used. `loaded`: as of `load`."""
        version = self.current()
        if version is None:
            raise VersionError("no index is published yet: python -m kb_index build && python -m kb_index publish")
        return load(self.path(version), encoder, loaded)

    def is_whole(self, version: str) -> bool:
        try:
            verify(self.path(version), read_manifest(self.path(version)))
        except VersionError:
            return False
        return True

    def prune(self, keep_count: int) -> None:
        """Delete the oldest versions beyond `keep_count`, never the current one nor the one built last."""
        built = self.built()
        needed = {self.current(), built[0] if built else None}
        for manifest in self.all()[keep_count:]:
            if manifest["version"] not in needed:
                shutil.rmtree(self.path(manifest["version"]), ignore_errors=True)
        kept = [one for one in self.history() if self.path(one).is_dir()]
        self.write("history", "\n".join(kept))

    def _sweep(self) -> None:
        """Delete what builds that were killed have left."""
        for path in (self.folder / "versions").glob(f"{STAGED}*"):
            owner = path.name.removeprefix(STAGED).partition("-")[0]
            if not (owner.isdigit() and _runs(int(owner))):
                shutil.rmtree(path, ignore_errors=True)

    def _read(self, name: str) -> str | None:
        try:
            return (self.folder / name).read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    def write(self, name: str, text: str) -> None:
        """Replace a small file atomically and durably."""
        replace_file(self.folder / name, (text + "\n").encode())

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """One publication at a time, over all processes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
