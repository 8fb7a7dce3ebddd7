"""PDF and Word files: paragraphs whole, plausible properties, and one refusal for whatever is hostile."""

import io
import sys
import time
import zipfile
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.articles import read_file
from rag.documents import PDF, WORD, convert, plausible_author, plausible_day, plausible_title, read_document
from rag.errors import ArticleRefused
from rag.pdf_text import Line, join_blocks
from rag.records import Article

BRIDGE = [
    (50, 700, 11, "The harbour bridge opened on Monday after a long conser-"),
    (50, 686, 11, "vative debate in the council of the city. It is a well-"),
    (50, 672, 11, "known bridge, and the conservative mayor praised it."),
    (50, 640, 11, "Ferries will stop in June, the council said."),
]
HELVETICA = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
GLYPHS = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [<< /Type /Font "
    "/Subtype /CIDFontType2 /BaseFont /X /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) >> >>] >>"
)


def make_pdf(pages, properties="", trailer="", font=HELVETICA):
    """Return a PDF of pages of (x, y, size, text), each text a line; object 4 holds the properties."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", font, f"<< {properties} >>"]
    kids = []
    for lines in pages:
        shown = " ".join(f"/F1 {size} Tf 1 0 0 1 {x} {y} Tm ({text}) Tj" for x, y, size, text in lines)
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Resources << /Font << /F1 3 0 R >> >> "
            f"/Contents {len(objects) + 2} 0 R >>"
        )
        objects.append(f"<< /Length {len(shown) + 6} >>\nstream\nBT {shown} ET\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(pages)} >>"
    content, places = "%PDF-1.4\n", []
    for number, written in enumerate(objects, start=1):
        places.append(len(content))
        content += f"{number} 0 obj\n{written}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    ends = f"trailer << /Size {len(objects) + 1} /Root 1 0 R /Info 4 0 R {trailer} >>\nstartxref\n{len(content)}\n%%EOF"
    return f"{content}xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}{ends}".encode("latin-1")


def make_docx(body, core=""):
    """Return a Word file of this body, and of core properties where they are given."""
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r1" Type="{kind}" Target="word/document.xml"/></Relationships>',
        )
        parts.writestr("word/document.xml", f'<w:document xmlns:w="{word}"><w:body>{body}</w:body></w:document>')
        parts.writestr(
            "word/styles.xml",
            f'<w:styles xmlns:w="{word}">'
            + "".join(
                f'<w:style w:type="paragraph" w:styleId="{name}"><w:name w:val="{said}"/></w:style>'
                for name, said in (("Title", "Title"), ("Heading1", "heading 1"), ("Heading2", "heading 2"))
            )
            + "</w:styles>",
        )
        parts.writestr(
            "word/_rels/document.xml.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
            'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>'
            "</Relationships>",
        )
        if core:
            parts.writestr(
                "docProps/core.xml",
                '<c:coreProperties xmlns:c="core" xmlns:dc="dc" xmlns:dcterms="terms">' + core + "</c:coreProperties>",
            )
    return content.getvalue()


def paragraph(text, style=""):
    about = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{about}<w:r><w:t>{text}</w:t></w:r></w:p>"


def reason_of(path, **given):
    with pytest.raises(ArticleRefused) as refused:
        read_document(path, PDF if path.suffix == ".pdf" else WORD, **given)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def block(*texts):
    return [Line(text, 50, 300, 11) for text in texts]


def test_a_pdf_gives_whole_paragraphs_with_the_words_mended_that_were_parted(tmp_path):
    """The text itself tells that "conservative" is one word and "well-known" keeps its hyphen."""
    path = tmp_path / "bridge.pdf"
    path.write_bytes(
        make_pdf([[(50, 760, 22, "Harbour bridge opens"), *BRIDGE, (50, 620, 11, "They were well-known.")]])
    )
    document = read_document(path, PDF)
    opened = "The harbour bridge opened on Monday after a long conservative debate in the council of the city."
    assert document.text.split("\n\n") == [
        "Harbour bridge opens",
        f"{opened} It is a well-known bridge, and the conservative mayor praised it.",
        "Ferries will stop in June, the council said.",
        "They were well-known.",
    ]


def test_a_pdf_becomes_an_article_whose_properties_fill_what_the_text_leaves_open(tmp_path):
    """A day that only the properties tell is marked as inferred; one in the text goes first."""
    properties = "/Title (Harbour bridge opens) /Author (Ana Duarte) /CreationDate (D:20250304101112Z)"
    (tmp_path / "a.pdf").write_bytes(make_pdf([[(50, 760, 22, "Harbour bridge opens"), *BRIDGE]], properties))
    dated = [(50, 760, 22, "Harbour bridge opens"), (50, 730, 8, "5 August 2024"), *BRIDGE]
    (tmp_path / "b.pdf").write_bytes(make_pdf([dated], properties))
    (plain,), (told,) = read_file(tmp_path / "a.pdf"), read_file(tmp_path / "b.pdf")
    assert (plain.id, plain.title, plain.author) == ("a", "Harbour bridge opens", "Ana Duarte")
    assert (plain.published, plain.published_inferred) == (date(2025, 3, 4), True)
    assert (told.published, told.published_inferred) == (date(2024, 8, 5), False)


def test_paragraphs_that_only_a_first_line_set_in_tells_apart(tmp_path):
    """Newspapers leave no space between them; a headline of two lines and a list's items are whole too."""
    set_in = [
        (62, 700, "Bus fares fall in the old town of"),
        (50, 688, "Riga"),
        (62, 676, "The council agreed on it on Monday night, after"),
        (50, 664, "a long debate in which the mayor spoke twice."),
        (62, 652, "Trams follow in June, said the council of the"),
        (50, 640, "town, which"),
        (62, 628, "\225 runs the buses as well"),
        (62, 616, "\225 owns the trams"),
    ]
    (tmp_path / "a.pdf").write_bytes(make_pdf([[(x, y, 11, text) for x, y, text in set_in]]))
    assert read_document(tmp_path / "a.pdf", PDF).text.split("\n\n") == [
        "Bus fares fall in the old town of Riga",
        "The council agreed on it on Monday night, after a long debate in which the mayor spoke twice.",
        "Trams follow in June, said the council of the town, which",
        "• runs the buses as well",
        "• owns the trams",
    ]


