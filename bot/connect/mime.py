"""A mail as bytes (RFC 5322, MIME), read into plain values; whatever is broken in it costs that part alone.

Nothing here trusts a mail: sizes, parts and nesting are bounded before anything is decoded, text is cut, headers are
read from their raw bytes. `read` is work for a thread: some milliseconds usually, seconds for a hostile mail.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import getaddresses
from typing import TYPE_CHECKING

from bot.cases.fields import clean

LONGEST_HEADERS = 256 * 1024
LONGEST_HEADER = 4000
LONGEST_TEXT = 1_000_000
MOST_BOUNDARIES = 50  # each is looked for in every line below it
MOST_PARTS = 200
MOST_REFERENCES = 50
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n|\r\r")
_BOUNDARY = re.compile(rb"boundary\*?\d?\*?\s*=", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,250}>")
_ADDRESS_HEADERS = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
# Codecs that are no character sets of mails; some take quadratic time.
_NO_CHARSETS = {"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "unicode_escape"}

if TYPE_CHECKING:
    Part = Message[str, str]
else:  # generic only in the eyes of type checkers
    Part = Message


class UnreadableMailError(Exception):
    """The mail as a whole cannot be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Something attached: the name as claimed, the bytes."""

    name: str | None
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A delivery status notification (RFC 3464): what became of one of our mails, and which one it was."""

    action: str  # failed, delayed, delivered, relayed, expanded
    status: str
    reason: str
    original: tuple[str, ...]  # Message-ID of the mail it is about, where it was sent back


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """`sender` and `recipients` are bare addresses in lower case, `references` are Message-IDs with their brackets,
    newest first. `headers` are the first level's, by lower-case name. `text` and `html` are whole, not cleaned."""

    message_id: str | None
    references: tuple[str, ...]
    sender: str
    sender_name: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    files: tuple[File, ...]
    headers: Mapping[str, Sequence[str]]
    report: Report | None

    @property
    def key(self) -> str:
        """What makes it the same mail however it comes: its Message-ID and sender, else what it says."""
        named = (self.message_id, self.sender) if self.message_id else (self.sender, self.subject, self.text, self.html)
        return hashlib.sha256("\0".join(str(item) for item in named).encode("utf-8", "replace")).hexdigest()

    def header(self, name: str) -> str:
        """The first of that name in lower case, "" where there is none."""
        return next(iter(self.headers.get(name, ())), "").lower()


def read(raw: bytes, *, headers_only: bool = False) -> Mail:
    """UnreadableMailError where it is no mail, or one made to do harm."""
    end = _END_OF_HEADERS.search(raw)
    if (end.start() if end else len(raw)) > LONGEST_HEADERS:
        raise UnreadableMailError(f"expected headers of at most {LONGEST_HEADERS} bytes, got more")
    boundaries = sum(1 for _ in _BOUNDARY.finditer(raw))
    if boundaries > MOST_BOUNDARIES:
        raise UnreadableMailError(f"expected at most {MOST_BOUNDARIES} nested or adjacent multiparts, got {boundaries}")
    try:
        message: Part = BytesParser(policy=compat32).parsebytes(raw, headersonly=headers_only)
        return _mail(message)
    except RecursionError:
        raise UnreadableMailError("expected parts within parts to a sane depth, got too many") from None


