"""Saved views, canned replies, figures and the small things that the desk reads."""

from __future__ import annotations

from bot.cases.listing import BUILT_IN
from tests.cases.asking import callback, sla, ticket
from tests.desk.site import Colleague, DeskSite


async def test_built_in_views_come_first_and_count(desk: DeskSite, anna: Colleague) -> None:
    mine = await desk.open()
    await desk.open(callback())
    await desk.open(sla(level=4))
    await anna.patch(mine, owner="me")
    views = (await anna.get("/api/desk/views"))["views"]
    assert [view["id"] for view in views] == list(BUILT_IN)
    counts = {view["id"]: view["count"] for view in views}
    assert (counts["mine"], counts["unassigned"], counts["waiting-consent"], counts["all"]) == (1, 2, 1, 3)
    assert (counts["level-1"], counts["channel-callback"]) == (1, 1)
    for view in views:
        assert (await anna.get(f"/api/desk/cases?view={view['id']}"))["total"] == view["count"]
    assert views[0]["name"] == "Mes demandes"


async def test_a_view_of_ones_own_is_kept_and_an_administrator_can_share_one(desk: DeskSite, anna: Colleague) -> None:
    boss = await desk.colleague("Chef", "administrator")
    body = {"name": "Factures", "filters": {"q": "facture", "kind": "ticket"}}
    status, made = await anna.call("POST", "/api/desk/views", body)
    assert status == 201
    ref = await desk.open()
    assert [row["ref"] for row in (await anna.get(f"/api/desk/cases?view={made['view']['id']}"))["cases"]] == [ref]
    assert (await anna.get(f"/api/desk/cases?view={made['view']['id']}&kind=sla"))["total"] == 0
    status, refused = await anna.call("POST", "/api/desk/views", {**body, "shared": True})
    assert (status, refused["error"]["code"]) == (403, "not_allowed")
    status, shared = await boss.call("POST", "/api/desk/views", {**body, "name": "Tous", "shared": True})
    assert status == 201
    assert [view["name"] for view in (await anna.get("/api/desk/views"))["views"]][-2:] == ["Factures", "Tous"]
    path = f"/api/desk/views/{shared['view']['id']}"
    assert (await anna.call("DELETE", path))[0] == 404
    assert (await boss.call("PATCH", path, {"name": "Chacun"}))[1]["view"]["name"] == "Chacun"
    assert (await boss.call("DELETE", path))[0] == 204
    for wrong in (
        {"name": "", "filters": {}},
        {"name": "x", "filters": {"colour": "red"}},
        {"name": "x", "filters": 1},
    ):
        assert (await anna.call("POST", "/api/desk/views", wrong))[0] == 422


async def test_a_canned_reply_is_filled_for_the_case_and_hostile_words_stay_words(
    desk: DeskSite, anna: Colleague
) -> None:
    ref = await desk.open(ticket(subject="{agent} {0.__class__}"))
    text = "Bonjour {customer}, {agent} de {company} suit {ref} (avant {due}). {unknown} {0}"
    values = {"title": "Suivi", "text": text, "lang": "fr", "shortcut": "suivi", "actions": {"status": "in_progress"}}
    status, made = await anna.call("POST", "/api/desk/canned", values)
    assert status == 201
    filled = await anna.get(f"/api/desk/cases/{ref}/canned/{made['canned']['id']}")
    assert filled["text"].startswith(f"Bonjour jeanne@example.fr, Anna de Archivelle Services suit {ref} (avant ")
    assert filled["text"].endswith("{unknown} {0}")
    assert filled["actions"] == {"status": "in_progress"}
    status, body = await anna.call("POST", "/api/desk/canned", values)
    assert (status, body["error"]["code"]) == (409, "shortcut_taken")
    path = f"/api/desk/canned/{made['canned']['id']}"
    status, body = await anna.call("PATCH", path, {"actions": {"status": "gone"}})
    assert (status, body["error"]["code"]) == (422, "invalid_status")
    assert (await anna.call("DELETE", path))[0] == 204
    assert (await anna.get("/api/desk/canned")) == {"canned": []}


async def test_colleagues_are_listed_with_presence_and_load(desk: DeskSite, anna: Colleague, bruno: Colleague) -> None:
    await desk.colleague("Eda", "editor")
    await anna.patch(await desk.open(), owner="me")
    await desk.presence(anna, "online")
    people = (await bruno.get("/api/desk/people"))["people"]
    assert [(each["name"], each["presence"], each["load"]) for each in people] == [
        ("Anna", "online", 1),
        ("Bruno", "offline", 0),
    ]


async def test_settings_say_what_the_company_has_set(desk: DeskSite, anna: Colleague) -> None:
    found = await anna.get("/api/desk/settings")
    assert (found["assignment"], found["custom_fields"]) == ("manual", [])
    assert {"on": "breached", "after_minutes": 60, "reassign": True}.items() <= found["escalation"][1].items()


async def test_figures_are_of_the_days_asked_for_and_come_as_a_file(desk: DeskSite, anna: Colleague) -> None:
    ref = await desk.open()
    await anna.reply(ref)
    found = await anna.get("/api/desk/figures")
    assert (found["volumes"]["total"], found["times"]["first_reply"]["all"]["count"]) == (1, 1)
    assert found["backlog"]["by_status"]["in_progress"] == 1
    assert found["resolution"]["confirmed"] == {"count": 0, "of": 0, "share": None, "interval": None}
    assert (await anna.get("/api/desk/figures?from=2020-01-01&to=2020-01-31"))["volumes"]["total"] == 0
    async with anna.http.get(f"{desk.site.url}/api/desk/figures.csv") as response:
        assert response.content_type == "text/csv"
        assert "volumes.total,1" in (await response.text()).splitlines()
    for query in ("from=2020-02-01&to=2020-01-01", "from=today", "from=2000-01-01", "to=99999-01-01"):
        assert (await anna.call("GET", f"/api/desk/figures?{query}"))[0] == 422


async def test_a_call_that_nobody_answered_gets_another_slot(desk: DeskSite, anna: Colleague) -> None:
    slots = (await anna.get("/api/desk/slots"))["slots"]
    ref = await desk.open(callback(slot=slots[0]["start"]))
    path = f"/api/desk/cases/{ref}/callback"
    status, body = await anna.call("POST", path, {"outcome": "no_answer", "slot": slots[5]["start"]})
    assert (status, body["case"]["status"]) == (200, "in_progress")
    assert [entry["details"]["outcome"] for entry in body["case"]["timeline"] if entry["type"] == "callback"] == [
        "no_answer"
    ]
    for wrong, code in (({"outcome": "x"}, "invalid_outcome"), ({"outcome": "no_answer", "slot": "?"}, "invalid_slot")):
        status, body = await anna.call("POST", path, wrong)
        assert (status, body["error"]["code"]) == (422, code)


async def test_merging_answers_with_the_case_that_is_left(desk: DeskSite, anna: Colleague) -> None:
    one, two = await desk.open(), await desk.open()
    status, body = await anna.call("POST", f"/api/desk/cases/{one}/merge", {"into": two.lower()})
    assert (status, body["case"]["ref"]) == (200, two)
    assert (await anna.case(one))["merged_into"] == two
    status, body = await anna.call("POST", f"/api/desk/cases/{two}/merge", {"into": one})
    assert (status, body["error"]["code"]) == (409, "case_merged")
