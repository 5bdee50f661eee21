"""Printed manuals: PDF and Word with headings, lists, tables and code; what cannot be read is said."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import docx
import pytest
from fpdf import FPDF

from kb_index.errors import ContentError
from tests.kb_index.imports import articles_of, take

LONG = "The exporter writes every document with its thumbnail and its metadata into a folder that you choose before. "


class Manual(FPDF):
    """Pages with a head and a foot, as office programs print them."""

    def header(self) -> None:
        self.set_font("Helvetica", size=8)
        self.cell(0, 6, "Handbook of the archive, third edition", new_x="LMARGIN", new_y="NEXT")

    def footer(self) -> None:
        self.set_y(-15)
        self.set_font("Helvetica", size=8)
        self.cell(0, 6, f"Page {self.page_no()} of 4")

    def heading(self, text: str, size: int, level: int | None) -> None:
        if level is not None:
            self.start_section(text, level)
        self.set_font("Helvetica", style="B", size=size)
        self.multi_cell(0, size * 0.6, text, new_x="LMARGIN", new_y="NEXT")
        self.ln(2)

    def paragraph(self, text: str, font: str = "Helvetica") -> None:
        self.set_font(font, size=11)
        self.multi_cell(0, 5.5, text, align="L", new_x="LMARGIN", new_y="NEXT")
        self.ln(4)


def manual(outline: bool) -> bytes:
    pdf = Manual()
    pdf.add_page()
    pdf.heading("The Archive", 26, None)
    for chapter in range(1, 4):
        pdf.heading(f"{chapter}. Chapter about part {'ABC'[chapter - 1]}", 18, 0 if outline else None)
        pdf.paragraph(LONG * 3)
        pdf.heading(f"{chapter}.1 Details", 14, 1 if outline else None)
        pdf.paragraph(
            "A word that is divi-\nded at the end of a line is mended, but a well-\nKnown one keeps its hyphen."
        )
        pdf.paragraph("- first point\n- second point")
        pdf.paragraph("$ archive --export /tmp\n    --all", "Courier")
        if chapter == 1:
            pdf.set_font("Helvetica", size=11)
            with pdf.table() as table:
                for cells in (("Key", "What it does"), ("F1", "shows help"), ("F5", "loads again")):
                    row = table.row()
                    for cell in cells:
                        row.cell(cell)
        pdf.add_page()
    pdf.paragraph("The end of the handbook.")
    return bytes(pdf.output())


@pytest.mark.parametrize("outline", [True, False])
def test_a_pdf_manual_reads_well(tmp_path: Path, outline: bool) -> None:
    source = tmp_path / "handbook.pdf"
    source.write_bytes(manual(outline))
    assert take(source, tmp_path / "content").written == ["manuals/handbook.en.md"]
    article = articles_of(tmp_path / "content")["handbook"]
    assert article.title == "The Archive"
    lines = article.text.split("\n")
    assert [line for line in lines if line.startswith("#")] == [
        line for name in "ABC" for number in ["ABC".index(name) + 1]
        for line in (f"## {number}. Chapter about part {name}", f"### {number}.1 Details")
    ]  # fmt: skip
    assert "divided at the end of a line is mended, but a well- Known one" in article.text
    assert "- first point\n- second point" in article.text
    assert "```\n$ archive --export /tmp\n    --all\n```" in article.text
    assert "| Key | What it does |\n| --- | --- |\n| F1 | shows help |\n| F5 | loads again |" in article.text
    assert " ".join((LONG * 3).split()) in article.text, "a paragraph is one line"
    for furniture in ("third edition", "Page 1", "of 4"):
        assert furniture not in article.text


def test_a_pdf_of_pictures_or_with_a_password_is_named(tmp_path: Path) -> None:
    source = tmp_path / "scan.pdf"
    blank = FPDF()
    blank.add_page()
    source.write_bytes(bytes(blank.output()))
    with pytest.raises(ContentError, match="recognise their text"):
        take(source, tmp_path / "content")
    locked = FPDF()
    locked.add_page()
    locked.set_font("Helvetica", size=11)
    locked.cell(text="Secret words that nobody may read here")
    locked.set_encryption(owner_password="a", user_password="b")
    source.write_bytes(bytes(locked.output()))
    with pytest.raises(ContentError, match="locked with a password"):
        take(source, tmp_path / "content")


@pytest.fixture
def word(tmp_path: Path) -> Path:
    book = docx.Document()
    book.add_heading("Das Archiv", 0)
    book.add_heading("Einrichten", 1)
    book.add_paragraph("Legen Sie ein Konto an.")
    book.add_paragraph("Adresse eingeben", style="List Number")
    book.add_paragraph("Passwort wählen", style="List Number")
    book.add_heading("Wenn es nicht geht", 2)
    book.add_paragraph("Prüfen Sie", style="List Bullet").add_run(" alles").bold = True
    table = book.add_table(rows=2, cols=2)
    for cell, text in zip(
        (cell for row in table.rows for cell in row.cells), ("Taste", "Wirkung", "F1", "Hilfe"), strict=True
    ):
        cell.text = text
    book.add_heading("Benutzen", 1)
    book.add_paragraph("<script>alert(1)</script> ist nur Text.")
    path = tmp_path / "archiv.de.docx"
    book.save(str(path))
    return path


def test_a_word_manual_reads_well(word: Path, tmp_path: Path) -> None:
    assert take(word, tmp_path / "content").written == ["manuals/archiv.de.md"]
    article = articles_of(tmp_path / "content")["archiv"]
    assert (article.title, article.lang) == ("Das Archiv", "de")
    headings = [line for line in article.text.split("\n") if line.startswith("#")]
    assert headings == ["## Einrichten", "### Wenn es nicht geht", "## Benutzen"]
    assert "1. Adresse eingeben\n2. Passwort wählen" in article.text
    assert "- Prüfen Sie **alles**" in article.text
    assert "| Taste | Wirkung |\n| --- | --- |\n| F1 | Hilfe |" in article.text


def repacked(path: Path, change: dict[str, bytes]) -> bytes:
    """A document with some of its parts replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, change.get(info.filename, old.read(info)))
        for name in change.keys() - set(old.namelist()):
            new.writestr(name, change[name])
    return made.getvalue()


def test_documents_that_are_bombs_or_broken_are_refused(word: Path, tmp_path: Path) -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
    good = word.read_bytes()
    for data, says in (
        (repacked(word, {"word/document.xml": laughs}), "declares entities"),
        (repacked(word, {"word/document.xml": laughs.decode().encode("utf-16")}), "declares entities"),
        (repacked(word, {f"word/{n}.bin": b"\0" * 60_000_000 for n in range(6)}), "unpacks to more than"),
        (repacked(word, {"word/document.xml": b"<w:document"}), "not a DOCX document"),
        (good[: len(good) // 2], "not a DOCX document"),
        (b"PK\x03\x04nonsense", "not a DOCX document"),
    ):
        word.write_bytes(data)
        with pytest.raises(ContentError, match=says):
            take(word, tmp_path / "content")
        word.write_bytes(good)
