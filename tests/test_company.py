from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.cases.policy import Terms
from bot.catalogue import load_catalogue
from bot.company import CompanyError, load_company

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "data" / "company.yml"


def changed(folder: Path, path: str, value: Any) -> Path:
    """The sample file with one value replaced (or removed: None)."""
    tree = yaml.safe_load(FILE.read_text("utf-8"))
    *parents, last = path.split(".")
    part = tree
    for name in parents:
        part = part[int(name) if name.isdigit() else name]
    if value is None:
        del part[last]
    else:
        part[int(last) if last.isdigit() else last] = value
    file = folder / "company.yml"
    file.write_text(yaml.safe_dump(tree), "utf-8")
    return file


def test_the_sample_company_gives_the_rules_for_cases() -> None:
    company = load_company(FILE)
    policy = company.policy(load_catalogue(ROOT / "data" / "messages", company.first_language))
    assert company.first_language == "fr"
    assert policy.hours.week[4] == ((540, 750), (810, 1020))
    assert policy.hours.week[5] == ()
    assert policy.callback.notice == timedelta(hours=1)
    assert policy.severities[1] == Terms(2, 8, True)
    assert {"bloquant", "alles steht", "everything is down"} <= set(policy.severity_words[1])
    assert policy.slot_words["de"].hour[0] == "Uhr"


def test_days_of_closing_and_regions_are_taken_over(tmp_path: Path) -> None:
    company = load_company(changed(tmp_path, "closed_on", [date(2026, 12, 24)]))
    assert company.hours().closed_on == frozenset({date(2026, 12, 24)})
    assert load_company(changed(tmp_path, "subdivision", "57")).hours().subdivision == "57"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("company.name", None, r"company\.name: expected a value, got nothing: add the key"),
        ("company.email", "support", r"company\.email: .*email address.*, got 'support'"),
        ("company.fax", "1", r"company\.fax: expected a known key"),
        ("languages", [], r"languages: .*at least 1"),
        ("country", "FRA", r"country: expected a two-letter country code .*, got 'FRA'"),
        ("subdivision", "XX", r"expected subdivision to be a region of FR"),
        ("time_zone", "Paris", r"time_zone: expected a time zone .*, got 'Paris'"),
        ("colours.accent", "green", r"colours\.accent: .*, got 'green'"),
        (
            "opening_hours.monday",
            ["9-12"],
            r'opening_hours\.monday\.0: expected "HH:MM-HH:MM" in quotes.*, got \'9-12\'',
        ),
        ("opening_hours.monday", ["12:00-09:00"], r"expected a start before its end"),
        ("opening_hours.monday", ["09:00-12:00", "11:00-13:00"], r"expected ordered intervals"),
        ("opening_hours.lundi", ["09:00-12:00"], r"opening_hours\.lundi: "),
        ("opening_hours", {}, r"at least one opening interval"),
        ("callback.agents", 0, r"callback\.agents: .*greater than 0, got 0"),
        ("sla.contract_pattern", "[", r"sla\.contract_pattern: expected a regular expression"),
        ("sla.contract_example", "X-1", r"expected contract_example to match contract_pattern"),
        ("sla.severities.4", None, ""),
    ],
)
def test_a_fault_names_file_key_expectation_value_and_cure(tmp_path: Path, path: str, value: Any, message: str) -> None:
    if path == "sla.severities.4":
        path, value, message = "sla.severities", {1: {"hours": 2, "around_the_clock": True}}, "expected the severities"
    file = changed(tmp_path, path, value)
    with pytest.raises(CompanyError, match=message) as fault:
        load_company(file)
    assert str(fault.value).startswith(f"{file}: ")


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    changed(tmp_path, "country", "FRA")
    file = tmp_path / "company.yml"
    file.write_text(file.read_text("utf-8").replace("Europe/Paris", "Paris"), "utf-8")
    with pytest.raises(CompanyError) as fault:
        load_company(file)
    assert len(str(fault.value).splitlines()) == 2


@pytest.mark.parametrize(("content", "message"), [(None, "copy data/company.yml"), ("a: [", "expected YAML")])
def test_a_file_that_is_not_there_or_no_yaml_says_so(tmp_path: Path, content: str | None, message: str) -> None:
    file = tmp_path / "company.yml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CompanyError, match=message):
        load_company(file)
