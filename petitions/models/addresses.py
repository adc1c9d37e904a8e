"""Address rules, the key versions made from them, and the collisions that a change of
them brings to light."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from petitions.addresses import DOMAIN, domain_pattern
from petitions.models.petitions import Petition

# Signs that may stand before the @ besides letters and digits (RFC 5322).
SIGNS = frozenset(".!#$%&'*+-/=?^_`{|}~")


class AddressRule(models.Model):
    """A rule by which a mail provider reads its addresses: which of them are one
    mailbox. Of several rules that fit a domain, the narrowest holds, alone. The rows
    are a draft: keys are made by the copy in the newest `KeyVersion`."""

    domain = models.CharField(
        _("domain"),
        max_length=255,
        unique=True,
        error_messages={"unique": _("There is a rule for this domain already.")},
        help_text=_(
            "gmail.com, or *.example.org for everything below example.org, or * for "
            "all that no other rule names."
        ),
    )
    strip_characters = models.CharField(
        _("characters to leave out"),
        max_length=20,
        blank=True,
        help_text=_("Signs before the @ that make no difference, such as a dot."),
    )
    strip_extension = models.CharField(
        _("extension begins with"),
        max_length=20,
        blank=True,
        help_text=_(
            "+ when maya+news is delivered to maya. Several signs: each begins one."
        ),
    )
    same_as = models.CharField(
        _("other name of"),
        max_length=255,
        blank=True,
        help_text=_("gmail.com, for googlemail.com. Its rule holds for both then."),
    )

    class Meta:
        verbose_name = _("rule for addresses")
        verbose_name_plural = _("rules for addresses")
        ordering = ["domain"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(domain="")
                & (Q(same_as="") | Q(strip_characters="", strip_extension="")),
                name="address_rule_alias_or_signs",
                violation_error_message=_(
                    "The rule of the other domain holds: leave out nothing here."
                ),
            )
        ]

    def __str__(self) -> str:
        return self.domain

    def clean(self) -> None:
        super().clean()
        problems: dict[str, Any] = {}
        self.domain, self.same_as = (
            domain_pattern(self.domain),
            domain_pattern(self.same_as),
        )
        bare = self.domain.removeprefix("*.")
        if self.domain and self.domain != "*" and not DOMAIN.fullmatch(bare):
            problems["domain"] = _(
                "Enter a domain such as example.org, *.example.org, or * alone."
            )
        for name in ("strip_characters", "strip_extension"):
            signs = "".join(dict.fromkeys(getattr(self, name)))
            setattr(self, name, signs)
            if not SIGNS.issuperset(signs):
                problems[name] = _(
                    "Enter signs only, one after the other: no letters or digits, no "
                    "space, no @."
                )
        if self.same_as and (sentence := self.why_no_alias()):
            problems["same_as"] = sentence
        elif self.same_as and (self.strip_characters or self.strip_extension):
            problems["same_as"] = _(
                "The rule of the other domain holds: leave out nothing here."
            )
        if problems:
            raise ValidationError(problems)

    def why_no_alias(self) -> Any:
        """Return what is wrong with `same_as`, '' when nothing is. An alias leads to
        its domain in one step, so that no circle can come about."""
        others = AddressRule.objects.exclude(pk=self.pk).exclude(same_as="")
        if not DOMAIN.fullmatch(self.same_as):
            return _("Enter one domain such as gmail.com.")
        if self.domain == "*":
            return _("Not every domain can be another name of one.")
        if self.same_as == self.domain or covers(self.domain, self.same_as):
            return _("A domain cannot be another name of itself.")
        if further := [r for r in others if covers(r.domain, self.same_as)]:
            return _("That is another name of %(domain)s: enter it instead.") % {
                "domain": further[0].same_as
            }
        if back := [r for r in others if covers(self.domain, r.same_as)]:
            return _("%(domain)s leads here: change that rule first.") % {
                "domain": back[0].domain
            }
        return ""


def covers(pattern: str, domain: str) -> bool:
    """Return whether the rule for `pattern` is about `domain`."""
    return pattern == domain or (
        pattern.startswith("*.") and domain.endswith(pattern[1:])
    )


class KeyVersion(models.Model):
    """The rules and the secret that keys were made by since `started_at`. Never
    changed: new rules or a new secret make a new version
    (petitions.signatures.rekeying).

    Once all keys are made anew, newsletter tools are told again of whoever must not be
    written to (petitions/sql/webhooks.sql).
    """

    number = models.PositiveSmallIntegerField(primary_key=True)
    rules = models.JSONField()
    fingerprint = models.CharField(
        max_length=32, help_text="Tells which EMAIL_KEY it was, and not what it is."
    )
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(
        null=True, help_text="None while keys of the version before are still counted."
    )

    def __str__(self) -> str:
        return str(self.number)


class KeyCollision(models.Model):
    """Two counted signatures of a petition that proved to be one person's when the
    rules changed. It holds ids of rows only, no personal data."""

    petition = models.ForeignKey(
        Petition,
        on_delete=models.PROTECT,
        related_name="key_collisions",
        verbose_name=_("petition"),
    )
    kept = models.BigIntegerField(_("signature that stays counted"))
    taken_back = models.BigIntegerField(_("signature taken back"))
    version = models.PositiveSmallIntegerField(_("version of the rules"))
    found_at = models.DateTimeField(_("found at"))

    class Meta:
        verbose_name = _("person counted twice before")
        verbose_name_plural = _("people counted twice before")
        ordering = ["-found_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.taken_back} → {self.kept}"
