from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.cases import FieldError
from bot.cases.fields import Context, check
from bot.cases.slots import find, iso
from tests.cases.asking import NOW


def find_in(context: Context, typed: str, lang: str, **changes: Any) -> str:
    start = find(typed, lang, context.policy, changes.get("now", NOW), changes.get("taken", {}))
    return iso(start, "Europe/Paris")[:16]


@pytest.mark.parametrize(
    ("lang", "typed", "start"),
    [
        ("fr", "2026-11-26T14:00+01:00", "2026-11-26T14:00"),
        ("fr", "2026-11-26T13:00:00Z", "2026-11-26T14:00"),
        ("fr", "2026-11-26 14:00", "2026-11-26T14:00"),
        ("fr", "demain à 14h", "2026-11-26T14:00"),
        ("fr", "Demain à 14 h 30, s’il vous plaît", "2026-11-26T14:30"),
        ("fr", "après-demain 14:00", "2026-11-27T14:00"),
        ("fr", "jeudi prochain à 15 heures", "2026-11-26T15:00"),
        ("fr", "le 1er décembre à 9h", "2026-12-01T09:00"),
        ("fr", "02/12 à 11h", "2026-12-02T11:00"),
        ("fr", "lundi", "2026-11-30T09:00"),
        ("fr", "demain à 2h de l'après-midi", "2026-11-26T14:00"),
        ("fr", "demain après-midi", "2026-11-26T13:30"),
        ("fr", "demain à 14h10", "2026-11-26T14:00"),
        ("fr", "15h", "2026-11-25T15:00"),
        ("fr", "9h", "2026-11-26T09:00"),  # today's nine o'clock is past
        ("de", "Montag 10 Uhr", "2026-11-30T10:00"),
        ("de", "nächsten Montag um 10", "2026-11-30T10:00"),
        ("de", "morgen um 14 Uhr 30", "2026-11-26T14:30"),
        ("de", "übermorgen 9:30", "2026-11-27T09:30"),
        ("de", "am 1. Dezember um 9 Uhr", "2026-12-01T09:00"),
        ("de", "01.12. 10:00", "2026-12-01T10:00"),
        ("de", "am 01.12.2026 um 14 Uhr", "2026-12-01T14:00"),
        ("en", "tomorrow 2pm", "2026-11-26T14:00"),
        ("en", "2:30 p.m. tomorrow", "2026-11-26T14:30"),
        ("en", "next Tuesday at 2", "2026-12-01T14:00"),  # closed at two in the night
        ("en", "day after tomorrow 9.30 am", "2026-11-27T09:30"),
        ("en", "December 1st, 10 am", "2026-12-01T10:00"),
    ],
)
def test_a_slot_is_found_as_people_type_it(lang: str, typed: str, start: str, office: Context) -> None:
    assert find_in(office, typed, lang) == start


@pytest.mark.parametrize(
    ("lang", "typed", "code"),
    [
        ("fr", "bonjour", "invalid_slot"),
        ("fr", "", "invalid_slot"),
        ("fr", "demain 25h", "invalid_slot"),
        ("fr", "le 32/13 à 10h", "invalid_slot"),
        ("fr", "2026-13-45T10:00", "invalid_slot"),
        ("fr", "samedi 10h", "slot_closed"),
        ("fr", "demain à 12h45", "slot_closed"),  # lunch
        ("fr", "demain à 3 h du matin", "slot_closed"),
        ("fr", "hier à 10h", "slot_closed"),
        ("fr", "le 10 janvier 2027 à 10h", "slot_closed"),  # further ahead than is offered
        ("fr", "2026-11-25T10:30+01:00", "slot_closed"),  # within the notice period
        ("fr", "2026-11-26T14:10+01:00", "slot_closed"),  # between two slots
        ("de", "Sonntag 10 Uhr", "slot_closed"),
    ],
)
def test_what_is_no_slot_is_refused_with_the_reason(lang: str, typed: str, code: str, office: Context) -> None:
    with pytest.raises(FieldError) as refused:
        find_in(office, typed, lang)
    assert refused.value.code == code


@pytest.fixture
def office(french: Context) -> Context:
    """The sample company, closed from 12:30 to 13:30."""
    assert french.policy.hours.week[2] == ((540, 750), (810, 1080))
    return french


def test_a_slot_without_a_free_agent_is_taken_and_a_day_alone_means_its_first_free_slot(office: Context) -> None:
    nine = datetime.fromisoformat("2026-11-26T09:00+01:00")
    agents = office.policy.callback.agents
    with pytest.raises(FieldError, match="slot_taken"):
        find_in(office, "demain à 9h", "fr", taken={nine: agents})
    assert find_in(office, "demain à 9h", "fr", taken={nine: agents - 1}) == "2026-11-26T09:00"
    assert find_in(office, "demain", "fr", taken={nine: agents}) == "2026-11-26T09:30"


def test_no_slot_on_a_public_holiday(office: Context) -> None:
    before_christmas = datetime.fromisoformat("2026-12-23T09:00+01:00")
    with pytest.raises(FieldError, match="slot_closed"):
        find_in(office, "le 25 décembre à 10h", "fr", now=before_christmas)
    assert find_in(office, "le 24 décembre à 10h", "fr", now=before_christmas) == "2026-12-24T10:00"


def test_months_come_first_where_the_country_writes_them_so(office: Context) -> None:
    hours = replace(office.policy.hours, country="US")
    american = replace(office, policy=replace(office.policy, hours=hours))
    assert find_in(american, "12/2 at 10 am", "en") == "2026-12-02T10:00"


def test_a_numeric_date_that_is_past_means_next_year(office: Context) -> None:
    end_of_year = NOW.replace(month=12, day=29)
    assert find_in(office, "04/01 à 10h", "fr", now=end_of_year) == "2027-01-04T10:00"


def test_a_language_without_words_still_reads_plain_dates(office: Context) -> None:
    assert find_in(office, "26/11 14:00", "xx") == "2026-11-26T14:00"
    assert find_in(office, "domani 14:00", "it") == "2026-11-26T14:00"


def test_a_found_slot_is_shown_in_the_language_and_time_zone(office: Context) -> None:
    checked = check("slot", "demain à 14h", office)
    assert checked.value == "2026-11-26T14:00+01:00"
    assert checked.display == "jeudi 26 novembre 2026 à 14:00"


def test_slots_change_over_with_daylight_saving_time(office: Context) -> None:
    friday = datetime.fromisoformat("2026-10-23T09:00+02:00")
    monday = find("lundi à 9h", "fr", office.policy, friday, {})
    assert monday - datetime.fromisoformat("2026-10-23T07:00+00:00") == timedelta(days=3, hours=1)


@pytest.mark.parametrize("typed", ["demain à 9h", "2026-11-26T09:00"])
def test_a_typed_time_is_one_of_the_customers_own_clock(office: Context, typed: str) -> None:
    abroad = replace(office, time_zone="America/Toronto")
    checked = check("slot", typed, abroad)
    assert checked.value == "2026-11-26T09:00-05:00"
    assert checked.display == "jeudi 26 novembre 2026 à 09:00 (heure locale : Toronto)"


def test_tomorrow_is_the_customers_tomorrow(office: Context) -> None:
    late = datetime.fromisoformat("2026-11-25T23:30+01:00")  # already the 26th in Tokyo
    abroad = replace(office, time_zone="Asia/Tokyo", now=late)
    assert check("slot", "demain à 17h", abroad).value == "2026-11-27T17:00+09:00"