def test_running_heads_and_page_numbers_are_no_text_and_a_title_is_kept_once(tmp_path):
    """A sentence that runs on over the page's end is whole."""
    said = ["It began on Monday and went on", "until the council had found", "a majority for it."]
    pages = [
        [(50, 760, 9, "Daily Planet"), (50, 400, 11, text), (290, 30, 9, f"Page {number} of 3")]
        for number, text in enumerate(said, start=1)
    ]
    (tmp_path / "a.pdf").write_bytes(make_pdf(pages))
    assert read_document(tmp_path / "a.pdf", PDF).text.split("\n\n") == ["Daily Planet", " ".join(said)]


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        (("a contro-", "versial plan"), "a controversial plan"),
        (("a contro\u00ad", "versial plan"), "a controversial plan"),
        (("an Anglo-", "American plan"), "an Anglo-American plan"),
        (("by e-", "mail"), "by e-mail"),
        (("an OP-", "TIONAL or optional plan"), "an OPTIONAL or optional plan"),
        (("a long-", "term plan for a long term"), "a long-term plan for a long term"),
        (("from 2010-", "2020 on"), "from 2010- 2020 on"),
        (("大桥今天", "通车。"), "大桥今天通车。"),
        (("see rag/", "wiring"), "see rag/wiring"),
    ],
)
def test_lines_are_joined_and_hyphens_kept_where_they_may_belong(lines, joined):
    assert join_blocks([block("A long term of office.", *lines) if "term" in joined else block(*lines)])[0].endswith(
        joined
    )


