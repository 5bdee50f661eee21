"""What kind of mail it is: from a person, made by a machine, an automatic reply, a bounce, or one of our own."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum

from bot.cases.model import ALPHABET, read_reference

from .mime import Mail


class Sort(StrEnum):
    PERSON = "person"
    GENERATED = "generated"  # by a machine, of its own accord
    AUTOMATIC = "automatic"  # in answer to one of ours: out of office, "we have received…"
    BOUNCE = "bounce"
    OWN = "own"


_REFERENCE = re.compile(rf"[TCS]-[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", re.IGNORECASE)
_LETTER = re.compile(r"<([0-9a-f]{32})@[^>]+>")
_DAEMONS = ("mailer-daemon@", "postmaster@")
# How the programs of our customers' languages begin the subject of an absence note without saying so in a header.
_ABSENT = re.compile(
    r"^(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office|réponse automatique|"
    r"absence du bureau|message d.absence|automatische antwort|abwesenheits(?:notiz|assistent|nachricht))\b",
    re.IGNORECASE,
)


def sort_of(mail: Mail, own: Collection[str]) -> Sort:
    """`own` are the addresses that we send from or receive at, in lower case."""
    submitted = mail.header("auto-submitted").split(";")[0].strip()
    if mail.report is not None or mail.header("content-type").startswith("multipart/report"):
        return Sort.BOUNCE
    if mail.sender in own or "x-guichet-delivery" in mail.headers:
        return Sort.OWN
    if mail.sender.startswith(_DAEMONS) or mail.header("return-path") == "<>":
        # Some absence notes have no way back either, as they should.
        return Sort.AUTOMATIC if submitted == "auto-replied" or _ABSENT.match(mail.subject) else Sort.BOUNCE
    if (
        submitted == "auto-replied"
        or mail.header("precedence") == "auto_reply"
        or any(name in mail.headers for name in ("x-autoreply", "x-autorespond", "x-autoresponder"))
        or _ABSENT.match(mail.subject)
    ):
        return Sort.AUTOMATIC
    if submitted not in ("", "no"):
        return Sort.GENERATED
    return Sort.PERSON


def wants_no_answer(mail: Mail) -> bool:
    """Whether nothing may be sent back by itself (RFC 3834): lists, bulk, and those who say so."""
    suppressed = {word.strip() for word in mail.header("x-auto-response-suppress").split(",")}
    return (
        mail.header("precedence") in ("bulk", "list", "junk")
        or any(name.startswith("list-") for name in mail.headers)
        or bool(suppressed & {"all", "autoreply", "oof"})
    )


def failed_authentication(mail: Mail, server: str) -> bool:
    """Whether our own mail server (`server` is its name in Authentication-Results, RFC 8601; "": none is believed) says
    that the sender is forged. Only the topmost result counts: others may have been in the mail before."""
    if not server:
        return False
    result = mail.header("authentication-results")
    return result.split(";")[0].split(" ")[0].strip() == server.lower() and bool(
        re.search(r"\bdmarc\s?=\s?fail\b", result)
    )


def references_in(mail: Mail) -> list[str]:
    """Case references that the mail names, the surest first: in the address it came to, the thread, the subject."""
    places = [
        *(address.partition("@")[0].rpartition("+")[2] for address in mail.recipients if "+" in address),
        *mail.references,
        *(mail.report.original if mail.report else ()),
        mail.subject,
    ]
    found = (match for place in places for match in _REFERENCE.findall(place))
    return list(dict.fromkeys(read_reference(match) for match in found))


def letters_in(mail: Mail) -> list[str]:
    """Ids of our letters that the mail answers or reports on."""
    about = [*(mail.report.original if mail.report else ()), *mail.references]
    return list(dict.fromkeys(match.group(1) for named in about if (match := _LETTER.fullmatch(named))))
