"""Every screen is open to everybody: by the rules of WCAG, light and dark, on a laptop and on a phone."""

from __future__ import annotations

from tests.support.chromium import LAPTOP, PHONE, Person


def look(name: str, somebody: Person) -> None:
    """Check a screen by the rules of WCAG 2.2 AA, light and dark, on a laptop and on a phone.

    Raises:
        AssertionError: axe finds something, a script complains, or a phone has to scroll sideways.
    """
    page = somebody.page
    for size in (LAPTOP, PHONE):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        assert somebody.overflow() <= 0, f"{name}: wider than {size[0]} pixels"
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = somebody.violations()
            assert not found, f"{name}, {scheme}, {size[0]} pixels wide:\n" + "\n".join(found)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})
    assert not somebody.complaints, f"{name}: {somebody.complaints}"
