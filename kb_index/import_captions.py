"""Captions of videos, WebVTT and SRT → articles with the address of their video."""

from __future__ import annotations

import io
import re
from pathlib import PurePath

import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from kb_index.content import MAX_BYTES
from kb_index.drafts import Draft, Parsed
from kb_index.errors import ContentError
from kb_index.import_options import Options, Report, decoded, named

_TAG = re.compile(r"</?(?:[cibuv]|ruby|rt|lang|font|\d[\d:.]*)\b[^>\n]*>")


def captions(name: str, data: bytes, options: Options, source: str, report: Report) -> Parsed:
    """`name.de.vtt` says its language."""
    if not options.video:
        raise ContentError(name, None, "captions need the address of their video; give it with them")
    if len(data) > MAX_BYTES:
        raise ContentError(name, None, f"{len(data)} bytes; at most {MAX_BYTES} are read")
    ident, lang = named(name, options.lang)
    text = decoded(name, data, "cp1252").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    try:
        lines = io.StringIO(text)
        content = str(webvtt.from_buffer(lines, format=PurePath(name).suffix[1:].lower()).content)
        content = _TAG.sub("", content)
        if not any(cue.text.strip() for cue in webvtt.from_string(content).captions):
            raise ContentError(name, None, "no cue in it")
    except (MalformedFileError, MalformedCaptionError, ValueError, IndexError) as error:
        raise ContentError(name, None, f"not captions in WebVTT or SRT: {error}") from error
    title = re.sub(r"[-_.]+", " ", re.sub(rf"\.{lang}$", "", PurePath(name).stem)).strip().capitalize()
    return Parsed([Draft(name, source, ident, lang, "video", title, "", video=options.video, captions=content)])
