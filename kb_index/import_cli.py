"""python -m kb_index import: proposes, shows and writes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from kb_index.content import Kind
from kb_index.drafts import Proposal, State
from kb_index.import_options import options_of
from kb_index.settings import load_settings

out = Console()
err = Console(stderr=True)


def import_(
    source: Annotated[
        str,
        typer.Argument(
            help="A file, a folder or zip of them, or the address of a page, site, sitemap or feed; docs/importing.md "
            "says which formats."
        ),
    ],
    lang: Annotated[str, typer.Option(help="Language of what does not say.")] = "fr",
    kind: Annotated[str, typer.Option(help="faq, blog or manual. Default: what the source is by its form.")] = "",
    video: Annotated[str, typer.Option(help="Address of the video that captions belong to.")] = "",
    columns: Annotated[
        list[str] | None, typer.Option("--column", help="Column=field of a table; an empty field leaves it out.")
    ] = None,
    site: Annotated[bool, typer.Option(help="Take all pages below the address.")] = False,
    pages: Annotated[int, typer.Option(min=1, help="Most pages of a site or sitemap.")] = 1000,
    overwrite: Annotated[
        bool, typer.Option(help="Replace articles of other origin, and those edited here since an import.")
    ] = False,
    delete: Annotated[bool, typer.Option(help="Delete articles that are no longer in their source.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Only tell what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print changes and problems as JSON.")] = False,
) -> None:
    """Take articles into the content folder. The same source again updates what came from it."""
    from kb_index.importing import apply, propose  # takes a moment to load; other commands do not need it

    kinds: dict[str, Kind | None] = {"": None, "faq": "faq", "blog": "blog", "manual": "manual"}
    if kind not in kinds:
        raise typer.BadParameter(f"expected faq, blog or manual, got {kind}", param_hint="--kind")
    settings = load_settings()
    fields = {name: field or None for name, _, field in (one.partition("=") for one in columns or [])}
    options = replace(
        options_of(settings), lang=lang, kind=kinds[kind], video=video or None, columns=fields, site=site, pages=pages
    )
    with err.status("") as status:
        found = propose(
            source, settings.content_dir, options,
            lambda done, total, doing: status.update(escape(f"{done}{f' of {total}' if total else ''}: {doing}")),
        )  # fmt: skip
    if not dry_run:
        apply(found, settings.content_dir, overwrite, delete)
    if as_json:
        print(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        show_import(found, overwrite, delete)
    if found.problems or (found.of("conflict") and not overwrite):
        raise typer.Exit(1)


def show_import(found: Proposal, overwrite: bool, delete: bool) -> None:
    """What became of each file that changed, and of what could not be taken."""
    for change in found.changes:
        if change.state == "conflict" and not overwrite:
            cure = "--overwrite replaces it"
            err.print(f"left alone: {change.path}: {change.message}; {cure}", markup=False, soft_wrap=True)
        elif change.state == "vanished" and not delete:
            cure = "--delete deletes it"
            err.print(f"left alone: {change.path}: {change.message}; {cure}", markup=False, soft_wrap=True)
        elif change.state != "unchanged":
            what = {"conflict": "replaced", "vanished": "deleted"}.get(change.state, change.state)
            note = f" ({change.message})" if change.message and change.state in ("new", "updated") else ""
            out.print(f"{what}: {change.path}{note}", markup=False, soft_wrap=True)
    for problem in found.problems:
        err.print(f"not taken: {problem}", markup=False, soft_wrap=True)
    states: tuple[State, ...] = ("new", "updated", "unchanged", "conflict", "vanished")
    counts = ", ".join(f"{len(found.of(state))} {state}" for state in states)
    out.print(f"{counts}, {len(found.problems)} not taken", markup=False, soft_wrap=True)
