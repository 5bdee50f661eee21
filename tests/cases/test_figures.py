"""Shares with what is known of their uncertainty, and times."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cases.figures import as_csv, share, times, wilson


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_the_interval_is_wilsons(hits: int, of: int, low: float, high: float) -> None:
    found = wilson(hits, of)
    assert found is not None
    assert found == pytest.approx((low, high), abs=1e-4)


def test_of_nothing_nothing_is_claimed() -> None:
    assert wilson(0, 0) is None
    assert share(0, 0) == {"count": 0, "of": 0, "share": None, "interval": None}
    assert times([]) == {"count": 0, "median": None, "p90": None}


@given(of=st.integers(1, 10_000), data=st.data())
def test_an_interval_holds_its_share_and_more_cases_make_it_narrower(of: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, of))
    low, high = wilson(hits, of) or (1.0, 0.0)
    assert 0 <= low <= hits / of + 1e-12
    assert hits / of - 1e-12 <= high <= 1
    wider = wilson(hits, of)
    narrower = wilson(hits * 4, of * 4)
    assert wider is not None
    assert narrower is not None
    assert narrower[1] - narrower[0] < wider[1] - wider[0]


def test_median_and_ninth_tenth_lie_between_what_was_seen() -> None:
    hours = [timedelta(hours=n) for n in (1, 2, 3, 4, 10)]
    assert times(reversed(hours)) == {"count": 5, "median": 3.0, "p90": 7.6}


def test_a_file_has_one_line_for_each_figure() -> None:
    lines = as_csv({"a": {"b": 1, "c": [{"d": None}, 2.5]}, "e": 'x,"y"'}).splitlines()
    assert lines == ["figure,value", "a.b,1", "a.c.0.d,", "a.c.1,2.5", 'e,"x,""y"""']
