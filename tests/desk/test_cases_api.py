"""The list, one case, and changes, as a browser asks for them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.cases.clocks import Clocks
from bot.cases.model import Event
from bot.cases.policy import Escalation
from tests.cases.asking import callback, sla, ticket
from tests.desk.site import Colleague, DeskSite

ROW = {
    *("ref", "kind", "level", "status", "priority", "subject", "customer", "lang", "owner", "tags", "due_at", "due"),
    *("waiting", "snoozed_until", "unread", "created_at", "updated_at", "version"),
}
CASE = ROW | {
    *("text", "email", "phone", "slot", "contract", "severity", "system", "passed_to", "passed_on", "custom"),
    *("attachments", "consent", "receipt", "transcript", "timeline", "clocks", "others", "external", "merged_into"),
}


async def test_a_new_case_is_in_the_list_and_seen_whole(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open(sla(), receipt={"question": "Pourquoi ?", "candidates": []})
    body = await anna.get("/api/desk/cases")
    assert (body["total"], body["next"]) == (1, None)
    (row,) = body["cases"]
    assert set(row) == ROW
    assert (row["ref"], row["unread"], row["owner"], row["due"], row["version"]) == (ref, True, None, "ok", 1)
    case = await anna.case(ref)
    assert set(case) >= CASE
    assert case["receipt"] == {"question": "Pourquoi ?", "candidates": []}
    assert [entry["type"] for entry in case["timeline"]] == ["created"]
    assert case["timeline"][0]["actor"] == {"id": "customer", "name": "jeanne@example.fr"}
    assert [clock["state"] for clock in case["clocks"]] == ["running", "running"]


async def test_a_reference_is_found_as_people_type_it_and_unknown_ones_are_not(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open()
    assert (await anna.case(ref.lower().replace("-", "")))["ref"] == ref
    for other in ("T-2222-2222", "%00", "x" * 300):
        status, body = await anna.call("GET", f"/api/desk/cases/{other}")
        assert (status, body["error"]["code"]) == (404, "not_found")


async def test_the_conversation_is_told_whole_and_other_cases_of_the_customer_are_named(
    desk: DeskSite, anna: Colleague
) -> None:
    talk = await desk.site.talk()
    await talk.say("Où est ma facture ?")
    ref = await desk.open(conversation=talk.id)
    other = await desk.open(callback(email=ticket()["email"]))
    await desk.open(ticket(email="autre@example.fr"))
    case = await anna.case(ref)
    assert "Où est ma facture ?" in [event.get("text") for event in case["transcript"]]
    assert [row["ref"] for row in case["others"]] == [other]


async def test_changes_are_kept_told_and_seen_by_who_made_them(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open()
    status, body = await anna.patch(ref, version=1, owner="me", priority="high", tags=["Facture", "facture", "vip"])
    case = body["case"]
    assert status == 200
    assert (case["version"], case["priority"], case["tags"], case["unread"]) == (2, "high", ["facture", "vip"], False)
    assert case["owner"] == {"id": anna.id, "name": "Anna"}
    assert [entry["type"] for entry in case["timeline"]] == ["created", "owner", "priority", "tags"]
    assert case["timeline"][1]["details"] == {"before": None, "after": {"id": anna.id, "name": "Anna"}}
    status, body = await anna.patch(ref, owner="me")
    assert (status, body["case"]["version"]) == (200, 2)  # nothing has changed


async def test_of_two_who_claim_a_case_at_once_one_is_told_who_was_faster(
    desk: DeskSite, anna: Colleague, bruno: Colleague
) -> None:
    ref = await desk.open()
    answers = await asyncio.gather(anna.patch(ref, version=1, owner="me"), bruno.patch(ref, version=1, owner="me"))
    assert sorted(status for status, _ in answers) == [200, 409]
    winner = next(body["case"]["owner"] for status, body in answers if status == 200)
    refused = next(body for status, body in answers if status == 409)
    assert refused["error"]["code"] == "changed_meanwhile"
    assert refused["case"]["owner"] == winner


async def test_what_cannot_be_is_refused_by_name(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open()
    for changes, code, field in (
        ({"owner": "nobody"}, "invalid_owner", "owner"),
        ({"status": "done"}, "invalid_status", "status"),
        ({"status": "waiting_consent"}, "consent_by_level", "status"),
        ({"priority": 3}, "invalid_priority", "priority"),
        ({"tags": ["a,b"]}, "invalid_tags", "tags"),
        ({"due_at": "2020-01-01T00:00:00Z"}, "not_in_future", "due_at"),
        ({"snoozed_until": "tomorrow"}, "invalid_moment", "snoozed_until"),
        ({"level": {"level": 3}}, "required", "reason"),
        ({"level": 5}, "invalid_escalation", "level"),
        ({"custom": {"shoe": 42}}, "unknown_custom_field", "custom"),
        ({"email": "x@example.fr"}, "unknown_change", "email"),
        ({"version": "1"}, "invalid_version", "version"),
    ):
        status, body = await anna.patch(ref, **changes)
        assert status in (409, 422), body
        assert (body["error"]["code"], body["error"]["field"]) == (code, field)
    assert (await anna.case(ref))["version"] == 1


async def test_level_4_waits_for_the_customer_and_can_only_be_closed(desk: DeskSite, anna: Colleague) -> None:
    talk = await desk.site.talk()
    ref = await desk.open(sla(), conversation=talk.id)
    status, body = await anna.patch(ref, level={"level": 4, "reason": "Le NAS est d’un autre fabricant."})
    case = body["case"]
    assert (status, case["level"], case["status"], case["due"], case["waiting"]) == (
        *(200, 4, "waiting_consent"),
        *("paused", "consent"),
    )
    asked = (await talk.events())[-1]
    assert (asked["from"], asked["type"], asked["case"]["status"]) == ("system", "case", "waiting_consent")
    assert (await talk.get(f"cases/{ref}/consent"))[0] == 200
    status, body = await anna.patch(ref, status="in_progress")
    assert (status, body["error"]["code"]) == (409, "consent_missing")
    status, body = await anna.patch(ref, status="closed")
    assert (status, body["case"]["status"]) == (200, "closed")


async def test_bulk_changes_each_case_by_itself(desk: DeskSite, anna: Colleague) -> None:
    one, waiting = await desk.open(), await desk.open(sla(level=4))
    body = {"refs": [one, waiting, "T-2222-2222"], "changes": {"status": "resolved"}}
    status, answer = await anna.call("POST", "/api/desk/bulk", body)
    assert (status, answer["done"]) == (200, [one])
    assert [(item["ref"], item["code"]) for item in answer["refused"]] == [
        (waiting, "consent_missing"),
        ("T-2222-2222", "case_not_found"),
    ]


async def test_read_marks_are_of_each_person(desk: DeskSite, anna: Colleague, bruno: Colleague) -> None:
    ref = await desk.open()
    assert (await anna.call("POST", f"/api/desk/cases/{ref}/seen"))[0] == 204
    assert not (await anna.get("/api/desk/cases"))["cases"][0]["unread"]
    assert (await bruno.get("/api/desk/cases"))["cases"][0]["unread"]


async def test_a_write_needs_the_token_of_the_session_and_a_role(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open()
    status, body = await anna.call("PATCH", f"/api/desk/cases/{ref}", {"owner": "me"}, **{"X-CSRF-Token": "x"})
    assert (status, body["error"]["code"]) == (403, "invalid_csrf")
    editor = await desk.colleague("Eda", "editor")
    status, body = await editor.call("GET", "/api/desk/cases")
    assert (status, body["error"]["code"]) == (403, "not_allowed")


async def test_what_the_clock_did_is_said_in_words(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open(sla(severity=1))
    gateway = desk.site.gateway
    rules = (Escalation(on=Event.BREACHED, raise_level=True),)
    policy = replace(gateway.policy, escalations=rules)
    later = gateway.now() + timedelta(hours=3)
    await Clocks(gateway.database.engine, policy, fired=lambda: None, now=lambda: later).fire_due()
    entries = {entry["type"]: entry for entry in (await anna.case(ref))["timeline"]}
    for kind in ("level", "escalated"):
        assert entries[kind]["details"]["reason"] == "première réponse en retard"
        assert entries[kind]["actor"] == {"id": "clock", "name": "Horloge"}
    assert entries["deadline"]["details"]["state"] == "breached"
    assert entries["deadline"]["details"]["clock"] == "first_reply"
