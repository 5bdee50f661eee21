"""Words of mails, calendar files and consent, put together from the catalogue (section `cases`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import phonenumbers

from .calendar import calendar_file, display, display_local
from .model import Case, Event, Kind, Say, Status, utc_text

Letter = Mapping[str, Any]
_FACTS = (
    "ref",
    "kind",
    "level",
    "status",
    "subject",
    "email",
    "phone",
    "slot",
    "due_at",
    "contract",
    "severity",
    "system",
    "passed_to",
    "passed_on",
    "topic",
    "lang",
    "attachments",
    "conversation",
)

# Mails to customers that are not the first of a case of their kind.
_TEMPLATES = {
    Event.CONSENTED.value: "consented",
    Event.CALLBACK_REMINDER.value: "reminder",
    Event.CALLBACK_CANCELLED.value: "cancelled",
}


def passed(case: Mapping[str, Any], lang: str, say: Say) -> dict[str, str]:
    """To whom a level 4 request goes, and what of it: as the topic said, else in general words."""
    return {
        name: case[name] or say(lang, f"cases.consent.{name}", system=case["system"] or case["subject"])
        for name in ("passed_to", "passed_on")
    }


def consent_statement(case: Case, say: Say, lang: str | None = None) -> str:
    """What the customer agrees to, as shown to them and as kept with the consent."""
    lang = lang or case.lang
    parts = {name: text.rstrip(". ") for name, text in passed(case.full(), lang, say).items()}
    return say(lang, "cases.consent.statement", ref=case.ref, **parts)


def calendar(case: Case, say: Say, company: str, organizer: str) -> bytes:
    """The calendar file of a callback for its customer; `organizer` is the company's address."""
    letter = {"event": Event.CREATED, "at": utc_text(case.updated_at), "version": case.version, "case": case.full()}
    return appointment(letter, case.lang, "summary", say=say, company=company, organizer=organizer)


def appointment(letter: Letter, lang: str, summary: str, *, say: Say, company: str, organizer: str) -> bytes:
    """The same for a letter; `summary` is "summary" or, for staff, "staff_summary"."""
    case = letter["case"]
    values = {"company": company, "phone": spoken(case["phone"]), "subject": case["subject"], "ref": case["ref"]}
    return calendar_file(
        uid=f"{case['ref']}@{organizer.rpartition('@')[2]}",
        start=datetime.fromisoformat(case["slot"]),
        end=datetime.fromisoformat(case["slot_end"]),
        stamp=datetime.fromisoformat(letter["at"]),
        sequence=letter.get("version", 1) - 1,  # letters of an earlier release have no version
        cancelled=letter["event"] == Event.CALLBACK_CANCELLED,
        organizer=organizer,
        summary=say(lang, f"cases.calendar.{summary}", **values),
        description=say(lang, "cases.calendar.description", **values),
    )


def customer_mail(letter: Letter, *, say: Say, company: str, time_zone: str, link: str) -> tuple[str, str]:
    """Subject and body of the mail that confirms a case to its customer, in their language and on their clock;
    `time_zone` is the company's."""
    case, lang = letter["case"], letter["case"]["lang"]
    if letter["event"] == Event.REPLY:
        return _reply(letter, say=say, company=company, link=link)
    zone = case.get("time_zone") or time_zone
    template = _TEMPLATES.get(letter["event"], case["kind"])
    if case["status"] == Status.WAITING_CONSENT:
        template = "consent"
    key = f"cases.mail.customer.{template}"
    values = {
        "ref": case["ref"],
        "link": link,
        "phone": spoken(case["phone"]) if case["phone"] else "",
        "contract": case["contract"] or "",
        "due_at": _local(case["due_at"], lang, zone, time_zone, say),
        "slot": _local(case["slot"], lang, zone, time_zone, say),
        **passed(case, lang, say),
    }
    shown = [name for name in ("ref", "subject", "severity", "system") if case[name]]
    parts = [
        say(lang, "cases.mail.greeting"),
        say(lang, f"{key}.body", **values),
        "\n".join(_fact(case, name, lang, time_zone, say) for name in shown),
        case["text"],
        "" if template == "consent" else say(lang, "cases.mail.link", link=link),
        say(lang, "cases.mail.closing", company=company),
    ]
    return say(lang, f"{key}.subject", **values), "\n\n".join(part for part in parts if part) + "\n"


def _reply(letter: Letter, *, say: Say, company: str, link: str) -> tuple[str, str]:
    """An agent's answer: their words, and nothing that a person would not write below them."""
    case, message = letter["case"], letter["message"]
    lang = case["lang"]
    closing = say(lang, "cases.mail.reply.closing", agent=message["author"], company=company)
    parts = [message["text"], closing, say(lang, "cases.mail.link", link=link)]
    return say(lang, "cases.mail.reply.subject", ref=case["ref"], subject=case["subject"]), "\n\n".join(parts) + "\n"


