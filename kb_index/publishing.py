"""Lets a version serve and writes its files into the content folder: both, or neither, also where that is cut short.

The version is whole on disk before. Then, under the lock: what is about to happen is noted in kb/publishing.json; new
files are written beside those they replace; the pointer is switched; the new files take their places; the note is
deleted. What a crash or a full disk cuts short is finished if the pointer was switched, and undone if it was not, as
soon as anybody publishes, builds or serves.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from kb_index.errors import PublishError
from kb_index.integrity import replace_file, sync
from kb_index.sources import Folder, Kept, differing, digest, has_sources
from kb_index.versions import Versions

log = structlog.get_logger()

NOTE = "publishing.json"
SEEN = "seen.json"  # digests of the content folder's files, by size and time
REPLACED = "replaced"  # files that were overwritten though no version held them
_STAGED = ".publishing"


def content_folder(versions: Versions, content_dir: Path) -> Folder:
    """The content folder as it is."""
    return Folder(content_dir, versions.folder / SEEN)


def put_live(
    versions: Versions,
    content_dir: Path,
    version: str,
    expected: str | None,
    paths: Sequence[str],
    *,
    again: bool = False,
) -> None:
    """Let `version` serve, and make the files `paths` what they are in it. `expected`: what must be serving.

    `again`: it has served before, and keeps its place in the history. PublishError where nothing has changed.
    """
    with versions.lock():
        recover(versions, content_dir)
        serving = versions.current()
        if serving != expected:
            raise PublishError("changed_meanwhile", f"version {serving} serves by now, not {expected}; look again")
        try:
            _save_unkept(versions, content_dir, version, paths)
            _note(versions, version, paths)
            _stage(Kept(versions.path(version)), content_dir, paths)
            versions.switch(version, again=again)
        except OSError as error:
            if versions.current() != version:
                _undo(versions, content_dir, paths)
                raise not_written(error) from error
        try:
            _finish(versions, content_dir, version, paths)
        except OSError as error:  # it serves; the files follow with the next recovery
            log.error("files_not_written", version=version, reason=str(error))


def not_written(error: OSError) -> PublishError:
    """What is said where a file cannot be written: `disk_full`, or `not_written` for another reason."""
    code = "disk_full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "not_written"
    cure = "nothing has changed. Make room or mend the folder, then publish again"
    return PublishError(code, f"{error.strerror}: {error.filename}; {cure}")


def roll_back(versions: Versions, content_dir: Path, version: str) -> dict[str, Any]:
    """Let a version serve again, with its files. PublishError where it cannot; nothing has changed then."""
    if not has_sources(versions.path(version)):
        why = "is not there" if not versions.path(version).is_dir() else "was made without its files"
        raise PublishError("not_found", f"version {version} {why}; see the list of versions")
    serving = versions.current()
    kept = Kept(versions.path(version)).digests
    paths = differing(content_folder(versions, content_dir).digests, kept)
    put_live(versions, content_dir, version, serving, paths, again=True)
    return {"version": version, "previous": serving, "files": paths}


def recover(versions: Versions, content_dir: Path) -> None:
    """Finish or undo a publication that was cut short. The lock is held, or nobody else is there yet."""
    path = versions.folder / NOTE
    try:
        note: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version, paths = str(note["version"]), [str(one) for one in note["files"]]
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError):  # the note itself was cut short: nothing had begun
        path.unlink()
        return
    finished = versions.current() == version
    if finished:
        _finish(versions, content_dir, version, paths)
    else:
        _undo(versions, content_dir, paths)
    log.warning("publication_recovered", version=version, outcome="finished" if finished else "undone")


def recovered(versions: Versions, content_dir: Path) -> None:
    """The same for whoever does not hold the lock."""
    if (versions.folder / NOTE).exists():
        with versions.lock():
            recover(versions, content_dir)


def _note(versions: Versions, version: str, paths: Sequence[str]) -> None:
    data = json.dumps({"version": version, "previous": versions.current(), "files": list(paths)})
    replace_file(versions.folder / NOTE, data.encode())


def _staged(content_dir: Path, path: str) -> Path:
    target = content_dir / path
    return target.with_name(f".{target.name}{_STAGED}")


def _stage(kept: Kept, content_dir: Path, paths: Sequence[str]) -> None:
    for path in paths:
        if path not in kept:
            continue
        staged = _staged(content_dir, path)
        staged.parent.mkdir(parents=True, exist_ok=True)
        with staged.open("wb") as file:
            file.write(kept[path])
            file.flush()
            os.fsync(file.fileno())


def _undo(versions: Versions, content_dir: Path, paths: Sequence[str]) -> None:
    for path in paths:
        _staged(content_dir, path).unlink(missing_ok=True)
    (versions.folder / NOTE).unlink(missing_ok=True)


def _finish(versions: Versions, content_dir: Path, version: str, paths: Sequence[str]) -> None:
    kept = Kept(versions.path(version))
    for path in paths:
        target, staged = content_dir / path, _staged(content_dir, path)
        if path not in kept:
            target.unlink(missing_ok=True)
        elif staged.exists():
            os.replace(staged, target)
        elif not target.is_file() or digest(target.read_bytes()) != kept.digests[path]:
            replace_file(target, kept[path])
    for folder in sorted({(content_dir / path).parent for path in paths}):
        with contextlib.suppress(FileNotFoundError):
            sync(folder)
    versions.write("built", f"{version} {version}")  # what was built before may not be published after it by mistake
    (versions.folder / NOTE).unlink(missing_ok=True)


def _save_unkept(versions: Versions, content_dir: Path, version: str, paths: Sequence[str]) -> None:
    """Keep aside what is overwritten or deleted, where it was edited by hand and is in no version that served."""
    serving = versions.current()
    known = Kept(versions.path(serving)).digests if serving else {}
    for path in paths:
        target = content_dir / path
        if target.is_file() and digest(target.read_bytes()) != known.get(path):
            aside = versions.folder / REPLACED / version / path
            aside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(target, aside)
            log.warning("edited_file_replaced", path=path, version=version)
