"""A browser that fills in forms of staff, and a form whose login ends meanwhile."""

from __future__ import annotations

import html
import re
from typing import Any

from django.contrib.sessions.models import Session
from django.test import Client

from organizations.models import Organization, User
from tests.project.conftest import sent

TEXT = "A text that took an hour <to> write,\r\nwith “signs” & two lines."


class Browser:
    """A browser whose tokens are checked, as in life."""

    def __init__(self) -> None:
        self.client = Client(
            enforce_csrf_checks=True,
            headers={"host": "localhost", "sec-fetch-site": "same-origin"},
        )

    def get(self, path: str) -> Any:
        return self.client.get(path)

    def log_in(self, user: User) -> Any:
        page = self.get("/admin/login/")
        return self.send(
            page, username=user.email, password="correct horse", next="/admin/"
        )

    def send(self, page: Any, form: str = "", /, **changes: Any) -> Any:
        """Fill in the form of a page that has this id (the last one) and send it."""
        shown = page.content.decode()
        found = re.findall(r"<form([^>]*)>(.*?)</form>", shown, re.DOTALL)
        attributes, inside = [one for one in found if form in one[0]][-1]
        fields: dict[str, list[str]] = {}
        for tag in re.findall(r"<input[^>]*type=\"hidden\"[^>]*>", inside):
            name = re.search(r'name="([^"]*)"', tag)
            value = re.search(r'value="([^"]*)"', tag, re.DOTALL)
            if name:
                fields.setdefault(html.unescape(name[1]), []).append(
                    html.unescape(value[1]) if value else ""
                )
        action = re.search(r'action="([^"]*)"', attributes)
        path = html.unescape(action[1]) if action else page.wsgi_request.get_full_path()
        return self.client.post(path, {**fields, **changes})


def end(user: User) -> None:
    Session.objects.all().delete()


def change(organization: Organization) -> str:
    return f"/admin/organizations/organization/{organization.pk}/change/"


def write(browser: Browser, page: Any, **more: Any) -> Any:
    return browser.send(
        page, 'id="organization_form"', **{**sent(page), "description": TEXT, **more}
    )
