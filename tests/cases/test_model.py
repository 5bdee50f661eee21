from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from bot.cases.model import ALPHABET, Kind, new_reference, read_reference, utc_text


@pytest.mark.parametrize("kind", list(Kind))
def test_a_reference_names_its_kind_and_uses_no_letter_that_can_be_misread(kind: Kind) -> None:
    made = {new_reference(kind) for _ in range(200)}
    assert len(made) == 200
    for ref in made:
        letter, first, second = ref.split("-")
        assert letter == kind.value[0].upper()
        assert (len(first), len(second)) == (4, 4)
        assert not set(first + second) & set("01ILOU")
        assert set(first + second) <= set(ALPHABET)


@pytest.mark.parametrize("typed", ["T-7K3M-9QXP", "t7k3m9qxp", " t-7k3m 9qxp. ", "T–7K3M–9QXP"])
def test_a_reference_is_read_as_people_type_it(typed: str) -> None:
    assert read_reference(typed) == "T-7K3M-9QXP"


@pytest.mark.parametrize("typed", ["T-7K3M-9QX", "X-7K3M-9QXP", "T-7K3M-9QX0", "ma facture"])
def test_what_is_no_reference_stays_as_it_is(typed: str) -> None:
    assert read_reference(typed) == typed


def test_moments_are_told_in_utc() -> None:
    assert utc_text(datetime(2026, 11, 25, 10, 0, 0, 999, timezone(timedelta(hours=1)))) == "2026-11-25T09:00:00Z"
    assert utc_text(None) is None
