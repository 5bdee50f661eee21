"""Every setting is in one typed table, with help, and wrong values are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, load_settings, table


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in table():
        monkeypatch.delenv(name, raising=False)


def test_every_setting_has_a_variable_of_its_own_and_help() -> None:
    rows = table()
    assert len({name for name, _, _ in rows}) == len(rows) == len(Settings.model_fields)
    for name, _, words in rows:
        assert name.isupper()
        assert words.endswith(".")


def test_the_defaults_open_nothing_to_the_network() -> None:
    settings = load_settings(_env_file=None)
    assert (settings.host, settings.port, settings.internal_port) == ("127.0.0.1", 8080, 8081)
    assert settings.base_url == "http://127.0.0.1:8080"
    assert settings.database == "sqlite+aiosqlite:///var/guichet.db"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("GUICHET_DATA_DIR", "/srv/guichet")
    monkeypatch.setenv("GUICHET_ALLOWED_ORIGINS", "https://a.example/, https://b.example")
    monkeypatch.setenv("GUICHET_PUBLIC_URL", "https://help.example/")
    settings = load_settings(_env_file=None)
    assert settings.port == 9000
    assert settings.data_dir == Path("/srv/guichet")
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.base_url == "https://help.example"


def test_a_file_beside_the_program_is_read_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_text("PORT=9000\nGUICHET_KB_PORT=9001\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("PORT", "9002")
    settings = load_settings(_env_file=file)
    assert (settings.port, settings.kb_port) == (9002, 9001)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "70000"),
        ("PORT", "eighty"),
        ("GUICHET_TURN_DEADLINE", "0"),
        ("GUICHET_LIMIT_MESSAGES", "often"),
        ("GUICHET_TRUSTED_PROXIES", "10.0.0.0/99"),
        ("SMTP_SECURITY", "ssl"),
        ("GUICHET_LOG_LEVEL", "loud"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load_settings(_env_file=None)


def test_secrets_do_not_show_in_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GUICHET_INTERNAL_TOKEN", "SMTP_PASSWORD", "GUICHET_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "very-secret")
    assert "very-secret" not in repr(load_settings(_env_file=None))
