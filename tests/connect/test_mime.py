"""Mails that are broken, or made to do harm."""

from __future__ import annotations

import base64
import os
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.connect.mime import MOST_PARTS, Mail, UnreadableMailError, read
from bot.connect.quoting import as_text, folded, split
from tests.connect.posting import mail

SECONDS = 20.0  # for the worst of mails, on a machine that does other things too


def head(*lines: str, body: str = "Bonjour") -> bytes:
    return ("From: a@example.fr\r\n" + "".join(f"{line}\r\n" for line in lines) + f"\r\n{body}").encode()


def test_bytes_beyond_ascii_in_headers_are_read() -> None:
    utf8 = read("From: Zoé <zoe@example.fr>\r\nSubject: Prélèvement refusé\r\n\r\nx".encode())
    latin = read("From: Zoé <zoe@example.fr>\r\nSubject: Prélèvement refusé\r\n\r\nx".encode("latin-1"))
    for found in (utf8, latin):
        assert (found.sender, found.sender_name, found.subject) == ("zoe@example.fr", "Zoé", "Prélèvement refusé")


def test_encoded_words_make_up_no_address_and_no_header() -> None:
    hidden = base64.b64encode(b"x <boss@example.fr>\r\nBcc: victim@example.fr").decode()
    found = read(head(f"Subject: =?utf-8?b?{hidden}?=", body="x").replace(b"a@example.fr", b"e@example.org"))
    assert (found.subject, found.sender) == ("x <boss@example.fr> Bcc: victim@example.fr", "e@example.org")
    forged = read(f"From: =?utf-8?b?{hidden}?= <e@example.org>\r\n\r\nx".encode())
    assert forged.sender == "e@example.org"
    assert "\n" not in forged.sender_name


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", "é".encode(), "é"),
        ("iso-8859-1", b"\xe9", "é"),
        ("utf-8", b"\xe9", "é"),  # says one thing and is another
        ("no-such-charset", "é".encode(), "é"),
        ("idna", "é".encode(), "é"),
        ("hex", "é".encode(), "é"),
        ('"\x00"', "é".encode(), "é"),
    ],
)
def test_text_is_read_whatever_charset_it_claims(charset: str, body: bytes, text: str) -> None:
    found = read(f"From: a@b.fr\r\nContent-Type: text/plain; charset={charset}\r\n\r\n".encode() + body)
    assert found.text.strip() == text


def test_broken_base64_and_parts_without_an_end_cost_only_themselves() -> None:
    found = read(
        b'From: a@b.fr\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n"
        b"--b\r\nContent-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%not=base64\r\n"
        b"--b\r\nContent-Type: text/plain; name*=broken''%\r\n\r\nohne Ende"
    )
    assert found.text.strip() == "Bonjour"
    assert len(found.files) == 2


def test_a_mail_within_a_mail_is_a_file_and_not_its_text() -> None:
    inner = mail("Im Inneren.", sender="b@example.org", message_id="<inner@x>")
    found = read(
        b'From: a@b.fr\r\nMessage-ID: <outer@x>\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nSiehe Anhang\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--b--\r\n"
    )
    assert (found.message_id, found.sender, found.text.strip()) == ("<outer@x>", "a@b.fr", "Siehe Anhang")
    (file,) = found.files
    assert file.name == "message.eml"
    assert b"Im Inneren." in file.content


def _nested(depth: int) -> bytes:
    parts = (f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(depth))
    return b"From: a@b.fr\r\n" + "".join(parts).encode()


def _rfc822(depth: int) -> bytes:
    return b"From: a@b.fr\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"x"


@pytest.mark.parametrize(
    "raw",
    [
        _nested(2000),
        _rfc822(5000),
        b"From: a@b.fr\r\n" + b"X-A: b\r\n" * 100_000 + b"\r\nx",
        b"From: a@b.fr\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * (MOST_PARTS + 10),
        b"",
        b"\0\xff\xfe",
    ],
    ids=["nested", "mail_in_mail", "headers", "parts", "empty", "no_mail"],
)
def test_mails_made_to_do_harm_are_refused_with_a_reason(raw: bytes) -> None:
    start = time.perf_counter()
    with pytest.raises(UnreadableMailError, match="expected"):
        read(raw)
    assert time.perf_counter() - start < SECONDS


@pytest.mark.parametrize(
    "raw",
    [
        _nested(45) + b"x\r\n" * 200_000,
        head("References: " + "<a" * 50_000, "Subject: " + "=?utf-8?q?" * 10_000),
        head("From: " + "(" * 50_000, "To: " + '"' * 50_000, "Cc: " + "a@b.fr, " * 10_000),
        head("Content-Type: text/plain; " + "x*0*=a;" * 5_000),
        mail("x", files=tuple((f"{n}.bin", os.urandom(100_000)) for n in range(100))),
    ],
    ids=["wide_and_deep", "encoded_words", "addresses", "parameters", "many_files"],
)
def test_the_worst_that_is_read_takes_seconds(raw: bytes) -> None:
    start = time.perf_counter()
    assert isinstance(read(raw), Mail)
    assert time.perf_counter() - start < SECONDS


@pytest.mark.parametrize(
    "text",
    [
        "> " * 50_000,
        "On " * 40_000,
        "On x\n" * 30_000,
        "Le " + "a\n" * 50_000 + "a écrit",
        "From: a\n" * 20_000,
        "-" * 100_000,
        "On " + "a" * 100_000 + " wrote:",
        "wrote: " * 20_000,
        "a@b." * 30_000,
    ],
)
def test_telling_new_from_quoted_takes_no_time_whatever_the_text(text: str) -> None:
    start = time.perf_counter()
    split(text)
    as_text(text.replace("a", "<div "))
    folded(text.replace("O", "<div "))
    assert time.perf_counter() - start < SECONDS


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"From: a@b.fr\r\n", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"]),
)
def test_any_bytes_are_a_mail_or_refused(content: bytes, start: bytes) -> None:
    try:
        found = read(start + content)
    except UnreadableMailError:
        return
    assert len(found.key) == 64
    split(found.text)


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("Merci\n\nLe mer. 25 nov. 2026 à 10:00, A <a@b.fr> a écrit :\n> Voici\n", "Merci"),
        ("Merci\n\nLe mercredi 25 novembre 2026 à 10:00, Archivelle Services\n<a@b.fr> a écrit :\n\n> Voici", "Merci"),
        ("Danke\n\nAm 25.11.26 um 10:00 schrieb Support:\n> Hier", "Danke"),
        ("Thanks\n\nOn Wed, Nov 25, 2026 at 10:00 AM Support <a@b.fr> wrote:\n\n> Here", "Thanks"),
        ("Danke\n\nVon: Support <a@b.de>\nGesendet: Mittwoch\nAn: J\nBetreff: R\n\nAlt", "Danke"),
        ("Merci\n\n-----Message d’origine-----\nDe : Support\nVoici", "Merci"),
        ("Gut.\n> zitiert\n", "Gut."),
        # answers between what is quoted stay where they are
        ("Am 25.11.26 schrieb Support:\n> Wann?\nMorgen.\n> Wo?\nHier.", None),
        ("> nur zitiert", None),
        ("De : mon chef, pour information\nBonjour", None),
        ("On ne peut plus se connecter.\nDepuis hier :\nrien.", None),
    ],
)
def test_what_is_new_is_told_from_what_is_quoted(text: str, new: str | None) -> None:
    assert split(text)[0] == (text.strip() if new is None else new)
