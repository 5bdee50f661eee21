"""All pages of a sitemap, or of a section of a site: politely, resumable, and never beyond the section."""

from __future__ import annotations

import asyncio
import gzip
import io
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from kb_index.drafts import Parsed
from kb_index.errors import ContentError
from kb_index.fetching import Fetcher, NotGiven, Page
from kb_index.import_options import Options, Report
from kb_index.import_store import Store
from kb_index.import_web import FEEDS, HTML, html, links_of

DELAY, MAX_DELAY = 0.5, 10.0  # seconds from one page to the next, if robots.txt asks for none; what it may ask for
MAX_SITEMAPS, MAX_LISTED, MAX_UNPACKED = 50, 50_000, 50 * 1024 * 1024
_GONE = (404, 410)
_NO_PAGE = (".jpg", ".jpeg", ".png", ".gif", ".svg", ".webp", ".ico", ".css", ".js", ".zip", ".gz", ".pdf", ".mp4",
            ".mp3", ".webm", ".woff", ".woff2", ".xml", ".json", ".exe", ".dmg", ".tar")  # fmt: skip
_NOISE = ("utm_", "gclid", "fbclid", "mc_cid", "mc_eid")


def is_sitemap(page: Page) -> bool:
    head = page.data[:4096]
    packed = page.url.endswith(".gz") and head[:2] == b"\x1f\x8b"
    return packed or ((page.type in FEEDS or page.url.endswith(".xml")) and any(
        mark in head for mark in (b"<urlset", b"<sitemapindex", b":urlset", b":sitemapindex")))  # fmt: skip


class Site:
    """A walk from `start`. `prefix`: what all its pages begin with; `complete`: all of it was seen."""

    def __init__(self, start: Page, fetcher: Fetcher, options: Options, report: Report) -> None:
        self.parsed = Parsed()
        self.complete = True
        self.gone: set[str] = set()
        self.taken: set[str] = set()  # addresses of pages that are there, whether or not they became articles
        self._start, self._fetcher, self._options, self._report = start, fetcher, options, report
        parts = urlsplit(start.url)
        path = parts.path or "/"
        if not path.endswith("/"):
            last = PurePosixPath(path).name
            path = path.rsplit("/", 1)[0] + "/" if "." in last or is_sitemap(start) else f"{path}/"
        self.prefix = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
        self._delay = DELAY
        self._waiting: deque[str] = deque()
        self._queued: set[str] = set()

    async def walk(self) -> None:
        """Fill `parsed`. What was fetched by an unfinished walk, less than a day ago, is not fetched again."""
        asked = await self._fetcher.delay_of(self._start.url)
        self._delay = min(MAX_DELAY, max(DELAY, asked or 0.0))
        with Store.of(self._options.state, self._start.url) as store:
            if is_sitemap(self._start):
                await self._read_sitemaps()
                follow = False
            else:
                self._queue([self._start.url])
                follow = True
            done = 0
            while self._waiting:
                url = self._waiting.popleft()
                if done >= self._options.pages:
                    left = len(self._waiting) + 1
                    message = f"{left} more pages are known; at most {self._options.pages} are taken: allow more"
                    self.parsed.problems.append(ContentError(self._start.url, None, message))
                    self.complete = False
                    break
                self._report(done, done + len(self._waiting) + 1, url)
                try:
                    await self._take(url, store, follow)
                except ContentError as problem:
                    self.parsed.problems.append(problem)
                done += 1
            store.finish()

    async def is_gone(self, url: str) -> bool:
        """Whether a page that no other names any more does not exist either."""
        if not url or url in self.gone or url in self.taken:
            return url in self.gone
        await asyncio.sleep(self._delay)
        try:
            await self._fetcher.fetch(url)
        except ContentError as problem:
            answer = problem.__cause__
            return isinstance(answer, NotGiven) and answer.status in _GONE
        return False

    async def _take(self, url: str, store: Store, follow: bool) -> None:
        page = self._start if url == _plain(self._start.url) else store.find(url)
        if page is None:
            await asyncio.sleep(self._delay)
            try:
                page = await self._fetcher.fetch(url)
            except ContentError as problem:
                answer = problem.__cause__
                if isinstance(answer, NotGiven) and answer.status in _GONE:
                    self.gone.add(url)
                else:
                    self.complete = False
                raise
            store.keep(url, page)
        address = _plain(page.url)
        self.taken |= {url, address}
        if not self._inside(address):
            raise ContentError(url, None, f"leads to {address}, which is outside of {self.prefix}; it is not taken")
        if page.type not in HTML:
            if not follow:
                raise ContentError(url, None, f"is {page.type}; expected a page")
            return
        canonical, may_take, may_follow, links = links_of(page)
        if follow and may_follow:
            self._queue(links)
        original = _plain(canonical) if canonical else address
        if original != address and self._inside(original):
            self._queue([original])  # the same text under its proper address
            return
        if address != url and address in self._queued:
            return
        self._queued.add(address)
        if may_take:
            self.parsed.add(html(Page(address, page.type, page.charset, page.data), self._options))

    def _queue(self, addresses: list[str]) -> None:
        for one in addresses:
            url = _plain(one)
            if url not in self._queued and self._inside(url) and not urlsplit(url).path.lower().endswith(_NO_PAGE):
                if len(self._queued) >= MAX_LISTED:
                    self.complete = False
                    return
                self._queued.add(url)
                self._waiting.append(url)

    def _inside(self, url: str) -> bool:
        return url.startswith(self.prefix) or url == self.prefix.rstrip("/")

    async def _read_sitemaps(self) -> None:
        maps: deque[Page | str] = deque([self._start])
        read: set[str] = set()
        while maps:
            page = maps.popleft()
            if isinstance(page, str):
                if page in read or len(read) >= MAX_SITEMAPS:
                    self.complete = self.complete and page in read
                    continue
                read.add(page)
                await asyncio.sleep(self._delay)
                try:
                    page = await self._fetcher.fetch(page)
                except ContentError as problem:
                    self.parsed.problems.append(problem)
                    self.complete = False
                    continue
            try:
                inner, pages = sitemap(page)
            except ContentError as problem:
                if page is self._start:
                    raise
                self.parsed.problems.append(problem)
                self.complete = False
                continue
            outside = [one for one in pages if not self._inside(_plain(one))]
            if outside:
                message = f"{len(outside)} addresses lie outside of {self.prefix}, the first is {outside[0]:.200}"
                self.parsed.problems.append(ContentError(page.url, None, message))
            self._queue(pages)
            maps += [one for one in inner if urlsplit(one).netloc == urlsplit(self.prefix).netloc]


