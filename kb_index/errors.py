"""What can go wrong, as a tree.

KbError
├── SettingsError      a setting that cannot be used
├── ContentError       a file of articles that cannot be read (the others go on)
├── EncoderError       a model that is missing, damaged or of another kind
├── VersionError       an index version that is missing, damaged or made for another encoder or program
└── PublishError       a publication that cannot be; nothing has changed
"""

from __future__ import annotations


class KbError(Exception):
    """Base of all errors of this package; the message says what, what was expected, what was got, and the cure.

    `code` is stable, for whoever calls the service.
    """

    code = "error"


class SettingsError(KbError):
    """A setting that cannot be used."""

    code = "settings"


class ContentError(KbError):
    """A content file that cannot be read: `file`, `line` (1-based, or None), and a message with the cure."""

    code = "invalid_content"

    def __init__(self, file: str, line: int | None, message: str) -> None:
        super().__init__(f"{file}{f':{line}' if line else ''}: {message}")
        self.message = message
        self.file = file
        self.line = line


class EncoderError(KbError):
    """A model that is missing, damaged or of another kind."""

    code = "encoder"


class VersionError(KbError):
    """An index version that is missing, damaged or made for another encoder or program."""

    code = "version"


class PublishError(KbError):
    """A publication that cannot be: nothing has changed. `code` says why; `problems` as the service shows them."""

    def __init__(self, code: str, message: str, problems: list[dict[str, object]] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.problems = problems or []
