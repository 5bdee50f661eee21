"""WebVTT captions of videos: cues with the second at which they are said."""

from __future__ import annotations

from dataclasses import dataclass

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from kb_index.errors import ContentError

WINDOW_SECONDS = 40.0


@dataclass(frozen=True)
class Cue:
    """What is said from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str


def parse_captions(source: bytes, file: str, name: str) -> tuple[Cue, ...]:
    """The cues of a .vtt file that belongs to the article `name`. ContentError where it is malformed."""
    try:
        captions = webvtt.from_string(source.decode("utf-8-sig")).captions
        cues = tuple(
            Cue(caption.start_in_seconds, caption.end_in_seconds, " ".join(caption.text.split()))
            for caption in captions
            if caption.text.strip()
        )
    except (MalformedFileError, MalformedCaptionError, UnicodeDecodeError, ValueError) as error:
        raise ContentError(name, None, f"captions: {file} is not WebVTT in UTF-8: {error}") from error
    if not cues:
        raise ContentError(name, None, f"captions: {file} has no cue")
    return cues


def windows(cues: tuple[Cue, ...]) -> list[tuple[int, str]]:
    """(second of the first cue, its words) of runs of about `WINDOW_SECONDS`, ended with a sentence if possible."""
    result: list[tuple[int, str]] = []
    run: list[Cue] = []
    for cue in cues:
        run.append(cue)
        length = cue.end - run[0].start
        if length >= WINDOW_SECONDS or (length >= WINDOW_SECONDS * 0.75 and cue.text.endswith((".", "!", "?", "…"))):
            result.append((int(run[0].start), " ".join(part.text for part in run)))
            run = []
    if run:
        result.append((int(run[0].start), " ".join(part.text for part in run)))
    return result
