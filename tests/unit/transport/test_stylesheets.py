"""Stylesheets of an operator run in a process of their own, and can do nothing but turn a document."""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from s3sync.core.errors import DocumentError, DocumentTooLarge, UnsupportedFormat
from s3sync.transport import stylesheets as transforming
from s3sync.transport.stylesheets import Limits, Stylesheets
from s3sync.transport.turns import SiteBusy, turn
from s3sync.wire.stylesheets import formats as formats
from tests.support.stylesheets import EXPORT, HEAD, IMPORT, SITES, install

TOLD = {"prefix": "cr", "name": "shelter", "domain": "x"}
QUICK = Limits(seconds=1, memory=400 << 20, size=1 << 20)


def sheets(tmp_path: Path, body: str = "", limits: Limits = QUICK) -> Stylesheets:
    """Return formats, of which ``sitelist`` has this in place of its usual stylesheet."""
    reads = f"{HEAD}{body}</xsl:stylesheet>" if body else IMPORT
    install(tmp_path / "formats", reads=reads)
    return Stylesheets(tmp_path / "formats", tmp_path / "spool", limits)


def read(found: Stylesheets, document: str = SITES, **parameters: str) -> str:
    out = io.BytesIO()
    found.to_s3xml("sitelist", io.BytesIO(document.encode()), out, {**TOLD, **parameters})
    return out.getvalue().decode()


def template(body: str) -> str:
    return f'<xsl:template match="/"><s3xml>{body}</s3xml></xsl:template>'


def test_a_document_is_turned_into_s3xml_and_back(tmp_path: Path) -> None:
    found = sheets(tmp_path)
    told = read(found)
    assert (
        '<resource name="cr_shelter" uuid="urn:x:site:1"><data field="name">Mill &amp; river</data>' in told
    )
    out = io.BytesIO()
    found.from_s3xml("sitelist", io.BytesIO(told.encode()), out, TOLD)
    assert '<site id="urn:x:site:2" label="School"/>' in out.getvalue().decode()
    assert [each.name for each in (tmp_path / "spool").iterdir()] == [transforming.TURNS]


def test_a_parameter_is_a_text_whatever_it_holds(tmp_path: Path) -> None:
    assert 'uuid="urn:it\'s &quot;:site:1"' in read(sheets(tmp_path), domain="it's \"")


def test_a_stylesheet_may_have_parts_in_the_folder_of_the_formats_and_nowhere_else(tmp_path: Path) -> None:
    found = sheets(tmp_path, '<xsl:include href="../common.xsl"/>')
    common = tmp_path / "formats" / "common.xsl"
    common.write_text(f"{HEAD}{template('<data/>')}</xsl:stylesheet>")
    assert "<data/>" in read(found)
    (tmp_path / "outside.xsl").write_text(common.read_text())
    common.unlink()
    common.symlink_to(tmp_path / "outside.xsl")
    with pytest.raises(DocumentError):
        read(found)
    with pytest.raises(DocumentError):
        read(sheets(tmp_path, '<xsl:include href="../../outside.xsl"/>'))
    with pytest.raises(DocumentError):
        read(sheets(tmp_path, '<xsl:import href="http://127.0.0.1:1/x.xsl"/>'))


@pytest.mark.parametrize(
    "body",
    [
        template("<xsl:copy-of select=\"document('')\"/>"),
        template("<xsl:copy-of select=\"document('../../spool/x.xml')\"/>"),
        '<xsl:include href="import.xsl"/>',
    ],
)
def test_what_is_said_of_a_failure_does_not_say_where_files_lie_on_the_machine(
    tmp_path: Path, body: str
) -> None:
    with pytest.raises(DocumentError) as failed:
        read(sheets(tmp_path, body))
    assert str(tmp_path) not in failed.value.message and ".x" in failed.value.message


SECRET = "the content of a file of the machine"
LOOP = '<xsl:template name="again"><xsl:call-template name="again"/></xsl:template>'
TWICE = (
    '<xsl:template name="twice"><xsl:param name="n"/><xsl:if test="$n &gt; 0">{}<xsl:call-template name="twice">'
    '<xsl:with-param name="n" select="$n - 1"/></xsl:call-template><xsl:call-template name="twice">'
    '<xsl:with-param name="n" select="$n - 1"/></xsl:call-template></xsl:if></xsl:template>'
)
CALL = template('<xsl:call-template name="twice"><xsl:with-param name="n" select="60"/></xsl:call-template>')


