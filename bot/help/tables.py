"""What readers think of articles."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, MetaData, String, Table, Text

metadata = MetaData()

# One opinion per reader and version of an article, the last one counts. Moments are ISO 8601 text in UTC.
article_feedback = Table(
    "article_feedback",
    metadata,
    Column("article", String(101), primary_key=True),
    Column("lang", String(16), primary_key=True),
    Column("version", String(64), primary_key=True),
    Column("reader", String(64), primary_key=True),  # SHA-256 of the browser's cookie: of no known person
    Column("helpful", Boolean, nullable=False),
    Column("words", Text),  # what was missing, where it did not help
    Column("at", String(32), nullable=False, index=True),
)
