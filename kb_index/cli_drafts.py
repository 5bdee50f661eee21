"""python -m kb_index gate, try: what the content folder would change, were it published as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from kb_index.encoder import load_encoder
from kb_index.errors import KbError
from kb_index.settings import load_settings

out = Console()
err = Console(stderr=True)


def gate(
    questions: Annotated[
        Path | None,
        typer.Option(help='Real questions whose answers are compared; JSON lines {"text", "lang", "count"?}.'),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole report.")] = False,
) -> None:
    """Compare the content folder with what serves; exit status 1 where publishing it would break something."""
    from kb_index.gate import gate as run
    from kb_index.questions import questions_of

    settings = load_settings()
    asked = questions_of(_lines(questions)) if questions else []
    encoder = load_encoder(settings.encoder, settings.encoder_threads * 2)
    report = run(settings, encoder, {}, asked, lambda done, total, doing: err.print(f"{doing} …", markup=False))
    if as_json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _show(report)
    if not report["passes"]:
        raise typer.Exit(1)


def _show(report: dict[str, Any]) -> None:
    for what, rows in (("stops", report["blocks"]), ("warning", report["warnings"])):
        for row in rows:
            where = row.get("where") or row.get("path") or ""
            out.print(f"{what}: {row['kind']}: {where}{': ' if where else ''}{row['message']}", markup=False)
    for row in report["diff"]:
        before, after = (row[side]["article"] or row[side]["outcome"] for side in ("before", "after"))
        out.print(f"{row['kind']}: « {row['text']} » ({row['lang']}, {row['count']}): {before} → {after}", markup=False)
    golden, lint = report["golden"], report["lint"]
    out.print(
        f"{golden['right']} of {golden['asked']} golden questions right (before: {golden['was_right']}); "
        f"{len(lint['new'])} new findings, {len(lint['solved'])} solved; {len(report['diff'])} answers change; "
        f"{'passes' if report['passes'] else 'does not pass'} ({report['seconds']} s)",
        markup=False,
    )


def try_(
    question: str,
    lang: Annotated[str, typer.Option(help="Preferred language.")] = "fr",
    limit: Annotated[int, typer.Option(min=1, max=50)] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the service would answer.")] = False,
) -> None:
    """Ask the content folder as it is, beside what serves, and say what each hit was found by."""
    from kb_index.publication import layered
    from kb_index.publishing import content_folder
    from kb_index.trial import explained
    from kb_index.versions import Versions

    settings = load_settings()
    versions, encoder = Versions(settings.versions_dir), load_encoder(settings.encoder)
    live = versions.load_current(encoder)
    folder = content_folder(versions, settings.content_dir)
    draft = layered(live, versions, settings, encoder, folder, most=None)
    if draft is None:
        raise KbError("what serves was built without its files: build and publish it once more")
    found = {
        name: explained(index, encoder, question, lang, limit) for name, index in (("draft", draft), ("live", live))
    }
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for name, answer in found.items():
        decision = answer["decision"]
        out.print(f"{name}: {decision['outcome']} ({decision['reason']}, {decision['probability']:.2f})", markup=False)
        for row in sorted([*answer["hits"], *answer["topics"]], key=lambda one: -one["probability"])[:limit]:
            because = row["because"]
            signals = ", ".join(f"{key} {value:.2f}" for key, value in because["signals"].items())
            title = row.get("article") or f"topic {row['topic']}"
            matched = f"{because['kind']} « {because['text']:.80} » ({signals})"
            out.print(f"  {row['probability']:.2f}  {title} ({row['lang']}): {matched}", markup=False)


def _lines(path: Path) -> list[Any]:
    try:
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise KbError(f"{path}: cannot be read as JSON lines: {error}") from error


def add_commands(app: typer.Typer) -> None:
    app.command("gate")(gate)
    app.command("try")(try_)
