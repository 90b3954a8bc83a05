"""A person's browser without scripts: keeps cookies, follows redirections, sends the forms that a page has."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any, Optional

import requests

Attributes = dict[str, Optional[str]]


class _Forms(HTMLParser):
    """Collects what each form of a page would send as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._select: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given: Attributes = dict(attributes)
        if tag == "form":
            self.forms.append({})
        if not self.forms or "disabled" in given:
            return
        name = given.get("name")
        if tag == "input" and name:
            kind = given.get("type") or "text"
            if kind not in ("submit", "file") and (kind not in ("checkbox", "radio") or "checked" in given):
                self._add(name, given.get("value") or "")
        elif tag == "select" and name:
            self._select = name
        elif tag == "option" and self._select:
            if "selected" in given or self._select not in self.forms[-1]:
                self.forms[-1][self._select] = given.get("value") or ""
        elif tag == "textarea" and name:
            self._area = name
            self.forms[-1][name] = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def _add(self, name: str, value: str) -> None:
        form = self.forms[-1]
        if name in form:
            known = form[name] if isinstance(form[name], list) else [form[name]]
            form[name] = [*known, value]
        else:
            form[name] = value


def forms(page: str) -> dict[str, dict[str, Any]]:
    """Return the forms of a page by their web2py name ("" where there is none): field -> value."""
    parser = _Forms()
    parser.feed(page)
    return {form.get("_formname", ""): form for form in parser.forms}


def visible(page: str) -> str:
    """Return the text of a page's main part, blanks made one."""
    main = page[page.find("<main") : page.rfind("</main>")]
    parser = _Text()
    parser.feed(main)
    return " ".join("".join(parser.parts).split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts += [data, " "]


class Browser:
    """One person at a site.

    Args:
        base: URL of the application.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str) -> requests.Response:
        answer = self.session.get(self._url(path), timeout=60)
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            # A strict Content-Security-Policy holds.
            assert not re.search(r"<[^>]+\son[a-z]+=|<script(?![^>]*src=)", answer.text)
            # What a view shows is a text, not the module or function that has the same name there.
            assert not re.search(r"&lt;(?:module|function|bound method) ", answer.text), path
        return answer

    def page(self, path: str) -> str:
        """Return the text of a page that has to be there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:2000])
        return answer.text

    def submit(self, path: str, form: str, /, **values: Any) -> requests.Response:
        """Send a form of a page as it stands, with these values changed; None leaves a value out."""
        found = forms(self.page(path))
        assert form in found, (path, sorted(found))
        data = {name: value for name, value in {**found[form], **values}.items() if value is not None}
        return self.session.post(self._url(path), data=data, timeout=60)

    def login(self, email: str, password: str) -> Browser:
        found = forms(self.page("/default/user/login"))
        (form,) = found.values()
        answer = self.session.post(
            self._url("/default/user/login"), data={**form, "email": email, "password": password}, timeout=60
        )
        assert "logout" in answer.text, visible(answer.text)
        return self

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else self.base + path
