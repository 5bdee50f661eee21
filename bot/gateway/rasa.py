"""The way to Rasa's channel, and whether our other processes are up."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout

from bot.gateway.journal import Message
from bot.gateway.text import for_dialogue

TOKEN_HEADER = "X-Guichet-Token"


class RasaError(Exception):
    """A turn that brought no reply."""


class Unreachable(RasaError):
    """Rasa is not there (yet), or the connection broke: worth trying until the deadline."""


class NotListening(Unreachable):
    """Nobody listens on Rasa's port: it is being started again."""


class TurnFailed(RasaError):
    """Rasa was there and failed: worth a few tries, since it may be a part of it that restarts."""


class Refused(RasaError):
    """Rasa does not take this call (token, format): trying again cannot help."""


class Rasa:
    """Calls to `POST /webhooks/guichet/turn` (see docs/architecture.md)."""

    def __init__(self, session: ClientSession, base_url: str, token: str, text_limit: int) -> None:
        self._session = session
        self._url = f"{base_url}/webhooks/guichet/turn"
        self._headers = {TOKEN_HEADER: token}
        self._text_limit = text_limit

    async def turn(self, message: Message, seconds: float) -> Any:
        """Deliver one message; returns the reply's JSON. The same message may be delivered again: Rasa's channel
        knows its id. RasaError says whether another try is worth it."""
        said = (
            {"payload": message.payload}
            if message.payload is not None
            else {"text": for_dialogue(message.text or "", self._text_limit)}
        )
        body: dict[str, Any] = {
            "sender": message.conversation,
            "message_id": message.turn,
            "lang": message.lang,
            **said,
        }
        if message.fresh:
            body["fresh"] = True
        try:
            async with self._session.post(
                self._url, json=body, headers=self._headers, timeout=ClientTimeout(total=seconds, sock_connect=2)
            ) as response:
                if response.status == 200:
                    return await response.json(content_type=None)
                if response.status in (429, 503):
                    raise Unreachable(f"status {response.status}")
                if response.status >= 500:
                    raise TurnFailed(f"status {response.status}")
                raise Refused(f"status {response.status}")
        except ClientConnectorError as error:
            raise NotListening(str(error)) from error
        except (ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        except ValueError as error:
            raise Refused(f"no JSON: {error}") from error
