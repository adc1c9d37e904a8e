"""Tags that tell by which link somebody came to sign. A shared address ends in one
(`?via=whatsapp`), the browser repeats it with the form (Referer), and the signature
keeps it until it is confirmed: then it is only counted, in a tally that names
nobody."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

from django.db import models
from django.http import HttpRequest
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from core.text.links import finder

# Also for the tags that staff give to links of their own.
TAG = re.compile(r"[a-z0-9-]{1,20}")
MOST_PARAMETERS = 20
# How the tags begin of the links in mailings, which end in the number of one.
OF_MAILING = "mailing-"
# That of people of an import who are asked by mail to confirm. No tag that anybody can
# send or make has a blank.
ASKED_BY_MAIL = "asked by mail"


class Channel(models.TextChoices):
    """The tags of the links on our own pages."""

    WHATSAPP = "whatsapp", "WhatsApp"
    SMS = "sms", _("Text message")
    EMAIL = "email", _("E-mail")
    LINK = "link", _("Copied link")
    DEVICE = "device", _("The device’s own menu")
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
    """Return the address with a tag, which says by which link one came; as it is when
    it has one already."""
    try:
        parts = urlsplit(url)
        if "via" in parse_qs(parts.query, keep_blank_values=True):
            return url
    except ValueError:
        return url
    query = "&".join(filter(None, [parts.query, urlencode({"via": tag})]))
    return parts._replace(query=query).geturl()


def tag_of_mailing(number: int) -> str:
    """Return the tag of the links in the mails of a mailing."""
    return f"{OF_MAILING}{number}"


def leading(url: str, site: str, tag: str) -> str:
    """Return where a link leads: with the tag, and whole, when to a page of `site`."""
    if url.startswith("/") and not url.startswith("//"):
        url = f"{site}{url}"
    is_ours = f"{url}/".lower().startswith(f"{site}/".lower())
    return tagged(url, tag) if is_ours else url


HREF = re.compile(r'(?<=<a href=")[^"]*')


def html_with_tags(html: SafeString, site: str, tag: str) -> SafeString:
    """Return a rendered text in which links to pages of `site` are whole, and have a
    tag."""
    return mark_safe(  # noqa: S308 - only addresses change, and are escaped
        HREF.sub(lambda url: escape(leading(unescape(url[0]), site, tag)), html)
    )


# Where a link leads, in Markdown. What is less plain than this stays as it is typed.
DESTINATION = re.compile(
    r"(\]\([ \t]*<?)((?:https?://|/(?!/))[^\s()<>\\]*)(?=[\s)>])", re.IGNORECASE
)
WORD = re.compile(r"\S+")


def with_tags(text: str, site: str, tag: str) -> str:
    """Return a text in Markdown, as it is typed, in which links to pages of `site` are
    whole, and have a tag: where Markdown's lead, and addresses by themselves."""
    text = DESTINATION.sub(lambda link: f"{link[1]}{leading(link[2], site, tag)}", text)
    return WORD.sub(lambda word: word_with_tags(word[0], site, tag), text)


def word_with_tags(word: str, site: str, tag: str) -> str:
    """Return a word in which addresses of pages of `site` have a tag, unless they are
    part of a link in Markdown: its words, where it leads, or its title."""
    if "[" in word or "]" in word:
        return word
    parts, done = [], 0
    for link in finder.match(word):
        if not word[: link.index].endswith(('"', "'")):
            parts += [word[done : link.index], leading(link.text, site, tag)]
            done = link.last_index
    return "".join([*parts, word[done:]])


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
