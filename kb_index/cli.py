"""python -m kb_index: import, build, publish, rollback, versions, ask, try, gate, lint, evaluate, serve, settings."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from kb_index.cli_drafts import add_commands
from kb_index.config import load_config
from kb_index.content import parse_content, read_content
from kb_index.encoder import load_encoder
from kb_index.errors import KbError
from kb_index.import_cli import import_
from kb_index.settings import Settings, load_settings

app = typer.Typer(help="Articles, index versions, search.", no_args_is_help=True, add_completion=False)
add_commands(app)
out = Console()
err = Console(stderr=True)
app.command("import")(import_)


def progress(text: str) -> None:
    err.print(text, markup=False)


@app.command()
def build() -> None:
    """Make an index version of the articles as they are. Files that cannot be read are named; the others go in."""
    from kb_index.publishing import content_folder, recovered
    from kb_index.versions import Versions

    settings = load_settings()
    versions = Versions(settings.versions_dir)
    recovered(versions, settings.content_dir)
    after, sources = versions.current(), content_folder(versions, settings.content_dir)
    content = parse_content(sources)
    for problem in content.problems:
        err.print(f"left out: {problem}", markup=False)
    encoder = load_encoder(settings.encoder, settings.encoder_threads * 2)
    config = load_config(settings.content_dir)
    version, made = versions.build(
        content, config, encoder, settings.error_bound, progress, sources=sources, after=after
    )
    manifest = next(one for one in versions.all() if one["version"] == version)
    out.print(
        f"{version} {'built' if made else 'unchanged'}: {manifest['articles']} articles, {manifest['topics']} topics, "
        f"{manifest['passages']} passages, {manifest['texts']} texts",
        markup=False,
    )
    out.print(statement(manifest["errors"]), markup=False)


def statement(bound: dict[str, Any]) -> str:
    """What is said of errors, in a sentence."""
    if not bound["stated"]:
        return f"errors: nothing can be stated ({bound['note']})"
    return (
        f"errors: of what is answered at most {bound['risk']:.0%} is wrong, with {bound['confidence']:.0%} confidence "
        f"(threshold {bound['threshold']:.2f}; {bound['wrong']} wrong of {bound['answered']} answered, {bound['note']})"
    )


@app.command()
def publish(version: Annotated[str, typer.Argument(help="Default: the version built last.")] = "") -> None:
    """Let a version serve; the running service takes it over without a pause."""
    from kb_index.publishing import recovered
    from kb_index.versions import Versions

    settings = load_settings()
    versions = Versions(settings.versions_dir)
    recovered(versions, settings.content_dir)
    chosen = version
    if not version:
        built = versions.built()
        if built is None:
            raise KbError("nothing is built yet: python -m kb_index build")
        chosen, after = built
        if versions.current() not in (chosen, after):
            raise KbError(
                f"{chosen} was built before version {versions.current()} was published, and would undo it; build again "
                f"(or, to serve it all the same: python -m kb_index publish {chosen})"
            )
    previous = versions.publish(chosen, load_encoder(settings.encoder), settings.keep_versions)
    out.print(f"{chosen} serves" + (f" (before: {previous})" if previous not in (None, chosen) else ""), markup=False)


@app.command()
def rollback(version: Annotated[str, typer.Argument(help="Default: the one that served before.")] = "") -> None:
    """Let the version before serve again, with its files in the content folder."""
    from kb_index.publishing import recovered, roll_back
    from kb_index.storage import load
    from kb_index.versions import Versions

    settings = load_settings()
    versions = Versions(settings.versions_dir)
    recovered(versions, settings.content_dir)
    chosen = version or versions.before()
    load(versions.path(chosen), load_encoder(settings.encoder))
    done = roll_back(versions, settings.content_dir, chosen)
    for path in done["files"]:
        out.print(f"as it was: {path}", markup=False)
    out.print(f"{chosen} serves (before: {done['previous']})", markup=False)


@app.command("versions")
def list_versions() -> None:
    """List the versions kept, newest first."""
    from kb_index.versions import Versions

    for one in Versions(load_settings().versions_dir).all():
        mark = "*" if one["live"] else " "
        line = f"{mark} {one['version']}  {one['created'][:19]}  {one['articles']} articles  {one['encoder']['name']}"
        out.print(line, markup=False)


@app.command()
def ask(
    question: str,
    lang: Annotated[str, typer.Option(help="Preferred language.")] = "fr",
    as_json: Annotated[bool, typer.Option("--json", help="Print what the service would answer.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=50)] = 5,
) -> None:
    """Ask the published index."""
    from kb_index.versions import Versions

    settings = load_settings()
    encoder = load_encoder(settings.encoder)
    index = Versions(settings.versions_dir).load_current(encoder)
    answer = index.search(question, index.vector(question, encoder), lang, limit)
    if as_json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    decision = answer["decision"]
    aim = f" → level {decision['level']}, {decision['channel']}, {decision['topic']}" if decision["level"] else ""
    out.print(f"{decision['outcome']} ({decision['reason']}, {decision['probability']:.2f}){aim}", markup=False)
    for row in sorted([*answer["hits"], *answer["topics"]], key=lambda one: -one["probability"])[:limit]:
        name = row.get("article") or f"topic {row['topic']}"
        out.print(f"  {row['probability']:.2f}  {name} ({row['lang']})  {row['title']}", markup=False)
    if decision["outcome"] == "answer":
        out.print("\n" + answer["hits"][0]["text"], markup=False)


@app.command()
def lint(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Name files that cannot be read, and articles that search takes for one another; exit status 1 if any."""
    from kb_index.building import build_index
    from kb_index.lint import lint as find

    settings = load_settings()
    content = read_content(settings.content_dir)
    encoder = load_encoder(settings.encoder, settings.encoder_threads * 2)
    config = load_config(settings.content_dir)
    index = build_index(content.articles, content.topics, config, encoder, settings.error_bound, progress=progress)
    findings = find(index, encoder)
    rows = [
        {"kind": "unreadable", "where": problem.file, "message": str(problem), "cure": ""}
        for problem in content.problems
    ]
    rows += [vars(finding) for finding in findings]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        for row in rows:
            out.print(f"{row['kind']}: {row['where']}: {row['message']}. {row['cure']}", markup=False)
        out.print(f"{len(rows)} findings", markup=False)
    if rows:
        raise typer.Exit(1)


