"""Writing while kb is down: drafts, folding, conflicts, history, restoring; nothing of it needs the search."""

from __future__ import annotations

from tests.console.site import ConsoleSite, Editor

NEW = {"kind": "faq", "lang": "fr", "title": "Réinitialiser l’accès", "text": "Cliquez.", "questions": ["Comment ?"]}


async def made(editor: Editor, **more: object) -> dict[str, object]:
    return dict((await editor.do("POST", "/articles", {**NEW, **more}, 201))["article"])


async def test_a_new_article_is_a_draft_named_by_its_title_and_found_in_the_list(alone: ConsoleSite) -> None:
    clara = await alone.editor("Clara")
    article = await made(clara)
    assert article["id"] == "reinitialiser-l-acces"
    assert article["checked"] is False
    french = article["langs"]["fr"]  # type: ignore[index]
    assert (french["state"], french["text"], french["questions"]) == ("new", "Cliquez.", ["Comment ?"])
    assert french["source"].startswith("---\nid: reinitialiser-l-acces\nlang: fr\ntitle: Réinitialiser l’accès\n")
    assert (await made(clara))["id"] == "reinitialiser-l-acces-2"
    listed = await clara.get("/articles?q=cliquez%20acces&state=draft")
    assert [one["id"] for one in listed["articles"]] == ["reinitialiser-l-acces", "reinitialiser-l-acces-2"]
    assert (listed["total"], listed["next"], listed["search_available"]) == (2, None, False)
    assert (await clara.get("/articles?state=published"))["total"] == 0


