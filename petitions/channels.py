"""By which link somebody came to sign. A shared address says it at its end
(`?via=whatsapp`), the browser repeats it with the form (Referer), and it goes with the
signature until that is confirmed: then it is one in a number, and nobody's any more."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

# What staff name a link of their own, too.
TAG = re.compile(r"[a-z0-9-]{1,20}")
MOST_PARAMETERS = 20


class Channel(models.TextChoices):
    """What the links on our own pages are tagged with."""

    WHATSAPP = "whatsapp", "WhatsApp"
    SMS = "sms", _("Text message")
    EMAIL = "email", _("E-mail")
    LINK = "link", _("Copied link")
    DEVICE = "device", _("The device's own menu")
    FACEBOOK = "facebook", "Facebook"
    X = "x", "X"
    BLUESKY = "bluesky", "Bluesky"
    MASTODON = "mastodon", "Mastodon"
    LINKEDIN = "linkedin", "LinkedIn"
    TELEGRAM = "telegram", "Telegram"
    EMBED = "embed", _("Card on another site")
    POSTER = "poster", _("Poster")
    SHEET = "sheet", _("Paper sheet")


def clean_tag(text: str) -> str:
    """A tag as it is stored, or '' for what is none."""
    tag = text.strip().lower()
    return tag if TAG.fullmatch(tag) else ""


def tagged(url: str, tag: str) -> str:
    """The address that says by which link one came."""
    return f"{url}?{urlencode({'via': tag})}"


def via_of(request: HttpRequest) -> str:
    """The tag of the page that a form was sent from; '' when there is none. A form
    that is shown again repeats it, because its own address has none."""
    return clean_tag(request.POST.get("via", "")) or referred(
        request.headers.get("Referer", ""), request.get_host()
    )


def referred(referer: str, host: str) -> str:
    """The tag in the address of a page of our own."""
    try:
        page = urlsplit(referer)
        given = parse_qs(page.query, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return ""
    if page.netloc.lower() != host.lower():
        return ""
    return clean_tag(given.get("via", [""])[0])
