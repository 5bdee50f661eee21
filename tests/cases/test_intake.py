from __future__ import annotations

from typing import Any

import pytest

from bot.cases import FieldError, Kind
from bot.cases.fields import Context
from bot.cases.intake import REQUIRED, check_key, fingerprint, new_case
from bot.cases.model import NewCase
from tests.cases.asking import callback, sla, ticket

WHOLE = {Kind.TICKET: ticket, Kind.CALLBACK: callback, Kind.SLA: sla}


def read(data: dict[str, Any], context: Context) -> NewCase:
    return new_case(data, context, conversation="c1", idempotency_key="k1", receipt=None)


def test_a_request_is_stored_in_its_normal_form(french: Context) -> None:
    case = read(sla(level="4", email="<Jeanne@EXAMPLE.fr>", contract="sla 2026 0042", severity="bloquant"), french)
    assert (case.kind, case.level, case.email, case.contract, case.severity) == (
        Kind.SLA,
        4,
        "Jeanne@example.fr",
        "SLA-2026-0042",
        1,
    )
    assert case.subject == sla()["system"]  # an SLA request need not have a subject of its own
    assert read(callback(), french).phone == "+33612345678"
    assert read(ticket(phone="06 12 34 56 78"), french).phone == "+33612345678"


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, fields in REQUIRED.items() for field in fields])
@pytest.mark.parametrize("missing", [None, "", "  \n"])
def test_required_fields_are_asked_for_by_name(kind: Kind, field: str, missing: str | None, french: Context) -> None:
    with pytest.raises(FieldError) as refused:
        read(WHOLE[kind](**{field: missing}), french)
    assert (refused.value.code, refused.value.field) == ("required", field)


@pytest.mark.parametrize(
    ("data", "code", "field"),
    [
        ({}, "invalid_kind", "kind"),
        (ticket(kind="order"), "invalid_kind", "kind"),
        (ticket(kind=["ticket"]), "invalid_kind", "kind"),
        (ticket(level=4), "invalid_level", "level"),
        (sla(level=1), "invalid_level", "level"),
        (sla(level=True), "invalid_level", "level"),
        (sla(level="x"), "invalid_level", "level"),
        (sla(level=4.0), "invalid_level", "level"),
        (ticket(contract="SLA-2026-0042"), "unknown_field", "contract"),
        (ticket(status="closed"), "unknown_field", "status"),
        (ticket(topic="x" * 200), "invalid_text", "topic"),
        (ticket(topic="a\nb"), "invalid_text", "topic"),
        (ticket(attachments="a1"), "invalid_attachment", "attachments"),
        (ticket(attachments=[1]), "invalid_attachment", "attachments"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(data: dict[str, Any], code: str, field: str, french: Context) -> None:
    with pytest.raises(FieldError) as refused:
        read(data, french)
    assert (refused.value.code, refused.value.field) == (code, field)


def test_empty_extras_are_no_reason_to_refuse(french: Context) -> None:
    case = read(ticket(contract="", topic="", level=None, passed_to=None), french)
    assert (case.level, case.topic) == (1, None)


def test_only_level_4_is_passed_on(french: Context) -> None:
    passing = {"passed_to": "Synology", "passed_on": "La description"}
    assert read(sla(level=3, **passing), french).passed_to is None
    assert read(sla(level=4, **passing), french).passed_to == "Synology"


def test_a_request_cannot_claim_another_conversation_or_forge_a_receipt(french: Context) -> None:
    case = read(ticket(conversation="c2", idempotency_key="k2", receipt={"question": "forged"}), french)
    assert (case.conversation, case.idempotency_key, case.receipt) == ("c1", "k1", None)


def test_the_fingerprint_is_of_the_content_alone() -> None:
    assert fingerprint(ticket()) == fingerprint(dict(reversed(ticket(idempotency_key="other").items())))
    assert fingerprint(ticket()) != fingerprint(ticket(level=1))


@pytest.mark.parametrize("key", [None, "", " ", 7, "x" * 129, "a\nb"])
def test_keys_that_cannot_be_kept_are_refused(key: object) -> None:
    with pytest.raises(FieldError) as refused:
        check_key(key)
    assert refused.value.field == "idempotency_key"
