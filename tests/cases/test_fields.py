from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cases import FieldError
from bot.cases.fields import FIELDS, Context, check, clean

CODES = {
    "invalid_email",
    "invalid_phone",
    "too_short",
    "too_long",
    "invalid_contract",
    "invalid_severity",
    "invalid_slot",
    "slot_closed",
}


def code_of(field: str, value: object, context: Context) -> str:
    with pytest.raises(FieldError) as refused:
        check(field, value, context)
    assert refused.value.field == field
    return refused.value.code


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("jeanne@example.fr", "jeanne@example.fr"),
        ("  jeanne@example.fr. ", "jeanne@example.fr"),
        ("mailto:jeanne@example.fr?subject=x", "jeanne@example.fr"),
        ("Jeanne Martin <jeanne@example.fr>", "jeanne@example.fr"),
        ("mon adresse est jeanne@example.fr, merci !", "jeanne@example.fr"),
        ("«jeanne@example.fr»", "jeanne@example.fr"),
        ("Jeanne.Martin+bot@EXAMPLE.fr", "Jeanne.Martin+bot@example.fr"),
        ("info@bücher.de", "info@xn--bcher-kva.de"),
        ("o'neil@example.ie", "o'neil@example.ie"),
        ("jeanne@firma.test", "jeanne@firma.test"),
    ],
)
def test_email_is_read_as_people_type_it(typed: str, stored: str, french: Context) -> None:
    assert check("email", typed, french).value == stored


@pytest.mark.parametrize(
    "typed",
    [
        "jeanne",
        "jeanne@",
        "@example.fr",
        "a@b.fr ou c@d.fr",
        "jeanne@example",
        "jea nne@",
        "a@localhost",
        "a@@b.fr",
        "",
        "jeanne@example.fr\r\nBcc: a@b.fr",
    ],
)
def test_what_is_no_single_email_is_refused(typed: str, french: Context) -> None:
    assert code_of("email", typed, french) == "invalid_email"


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("06.12.34.56.78", "+33612345678"),
        ("0612345678", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("mon numéro : 06-12-34-56-78 merci", "+33612345678"),
        ("+49 30 901820", "+4930901820"),
        ("0049 (0)30 901820", "+4930901820"),
        ("+49 (0) 30 / 90 18 20", "+4930901820"),
        ("0041 44 668 18 00", "+41446681800"),
        ("tel:+44-20-7946-0958", "+442079460958"),
    ],
)
def test_phone_is_read_as_people_type_it(typed: str, stored: str, french: Context) -> None:
    assert check("phone", typed, french).value == stored


def test_phone_is_shown_in_groups(french: Context) -> None:
    assert check("phone", "0612345678", french).display == "+33 6 12 34 56 78"


def test_a_number_without_country_code_belongs_to_the_company_country(french: Context) -> None:
    german = replace(french, policy=replace(french.policy, hours=replace(french.policy.hours, country="DE")))
    assert check("phone", "030 901820", german).value == "+4930901820"


@pytest.mark.parametrize("typed", ["06 12 34", "bonjour", "+33 0 00 00 00 00", "12", "0612345678 ou 0687654321", ""])
def test_what_is_no_single_phone_number_is_refused(typed: str, french: Context) -> None:
    assert code_of("phone", typed, french) == "invalid_phone"


@pytest.mark.parametrize(
    "typed",
    [
        "SLA-2026-0042",
        "sla-2026-0042",
        "SLA 2026 0042",
        "sla20260042",
        "SLA–2026–0042",
        " 2026-0042 ",
        "20260042",
        "SLA_2026_0042.",
    ],
)
def test_contract_is_read_whatever_its_case_and_separators(typed: str, french: Context) -> None:
    assert check("contract", typed, french).value == "SLA-2026-0042"


@pytest.mark.parametrize("typed", ["SLA-2026-42", "2026", "SLA-2026-00421", "ABC-2026-0042", "je ne sais pas"])
def test_another_contract_is_refused_with_an_example(typed: str, french: Context) -> None:
    with pytest.raises(FieldError) as refused:
        check("contract", typed, french)
    assert refused.value.code == "invalid_contract"
    assert "SLA-2026-0042" in refused.value.message(french.say, "fr")


