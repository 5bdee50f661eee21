"""Articles that are published, with the real kb service: seen, changed, compared; what is done outside is noticed."""

from __future__ import annotations

from tests.console.site import ConsoleSite, Editor


async def test_what_is_published_is_listed_with_its_languages_and_what_is_outdated(
    console: ConsoleSite, clara: Editor
) -> None:
    listed = await clara.get("/articles?kind=faq")
    assert listed["search_available"] is True
    by_id = {one["id"]: one for one in listed["articles"]}
    assert sorted(by_id["reset-password"]["langs"]) == ["en", "fr"]
    assert by_id["reset-password"]["title"] == "Réinitialiser votre mot de passe"
    assert by_id["dark-theme"]["langs"]["en"]["state"] == "published"
    key = "faq:reset-password"
    await clara.save(key, "fr", None, text="Un tout autre texte.")
    outdated = (await clara.get("/articles?state=outdated"))["articles"]
    assert [one["id"] for one in outdated] == ["reset-password"]
    assert outdated[0]["langs"]["en"]["outdated"]
    assert (await clara.get("/articles?q=mot%20passe%20oubli&lang=fr"))["total"] == 1  # in its questions


async def test_a_change_taken_back_is_no_draft(console: ConsoleSite, clara: Editor) -> None:
    key = "faq:dark-theme"
    before = (await clara.article(key))["langs"]["en"]
    draft = (await clara.save(key, "en", None, text="Something else."))["article"]["langs"]["en"]
    assert (draft["state"], draft["published"]["source"]) == ("changed", before["source"])
    back = await clara.save(key, "en", draft["draft"]["revision"], text=before["text"])
    assert back["article"]["langs"]["en"]["draft"] is None
    assert back["article"]["langs"]["en"]["source"] == before["source"]


async def test_kb_says_what_is_wrong_with_a_draft(console: ConsoleSite, clara: Editor) -> None:
    key = "faq:dark-theme"
    article = (await clara.save(key, "en", None, text=""))["article"]
    assert article["checked"]
    (problem,) = article["langs"]["en"]["problems"]
    assert "no text" in problem["message"]


async def test_a_file_changed_by_hand_is_seen_and_the_draft_over_it_says_that_it_is_behind(
    console: ConsoleSite, clara: Editor
) -> None:
    key, file = "faq:dark-theme", console.kb.content / "faq" / "dark-theme.en.md"
    draft = (await clara.save(key, "en", None, text="Mine."))["article"]["langs"]["en"]["draft"]
    assert not draft["behind"]
    file.write_text(file.read_text().replace("Choose **Dark**", "Pick **Dark**"))
    now = (await clara.article(key))["langs"]["en"]
    assert now["draft"]["behind"]
    assert now["text"] == "Mine."
    assert "Pick" in now["published"]["source"]
    saved = await clara.save(key, "en", draft["revision"], text="Mine, having seen it.", rebase=True)
    assert not saved["article"]["langs"]["en"]["draft"]["behind"]
    history = (await clara.get(f"/articles/{key}/revisions?lang=en"))["revisions"]
    assert [bool(one["published"]) for one in history] == [False, True, True]


async def test_with_kb_gone_everything_can_still_be_read_and_written(console: ConsoleSite, clara: Editor) -> None:
    await clara.get("/articles")
    await console.kb.stop()
    key = "faq:dark-theme"
    assert (await clara.article(key))["langs"]["en"]["text"] == "Choose **Dark** in your profile."
    saved = (await clara.save(key, "en", None, text="Written without it."))["article"]
    assert (saved["checked"], saved["langs"]["en"]["text"]) == (False, "Written without it.")
