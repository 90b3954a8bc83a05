"""What servers with files answer."""

from __future__ import annotations

import pytest

from s3sync.wire.places.dav import Resource, resources
from s3sync.wire.places.object_store import object_list, store_error
from s3sync.wire.places.plain_xml import parsed

NEXTCLOUD = b"""<?xml version="1.0"?>
<d:multistatus xmlns:d="DAV:" xmlns:oc="http://owncloud.org/ns">
 <d:response><d:href>/remote.php/dav/files/me/x/a%20b.xml</d:href><d:propstat><d:prop>
  <d:getlastmodified>Mon, 30 Nov 2026 07:00:00 GMT</d:getlastmodified><d:getcontentlength>12</d:getcontentlength>
  <d:resourcetype/><d:getetag>&quot;abc&quot;</d:getetag></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat>
 </d:response>
 <d:response><d:href>https://cloud.example.org/remote.php/dav/files/me/x/</d:href><d:propstat><d:prop>
  <d:resourcetype><d:collection/></d:resourcetype></d:prop></d:propstat></d:response>
 <d:response><d:href>/remote.php/dav/files/me/x/sub/</d:href><d:propstat><d:prop>
  <d:resourcetype><d:collection/></d:resourcetype></d:prop></d:propstat></d:response>
</d:multistatus>"""


def test_a_list_names_the_folder_first_wherever_it_stands() -> None:
    assert resources(NEXTCLOUD) == [
        Resource("/remote.php/dav/files/me/x", True, None, ""),
        Resource("/remote.php/dav/files/me/x/a b.xml", False, 12, '"abc"'),
        Resource("/remote.php/dav/files/me/x/sub", True, None, ""),
    ]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html><body>Log in</body></html>",
        b"{}",
        b'<!DOCTYPE x [<!ENTITY e "x">]><multistatus xmlns="DAV:">&e;</multistatus>',
        b'<?xml version="1.0"?><!DOCTYPE x SYSTEM "file:///etc/passwd"><multistatus xmlns="DAV:"/>',
    ],
)
def test_what_is_no_list_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="it "):
        resources(text)
    with pytest.raises(ValueError, match="it "):
        object_list(text)


def test_a_list_of_objects_says_how_to_go_on() -> None:
    text = (
        b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
        b"<Contents><Key>a%20b</Key><Size>3</Size><ETag>e</ETag></Contents>"
        b"<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes></ListBucketResult>"
    )
    found = object_list(text)
    assert found.objects == [("a b", 3, "e")] and found.folders == ["c/"] and found.following == "t"
    assert object_list(text.replace(b">true<", b">false<")).following == ""


def test_an_error_has_a_code_or_none() -> None:
    assert store_error(b"<Error><Code>NoSuchKey</Code><Message>m</Message></Error>") == ("NoSuchKey", "m")
    assert store_error(b"<x/>") == store_error(b"bad gateway") == ("", "")
    assert parsed(b"<a/>").tag == "a"
