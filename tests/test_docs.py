"""The documents say what the code does: settings, commands, layout."""

import re
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from bot.settings import Settings
from kb_index.settings import Settings as KbSettings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


Rows = dict[str, tuple[str, str]]


def rows_of(settings: type[BaseSettings]) -> Rows:
    """Variable → (default, help) of a settings class."""
    rows = {}
    for field in settings.model_fields.values():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        if isinstance(default, tuple):
            default = ",".join(default)
        rows[str(field.alias)] = (str(default), str(field.description))
    return rows


# Where both processes read a variable, the bot's help is the one shown.
SETTINGS: Rows = rows_of(KbSettings) | rows_of(Settings)


def table_of(rows: Rows) -> str:
    """The Markdown table of docs/settings.md; `python -m tests.test_docs` prints it."""
    lines = [f"| `{name}` | {f'`{default}`' if default else ''} | {text} |" for name, (default, text) in rows.items()]
    return "\n".join(["| variable | default | what it does |", "|---|---|---|", *lines])


def test_every_setting_is_documented_with_its_default_and_help() -> None:
    document = (ROOT / "docs" / "settings.md").read_text()
    for row in table_of(SETTINGS).splitlines():
        assert row in document, f"docs/settings.md lacks: {row}"
    assert set(re.findall(r"^\| `([A-Z_]+)`", document, re.MULTILINE)) == set(SETTINGS)


def test_settings_shared_by_two_processes_have_one_default() -> None:
    ours, theirs = rows_of(Settings), rows_of(KbSettings)
    for name in ours.keys() & theirs.keys():
        assert ours[name][0] == theirs[name][0], name


@pytest.mark.parametrize("document", [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md"], ids=lambda p: p.name)
def test_links_and_images_lead_to_files(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_the_readme_names_only_make_targets_and_files_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z]+)", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
    for path in re.findall(r"`((?:data|domain|kb_index|bot|docs)[\w./<>*-]*)`", README):
        pattern = path.replace("<lang>", "fr")
        assert list(ROOT.glob(pattern)), path


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test" in README
    assert "make test" in (ROOT / ".ci" / "run").read_text()


if __name__ == "__main__":
    print(table_of(SETTINGS))