@given(st.lists(st.lists(st.text("ab-C .\u00ad", min_size=1).filter(str.strip), min_size=1), min_size=1))
def test_joining_loses_no_letter(blocks):
    """Whatever is mended, every letter stays, in order; at most hyphens and spaces go."""
    lines = [block(*(" ".join(text.split()) for text in texts)) for texts in blocks]
    letters = "".join(line.text for some in lines for line in some)
    assert "".join(filter(str.isalpha, "".join(join_blocks(lines)))) == "".join(filter(str.isalpha, letters))


def test_a_word_file_gives_its_paragraphs_headings_and_rows(tmp_path):
    """Nothing is left out, be it ever so short; a table's row is a line."""
    cells = "".join(f"<w:tc>{paragraph(text)}</w:tc>" for text in ("Bus", "2 euros"))
    body = (
        paragraph("Budget agreed", "Title")
        + paragraph("The council agreed on a budget.")
        + paragraph("Fares", "Heading2")
        + paragraph("Fares fall &lt; 10 %.")
        + f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"
        + paragraph("Ok.")
    )
    core = "<dc:title>Budget agreed</dc:title><dc:creator>Lois Lane</dc:creator>"
    core += "<dcterms:created>2025-08-05T10:00:00Z</dcterms:created>"
    (tmp_path / "a.docx").write_bytes(make_docx(body, core))
    (article,) = read_file(tmp_path / "a.docx")
    assert article.text.split("\n\n") == [
        "Budget agreed",
        "The council agreed on a budget.",
        "Fares",
        "Fares fall < 10 %.",
        "Bus | 2 euros",
        "Ok.",
    ]
    assert [story.headline for story in article.stories] == ["Budget agreed", "Budget agreed › Fares"]
    assert (article.title, article.author) == ("Budget agreed", "Lois Lane")
    assert (article.published, article.published_inferred) == (date(2025, 8, 5), True)


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("Microsoft Word - draft_3.docx", ""),
        ("bridge.indd", ""),
        ("Document1", ""),
        ("Template", ""),
        ("Bridge", "Bridge"),
        ("A bridge for the harbour", "A bridge for the harbour"),
        ("x" * 301, ""),
    ],
)
def test_a_title_that_is_a_files_or_a_templates_name_is_none(title, kept):
    """A single word counts where the text begins with it."""
    assert plausible_title(title, "Bridge\n\nIt opened today.") == kept


