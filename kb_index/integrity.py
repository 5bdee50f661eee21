"""The manifest of an index version, whether its files are what it says, and files that are written durably."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from kb_index.errors import VersionError

FORMAT = 5  # of the files; raise it when older ones can no longer be read
MANIFEST = "manifest.json"
MOST_CHECKSUMS = 2_000
_checksums: dict[tuple[int, int, int, int], str] = {}


def read_manifest(folder: Path) -> dict[str, Any]:
    """What the folder says of itself. VersionError where that cannot be read."""
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        form = manifest["format"]
    except OSError as error:
        raise VersionError(f"{path} cannot be read ({error.strerror}); build again or roll back") from error
    except (ValueError, KeyError, TypeError) as error:
        raise VersionError(f"{path} is damaged ({error}); build again or roll back") from error
    if form != FORMAT:
        raise VersionError(f"{path}: format {form}, but this program reads format {FORMAT}; build and publish again")
    return manifest


def verify(folder: Path, manifest: dict[str, Any]) -> None:
    """VersionError names the first file that is missing, truncated or changed."""
    for name, expected in manifest["files"].items():
        path = folder / name
        if not path.is_file():
            raise VersionError(f"{path} is missing; build again or roll back to an older version")
        if path.stat().st_size != expected["bytes"] or known_checksum(path) != expected["sha256"]:
            raise VersionError(
                f"{path} is truncated or changed: expected {expected['bytes']} bytes with SHA-256 "
                f"{expected['sha256'][:12]}…, got {path.stat().st_size} bytes with {checksum(path)[:12]}…; "
                "build again or roll back to an older version"
            )


def checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def known_checksum(path: Path) -> str:
    """As `checksum`, but a file that this process has read before, and that has not been changed since, is not read."""
    stat = path.stat()
    key = stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
    if key not in _checksums:
        if len(_checksums) >= MOST_CHECKSUMS:
            _checksums.clear()
        _checksums[key] = checksum(path)
    return _checksums[key]


def sync(path: Path) -> None:
    """Make sure that a file or folder is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes) -> None:
    """Write a file atomically and durably; what was there stays where that fails."""
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync(path.parent)