def staff_mail(letter: Letter, *, say: Say, lang: str, time_zone: str, answerable: bool = False) -> tuple[str, str]:
    """Subject and body of a mail to staff: what happened, the case, its receipt; how it is answered."""
    case, event = letter["case"], str(letter["event"]).removeprefix("case.")
    subject = say(
        lang,
        f"cases.mail.staff.{event}",
        ref=case["ref"],
        kind=say(lang, f"cases.kind.{case['kind']}"),
        level=case["level"],
        subject=case["subject"],
    )
    parts = []
    if event.endswith(("due_soon", "breached")):
        name = f"callback_{event}_body" if case["kind"] == Kind.CALLBACK else f"{event}_body"
        due = case["resolution_due_at"] if event.startswith("resolution") else case["due_at"]
        name = f"{event}_body" if event.startswith("resolution") else name
        parts.append(say(lang, f"cases.mail.staff.{name}", due_at=_moment(due, lang, time_zone, say)))
    elif event == "escalated":
        reason = say(lang, f"cases.escalation.{letter['reason'].removeprefix('case.')}")
        parts.append(say(lang, "cases.mail.staff.escalated_body", reason=reason))
    elif event == "customer":
        parts.append(letter["message"]["text"])
    parts += [
        "\n".join(_fact(case, name, lang, time_zone, say) for name in _FACTS if case[name] not in (None, "", [])),
        case["text"],
        _receipt(letter["receipt"] or {}, lang, say),
        say(lang, "cases.mail.staff.answer") if answerable else "",
    ]
    return subject, "\n\n".join(part for part in parts if part) + "\n"


def _fact(case: Mapping[str, Any], name: str, lang: str, time_zone: str, say: Say) -> str:
    value = case[name]
    if name in {"slot", "due_at"}:
        value = _moment(value, lang, time_zone, say)
    elif name in {"kind", "status", "severity"}:
        value = say(lang, f"cases.{name}.{value}")
    elif name == "attachments":
        value = ", ".join(f"{file['name']} ({_size(file['size'])})" for file in value)
    elif name == "phone":
        value = spoken(value)
    return _pair(say(lang, f"cases.label.{name}"), value, lang, say)


def _pair(label: str, value: object, lang: str, say: Say) -> str:
    return say(lang, "cases.pair", label=label, value=value)


def spoken(phone: str) -> str:
    """`+33612345678` in groups, as it is read aloud."""
    number = phonenumbers.parse(phone, None)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{max(1, round(count / 1000))} kB"


def _receipt(receipt: Mapping[str, Any], lang: str, say: Say) -> str:
    def label(name: str) -> str:
        return say(lang, f"cases.mail.staff.{name}")

    lines = []
    if receipt.get("question"):
        lines.append(_pair(label("question"), receipt["question"], lang, say))
    if receipt.get("reason"):
        reason = str(receipt["reason"])
        lines.append(_pair(label("reason"), _known(say, lang, f"cases.mail.reason.{reason}", reason), lang, say))
    if receipt.get("index_version"):
        lines.append(_pair(label("index_version"), receipt["index_version"], lang, say))
    for name, field in (("candidates", "title"), ("topics", "topic")):
        if name in receipt:
            found = [f"  {item.get(field)} ({item.get('probability', 0):.2f})" for item in receipt[name]]
            lines += [_pair(label(name), "", lang, say).rstrip(), *(found or [f"  {label('none')}"])]
    said = receipt.get("transcript") or []
    if said:
        lines.append(_pair(label("transcript"), "", lang, say).rstrip())
        for message in said:
            speaker = _known(say, lang, f"cases.mail.speaker.{message['from']}", str(message["from"]))
            lines.append("  " + _pair(speaker, str(message["text"]).replace("\n", "\n    "), lang, say))
    return "\n".join([f"--- {label('receipt')} ---", *lines]) if lines else ""


def _known(say: Say, lang: str, key: str, otherwise: str) -> str:
    """The catalogue's word for a code, or the code itself where other parts have made a new one."""
    try:
        return say(lang, key)
    except KeyError:
        return otherwise


def _moment(text: str | None, lang: str, time_zone: str, say: Say) -> str:
    return display(datetime.fromisoformat(text), lang, time_zone, say) if text else ""


def _local(text: str | None, lang: str, time_zone: str, home: str, say: Say) -> str:
    return display_local(datetime.fromisoformat(text), lang, time_zone, home, say) if text else ""
