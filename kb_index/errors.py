"""What can go wrong, as a tree.

KbError
├── SettingsError      a setting that cannot be used
├── ContentError       a file of articles that cannot be read (the others go on)
├── EncoderError       a model that is missing, damaged or of another kind
└── VersionError       an index version that is missing, damaged or made for another encoder or program
"""

from __future__ import annotations


class KbError(Exception):
    """Base of all errors of this package; the message says what, what was expected, what was got, and the cure."""


class SettingsError(KbError):
    """A setting that cannot be used."""


class ContentError(KbError):
    """A content file that cannot be read: `file`, `line` (1-based, or None), and a message with the cure."""

    def __init__(self, file: str, line: int | None, message: str) -> None:
        super().__init__(f"{file}{f':{line}' if line else ''}: {message}")
        self.file = file
        self.line = line


class EncoderError(KbError):
    """A model that is missing, damaged or of another kind."""


class VersionError(KbError):
    """An index version that is missing, damaged or made for another encoder or program."""
