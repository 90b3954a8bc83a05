"""Style sheets that hold inside one element."""

from __future__ import annotations

import re

import pytest

from s3sync.ui.confined import confined
from tests.support.places import APPLICATION


@pytest.mark.parametrize(
    ("sheet", "inside"),
    [
        (".btn{a:b}", ".p .btn{a:b}"),
        ("a, b > c{x:y}", ".p a,.p b > c{x:y}"),
        (":root{--x:1}", ".p{--x:1}"),
        ("html body{x:y}", ".p{x:y}"),
        ("body.wide p{x:y}", ".p.wide p{x:y}"),
        ("body-part{x:y}", ".p body-part{x:y}"),
        (":is(a, b) c{x:y}", ".p :is(a, b) c{x:y}"),
        ("@media print{a{x:y}b{z:w}}", "@media print{.p a{x:y}.p b{z:w}}"),
        ("@keyframes turn{from{x:y}to{x:z}}", "@keyframes turn{from{x:y}to{x:z}}"),
        ('@charset "UTF-8";a{x:"}"}', '.p a{x:"}"}'),
        ("/* a{} */b{x:y}", ".p b{x:y}"),
        ("[dir=rtl] a{x:y}", ".p[dir=rtl] a,.p [dir=rtl] a{x:y}"),
    ],
)
def test_each_rule_is_for_the_part_alone(sheet: str, inside: str) -> None:
    assert confined(sheet, ".p") == inside


def test_pictures_are_named_from_where_the_result_lies() -> None:
    sheet = 'a{b:url(arrow.svg)}c{d:url("data:image/svg+xml,x")}'
    assert confined(sheet, ".p", "../sync") == (
        '.p a{b:url("../sync/arrow.svg")}.p c{d:url("data:image/svg+xml,x")}'
    )


@pytest.mark.parametrize("name", ["eden.css", "plain.css", "dark.css"])
def test_nothing_of_our_sheets_reaches_the_layout_of_an_eden(name: str) -> None:
    text = confined((APPLICATION / "static" / "sync" / name).read_text(encoding="utf-8"), ".s3sync")
    plain = re.sub(r"@keyframes[^{]+\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", text)
    heads = [each.strip() for each in re.findall(r"([^{}]+)\{[^{}]*\}", re.sub(r"@media[^{]*\{", "", plain))]
    assert heads and [head for head in heads if not head.startswith((".s3sync", "@"))] == []
