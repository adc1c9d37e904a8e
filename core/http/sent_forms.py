"""Keep what was typed into a form that could not be taken, on the page that says so."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django_stubs_ext import StrOrPromise

from core.http.origin import Origin, origin_of
from core.i18n.languages import ADMIN

# The labels of fields that visitors type into, by name; apps add theirs.
LABELS: dict[str, StrOrPromise] = {}


@dataclass
class SentForm:
    """A form that was sent to `action`, to be sent there once more."""

    action: str
    shown: list[tuple[str, StrOrPromise, str]] = field(default_factory=list)
    """Name, label and value of what visitors typed."""
    hidden: list[tuple[str, str]] = field(default_factory=list)
    passwords: list[str] = field(default_factory=list)
    """Names of the fields to be typed again: no page holds a password."""
    has_files: bool = False

    @property
    def long(self) -> list[str]:
        """The names of shown fields with too much for a line."""
        return [
            n for n, _label, value in self.shown if len(value) > 60 or "\n" in value
        ]


def sent_form(request: HttpRequest) -> SentForm | None:
    """Return the form that `request` sent. None when it sent none, or when another site
    did: from our page its button would look like ours."""
    if request.method != "POST" or origin_of(request) is Origin.FOREIGN:
        return None
    try:
        pairs = [(name, v) for name, vs in request.POST.lists() for v in vs]
        form = SentForm(request.get_full_path(), has_files=bool(request.FILES))
    except (
        BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError
    ):  # fmt: skip
        return None
    labels = {} if request.path.startswith(ADMIN) else LABELS
    for name, value in pairs:
        if "password" in name:
            form.passwords.append(name)
        elif name in labels:
            form.shown.append((name, labels[name], value))
        else:
            form.hidden.append((name, value))
    return form
