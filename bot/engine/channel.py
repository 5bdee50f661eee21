"""Rasa's way in: `POST /webhooks/guichet/turn`, as docs/architecture.md describes it.

A turn is saved only when it brought a reply. A turn that failed, hung or said nothing is a 5xx and leaves no trace in
the dialogue, so that the gateway may deliver it again; one that was saved is told again from the tracker.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.shared.core.trackers import DialogueStateTracker
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, json

from bot.engine.messages import Discarded, InvalidTurn, Turn, read_turn, reply_to
from bot.engine.schema_check import check_schema_once
from bot.engine.session import continue_session, reset_unless_bounded

logger = logging.getLogger(__name__)

TOKEN_HEADER = "X-Guichet-Token"
TURN_SECONDS = 20.0  # less than the gateway's patience (25 s), so that a hanging action server is told as such


class NoReply(Exception):
    """The dialogue said nothing, which a customer would see as silence."""


class GuichetChannel(InputChannel):
    """Named in credentials.yml; takes the token and the action server's port from the environment."""

    @classmethod
    def name(cls) -> str:
        return "guichet"

    def blueprint(self, on_new_message: Any) -> Blueprint:
        """`on_new_message` is not used: Rasa's own handler saves turns that said nothing."""
        webhook = Blueprint("guichet")
        token = os.environ.get("GUICHET_INTERNAL_TOKEN", "")
        if not token:
            logger.warning("GUICHET_INTERNAL_TOKEN is not set: every call to this channel will be refused.")

        @webhook.listener("after_server_start")
        async def find_actions(app: Sanic, loop: asyncio.AbstractEventLoop) -> None:
            find_action_server(app.ctx.agent, token)
            check_schema_once()

        @webhook.get("/")
        async def ready(request: Request) -> HTTPResponse:
            agent = getattr(request.app.ctx, "agent", None)
            is_ready = agent is not None and agent.is_ready()
            return json({"ready": is_ready}, status=200 if is_ready else 503)

        @webhook.post("/turn")
        async def take_turn(request: Request) -> HTTPResponse:
            if not token or not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), token.encode()):
                return failure(403, "forbidden", f"expected this installation's token in {TOKEN_HEADER}")
            agent = request.app.ctx.agent
            if agent is None or not agent.is_ready():
                return failure(503, "not_ready", "the model is not loaded yet")
            try:
                turn = read_turn(request.json, set(agent.domain.intents))
                reply = await asyncio.wait_for(take(agent, turn), TURN_SECONDS)
            except InvalidTurn as error:
                return failure(400, "invalid_turn", str(error))
            except asyncio.TimeoutError:
                logger.error("A turn of %s took more than %s s and was given up.", turn.sender, TURN_SECONDS)
                return failure(504, "timeout", f"the turn took more than {TURN_SECONDS:.0f} s")
            except NoReply as error:
                logger.error("A turn of %s brought no reply: %s", turn.sender, error)
                return failure(502, "no_reply", str(error))
            except Exception:
                logger.exception("A turn of %s failed.", turn.sender)
                return failure(500, "internal", "the turn failed; see Rasa's log")
            return json(reply)

        return webhook


def failure(status: int, code: str, message: str) -> HTTPResponse:
    return json({"error": {"code": code, "message": message, "field": None}}, status=status)


def find_action_server(agent: Agent, token: str) -> None:
    """Point Rasa at the action server of this installation; endpoints.yml cannot hold optional variables."""
    endpoint = agent.action_endpoint
    if endpoint is None:
        logger.error("endpoints.yml names no action_endpoint: questions cannot be answered.")
        return
    port = os.environ.get("GUICHET_ACTIONS_PORT")
    if port:
        endpoint.url = f"http://127.0.0.1:{port}/webhook"
    if token:
        endpoint.headers = {**endpoint.headers, TOKEN_HEADER: token}


async def take(agent: Agent, turn: Turn) -> dict[str, Any]:
    """One turn under the conversation's lock; returns `{"messages", "state"}`. NoReply where nothing was said."""
    processor = agent.processor
    async with agent.lock_store.lock(turn.sender):
        tracker = await processor.get_tracker(turn.sender)
        told = reply_to(tracker, turn.message_id)
        if told is not None:
            return told
        tracker = reset_unless_bounded(tracker, agent.domain, fresh=turn.fresh)
        tracker = continue_session(tracker, turn.lang, agent.domain)
        channel = Discarded()
        message = UserMessage(
            turn.text,
            channel,
            turn.sender,
            parse_data=turn.parse_data,
            input_channel="guichet",
            message_id=turn.message_id,
        )
        await processor._handle_message_with_tracker(message, tracker)
        tracker = await processor.run_action_extract_slots(channel, tracker)
        await processor._run_prediction_loop(channel, tracker)
        reply = reply_to(tracker, turn.message_id)
        if reply is None or not reply["messages"]:
            raise NoReply(f"the last action was {last_action(tracker)}")
        await processor.save_tracker(tracker)
        return reply


def last_action(tracker: DialogueStateTracker) -> str:
    return str(tracker.latest_action_name)