def test_contract_forms_of_another_company_work_too(french: Context) -> None:
    policy = replace(french.policy, contract_pattern=r"[a-z]{2}\d{3}/\d{2}", contract_example="ab123/45")
    assert check("contract", "AB 123-45", replace(french, policy=policy)).value == "ab123/45"


@pytest.mark.parametrize(
    ("typed", "level"),
    [
        (1, 1),
        ("2", 2),
        (" 3. ", 3),
        ("niveau 2", 2),
        ("sévérité 4", 4),
        ("bloquant", 1),
        ("C’est BLOQUÉ", 1),
        ("plus rien ne marche depuis 2 jours", 1),
        ("pas bloquant", 3),
        ("très urgent", 2),
        ("pas urgent du tout", 4),
        ("rien d’urgent", 4),
        ("dringend", 2),
        ("nicht dringend", 4),
        ("Alles steht still!", 1),
        ("es geht gar nichts", 1),
        ("everything is down", 1),
        ("just a question", 4),
        ("not critical, we can still work", 3),
    ],
)
def test_severity_is_read_as_number_or_words_of_any_language(typed: str | int, level: int, french: Context) -> None:
    assert check("severity", typed, french).value == level


@pytest.mark.parametrize("typed", ["0", "5", "12", "-", "bonjour", "la facture de 2 euros est fausse"])
def test_what_is_no_severity_is_refused(typed: str, french: Context) -> None:
    assert code_of("severity", typed, french) == "invalid_severity"


@pytest.mark.parametrize(
    ("field", "typed", "code"),
    [
        ("subject", "ab", "too_short"),
        ("subject", "​‌‍   ", "too_short"),
        ("subject", "x" * 151, "too_long"),
        ("text", "\n\n?\n", "too_short"),
        ("text", "x" * 10_001, "too_long"),
        ("system", "a", "too_short"),
        ("email", "x" * 400 + "@example.fr", "too_long"),
        ("slot", "x" * 101, "too_long"),
        ("subject", None, "invalid_text"),
        ("subject", True, "invalid_text"),
        ("subject", ["Facture"], "invalid_text"),
        ("password", "secret", "unknown_field"),
    ],
)
def test_lengths_and_types_are_checked(field: str, typed: object, code: str, french: Context) -> None:
    assert code_of(field, typed, french) == code


def test_a_subject_is_one_line_and_a_text_keeps_its_lines(french: Context) -> None:
    assert check("subject", "Facture\r\nBcc: a@b.fr\t\x00!", french).value == "Facture Bcc: a@b.fr !"
    assert check("text", "  un\r\ndeux\x00\x1b[31m\n", french).value == "un\ndeux[31m"


def test_text_cannot_reorder_what_stands_around_it(french: Context) -> None:
    assert check("subject", "facture\u202egpj.exe", french).value == "facturegpj.exe"
    assert check("subject", "שלום עולם", french).value == "שלום עולם"


@given(st.text())
def test_cleaning_twice_is_cleaning_once(value: str) -> None:
    for lines in (False, True):
        assert clean(clean(value, lines=lines), lines=lines) == clean(value, lines=lines)
        assert "\x00" not in clean(value, lines=lines)
    assert "\n" not in clean(value)


@given(field=st.sampled_from(sorted(FIELDS)), value=st.text(max_size=60))
def test_any_text_is_either_stored_stably_or_refused_by_a_known_code(field: str, value: str, french: Context) -> None:
    try:
        checked = check(field, value, french)
    except FieldError as error:
        code, sentence = error.code, error.message(french.say, "de")
    else:
        code, sentence = "stored", "stored"
        assert check(field, checked.value, french) == checked
    assert code in {"stored", *CODES}
    assert sentence


@pytest.mark.parametrize(
    ("typed", "lang", "time_zone", "value"),
    [
        ("0171 1234567", "de", None, "+491711234567"),  # not valid in France: the language tells
        ("0171 1234567", "fr", "Europe/Berlin", "+491711234567"),
        ("416 555 0199", "en", "America/Toronto", "+14165550199"),
        ("06 12 34 56 78", "de", None, "+33612345678"),  # the company's country comes before the language's
        ("06 12 34 56 78", "fr", "Nowhere/Else", "+33612345678"),
    ],
)
def test_a_number_without_country_code_is_read_where_its_typist_is(
    french: Context, typed: str, lang: str, time_zone: str | None, value: str
) -> None:
    assert check("phone", typed, replace(french, lang=lang, time_zone=time_zone)).value == value
