"""Decisions of staff about the comments and names of signers: what stands on the page.
Each asks first, and is about what the list showed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.admin import bulk_actions
from core.admin.bulk_actions import NamedRow, Question
from core.admin.edit_conflicts import digest
from core.audit import entries
from organizations.rights import Right
from organizations.scoping import ScopedAdmin, action
from petitions import ways_back
from petitions.models import Petition, Signature
from petitions.models.signatures import SignatureQuerySet
from petitions.states import WeakSign

# The hidden field of each row that says which texts the list showed in it; COMMENT and
# NAME are the groups of its pattern that hold their digests.
SHOWN = "_shown"
COMMENT, NAME = 2, 3

# Once staff have decided about a name, it is no longer in doubt.
LOOKED_AT = F("weak_signs").bitand(~int(WeakSign.CONTACT_IN_NAME))

SHOW, HIDE = "approve_comments", "hide_comments"
WITHHOLD, LET_STAND = "withhold_names", "release_names"
EXPLAINED = {
    SHOW: _(
        "These comments will be shown on the petition’s page, with name and place."
    ),
    HIDE: _(
        "These comments will not be shown on the page; the signatures count as before."
    ),
    WITHHOLD: _(
        "These names will not be shown on the page; the signatures count as before."
    ),
    LET_STAND: _("The names of those who wish to be seen will be shown on the page."),
}


DECIDED = {
    SHOW: _("Comments shown"),
    HIDE: _("Comments not shown"),
    WITHHOLD: _("Names taken from the page"),
    LET_STAND: _("Names back on the page"),
}
"""What was decided, as the history of a petition says it."""


def left_sentence(number: int) -> str:
    sentence = ngettext(
        "%(n)s was left as it is: it was changed since, or this list did not "
        "show all of it. Read it first.",
        "%(n)s were left as they are: they were changed since, or this list "
        "did not show all of them. Read them first.",
        number,
    )
    return sentence % {"n": intcomma(number)}


def asks_about(act: str) -> bulk_actions.Asked:
    """Return what is asked before a decision: how many, and the first of them."""

    def asked(
        model_admin: ModeratingAdmin,
        request: HttpRequest,
        queryset: QuerySet[Signature],
    ) -> Question:
        read, unread = model_admin.to_decide(act, request, queryset)
        rows = chosen(read).known()
        now = timezone.now()
        question = bulk_actions.question_naming(
            rows, ways_back.sentence(act, now, now), row_line(act)
        )
        question.explanation = [str(EXPLAINED[act])]
        question.left = [NamedRow(left_sentence(unread))] if unread else []
        return question

    return asked


def row_line(act: str) -> Callable[[Signature], str]:
    """Return what names a row on the page that asks."""
    if act in {SHOW, HIDE}:
        return lambda row: f"{row.name}: {Truncator(row.comment).chars(200)}"
    return lambda row: ", ".join(filter(None, (row.name, row.place)))


def chosen(queryset: QuerySet[Signature]) -> SignatureQuerySet:
    """Return the chosen signatures as a list for a statement: in no order, and without
    what the page shows beside them."""
    return cast("SignatureQuerySet", queryset.order_by().select_related(None))


class ModeratingAdmin(ScopedAdmin[Signature]):
    """A model admin of signatures whose comments and names staff decide about."""

    organization_path = "petition__organization_id"

    def action_checkbox(self, obj: Signature) -> SafeString:
        """Add digests of the texts that the row shows, so that nothing is decided
        unread."""
        return format_html(
            '{}<input type="hidden" name="{}" value="{}-{}-{}">',
            super().action_checkbox(obj), SHOWN, obj.pk, digest(obj.comment),
            digest(f"{obj.name}\n{obj.place}"),
        )  # fmt: skip

    def beginning(self, comment: str) -> str:
        """Return the part of a comment that the list shows."""
        return Truncator(comment).chars(80)

    def to_decide(
        self, act: str, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> tuple[QuerySet[Signature], int]:
        """Return the rows that a decision is about, and how many it leaves out because
        nobody has read them as they are. Comments leave the queue either way; nothing
        is let onto the page that the list did not show whole."""
        if act == WITHHOLD:
            return queryset, 0
        if act == LET_STAND:
            return self.read(request, queryset, NAME)
        commented = queryset.exclude(comment="")
        hides = act == HIDE
        return self.read(request, commented, COMMENT, allow_unlisted=hides)

    def decide(
        self,
        act: str,
        request: HttpRequest,
        queryset: QuerySet[Signature],
        **values: Any,
    ) -> None:
        """Set these values for those that `to_decide` returns; say how many, how that
        is taken back, and how many are left out."""
        rows, unread = self.to_decide(act, request, queryset)
        if unread:
            messages.warning(request, left_sentence(unread))
        number = self.record_by_petition(act, chosen(rows).known(), values)
        now = timezone.now()
        done = ngettext(
            "%(n)s signature changed.", "%(n)s signatures changed.", number
        ) % {"n": intcomma(number)}
        way_back = ways_back.sentence(act, now, now)
        messages.success(request, f"{done} {way_back}" if number else done)

    def record_by_petition(
        self, act: str, rows: QuerySet[Signature], values: dict[str, Any]
    ) -> int:
        """Set these values and return for how many; record in the history of each
        petition what was decided, by number. Whose they were is not recorded: the
        trail outlives them."""
        number = 0
        concerned = list(rows.values_list("petition", flat=True).distinct())
        for petition in Petition.objects.filter(pk__in=concerned):
            changed = rows.filter(petition=petition).update(**values)
            if changed:
                entries.note(petition, f"{DECIDED[act]}: {intcomma(changed)}")
            number += changed
        return number

    def read(
        self,
        request: HttpRequest,
        queryset: QuerySet[Signature],
        part: int,
        *,
        allow_unlisted: bool = False,
    ) -> tuple[QuerySet[Signature], int]:
        """Return the rows whose COMMENT or NAME (`part`) the list showed whole and as
        it still is and, if `allow_unlisted`, those that it did not show; and how many
        are left out. The listed rows are locked, so that they change no more until the
        transaction ends."""
        listed = {
            int(match[1]): match[part]
            for row in request.POST.getlist(SHOWN)
            if (match := re.fullmatch("([0-9]{1,18})-([0-9a-f]*)-([0-9a-f]*)", row))
        }
        rows_chosen = queryset.order_by()
        rows = Signature.objects.filter(
            pk__in=rows_chosen.filter(pk__in=listed).values("pk")
        )
        texts = rows.select_for_update(no_key=True).values_list(
            "pk", "comment", "name", "place"
        )
        whole, changed = [], []
        for number, comment, name, place in texts:
            text = comment if part == COMMENT else f"{name}\n{place}"
            if listed[number] != digest(text):
                changed.append(number)
            elif part == NAME or self.beginning(comment) == comment:
                whole.append(number)
        if allow_unlisted:
            read, left = rows_chosen.exclude(pk__in=changed), len(changed)
        else:
            read = rows_chosen.filter(pk__in=whole)
            left = rows_chosen.count() - len(whole)
        return read, left

    @action(Right.MODERATE, _("Show comments on the page"), asks_about(SHOW))
    def approve_comments(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        values = {"comment_approved": True, "comment_rejected": False}
        self.decide(SHOW, request, queryset, **values)

    @action(Right.MODERATE, _("Do not show comments"), asks_about(HIDE))
    def hide_comments(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        values = {"comment_approved": False, "comment_rejected": True}
        self.decide(HIDE, request, queryset, **values)

    @action(Right.MODERATE, _("Take names from the page"), asks_about(WITHHOLD))
    def withhold_names(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        values = {"name_withheld": True, "weak_signs": LOOKED_AT}
        self.decide(WITHHOLD, request, queryset, **values)

    @action(
        Right.MODERATE, _("Let names stand on the page again"), asks_about(LET_STAND)
    )
    def release_names(
        self, request: HttpRequest, queryset: QuerySet[Signature]
    ) -> None:
        values = {"name_withheld": False, "weak_signs": LOOKED_AT}
        self.decide(LET_STAND, request, queryset, **values)