@pytest.mark.parametrize(
    "body",
    [
        "<xsl:template match='/'><s3xml><xsl:copy-of select=\"document('FILE')\"/></s3xml></xsl:template>",
        "<xsl:template match='/'><s3xml><xsl:copy-of select=\"document('../common.xsl')\"/></s3xml></xsl:template>",
        "<xsl:template match='/'><s3xml><xsl:copy-of select=\"document('http://127.0.0.1:1/')\"/></s3xml></xsl:template>",
        template('<xsl:document href="written.xml"><x/></xsl:document>'),
        template('<e:document xmlns:e="http://exslt.org/common" href="written.xml"><x/></e:document>'),
        template('<xsl:value-of xmlns:d="http://exslt.org/dynamic" select="d:evaluate(\'1\')"/>'),
        template('<xsl:value-of xmlns:x="http://xmlsoft.org/XSLT/namespace" select="x:test()"/>'),
        template('<xsl:value-of select="unknown()"/>'),
        template("<xsl:message terminate='yes'>no</xsl:message>"),
        template('<xsl:call-template name="again"/>') + LOOP,
        CALL + TWICE.format(""),
        CALL + TWICE.format("<data>a text that becomes very long</data>"),
        "<xsl:nonsense/>",
        "<unclosed>",
    ],
    ids=range(14),
)  # fmt: skip
def test_a_stylesheet_reads_and_writes_nothing_and_comes_to_an_end(tmp_path: Path, body: str) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text(f"<x>{SECRET}</x>")
    (tmp_path / "formats").mkdir()
    (tmp_path / "formats" / "common.xsl").write_text(f"<x>{SECRET}</x>")
    found = sheets(tmp_path, body.replace("FILE", str(secret)))
    try:
        told = read(found)
    except DocumentError as error:
        assert error.message and error.hint and SECRET not in error.message
    else:
        assert SECRET not in told
        assert "document(" in body, "what cannot be read is nothing, for XSLT"
    assert list(tmp_path.rglob("written.xml")) == []
    assert [each.name for each in (tmp_path / "spool").iterdir()] in ([], [transforming.TURNS])


def test_time_memory_and_size_are_limited_each(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="needs more than 1 seconds"):
        read(sheets(tmp_path, CALL + TWICE.format("")))
    wide = TWICE.format("<data>a text that becomes very long</data>")
    with pytest.raises(DocumentError, match="more than 200 MB of memory"):
        read(sheets(tmp_path, CALL + wide, Limits(seconds=30, memory=200 << 20)))
    some = CALL.replace('"60"', '"15"')
    with pytest.raises(DocumentTooLarge, match="writes more than 1000 bytes"):
        read(sheets(tmp_path, some + wide, Limits(size=1000)))


def test_what_ended_a_stylesheet_is_known_by_more_than_its_words(tmp_path: Path) -> None:
    for said in ("File too large", "MemoryError"):
        with pytest.raises(DocumentError, match=f"failed.*{said}") as failed:
            read(sheets(tmp_path, template(f"<xsl:message terminate='yes'>{said}</xsl:message>")))
        assert type(failed.value) is DocumentError


def test_no_more_run_at_once_than_the_machine_bears_and_who_comes_later_is_told_to_come_again(
    tmp_path: Path,
) -> None:
    found = sheets(tmp_path, template("<data/>"))
    with ExitStack() as running:
        for _ in range(transforming.MOST_AT_ONCE):
            running.enter_context(turn(found.spool / transforming.TURNS, transforming.MOST_AT_ONCE, 0))
        with pytest.raises(SiteBusy) as refused:
            read(replace(found, limits=Limits(wait=0)))
        assert (refused.value.transient, refused.value.http_status) == (True, 503)
    assert "<data/>" in read(found)


@pytest.mark.parametrize(
    "document",
    ["", "no xml", "<!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><sites>&x;</sites>", "<sites>"],
)
def test_a_hostile_document_is_refused(tmp_path: Path, document: str) -> None:
    with pytest.raises(DocumentError, match=r"no XML|DTD"):
        read(sheets(tmp_path), document)


def test_a_large_document_is_refused_before_a_stylesheet_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transforming, "MOST_BYTES", 1000)
    with pytest.raises(DocumentTooLarge):
        read(sheets(tmp_path), "x" * 1001)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "xml",
        "csv",
        "..",
        "../sitelist",
        "/etc",
        "sitelist/",
        "SITELIST",
        "a",
        "x" * 40,
        "site list",
        "no",
    ],
)
def test_only_the_plain_name_of_a_format_is_known(tmp_path: Path, name: str) -> None:
    found = sheets(tmp_path)
    install(tmp_path / "formats", "xml")
    assert found.find(name) is None
    with pytest.raises(UnsupportedFormat):
        found.to_s3xml(name, io.BytesIO(b"<x/>"), io.BytesIO(), {})
    assert [each.name for each in found.all()] == ["sitelist"]


def test_a_format_may_go_one_way_only(tmp_path: Path) -> None:
    install(tmp_path / "formats", "outonly", reads="")
    found = Stylesheets(tmp_path / "formats", tmp_path / "spool")
    (one,) = found.all()
    assert one.writes and not one.reads and EXPORT
    with pytest.raises(UnsupportedFormat, match="is not read here"):
        found.to_s3xml("outonly", io.BytesIO(b"<x/>"), io.BytesIO(), {})
    assert Stylesheets(None, tmp_path).all() == [] and formats.listed(tmp_path / "none") == []
