"""Tags that tell by which link somebody came to sign. A shared address ends in one
(`?via=whatsapp`), the browser repeats it with the form (Referer), and the signature
keeps it until it is confirmed: then it is only counted, in a tally that names
nobody."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

# Also for the tags that staff give to links of their own.
TAG = re.compile(r"[a-z0-9-]{1,20}")
MOST_PARAMETERS = 20


class Channel(models.TextChoices):
    """The tags of the links on our own pages."""

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
    """Normalise a tag as it is stored; return '' for what is not one."""
    tag = text.strip().lower()
    return tag if TAG.fullmatch(tag) else ""


def tagged(url: str, tag: str) -> str:
    """Return the address with a tag, which says by which link one came."""
    return f"{url}?{urlencode({'via': tag})}"


def via_of(request: HttpRequest) -> str:
    """Return the tag of the page that a form was sent from; '' when there is none. A
    form that is shown again repeats it as a field, because its own address has none."""
    return clean_tag(request.POST.get("via", "")) or referred(
        request.headers.get("Referer", ""), request.get_host()
    )


def referred(referer: str, host: str) -> str:
    """Return the tag in `referer` when that is a page of our own; otherwise ''."""
    try:
        page = urlsplit(referer)
        given = parse_qs(page.query, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        return ""
    if page.netloc.lower() != host.lower():
        return ""
    return clean_tag(given.get("via", [""])[0])
