"""Every table of the one database: the metadata of the parts that keep something in it."""

from __future__ import annotations

from sqlalchemy import MetaData

from bot import cases
from bot.connect import tables as connect
from bot.console import tables as console
from bot.help import tables as help_
from bot.live.tables import live
from bot.staff import tables as staff

# What bot.live keeps stands beside the gateway's tables, in the same metadata.
PARTS: tuple[MetaData, ...] = (
    live.metadata,
    cases.metadata,
    staff.metadata,
    connect.metadata,
    help_.metadata,
    console.metadata,
)
