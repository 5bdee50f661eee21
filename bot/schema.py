"""Every table of the one database: the metadata of the parts that keep something in it."""

from __future__ import annotations

from sqlalchemy import MetaData

from bot import cases
from bot.connect import tables as connect
from bot.gateway import tables as gateway
from bot.staff import tables as staff

PARTS: tuple[MetaData, ...] = (gateway.metadata, cases.metadata, staff.metadata, connect.metadata)