def _mail(message: Part) -> Mail:
    headers: dict[str, list[str]] = {}
    for header, value in message.raw_items():
        headers.setdefault(header.lower(), []).append(_raw(value))
    if not headers:
        raise UnreadableMailError("expected a mail with headers, got none")
    plain, html, files, report = [], [], [], None
    for count, part in enumerate(_leaves(message)):
        if count >= MOST_PARTS:
            raise UnreadableMailError(f"expected at most {MOST_PARTS} parts, got more")
        kind, name = part.get_content_type(), _file_name(part)
        attached = name is not None or part.get_content_disposition() == "attachment"
        if kind == "message/delivery-status":
            report = _report(part, report)
        elif kind in ("message/rfc822", "text/rfc822-headers", "message/global-headers") and report is not None:
            report = _with_original(report, part)
        elif kind == "text/plain" and not attached:
            plain.append(_decoded(part))
        elif kind == "text/html" and not attached:
            html.append(_decoded(part))
        elif content := _content(part):
            files.append(File(name=name or _usual_name(kind), content=content))
    sender_name, sender = next(iter(_addresses(headers.get("from", ()))), ("", ""))
    linked = [*_MESSAGE_ID.findall(" ".join(headers.get("in-reply-to", ())))]
    linked += reversed(_MESSAGE_ID.findall(" ".join(headers.get("references", ()))))
    own = _MESSAGE_ID.search(next(iter(headers.get("message-id", ())), ""))
    return Mail(
        message_id=own.group() if own else None,
        references=tuple(dict.fromkeys(linked))[:MOST_REFERENCES],
        sender=sender.lower(),
        sender_name=clean(_words(sender_name)),
        recipients=tuple(
            dict.fromkeys(
                address.lower() for name in _ADDRESS_HEADERS for _, address in _addresses(headers.get(name, ()))
            )
        ),
        subject=clean(_words(next(iter(headers.get("subject", ())), ""))),
        text="\n".join(plain)[:LONGEST_TEXT],
        html="\n".join(html)[:LONGEST_TEXT].replace("\0", ""),
        files=tuple(files),
        headers=headers,
        report=report,
    )


def _leaves(message: Part) -> Iterator[Part]:
    """Parts that contain no others, in order; a mail within the mail is one."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        if part.get_content_maintype() == "multipart" and part.is_multipart():
            waiting += reversed(_parts(part))
        else:
            yield part


def _parts(part: Part) -> list[Part]:
    payload = part.get_payload()
    return [item for item in payload if isinstance(item, Message)] if isinstance(payload, list) else []


def _raw(value: object) -> str:
    """A header as text on one line without control characters: bytes beyond ASCII are UTF-8, else Latin-1."""
    content = str(value)[:LONGEST_HEADER].encode("utf-8", "surrogateescape")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return clean(text.replace("\t", " "))


def _words(text: str) -> str:
    """Encoded words (RFC 2047) decoded, as far as they can be."""
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text


def _addresses(values: Sequence[str]) -> list[tuple[str, str]]:
    """Name and address of each, read before encoded words are decoded: those may not make up an address."""
    try:
        found = getaddresses(list(values)[:20])
    except RecursionError:  # comments within comments
        return []
    return [(name, address) for name, address in found if "@" in address]


def _file_name(part: Part) -> str | None:
    try:
        name = part.get_filename()
    except (LookupError, ValueError, TypeError):  # broken RFC 2231
        return "file"
    return None if name is None else _words(_raw(name)) or "file"


def _usual_name(kind: str) -> str | None:
    return {"message/rfc822": "message.eml", "text/calendar": "calendar.ics"}.get(kind)


def _content(part: Part) -> bytes:
    if part.is_multipart():  # a mail within the mail
        try:
            return b"\n".join(inner.as_bytes() for inner in _parts(part))
        except (LookupError, ValueError, KeyError, TypeError, AttributeError):  # the library's own generator stumbles
            return b""
    try:
        content = part.get_payload(decode=True)
    except (LookupError, ValueError):
        return b""
    return content if isinstance(content, bytes) else b""


def _decoded(part: Part) -> str:
    content = _content(part)[: 4 * LONGEST_TEXT]
    try:
        charset = part.get_content_charset() or "utf-8"
        known = codecs.lookup(charset).name
    except (LookupError, ValueError, TypeError):
        known = "utf-8"
    if known in _NO_CHARSETS:
        known = "utf-8"
    try:
        return content.decode(known)
    except (LookupError, ValueError):
        pass
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _report(part: Part, known: Report | None) -> Report:
    """The worst that is told of any recipient."""
    found = known
    for block in _parts(part):
        action = _raw(block.get("Action", "")).lower()
        if action and (found is None or action == "failed"):
            told = _raw(block.get("Diagnostic-Code", "")) or _raw(block.get("Status", ""))
            found = Report(action=action, status=_raw(block.get("Status", "")), reason=clean(told)[:500], original=())
    return found or Report(action="", status="", reason="", original=())


def _with_original(report: Report, part: Part) -> Report:
    texts = [str(inner.get("Message-ID", "")) for inner in _parts(part)] or [_decoded(part)[:LONGEST_HEADER]]
    found = tuple(match for text in texts for match in _MESSAGE_ID.findall(text))
    return Report(action=report.action, status=report.status, reason=report.reason, original=found)
