"""Rasa checks the replies of the action server against a JSON schema, and checks that schema itself every time.

The second check is more than half of what an answered turn costs; the schema is constant, so once is enough.
"""

from __future__ import annotations

from typing import Any

from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction


def check_schema_once() -> None:
    """Replace RemoteAction's validation by one with the same result and a prepared validator."""
    schema = RemoteAction.action_response_format_spec()
    kind = validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)

    def validate(self: RemoteAction, result: dict[str, Any]) -> bool:
        error = best_match(validator.iter_errors(result))
        if error is not None:
            error.message += ". The action server's reply is not what Rasa expects."
            raise error
        return True

    RemoteAction._validate_action_result = validate
