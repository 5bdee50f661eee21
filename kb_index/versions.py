"""Index versions: immutable folders named by their content, and a pointer to the one that serves.

kb/versions/<version>/   written whole in a temporary folder, then renamed
kb/current               the version that serves, one line; replaced atomically
kb/history               versions that served, oldest first
kb/built                 the version built last
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kb_index.config import Config
from kb_index.content import Article, Content, Topic
from kb_index.encoder import Encoder
from kb_index.errors import VersionError
from kb_index.index import Index, build_index
from kb_index.storage import FORMAT, KnownVectors, load, read_manifest, save, sync, verify


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

    def built(self) -> str | None:
        """The version built last."""
        return self._read("built")

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
    ) -> tuple[str, bool]:
        """(version, whether it was made now). What is the same in all respects is not built twice."""
        version = name_of(content, config, encoder, risk)
        with self._lock():
            if self._is_whole(version):
                self._write("built", version)
                return version, False
            current = self.current()
            known = KnownVectors(self.path(current) if current else None, encoder)
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
            versions = self.folder / "versions"
            versions.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".building-", dir=versions) as temporary:
                staged = Path(temporary) / version
                staged.mkdir()
                problems = [str(problem) for problem in content.problems]
                save(index, staged, encoder, {"created": datetime.now(UTC).isoformat(), "problems": problems})
                if self.path(version).exists():  # damaged: it did not pass above
                    os.replace(self.path(version), Path(temporary) / "damaged")
                os.replace(staged, self.path(version))
                sync(versions)
            self._write("built", version)
        return version, True

    def publish(self, version: str, encoder: Encoder, keep: int = 10) -> str | None:
        """Let `version` serve once it has been loaded whole. Returns the version before."""
        with self._lock():
            if not self.path(version).is_dir():
                raise VersionError(
                    f"there is no index version {version}; see python -m kb_index versions, or build one"
                )
            load(self.path(version), encoder)
            previous = self.current()
            if previous != version:
                history = [one for one in self._history() if one != version]
                self._write("history", "\n".join([*history, version]))
                self._write("current", version)
            self._prune(keep)
        return previous

    def rollback(self, encoder: Encoder, version: str | None = None) -> str:
        """Let the version before the current one serve, or the given one. Returns it."""
        history = self._history()
        current = self.current()
        if version is None:
            before = history[: history.index(current)] if current in history else []
            if not before:
                raise VersionError(
                    "no version served before the current one; name one: python -m kb_index rollback VERSION"
                )
            version = before[-1]
        load(self.path(version), encoder)
        with self._lock():
            if version not in history:
                self._write("history", "\n".join([*history, version]))
            self._write("current", version)
        return version

    def load_current(self, encoder: Encoder) -> Index:
        """The index that serves. VersionError where there is none or it cannot be used."""
        version = self.current()
        if version is None:
            raise VersionError("no index is published yet: python -m kb_index build && python -m kb_index publish")
        return load(self.path(version), encoder)

    def _is_whole(self, version: str) -> bool:
        try:
            verify(self.path(version), read_manifest(self.path(version)))
        except VersionError:
            return False
        return True

    def _history(self) -> list[str]:
        return (self._read("history") or "").split()

    def _prune(self, keep: int) -> None:
        """Delete the oldest versions beyond `keep`, never the current one nor the one built last."""
        needed = {self.current(), self.built()}
        for manifest in self.all()[keep:]:
            if manifest["version"] not in needed:
                shutil.rmtree(self.path(manifest["version"]), ignore_errors=True)
        kept = [one for one in self._history() if self.path(one).is_dir()]
        self._write("history", "\n".join(kept))

    def _read(self, name: str) -> str | None:
        try:
            return (self.folder / name).read_text(encoding="ascii").strip() or None
        except FileNotFoundError:
            return None

    def _write(self, name: str, text: str) -> None:
        """Replace a small file atomically and durably."""
        descriptor, temporary = tempfile.mkstemp(prefix=f".{name}-", dir=self.folder)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, self.folder / name)
        sync(self.folder)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One build or publication at a time."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def name_of(content: Content, config: Config, encoder: Encoder, risk: float) -> str:
    """12 hex digits of the SHA-256 over all that makes an index: texts, kb.yml, encoder, error bound, program."""
    digest = hashlib.sha256()
    digest.update(f"{FORMAT} {encoder.fingerprint} {risk} {_program()}\n".encode())
    digest.update(json.dumps(asdict(config), sort_keys=True).encode())
    items: list[Article | Topic] = [*content.articles, *content.topics]
    for item in items:
        digest.update(f"{type(item).__name__} {item.id} {item.lang} {item.version}\n".encode())
    for one in content.gold:
        digest.update(f"{one}\n".encode())
    return digest.hexdigest()[:12]


def _program() -> str:
    """The code that makes an index: another program makes another version."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