@app.command()
def evaluate(
    articles: Annotated[Path, typer.Option(help="JSON lines: id, lang, title, questions, answer.")],
    questions: Annotated[Path, typer.Option(help="JSON lines: id, lang, text, expected.")],
    json_out: Annotated[Path | None, typer.Option("--json", help="Write the report with one row per question.")] = None,
) -> None:
    """Measure on an outside set; everything is fitted from the articles alone."""
    from kb_index.evaluation import evaluate as run
    from kb_index.evaluation import read_articles, read_questions

    settings = load_settings()
    encoder = load_encoder(settings.encoder, settings.encoder_threads * 2)
    report = run(
        read_articles(articles), read_questions(questions), load_config(settings.content_dir), encoder,
        settings.error_bound, progress,
    )  # fmt: skip
    show(report)
    if json_out:
        json_out.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")


def show(report: dict[str, Any]) -> None:
    """The figures of an evaluation."""
    table = Table(show_header=False, box=None)
    for key, value in report.items():
        if isinstance(value, float | int):
            table.add_row(key, f"{value:.3f}" if isinstance(value, float) else str(value))
    for key, value in report["operating_point"].items():
        table.add_row(f"operating point: {key}", str(value))
    out.print(table)
    curve = Table("coverage", "risk", "threshold", title="risk-coverage")
    for row in report["risk_coverage"]:
        curve.add_row(*(f"{row[key]:.3f}" for key in ("coverage", "risk", "threshold")))
    out.print(curve)


@app.command()
def serve() -> None:
    """Serve searches on the loopback address."""
    from kb_index.service import serve as run

    run(load_settings())


@app.command("settings")
def list_settings() -> None:
    """List every setting: variable, default, help."""
    table = Table("variable", "default", "help")
    for info in Settings.model_fields.values():
        default = info.default.get_secret_value() if hasattr(info.default, "get_secret_value") else info.default
        table.add_row(str(info.alias), str(default), str(info.description))
    out.print(table)


def guarded(run: Callable[[], None]) -> None:
    """Run; an error of ours becomes one line and exit status 2."""
    try:
        run()
    except KbError as error:
        err.print(f"error: {error}", markup=False, soft_wrap=True)
        sys.exit(2)


def main() -> None:
    guarded(app)
