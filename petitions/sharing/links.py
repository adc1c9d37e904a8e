"""Links to share a petition. They are plain links, each tagged with its channel
(`?via=`); no other site is contacted before somebody presses one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext

from petitions.channels import Channel, tagged
from petitions.models import Petition
from petitions.states import ENDED_STATES, State

# The longest post on Bluesky in characters, address included.
BLUESKY_MOST = 300


@dataclass(frozen=True, slots=True)
class ShareLink:
    """A link that shares a petition through one channel."""

    channel: Channel
    label: str | Promise
    href: str


def share_url(petition: Petition, tag: str) -> str:
    """Return the address of a petition in the reader's language, tagged with its
    channel."""
    return tagged(f"{settings.SITE_URL}{petition.get_absolute_url()}", tag)


def words_for(petition: Petition, title: str, *, signed: bool) -> str:
    """Return the sentence to share a petition with, without its address, by somebody
    who has signed or has only read it. It does not invite to sign where nobody can."""
    standing = petition.standing(timezone.now())
    if standing == State.WON:
        sentence = gettext("We won! “%(title)s”. Read what came of it:")
    elif standing == State.CLOSED and signed:
        sentence = gettext("I signed this: “%(title)s”. Read what came of it:")
    elif standing == State.CLOSED:
        sentence = gettext("This petition has closed: “%(title)s”. What came of it:")
    elif signed and standing == State.PAUSED:
        sentence = gettext("I signed this: “%(title)s”. Read it here:")
    elif signed:
        sentence = gettext("I have just signed this: “%(title)s”. It takes a minute:")
    else:
        sentence = gettext("Have you read this petition? “%(title)s”:")
    return sentence % {"title": title}


class Sharing:
    """The links with which a reader can share one petition."""

    def __init__(self, petition: Petition, *, signed: bool = False) -> None:
        self.petition = petition
        self.title = petition.words.title
        self.signed = signed
        self.standing = petition.standing(timezone.now())

    @property
    def asks(self) -> bool:
        """True when somebody who has signed asks others to sign, too."""
        return self.signed and self.standing not in (*ENDED_STATES, State.PAUSED)

    def url(self, channel: Channel) -> str:
        return share_url(self.petition, channel)

    def text(self, channel: Channel, most: int | None = None) -> str:
        """Return the words and the address; with `most`, the title is shortened so that
        they have at most so many characters."""
        whole = f"{self.words} {self.url(channel)}"
        if most is None or len(whole) <= most:
            return whole
        room = max(0, len(self.title) - (len(whole) - most) - 1)
        title = f"{self.title[:room].rstrip()}…"
        words = words_for(self.petition, title, signed=self.signed)
        return f"{words} {self.url(channel)}"

    @property
    def words(self) -> str:
        return words_for(self.petition, self.title, signed=self.signed)

    @property
    def link(self) -> str:
        """The address to copy."""
        return self.url(Channel.LINK)

    @property
    def device_link(self) -> str:
        """The address for the device's own share menu."""
        return self.url(Channel.DEVICE)

    @property
    def first(self) -> list[ShareLink]:
        """The links to people one knows, which are offered first."""
        subject = url_quoted(self.title)
        return [
            self.to(Channel.WHATSAPP, "https://wa.me/?text={text}"),
            # Phones read the number from before the question mark; it is left empty.
            self.to(Channel.SMS, "sms:?&body={text}"),
            self.to(Channel.EMAIL, f"mailto:?subject={subject}&body={{text}}"),
        ]

    @property
    def more(self) -> list[ShareLink]:
        """The links to social networks. Signal has no address for sharing; its app is
        in the device's own share menu."""
        return [
            self.to(
                Channel.FACEBOOK,
                "https://www.facebook.com/sharer/sharer.php?u={url}",
            ),
            self.to(Channel.X, "https://x.com/intent/post?text={words}&url={url}"),
            self.to(
                Channel.BLUESKY,
                "https://bsky.app/intent/compose?text={text}",
                BLUESKY_MOST,
            ),
            # A page by Mastodon that asks for one's server; what follows the # stays in
            # the browser.
            self.to(Channel.MASTODON, "https://share.joinmastodon.org/#text={text}"),
            self.to(
                Channel.LINKEDIN,
                "https://www.linkedin.com/sharing/share-offsite/?url={url}",
            ),
            self.to(Channel.TELEGRAM, "https://t.me/share/url?url={url}&text={words}"),
        ]

    def to(self, channel: Channel, pattern: str, most: int | None = None) -> ShareLink:
        return ShareLink(
            channel,
            channel.label,
            pattern.format(
                text=url_quoted(self.text(channel, most)),
                words=url_quoted(self.words),
                url=url_quoted(self.url(channel)),
            ),
        )


def url_quoted(text: str) -> str:
    """Return the text quoted as one value of a query, without any character that has a
    meaning there."""
    return quote(text, safe="")
