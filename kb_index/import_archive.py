"""The files of a folder or a zip, one after another, within bounds and never outside of it."""

from __future__ import annotations

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kb_index.errors import ContentError
from kb_index.import_options import MAX_FILE
from kb_index.sources import FOLDERS

MAX_MEMBERS = 250_000
MAX_UNPACKED = 500 * 1024 * 1024
MAX_OFFICE_MEMBERS, MAX_OFFICE_UNPACKED = 5_000, 300 * 1024 * 1024  # of a workbook or a document
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError,
          struct.error, IndexError, OverflowError)  # fmt: skip
_ENTITY = re.compile(rb"<!ENTITY\s", re.I)
_HIDDEN = re.compile(r"\.\w|__MACOSX$")
_ELEMENT = re.compile(rb"<[A-Za-z]")
_LOOKED_AT = 64 * 1024


@dataclass(frozen=True)
class Member:
    """`name`: path with slashes, relative; `read`: its bytes, or a ContentError."""

    name: str
    read: Callable[[], bytes]


def files_of(folder: Path) -> list[Member]:
    """Those below a folder, in order; links that lead out of it are left out, and what begins with a dot."""
    found = []
    for at, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for one in sorted(names):
            path = Path(at) / one
            if not one.startswith(".") and path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                found.append(Member(path.relative_to(folder).as_posix(), _reader(path, one)))
    return found


def _reader(path: Path, name: str) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            if path.stat().st_size > MAX_FILE:
                raise ContentError(name, None, f"larger than {MAX_FILE} bytes; divide it")
            return path.read_bytes()
        except OSError as error:
            raise ContentError(name, None, f"cannot be read: {error.strerror}") from error

    return read


def unpacked(name: str, data: bytes) -> tuple[list[Member], list[ContentError], str]:
    """(files in a zip, what of it cannot be taken, the one folder that holds all or ""); names are below it."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except BROKEN as error:
        raise ContentError(name, None, f"not a zip that can be read: {error}") from error
    if len(infos) > MAX_MEMBERS or sum(info.file_size for info in infos) > MAX_UNPACKED:
        raise ContentError(name, None, f"unpacks to more than {MAX_UNPACKED} bytes or {MAX_MEMBERS} files; divide it")
    members, problems, left = [], [], [MAX_UNPACKED]
    for info in sorted(infos, key=lambda info: info.filename):
        parts = info.filename.split("/")
        if any(_HIDDEN.match(part) for part in parts):
            continue
        reason = _refused(info, parts)
        if reason:
            problems.append(ContentError(f"{name}/{info.filename!a:.200}", None, reason))
        else:
            members.append(Member(info.filename, _opener(archive, info, name, left)))
    tops = {member.name.split("/")[0] for member in members}
    if len(tops) == 1 and all("/" in member.name for member in members):
        (top,) = tops
        if top not in FOLDERS:
            return [Member(member.name[len(top) + 1 :], member.read) for member in members], problems, top
    return members, problems, ""


def _refused(info: zipfile.ZipInfo, parts: list[str]) -> str | None:
    if ".." in parts or "." in parts or "" in parts or "\\" in info.filename or ":" in parts[0]:
        return "its name leads out of the archive; it is not taken"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "a link; pack the file itself"
    if info.flag_bits & 1:
        return "encrypted; pack it without a password"
    return None


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, left: list[int]) -> Callable[[], bytes]:
    """`left`: bytes that may still be unpacked of the whole archive, whatever it says of itself."""

    def read() -> bytes:
        try:
            with archive.open(info) as file:
                data = file.read(min(MAX_FILE, left[0]) + 1)
        except BROKEN as error:
            raise ContentError(f"{name}/{info.filename}", None, f"damaged in the archive: {error}") from error
        left[0] -= len(data)
        if len(data) > MAX_FILE or left[0] < 0:
            raise ContentError(f"{name}/{info.filename}", None, "unpacks to too much; divide it")
        return data

    return read


def checked_office(name: str, data: bytes, what: str) -> None:
    """ContentError where a workbook or document unpacks to too much, or declares entities of its own (a bomb)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MAX_OFFICE_MEMBERS or sum(one.file_size for one in members) > MAX_OFFICE_UNPACKED:
                limits = f"{MAX_OFFICE_UNPACKED} bytes or {MAX_OFFICE_MEMBERS} files"
                raise ContentError(name, None, f"unpacks to more than {limits}")
            for one in members:
                if one.filename.endswith((".xml", ".rels")):
                    with archive.open(one) as file:
                        head = file.read(_LOOKED_AT).replace(b"\0", b"")
                    refuse_entities(name, head)
                    if head and not _ELEMENT.search(head):
                        raise ContentError(name, None, f"not {what}: {one.filename} is no XML")
    except ContentError:
        raise
    except BROKEN as error:
        raise ContentError(name, None, f"not {what} ({type(error).__name__}: {error})") from error


def refuse_entities(name: str, data: bytes) -> None:
    """ContentError where XML declares a document type with entities: feeds and documents need none, bombs do."""
    if _ENTITY.search(data.replace(b"\0", b"")):
        raise ContentError(name, None, "declares entities of its own, which is not read; save it without")
