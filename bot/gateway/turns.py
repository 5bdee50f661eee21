"""Turns: each journaled message is delivered to Rasa, in order per conversation, and ends in a reply or an error.

What is pending is in the journal, not in memory: after a crash the turns are resumed at start, with the message id
that Rasa's channel knows already, so that a turn that was finished there is not done twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy.exc import SQLAlchemyError

from bot.gateway.events import Button, Draft
from bot.gateway.journal import AGENT, BOT, Journal, Message
from bot.gateway.rasa import NotListening, Rasa, RasaError, TurnFailed, Unreachable
from bot.gateway.replies import MalformedReply, Reply, read_reply
from bot.gateway.streams import Hub

log = structlog.get_logger()

TURNS = Counter("guichet_turns", "Customer messages whose turn ended", ["end"])
SECONDS = Histogram(
    "guichet_turn_seconds",
    "From the journaled message to the journaled reply",
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 25, 60),
)
ANSWER_SECONDS = 25.0  # for a Rasa that listens; one that does not is waited for until the deadline
EXPLAIN_AFTER = 5.0  # seconds without anybody listening until the customer is told
LAST_CHANCE = 5.0  # seconds that every message gets, however long it stood in the queue
FAILED_TRIES = 5
TYPING_AGAIN = 3.0  # seconds
DATABASE_PAUSE = 1.0

Say = Callable[[str, str], str]


class Turns:
    """One worker per conversation with something pending; at most `workers` turns at Rasa at the same time."""

    def __init__(self, journal: Journal, hub: Hub, rasa: Rasa, say: Say, *, deadline: float, workers: int) -> None:
        self._journal = journal
        self._hub = hub
        self._rasa = rasa
        self._say = say
        self._deadline = deadline
        self._places = asyncio.Semaphore(workers)
        self._workers: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._stopping = False
        self._since = datetime.now(UTC)

    async def resume(self) -> int:
        """Take up what was pending when the process ended; returns the number of conversations."""
        self._since = datetime.now(UTC)
        waiting = await self._journal.conversations_pending()
        for conversation in waiting:
            self.wake(conversation)
        return len(waiting)

    def wake(self, conversation: str) -> None:
        """There is a new message in the conversation."""
        if self._stopping:
            return  # it is in the journal; the next start resumes it
        if conversation in self._workers:
            self._again.add(conversation)
            return
        task = asyncio.create_task(self._work(conversation), name=f"turns {conversation}")
        self._workers[conversation] = task

    async def stop(self, grace: float = 5.0) -> None:
        """Let turns in flight finish for `grace` seconds; the others stay pending in the journal."""
        self._stopping = True
        if self._workers:
            await asyncio.wait(self._workers.values(), timeout=grace)
        for task in list(self._workers.values()):
            task.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)

    async def _work(self, conversation: str) -> None:
        try:
            while not self._stopping:
                self._again.discard(conversation)
                try:
                    message = await self._journal.next_pending(conversation)
                    if message is not None:
                        await self._settle(message)
                    elif conversation not in self._again:
                        return
                except SQLAlchemyError:  # the message is still pending; a full disk or a lost server may come back
                    log.exception("turn_not_settled", conversation=conversation)
                    await asyncio.sleep(DATABASE_PAUSE)
        finally:
            del self._workers[conversation]
            if conversation in self._again and not self._stopping:
                self.wake(conversation)

    async def _settle(self, message: Message) -> None:
        if message.owner != BOT:
            await self._journal.finish(message, [], state=AGENT)
            TURNS.labels(AGENT).inc()
            return
        async with self._places:
            typing = asyncio.create_task(self._type(message.conversation))
            try:
                reply, error = await self._deliver(message), None
            except (RasaError, MalformedReply) as failure:
                reply, error = None, failure
            finally:
                typing.cancel()
                await asyncio.gather(typing, return_exceptions=True)  # what it reads is over before the database closes
        if reply is not None:
            end = await self._journal.finish(message, reply.drafts, state="done", form=(reply.form, reply.asked))
        else:
            log.error("turn_failed", conversation=message.conversation, seq=message.seq, cause=str(error))
            end = await self._journal.finish(message, [self._apology(message)], state="failed")
        self._hub.wake(message.conversation)
        TURNS.labels(end or "over").inc()
        SECONDS.observe((datetime.now(UTC) - message.at).total_seconds())

    async def _deliver(self, message: Message) -> Reply:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        waited = (datetime.now(UTC) - max(message.at, self._since)).total_seconds()
        last_chance = begun + min(LAST_CHANCE, self._deadline)
        deadline = max(begun + self._deadline - waited, last_chance)
        end = min(deadline, max(begun + ANSWER_SECONDS - waited, last_chance))
        explained = False
        failed = 0
        pause = 0.1
        while True:
            try:
                body = await self._rasa.turn(message, seconds=max(0.1, end - loop.time()))
                return read_reply(body, message.lang)
            except NotListening:
                pause = min(pause * 1.6, 2.0)
                end = min(deadline, loop.time() + pause + ANSWER_SECONDS)  # its time begins when it listens
                if not explained and loop.time() - begun >= EXPLAIN_AFTER:
                    explained = True
                    await self._explain(message)
            except Unreachable:
                pause = min(pause * 1.6, 2.0)
            except TurnFailed:
                failed += 1
                pause = min(0.25 * 2**failed, 4.0)
                if failed >= FAILED_TRIES:
                    raise
            if loop.time() + pause >= end:
                raise Unreachable("no reply within the deadline")
            await asyncio.sleep(pause)

    async def _explain(self, message: Message) -> None:
        """Say that the bot is being started again."""
        body = {"text": self._say(message.lang, "system.restarting"), "lang": message.lang}
        await self._journal.remark(message.conversation, Draft(sender="system", type="status", body=body))
        self._hub.wake(message.conversation)

    async def _type(self, conversation: str) -> None:
        """Say that the bot is typing, and again while it lasts (the page shows it for a few seconds only), unless a
        person has taken the conversation over meanwhile."""
        owner = BOT
        with contextlib.suppress(SQLAlchemyError):  # it is only a sign
            while owner == BOT:
                self._hub.typing(conversation)
                await asyncio.sleep(TYPING_AGAIN)
                found = await self._journal.conversation(conversation)
                owner = found.owner if found is not None else ""

    def _apology(self, message: Message) -> Draft:
        return Draft(
            sender="system",
            type="error",
            body={
                "text": self._say(message.lang, "system.turn_failed"),
                "lang": message.lang,
                "decision": {"outcome": "handoff", "level": 1, "channel": "ticket"},
            },
            buttons=(Button(title=self._say(message.lang, "system.retry"), retry_of=message.client_id),),
        )
