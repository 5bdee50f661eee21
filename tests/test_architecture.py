"""Imports go one way; docs/architecture.md says which."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = ("bot", "actions", "kb_index")
FOUNDATION = tuple(
    f"bot.{name}" for name in ("settings", "company", "catalogue", "database", "http", "files", "limiter", "secret")
)


def imports_of(file: Path) -> set[str]:
    """Dotted names of our own modules that a file imports, relative imports resolved."""
    package = file.relative_to(ROOT).with_suffix("").parts[:-1]
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module or "") if part)
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.split(".")[0] in OURS}


def files_of(package: str) -> list[Path]:
    files = sorted((ROOT / package).rglob("*.py"))
    assert files, f"no code in {package}"
    return files


@pytest.mark.parametrize(
    ("package", "allowed"),
    [
        ("kb_index", ("kb_index",)),
        ("actions", ("actions",)),
        ("bot/cases", ("bot.cases",)),
        ("bot/engine", ("bot.engine",)),
        ("bot/gateway", ("bot.gateway", "bot.cases", *FOUNDATION)),
        ("bot/staff", ("bot.staff", *FOUNDATION)),
        ("bot/help", ("bot.help", "bot.gateway", *FOUNDATION)),
        ("bot/connect", ("bot.connect", "bot.cases", *FOUNDATION)),
        (
            "bot/retention",
            (
                "bot.retention",
                "bot.schema",
                "bot.cases",
                "bot.connect",
                "bot.gateway",
                "bot.help.tables",
                "bot.staff",
                *FOUNDATION,
            ),
        ),
        ("bot/live", ("bot.live", "bot.staff", "bot.cases", "bot.gateway", *FOUNDATION)),
        ("bot/console", ("bot.console", "bot.help.tables", "bot.staff", "bot.cases", "bot.gateway", *FOUNDATION)),
        ("bot/desk", ("bot.desk", "bot.staff", "bot.live", "bot.cases", "bot.gateway", *FOUNDATION)),
    ],
)
def test_a_package_imports_only_what_its_place_allows(package: str, allowed: tuple[str, ...]) -> None:
    for file in files_of(package):
        for name in imports_of(file):
            assert name.startswith(allowed), f"{file.relative_to(ROOT)} imports {name}"


def test_nobody_imports_actions() -> None:
    for package in ("bot", "kb_index"):
        for file in files_of(package):
            assert not any(name.startswith("actions") for name in imports_of(file)), file


def test_the_web_process_loads_neither_a_model_nor_rasa() -> None:
    heavy = ("sentence_transformers", "torch", "faiss", "onnxruntime", "rasa", "rasa_sdk")
    for file in files_of("bot"):
        if file.is_relative_to(ROOT / "bot" / "engine"):
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            assert not any(name.split(".")[0] in heavy for name in names), file