async def test_pages_of_the_list_follow_each_other_without_a_gap(alone: ConsoleSite) -> None:
    clara, names, after = await alone.editor("Clara"), [], ""
    for letter in "dbac":
        await made(clara, title=letter)
    while True:
        page = await clara.get(f"/articles?limit=2{after}")
        names += [one["title"] for one in page["articles"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert names == ["a", "b", "c", "d"]


async def test_saves_of_one_person_are_one_revision_and_of_two_are_two(alone: ConsoleSite) -> None:
    clara, dario = await alone.editor("Clara"), await alone.editor("Dario")
    key = f"faq:{(await made(clara))['id']}"
    draft = (await clara.article(key))["langs"]["fr"]["draft"]["revision"]
    for text in ("Un.", "Un, deux."):
        article = (await clara.save(key, "fr", draft, text=text))["article"]
        draft = article["langs"]["fr"]["draft"]["revision"]
    same = (await clara.save(key, "fr", draft, text="Un, deux."))["article"]["langs"]["fr"]["draft"]["revision"]
    assert same == draft
    path = f"/articles/{key}/revisions?lang=fr"
    assert len((await clara.get(path))["revisions"]) == 1
    await dario.save(key, "fr", draft, text="Trois.")
    revisions = (await clara.get(path))["revisions"]
    assert [one["author"]["name"] for one in revisions] == ["Dario", "Clara"]


async def test_who_saves_over_a_text_not_seen_gets_the_others_and_loses_nothing(alone: ConsoleSite) -> None:
    clara, dario = await alone.editor("Clara"), await alone.editor("Dario")
    key = f"faq:{(await made(clara))['id']}"
    seen = (await clara.article(key))["langs"]["fr"]["draft"]["revision"]
    await dario.save(key, "fr", seen, text="De Dario.")
    refused = await clara.save(key, "fr", seen, 409, text="De Clara.")
    assert refused["error"]["code"] == "changed_meanwhile"
    theirs = refused["article"]["langs"]["fr"]
    assert theirs["text"] == "De Dario."
    kept = await clara.save(key, "fr", theirs["draft"]["revision"], text="De Clara.")
    assert kept["article"]["langs"]["fr"]["text"] == "De Clara."


async def test_a_second_tab_of_the_same_person_is_noticed_too(alone: ConsoleSite) -> None:
    clara = await alone.editor("Clara")
    key = f"faq:{(await made(clara))['id']}"
    seen = (await clara.article(key))["langs"]["fr"]["draft"]["revision"]
    await clara.save(key, "fr", seen, text="Onglet un.")
    assert (await clara.save(key, "fr", seen, 409, text="Onglet deux."))["error"]["code"] == "changed_meanwhile"


async def test_an_old_revision_can_be_read_compared_and_restored(alone: ConsoleSite) -> None:
    clara, dario = await alone.editor("Clara"), await alone.editor("Dario")
    key = f"faq:{(await made(clara, text='Cliquez sur le bouton bleu.'))['id']}"
    first = (await clara.article(key))["langs"]["fr"]["draft"]["revision"]
    second = (await dario.save(key, "fr", first, text="Cliquez sur le bouton rouge."))["article"]
    later = second["langs"]["fr"]["draft"]["revision"]
    lines = (await clara.get(f"/articles/{key}/diff?lang=fr&from={first}&to={later}"))["lines"]
    old, new = [line for line in lines if line["kind"] != "same"]
    assert [old["text"][a:b] for a, b in old["words"]] == ["bleu"]
    assert [new["text"][a:b] for a, b in new["words"]] == ["rouge"]
    assert "bleu" in (await clara.get(f"/articles/{key}/revisions/{first}?lang=fr"))["source"]
    back = (await clara.do("POST", f"/articles/{key}/restore", {"lang": "fr", "revision": first}))["article"]
    assert back["langs"]["fr"]["text"] == "Cliquez sur le bouton bleu."
    assert len((await clara.get(f"/articles/{key}/revisions?lang=fr"))["revisions"]) == 3


async def test_a_language_is_added_and_a_draft_that_was_never_published_goes_when_deleted(alone: ConsoleSite) -> None:
    clara = await alone.editor("Clara")
    key = f"faq:{(await made(clara))['id']}"
    both = (await clara.save(key, "de", None, title="Zugang", text="Klicken."))["article"]
    assert sorted(both["langs"]) == ["de", "fr"]
    left = await clara.do("DELETE", f"/articles/{key}?lang=de")
    assert sorted(left["article"]["langs"]) == ["fr"]
    assert await clara.do("DELETE", f"/articles/{key}?lang=fr") == {"article": None}
    assert (await clara.call("GET", f"/articles/{key}"))[0] == 404


async def test_other_front_matter_survives_saving_and_bad_fields_name_themselves(alone: ConsoleSite) -> None:
    clara = await alone.editor("Clara")
    key = f"faq:{(await made(clara, meta={'url': 'https://x.example/a', 'source': 'y'}))['id']}"
    shown = (await clara.article(key))["langs"]["fr"]
    assert shown["meta"] == {"url": "https://x.example/a", "source": "y"}
    seen = shown["draft"]["revision"]
    saved = (await clara.save(key, "fr", seen, valid_from="2026-12-01", audience="internal"))["article"]["langs"]["fr"]
    assert (saved["meta"], saved["valid_from"], saved["audience"]) == (shown["meta"], "2026-12-01", "internal")
    seen = saved["draft"]["revision"]
    for field, value in (("valid_from", "demain"), ("audience", "all"), ("questions", "a"), ("title", 5), ("meta", [])):
        refused = await clara.save(key, "fr", seen, 422, **{field: value})
        assert refused["error"]["field"] == field
    assert (await clara.call("PUT", f"/articles/{key}", {"lang": "xx", "revision": seen}))[1]["error"][
        "field"
    ] == "lang"


async def test_a_new_article_needs_a_known_kind_a_title_and_a_free_name(alone: ConsoleSite) -> None:
    clara = await alone.editor("Clara")
    for field, value in (("kind", []), ("kind", "page"), ("title", " "), ("lang", 5), ("id", "../x"), ("id", {})):
        refused = await clara.do("POST", "/articles", {**NEW, field: value}, 422)
        assert refused["error"]["field"] == field
    await made(clara, id="access")
    assert (await clara.do("POST", "/articles", {**NEW, "id": "access"}, 409))["error"]["code"] == "article_exists"
    german = await made(clara, id="access", lang="de")
    assert sorted(german["langs"]) == ["de", "fr"]  # type: ignore[call-overload]