def test_an_accounts_name_is_no_author_and_a_day_to_come_no_date():
    assert [plausible_author(name) for name in ("user", "Microsoft Office User", "a@b.example", "Ana Duarte")] == [
        *("", "", ""),
        "Ana Duarte",
    ]
    assert [plausible_day(day) for day in ("1904-01-01", "2999-01-01", "2025-02-30", "2025-03-04")] == [
        *(None, None, None),
        date(2025, 3, 4),
    ]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.pdf", b"no PDF at all", "damaged, or no PDF file"),
        ("cut.pdf", make_pdf([BRIDGE])[:300], "damaged, or no PDF"),
        ("scan.pdf", make_pdf([[], []]), "2 pages without readable text (a scan?)"),
        (
            "secret.pdf",
            make_pdf(
                [BRIDGE],
                trailer="/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <"
                + "01" * 32
                + "> /U <"
                + "02" * 32
                + "> >> "
                "/ID [<00> <00>]",
            ),
            "encrypted; save it without a password",
        ),
        ("a.docx", b"no Word file", "damaged, or no Word file"),
        ("old.docx", b"\xd0\xcf\x11\xe0" + bytes(600), "encrypted, or of Word 97-2003"),
        ("empty.docx", make_docx(paragraph("")), "holds no text"),
    ],
    ids=["no pdf", "cut", "scanned", "encrypted pdf", "no docx", "old or encrypted", "no text"],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_reason(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    assert reason in reason_of(tmp_path / name)


def test_text_that_its_fonts_do_not_spell_out_counts_as_a_scan(tmp_path):
    """Numbers of glyphs without characters would be found by nobody."""
    (tmp_path / "a.pdf").write_bytes(make_pdf([BRIDGE], font=GLYPHS))
    assert "without readable text" in reason_of(tmp_path / "a.pdf")


def test_a_reader_that_never_ends_is_killed(tmp_path):
    """The limit of time holds whatever the reader does; what it is given is the file itself."""
    (tmp_path / "a.pdf").write_bytes(b"x")
    begun = time.monotonic()
    sleeps = (sys.executable, "-c", "import time; time.sleep(600)")
    assert (
        reason_of(tmp_path / "a.pdf", program=sleeps, limit_s=0.3)
        == "not read within 0.3 s; split it, or save it as text"
    )
    assert time.monotonic() - begun < 10


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no limit of address space")
def test_a_reader_that_eats_memory_ends_at_its_limit(tmp_path):
    """The bound is set before the file is read; what goes beyond it costs the file and nothing else."""
    (tmp_path / "a.pdf").write_bytes(b"x")
    eats = "import sys; from rag.documents import limit_memory as limit; limit(int(sys.argv[2])); bytearray(2**30)"
    program = (sys.executable, "-c", eats)
    assert reason_of(tmp_path / "a.pdf", program=program, limit_bytes=2**29) == (
        "not read: it broke the PDF reader, which may use 512 MB"
    )


def test_a_word_file_that_swells_in_memory_is_refused(tmp_path):
    """XML that packs a thousand times smaller than it reads ends at a limit of memory or time, not in the program."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as parts,
        zipfile.ZipFile(io.BytesIO(make_docx(""))) as empty,
    ):
        parts.writestr("_rels/.rels", empty.read("_rels/.rels"))
        with parts.open("word/document.xml", "w", force_zip64=True) as part:
            part.write(b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>')
            for _ in range(40):
                part.write(b"<w:p><w:r/></w:p>" * (2**18 // 17))
    (tmp_path / "bomb.docx").write_bytes(content.getvalue())
    assert "not read" in reason_of(tmp_path / "bomb.docx", limit_s=15, limit_bytes=2**27)


def test_without_the_extra_the_refusal_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.docx").write_bytes(make_docx(paragraph("A text.")))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert (
        reason_of(tmp_path / "a.docx")
        == "reading Word needs a further package; run: pip install 'newspulse[documents]'"
    )


_WHOLE = {PDF: make_pdf([BRIDGE], "/Title (A)"), WORD: make_docx(paragraph("A text."), "<dc:title>A</dc:title>")}


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([PDF, WORD]), st.binary(max_size=60), st.integers(0, 900), st.booleans())
def test_any_bytes_give_text_or_a_reason(format_name, noise, at, whole):
    """A file that is damaged anywhere, or is none, gives paragraphs on one line each, or a reason on one line."""
    content = bytearray(_WHOLE[format_name] if whole else b"")
    content[at : at + len(noise)] = noise
    said = convert(io.BytesIO(bytes(content)), format_name)
    if "refused" in said:
        assert said["refused"]
        assert "\n" not in said["refused"]
    else:
        assert all(text.strip() and "\n" not in text for text, _ in said["paragraphs"])


def test_the_places_of_headings_are_theirs(tmp_path):
    """Each heading's span is that paragraph of the text."""
    body = "".join(paragraph(f"Heading {n}", "Heading1") + paragraph(f"Text {n}.") for n in range(3))
    (tmp_path / "a.docx").write_bytes(make_docx(body))
    document = read_document(tmp_path / "a.docx", WORD)
    assert [(at.of(document.text), level) for at, level in document.headings] == [(f"Heading {n}", 1) for n in range(3)]
    assert all(one.end < other.start for (one, _), (other, _) in pairwise(document.headings))


def test_a_name_that_looks_like_an_option_is_only_a_name(tmp_path):
    """The reading process is given the open file, never its name."""
    path = Path(tmp_path, "--help.docx")
    path.write_bytes(make_docx(paragraph("A text is here.")))
    (article,) = read_file(path)
    assert isinstance(article, Article)
    assert article.id == "--help"
