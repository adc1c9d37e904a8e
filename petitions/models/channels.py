"""Tagged links, and how many signatures each brought."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from petitions.channels import OF_MAILING, TAG, Channel
from petitions.models.petitions import Petition


class TaggedLink(models.Model):
    """A tag that staff made for a link of theirs: a newsletter, a poster in one town.
    Only such tags and those of our own links are counted by name."""

    petition = models.ForeignKey(
        Petition, on_delete=models.CASCADE, related_name="tagged_links"
    )
    tag = models.CharField(
        _("tag"),
        max_length=20,
        validators=[
            RegexValidator(
                rf"\A{TAG.pattern}\Z",
                _("Use small letters, digits and hyphens, at most 20: autumn-letter."),
            ),
            RegexValidator(
                rf"\A{OF_MAILING}[0-9]+\Z",
                _("The links in your mailings have such a tag: choose another."),
                inverse_match=True,
            ),
        ],
    )
    made_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["tag"]
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "tag"],
                name="tagged_link_once",
                violation_error_message=_("There is a link with this tag already."),
            ),
            models.CheckConstraint(
                condition=Q(tag__regex=rf"^{TAG.pattern}$"),
                name="tagged_link_tag",
                violation_error_message=_("Use small letters, digits and hyphens."),
            ),
            models.CheckConstraint(
                condition=~Q(tag__in=Channel.values),
                name="tagged_link_of_your_own",
                violation_error_message=_(
                    "The links on the page itself have this tag: choose another."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.tag


class ChannelTally(models.Model):
    """The number of people who came by one link and confirmed their signature on a day;
    `via` is '' without a tag, or with one that nobody made. Later withdrawals stay
    counted."""

    petition = models.ForeignKey(
        Petition, on_delete=models.PROTECT, related_name="channel_tallies"
    )
    day = models.DateField()
    via = models.CharField(max_length=20, blank=True)
    confirmed = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["petition", "day", "via"], name="channel_tally_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.via}: {self.confirmed}"
