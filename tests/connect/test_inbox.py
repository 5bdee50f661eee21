"""What mails do to cases, on SQLite and PostgreSQL; every mail is bytes as a program sends them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.cases import Channel, Status, merge, messages, work
from bot.cases.mail import Mailer, MailSettings
from bot.cases.tables import attachments
from bot.connect.inbox import Outcome
from bot.connect.tables import mails
from bot.database import Database
from tests.connect.conftest import Post, open_post
from tests.connect.posting import CUSTOMER, OURS, bounce, mail

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


async def test_an_answer_joins_its_case_as_the_customers_words(post: Post) -> None:
    ref = await post.open()
    letter = await post.reply(ref)
    before = await post.case(ref)
    raw = mail(
        "Merci, c’est noté.\r\n\r\nLe mer. 25 nov. 2026 à 10:00, Archivelle <support@archivelle.example> a\r\n"
        "écrit :\r\n> Voici.\r\n",
        In_Reply_To=f"<{letter}@archivelle.example>",
    )
    taken = await post.take(raw)
    assert (taken.outcome, taken.ref) == (Outcome.ADDED, ref)
    (entry,) = await post.written(ref, "customer")
    assert entry.text == "Merci, c’est noté."
    assert entry.html is not None
    assert "<blockquote>" in entry.html
    assert "Voici." in entry.html
    after = await post.case(ref)
    assert after.news == after.version > before.news  # unread
    assert len(post.woken) == 1


@pytest.mark.parametrize("place", ["plus", "references", "subject", "customers_own_mail"])
async def test_the_case_is_found_by_address_thread_and_subject(post: Post, place: str) -> None:
    ref = await post.open()
    first = mail("Un premier mot.", message_id="<first@example.fr>", subject=f"[{ref}] a")
    raw = {
        "plus": mail(to=f"support+{ref.lower()}@archivelle.example"),
        "references": mail(References=f"<x@y.fr> <{ref}@archivelle.example>"),
        "subject": mail(subject=f"AW: [{ref}] Votre demande"),
        "customers_own_mail": mail(References="<first@example.fr>"),
    }[place]
    if place == "customers_own_mail":
        await post.take(first)
    assert (await post.take(raw)).ref == ref


async def test_our_own_outgoing_mail_can_be_answered(post: Post, tmp_path: Path) -> None:
    """What `Mailer` writes is what an answer is recognised by, whatever of it a mail program keeps."""
    ref = await post.open()
    (letter,) = await post.letters()
    settings = MailSettings(
        host="127.0.0.1",
        port=1,
        sender=OURS,
        staff="team@archivelle.example",
        company="Archivelle",
        time_zone="Europe/Paris",
        staff_lang="fr",
        public_url="https://help.example",
        attachments=tmp_path,
        inbound=OURS,
        plus=True,
    )
    sent = Mailer(settings, post.desk.say)._message(letter.payload, CUSTOMER, "s", "b", reply_to=OURS, lang="fr")
    for number, header in enumerate(("Message-ID", "References")):
        taken = await post.take(mail(message_id=f"<{number}@x.fr>", In_Reply_To=str(sent[header])))
        assert (taken.outcome, taken.ref) == (Outcome.ADDED, ref)
    to = Mailer(settings, post.desk.say)._answers_to(ref)
    assert (await post.take(mail(message_id="<2@x.fr>", to=to))).ref == ref


async def test_a_resolved_case_is_opened_again(post: Post) -> None:
    ref = await post.open()
    async with post.database.write() as conn:
        await work.change(conn, ref, {"status": Status.RESOLVED}, post.desk.by("anna"))
    await post.take(mail("Cela ne marche toujours pas.", subject=f"Re: [{ref}]"))
    assert (await post.case(ref)).status == Status.OPEN


async def test_somebody_elses_mail_is_a_note_and_reopens_nothing(post: Post) -> None:
    ref = await post.open()
    async with post.database.write() as conn:
        await work.change(conn, ref, {"status": Status.RESOLVED}, post.desk.by("anna"))
    taken = await post.take(mail("Je suis son chef.", sender="chef@example.fr", subject=f"Re: [{ref}]"))
    assert taken.outcome == Outcome.NOTED
    (entry,) = await post.written(ref, "note")
    assert (entry.actor, entry.text) == ("chef@example.fr", "Je suis son chef.")
    case = await post.case(ref)
    assert case.status == Status.RESOLVED
    assert case.news == case.version
    assert await post.written(ref, "customer") == []


async def test_a_sender_that_our_mail_server_calls_forged_is_not_the_customer(post: Post) -> None:
    post = open_post(post.database, post.folder, authserv="mx.archivelle.example")
    ref = await post.open()
    forged = {"Authentication_Results": "mx.archivelle.example; dkim=none; dmarc=fail header.from=example.fr"}
    foreign = {"Authentication_Results": "mx.example.org; dmarc=fail"}
    assert (await post.take(mail(subject=f"[{ref}] a", message_id="<a@x>", **forged))).outcome == Outcome.NOTED
    assert (await post.take(mail(subject=f"[{ref}] b", message_id="<b@x>", **foreign))).outcome == Outcome.ADDED
    (note,) = await post.written(ref, "note")
    assert note.text is not None
    assert note.text.startswith("Attention")


async def test_an_unknown_sender_opens_a_ticket_of_level_1_with_its_files(post: Post) -> None:
    raw = mail(
        "Bonjour, mon antivirus est expiré.",
        sender="=?utf-8?q?Zo=C3=A9?= <Zoe@Example.com>",
        subject="TR: Antivirus expiré",
        files=(("capture.png", PNG), ("virus.exe", b"MZ\x90\0\1\2")),
        message_id="<zoe1@example.com>",
    )
    taken = await post.take(raw)
    assert taken.outcome == Outcome.OPENED
    assert taken.ref is not None
    case = await post.case(taken.ref)
    assert (case.kind, case.level, case.status, case.email) == ("ticket", 1, Status.OPEN, "zoe@example.com")
    assert case.subject == "Antivirus expiré"
    assert case.text.startswith("Bonjour, mon antivirus est expiré.")
    assert "virus.exe" in case.text
    (file,) = case.attachments
    assert (file.name, file.type) == ("capture.png", "image/png")
    assert (post.folder / "attachments" / file.path).read_bytes() == PNG
    (letter,) = await post.letters()
    assert letter.payload["case"]["email"] == "zoe@example.com"
    # the agent's answer goes below her mail, and hers comes back to the case
    letter_id = await post.reply(taken.ref)
    said = next(letter for letter in await post.letters() if letter.id == letter_id).payload["message"]
    assert said["in_reply_to"] == "<zoe1@example.com>"
    again = await post.take(mail(sender="zoe@example.com", message_id="<zoe2@x>", References="<zoe1@example.com>"))
    assert (again.outcome, again.ref) == (Outcome.ADDED, taken.ref)


async def test_each_mail_is_taken_once_across_workers_restarts_and_ways(post: Post, tmp_path: Path) -> None:
    other = open_post(Database(post.database.engine), tmp_path)
    raw = mail("Un ticket, un seul.")
    outcomes = [taken.outcome for taken in await asyncio.gather(*(p.take(raw) for p in (post, other) * 4))]
    assert sorted(outcomes) == sorted([Outcome.OPENED] + [Outcome.KNOWN] * 7)
    relayed = b"Received: from elsewhere\r\n" + raw
    assert (await open_post(post.database, tmp_path).take(relayed)).outcome == Outcome.KNOWN
    assert len(await post.refs()) == 1
    assert list((post.folder / "attachments").glob("*")) == []


async def test_another_sender_cannot_use_up_a_message_id(post: Post) -> None:
    await post.take(mail("Premier.", sender="eve@example.org", message_id="<guessed@example.fr>"))
    assert (await post.take(mail("Le vrai.", message_id="<guessed@example.fr>"))).outcome == Outcome.OPENED


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Precedence": "auto_reply"},
        {"X_Autoreply": "yes"},
        {"subject": "Réponse automatique : absence"},
        {"subject": "Out of Office: back on Monday"},
        {"subject": "Abwesenheitsnotiz: Urlaub"},
    ],
)
async def test_automatic_replies_open_nothing_reopen_nothing_and_are_not_answered(
    post: Post, headers: dict[str, str]
) -> None:
    assert (await post.take(mail("Je suis absente.", message_id="<o1@x>", **headers))).outcome == Outcome.IGNORED
    assert await post.refs() == []
    ref = await post.open()
    before = await post.case(ref)
    taken = await post.take(mail("Je suis absente.", message_id="<o2@x>", References=f"<{ref}@x>", **headers))
    assert (taken.outcome, taken.ref) == (Outcome.NOTED, ref)
    after = await post.case(ref)
    assert (after.news, after.status) == (before.news, before.status)
    assert len(await post.letters()) == 1  # the confirmation of the case alone


@pytest.mark.parametrize(
    "headers",
    [
        {"Precedence": "bulk"},
        {"List_Id": "<news.example.org>"},
        {"X_Auto_Response_Suppress": "DR, OOF, AutoReply"},
        {"Auto_Submitted": "auto-generated"},
    ],
)
async def test_what_must_not_be_answered_by_itself_opens_a_ticket_in_silence(
    post: Post, headers: dict[str, str]
) -> None:
    assert (await post.take(mail(**headers))).outcome == Outcome.OPENED
    assert await post.letters() == []
    assert len(await post.letters(Channel.STAFF_MAIL)) == 1


async def test_two_machines_do_not_write_to_each_other_for_ever(post: Post) -> None:
    for number in range(6):
        assert (await post.take(mail(message_id=f"<{number}@x>"))).outcome == Outcome.OPENED
    assert len(await post.refs()) == 6  # nothing is lost
    assert len(await post.letters()) == 2  # as many as may be answered


async def test_our_own_mails_are_recognised(post: Post) -> None:
    ref = await post.open()
    assert (await post.take(mail(sender=f"Archivelle <{OURS.upper()}>", subject=f"[{ref}]"))).outcome == Outcome.IGNORED
    forwarded = mail(sender="x@y.fr", message_id="<f@y>", X_Guichet_Delivery="0" * 32)
    assert (await post.take(forwarded)).outcome == Outcome.IGNORED
    assert await post.written(ref, "customer") == []


async def test_a_bounce_marks_the_reply_as_failed_once(post: Post) -> None:
    ref = await post.open()
    letter = await post.reply(ref)
    taken = await post.take(bounce(f"<{letter}@archivelle.example>"))
    assert (taken.outcome, taken.ref) == (Outcome.BOUNCED, ref)
    (reply,) = await post.written(ref, "reply")
    assert reply.delivery == "failed"
    (entry,) = await post.written(ref, "delivery")
    assert entry.details["state"] == "failed"
    assert (await post.take(bounce(f"<{letter}@archivelle.example>"))).outcome == Outcome.KNOWN
    assert (await post.take(bounce(f"<{letter}@archivelle.example>", number=2))).outcome == Outcome.BOUNCED
    assert await post.written(ref, "note") == []
    assert len(await post.written(ref, "delivery")) == 1


async def test_a_bounce_of_the_confirmation_is_told_on_the_case(post: Post) -> None:
    ref = await post.open()
    (letter,) = await post.letters()
    taken = await post.take(bounce(f"<{letter.id}@archivelle.example>"))
    assert (taken.outcome, taken.ref) == (Outcome.BOUNCED, ref)
    (note,) = await post.written(ref, "note")
    assert note.text is not None
    assert "550 5.1.1 no such user" in note.text


async def test_a_delay_and_a_bounce_of_nothing_change_nothing(post: Post) -> None:
    ref = await post.open()
    letter = await post.reply(ref)
    assert (await post.take(bounce(f"<{letter}@x>", action="delayed", number=7))).outcome == Outcome.IGNORED
    assert (await post.take(bounce("<unknown@x>"))).outcome == Outcome.IGNORED
    assert await post.written(ref, "delivery") == []


async def test_html_is_harmless_and_its_quotation_is_folded(post: Post) -> None:
    ref = await post.open()
    html = (
        "<html><head><style>p{}</style></head><body><p onclick=x()>Merci <b>beaucoup</b></p><script>alert(1)</script>"
        '<img src="https://track.example/x.gif"><a href="javascript:x()">ici</a>'
        '<div class="gmail_quote">Le 25 nov.<blockquote>Voici.</blockquote></div></body></html>'
    )
    await post.take(mail("Merci beaucoup", html=html, subject=f"[{ref}]"))
    (entry,) = await post.written(ref, "customer")
    assert entry.html is not None
    assert not any(word in entry.html for word in ("onclick", "script", "<img", "style", "javascript"))
    assert entry.html.index("beaucoup") < entry.html.index("<blockquote>") < entry.html.index("Voici.")


async def test_a_mail_of_html_alone_has_words(post: Post) -> None:
    ref = await post.open()
    raw = (
        f"From: {CUSTOMER}\r\nSubject: [{ref}]\r\nMessage-ID: <h@x>\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        "<div>Première ligne</div><div>Deuxi&egrave;me &lt;ligne&gt;</div>"
    ).encode()
    await post.take(raw)
    (entry,) = await post.written(ref, "customer")
    assert entry.text == "Première ligne\nDeuxième <ligne>"


async def test_a_mail_to_a_merged_case_joins_the_one_it_is_in_now(post: Post) -> None:
    ref = await post.open()
    into = str((await post.desk.open({**_ticket(), "email": CUSTOMER}, key="k2"))["ref"])
    async with post.database.write() as conn:
        await merge.merge(conn, ref, into, post.desk.by("anna"))
    assert (await post.take(mail(subject=f"[{ref}]"))).ref == into


def _ticket() -> dict[str, str]:
    return {"kind": "ticket", "subject": "Autre", "text": "Autre chose."}


async def test_a_mail_too_large_is_told_and_not_read(post: Post) -> None:
    ref = await post.open()
    headers = mail(subject=f"[{ref}]").split(b"\r\n\r\n")[0] + b"\r\n\r\n"
    assert (await post.take(headers, size=40 * 1024 * 1024)).outcome == Outcome.ADDED
    (entry,) = await post.written(ref, "customer")
    assert entry.text == "Ce message de 40\u00a0Mo dépasse la limite de 25\u00a0Mo. Seul son objet a été lu."


async def test_a_text_without_end_is_cut_and_says_so(post: Post) -> None:
    taken = await post.take(mail("mot " * 10_000))
    assert taken.ref is not None
    text = (await post.case(taken.ref)).text
    assert len(text) <= 10_000
    assert text.endswith("n’a pas été reprise.)")


async def test_an_empty_mail_is_still_a_ticket(post: Post) -> None:
    taken = await post.take(mail("", subject=""))
    assert taken.ref is not None
    case = await post.case(taken.ref)
    assert (case.subject, case.text) == ("Message sans objet", "(message sans texte)")


async def test_a_mail_that_we_fail_on_is_kept_and_the_next_goes_on(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_args: object, **_named: object) -> None:
        raise KeyError("a defect of ours")

    with monkeypatch.context() as patched:
        patched.setattr(messages, "opened_by_mail", broken)
        assert (await post.take(mail())).outcome == Outcome.FAILED
    (kept,) = (post.folder / "mail").iterdir()
    assert kept.read_bytes() == mail()
    assert await post.refs() == []  # nothing of it was written
    assert (await post.take(mail())).outcome == Outcome.OPENED  # brought again after the repair


async def test_what_became_of_a_mail_is_on_record(post: Post) -> None:
    ref = await post.open()
    await post.take(mail(subject=f"[{ref}]", files=(("a.png", PNG),)))
    async with post.database.read() as conn:
        (row,) = (await conn.execute(select(mails))).all()
        (file,) = (await conn.execute(select(attachments))).all()
    assert (row.outcome, row.ref) == ("added", ref)
    (entry,) = await post.written(ref, "customer")
    assert file.message == entry.message
    assert [item["name"] for item in entry.attachments] == ["a.png"]


async def test_a_mail_of_25_megabytes_is_taken_and_its_file_named_not_kept(post: Post) -> None:
    raw = mail("Le journal complet.", files=(("journal.log", b"ligne\n" * 3_000_000), ("petit.log", b"ligne\n")))
    assert 24_000_000 < len(raw) < 26_000_000
    taken = await post.take(raw)
    assert taken.ref is not None
    case = await post.case(taken.ref)
    assert "journal.log" in case.text
    assert [file.name for file in case.attachments] == ["petit.log"]


async def test_answers_go_below_the_customers_mail_not_below_somebody_elses(post: Post) -> None:
    ref = await post.open()
    await post.take(mail("Moi.", message_id="<mine@example.fr>", subject=f"[{ref}]"))
    await post.take(mail("Lui.", message_id="<his@example.org>", subject=f"[{ref}]", sender="x@example.org"))
    letter = await post.reply(ref)
    (sent,) = [found for found in await post.letters() if found.id == letter]
    assert sent.payload["message"]["in_reply_to"] == "<mine@example.fr>"


async def test_a_ticket_by_mail_is_told_with_its_files_and_confirmed_below_that_mail(post: Post) -> None:
    await post.take(mail(files=(("a.png", PNG),), message_id="<zoe@example.fr>"))
    (told,) = await post.letters(Channel.STAFF_MAIL)
    assert [file["name"] for file in told.payload["files"]] == ["a.png"]
    (confirmation,) = await post.letters()
    assert confirmation.payload["in_reply_to"] == "<zoe@example.fr>"


async def test_characters_that_a_database_refuses_keep_no_mail_from_being_taken(post: Post) -> None:
    ref = await post.open()
    raw = (
        f"From: \0Jeanne\x1b <{CUSTOMER}>\r\nMessage-ID: <a\0b\x07@x>\r\nSubject: [{ref}] \0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n'
        "<p>Bon\0jour \ud83d</p>\r\n--b\r\n"
        'Content-Type: text/plain; name="\0.txt"\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--\r\n'
    ).encode("utf-8", "surrogatepass")
    assert (await post.take(raw)).outcome == Outcome.ADDED
    eve = raw.replace(CUSTOMER.encode(), b"e\0ve@example.org").replace(b"<a", b"<c")
    assert (await post.take(eve)).outcome == Outcome.NOTED
    assert (await post.take(eve.replace(b"<c", b"<d").replace(ref.encode(), b"x"))).outcome in (
        Outcome.OPENED,
        Outcome.IGNORED,
    )
