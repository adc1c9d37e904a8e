"""Pages that only a demonstration has: the tour, the mailbox, the proof of the
count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.csp import CSP
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe
from nh3 import clean

from petitions.counts import verifying
from petitions.demo.content import AMNESTY, RIVERBANK, STAFF_EMAIL
from petitions.models import Petition

SHOWN = 50
# A mail has inline styles. Only a demonstration shows one as a page.
MAIL_CSP = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF],
}


@dataclass(frozen=True)
class StoredMail:
    """A message in the folder that a demonstration sends its mail to."""

    name: str
    sent_at: datetime
    message: EmailMessage

    def part(self, kind: str) -> str:
        body = self.message.get_body((kind,))
        return str(body.get_content()) if body is not None else ""

    @property
    def text(self) -> str:
        return self.part("plain")

    @property
    def html(self) -> SafeString:
        """The HTML part without its styles, which the content security policy of the
        page forbids."""
        html = clean(self.part("html"), clean_content_tags={"title", "style"})
        return mark_safe(html)  # noqa: S308 - cleaned by nh3


def folder() -> Path | None:
    path = settings.MAILERS["default"]["OPTIONS"].get("folder")
    return Path(path) if path else None


def read_mail(path: Path) -> StoredMail:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    nanoseconds = int(path.name.partition("-")[0])
    sent_at = datetime.fromtimestamp(nanoseconds / 1e9, UTC)
    return StoredMail(path.stem, sent_at, message)


@require_safe
def tour(request: HttpRequest) -> HttpResponse:
    """Show five things to try."""
    petitions = Petition.objects.filter(organization__name=AMNESTY.name)
    context = {
        "organization_name": AMNESTY.name,
        "first": petitions.filter(title=AMNESTY.petitions[0].title).first(),
        "phone": petitions.filter(title=AMNESTY.petitions[2].title).first(),
        "other": Petition.objects.filter(organization__name=RIVERBANK.name).first(),
        "staff_email": STAFF_EMAIL,
    }
    return TemplateResponse(request, "demo/tour.html", context)


@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """Show the newest mails that the demonstration sent, newest first."""
    path = folder()
    files = sorted(path.glob("*.eml"), reverse=True)[:SHOWN] if path else []
    context = {"mails": [read_mail(file) for file in files], "outside": path is None}
    return TemplateResponse(request, "demo/mailbox.html", context)


def get_mail(name: str) -> StoredMail:
    path = folder()
    file = path / f"{name}.eml" if path else None
    if file is None or not file.is_file():
        raise Http404
    return read_mail(file)


@require_safe
def demo_mail(request: HttpRequest, name: str) -> HttpResponse:
    return TemplateResponse(request, "demo/mail.html", {"mail": get_mail(name)})


@require_safe
@csp_override(MAIL_CSP)
def mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """Return the HTML part as mail programs get it, with its inline styles."""
    return HttpResponse(get_mail(name).part("html"))


@require_safe
def demo_proof(request: HttpRequest) -> HttpResponse:
    """Show the same proof of the count as `manage.py verify_counts`."""
    proofs = [proof for proof in verifying.verify() if proof.recorded or proof.shown]
    context = {"proofs": proofs, "holds": all(proof.holds for proof in proofs)}
    return TemplateResponse(request, "demo/proof.html", context)
