"""A format of an operator: lists of places as another program has them, ``<sites><site name= at="lat lon">...``."""

from __future__ import annotations

from pathlib import Path

HEAD = '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
#: Reads it: each site is a record of the table that is asked for, with the program's own number as identifier.
IMPORT = f"""{HEAD}
  <xsl:param name="prefix"/>
  <xsl:param name="name"/>
  <xsl:param name="domain"/>
  <xsl:template match="/sites">
    <s3xml><xsl:apply-templates select="site"/></s3xml>
  </xsl:template>
  <xsl:template match="site">
    <resource name="{{concat($prefix, '_', $name)}}" uuid="urn:{{$domain}}:site:{{@number}}">
      <data field="name"><xsl:value-of select="@label"/></data>
      <xsl:if test="@note"><data field="comments"><xsl:value-of select="@note"/></data></xsl:if>
    </resource>
  </xsl:template>
</xsl:stylesheet>
"""
#: Writes it.
EXPORT = f"""{HEAD}
  <xsl:output method="xml" indent="yes"/>
  <xsl:param name="prefix"/>
  <xsl:param name="name"/>
  <xsl:template match="/s3xml">
    <sites><xsl:apply-templates select="resource[@name=concat($prefix, '_', $name)]"/></sites>
  </xsl:template>
  <xsl:template match="resource">
    <site id="{{@uuid}}" label="{{data[@field='name']}}"/>
  </xsl:template>
</xsl:stylesheet>
"""
SITES = '<sites><site number="1" label="Mill &amp; river"/><site number="2" label="School" note="\'closed\'"/></sites>'


def install(root: Path, name: str = "sitelist", reads: str = IMPORT, writes: str = EXPORT) -> Path:
    """Set a format up, as an operator does; "" leaves a stylesheet out.

    Args:
        root: the folder of all formats.
        name: of the format.
        reads, writes: the stylesheets.
    """
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in (("import.xsl", reads), ("export.xsl", writes)):
        if text:
            (folder / file).write_text(text, "utf-8")
    return folder
