"""Makes the version of a publication: a layer where little has changed, else a whole build in a child process; and
the background fit that turns layers into whole versions."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kb_index.config import load_config
from kb_index.content import parse_content
from kb_index.encoder import Encoder, load_encoder
from kb_index.errors import PublishError, VersionError
from kb_index.golden import compare
from kb_index.increment import MOST_TEXTS, increment
from kb_index.index import Index
from kb_index.integrity import read_manifest
from kb_index.known import BASE, KnownVectors
from kb_index.naming import state_of
from kb_index.publishing import content_folder
from kb_index.settings import Settings
from kb_index.sources import Changed, Folder, Kept, Sources, differing, has_sources, keep
from kb_index.storage import load, save_layer
from kb_index.tasks import Report
from kb_index.versions import Versions
from kb_index.workspace import Changes, changes_of, new_problems


@dataclass(frozen=True)
class Made:
    """A version that is on disk and does not serve yet. `paths`: the files of the content folder that it changes."""

    version: str
    paths: list[str]


def checked_sources(folder: Folder, changes: Changes) -> Changed:
    """The folder with the changes. PublishError where one of them cannot be published."""
    problems = new_problems(folder, changes)
    if problems:
        shown = "; ".join(f"{one['path']}: {one['message']}" for one in problems[:3])
        raise PublishError("invalid_content", f"{len(problems)} problems: {shown}", problems)
    return Changed(folder, changes)


def make_layer(
    live: Index, versions: Versions, settings: Settings, encoder: Encoder, changes: Changes, facts: dict[str, Any]
) -> Made | None:
    """The version as a layer over the base of `live`; None where it must be built whole."""
    sources = checked_sources(content_folder(versions, settings.content_dir), changes)
    folder, state = versions.path(live.version), state_of(sources, encoder, settings.error_bound)
    manifest = read_manifest(folder)
    if manifest.get("state") == state:
        return Made(live.version, [])
    index = layered(live, versions, settings, encoder, sources)
    if index is None:
        return None
    named = json.dumps([index.version, facts], sort_keys=True).encode()  # the same by somebody else is another version
    index = replace(index, version=hashlib.sha256(named).hexdigest()[:12])
    base = folder / BASE if manifest["base"] else folder
    about = versions.facts(sources) | {"state": state, "problems": []} | facts
    below = Kept(base).digests
    changed = differing(below, sources.digests)

    def write(folder: Path) -> None:
        own = {path: sources[path] for path in changed if path in sources}
        keep(folder, own, [path for path in changed if path not in sources])
        save_layer(index, base, folder, encoder, about)

    if not versions.is_whole(index.version):
        versions.add(index.version, write)
    return Made(index.version, _paths(changes, sources))


def layered(
    live: Index,
    versions: Versions,
    settings: Settings,
    encoder: Encoder,
    sources: Sources,
    most: int | None = MOST_TEXTS,
) -> Index | None:
    """An index of `sources` over the base of `live`; None where no layer can be made.

    `most`: texts that a layer may have; None, for what is only tried: any number, whatever else has changed.
    """
    folder = versions.path(live.version)
    try:
        manifest = read_manifest(folder)
    except VersionError:
        return None
    base = folder / BASE if manifest["base"] else folder
    bound = live.decider.bound.risk
    if (
        not has_sources(base)
        or (most is not None and bound != settings.error_bound)
        or manifest["encoder"]["fingerprint"] != encoder.fingerprint
    ):
        return None
    making = state_of(sources, encoder, settings.error_bound)
    made = increment(live, Kept(base), sources, encoder, KnownVectors(folder, encoder), making, most)
    return None if made is None else made[0]


def _paths(changes: Changes, sources: Changed) -> list[str]:
    """The changes that change anything."""
    base = sources.base.digests
    return [path for path in changes if sources.digests.get(path) != base.get(path)]


def run(settings: Settings, args: dict[str, Any], report: Report) -> dict[str, Any]:
    """In a child: build a publication's version whole. `args`: {"changes": rows, "facts"} → {"version", "paths"}."""
    versions = Versions(settings.versions_dir)
    changes = changes_of(args["changes"])
    report(0, None, "reading")
    sources = checked_sources(content_folder(versions, settings.content_dir), changes)
    encoder = load_encoder(settings.encoder, settings.encoder_threads)
    version, _ = versions.build(
        parse_content(sources),
        load_config(settings.content_dir),
        encoder,
        settings.error_bound,
        lambda doing: report(0, None, doing),
        sources=sources,
        after=versions.current(),
        facts=args["facts"],
        default=False,
    )
    return {"version": version, "paths": _paths(changes, sources)}


def run_fit(settings: Settings, args: dict[str, Any], report: Report) -> dict[str, Any]:
    """In a child: build the content of a layered version whole and compare it on all golden questions.

    `args`: {"version"} → {"version", "passes", "golden": {"asked", "right", "was_right"}}; nothing is published.
    """
    versions = Versions(settings.versions_dir)
    folder = versions.path(args["version"])
    manifest, sources = read_manifest(folder), Kept(folder)
    encoder = load_encoder(settings.encoder, settings.encoder_threads)
    report(0, 2, "fitting")
    facts = {key: manifest[key] for key in ("created", "after", "changed", "by", "note")} | {"refits": args["version"]}
    version, _ = versions.build(
        parse_content(sources),
        load(folder, encoder).corpus.config,
        encoder,
        settings.error_bound,
        sources=sources,
        after=args["version"],
        facts=facts,
        anew=True,
        default=False,
    )
    report(1, 2, "asking golden questions")
    before, after = load(folder, encoder), load(versions.path(version), encoder)
    golden = compare(before, after, sources, encoder)
    figures = {key: golden[key] for key in ("asked", "right", "was_right")}
    return {"version": version, "passes": golden["right"] >= golden["was_right"], "golden": figures}