def sitemap(page: Page) -> tuple[list[str], list[str]]:
    """(sitemaps, pages) that a sitemap lists. ContentError where it is none."""
    data = page.data
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
                data = file.read(MAX_UNPACKED + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise ContentError(page.url, None, f"not gzip that can be read: {error}") from error
        if len(data) > MAX_UNPACKED:
            raise ContentError(page.url, None, f"unpacks to more than {MAX_UNPACKED} bytes")
    found: dict[str, list[str]] = {"sitemap": [], "url": []}
    try:
        for name, text in _locations(data):
            if len(found[name]) < MAX_LISTED:
                found[name].append(urljoin(page.url, text))
    except DefusedXmlException as error:
        raise ContentError(page.url, None, "declares a document type or entities, which is not read") from error
    except (ParseError, ValueError, LookupError) as error:
        raise ContentError(page.url, None, f"not a sitemap that can be read: {error}") from error
    return found["sitemap"], found["url"]


def _locations(data: bytes) -> Iterator[tuple[str, str]]:
    path: list[str] = []
    for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=True):
        name = str(element.tag).rpartition("}")[2]
        if event == "start":
            path.append(name)
            continue
        path.pop()
        if name == "loc" and path and path[-1] in ("url", "sitemap") and (element.text or "").strip():
            yield path[-1], str(element.text).strip()
        if name in ("url", "sitemap"):
            element.clear()


def _plain(url: str) -> str:
    """Without its fragment and what only counts visitors; the host in small letters."""
    parts = urlsplit(url)
    query = [
        (key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if not key.startswith(_NOISE)
    ]
    return urlunsplit((parts.scheme, parts.netloc.lower(), parts.path or "/", urlencode(query), ""))
