"""The links that open a delivery to the office of the person petitioned, and what that
office answered: staff put it on the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import entries
from core.mail.address_fields import checked_address
from core.mail.addresses import (
    NotAnAddress,
    ascii_domain,
    clean_address,
    domain_of,
    has_known_ending,
    has_many_owners,
    registrable,
)
from core.models import AuditAction
from core.text.fields import LineField
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions.abuse.new_domains import PROVIDERS
from petitions.delivery import office
from petitions.models import OfficeAnswer, OfficeLink, Pack
from petitions.models.offices import LONGEST
from petitions.states import PUBLIC_STATES

DAYS = 30
"""The days that a link works unless staff say otherwise: as long as the files."""


class OfficeLinkForm(forms.Form):
    """From which addresses the office may answer, and how long its link works."""

    mailboxes = LineField(
        label=capfirst(OfficeLink._meta.get_field("mailboxes").verbose_name),
        help_text=OfficeLink._meta.get_field("mailboxes").help_text,
        max_length=254,
    )
    days = forms.IntegerField(
        label=_("Days that the link works"),
        min_value=1,
        max_value=LONGEST.days - 1,
        initial=DAYS,
    )

    def clean_mailboxes(self) -> str:
        """Return a domain, or a whole address."""
        typed = str(self.cleaned_data["mailboxes"]).strip().removeprefix("@")
        if "@" in typed and "*" not in typed:
            return checked_address(typed, ascii_only=True).lower()
        try:
            address = clean_address(f"office@{typed}")
        except NotAnAddress:
            raise ValidationError(
                gettext("Enter what stands behind the @, as pm.gc.ca.")
            ) from None
        domain = ascii_domain(domain_of(address)).removeprefix("www.")
        if not has_known_ending(domain):
            raise ValidationError(gettext("No address can end so: check the spelling."))
        if {registrable(domain), domain} & PROVIDERS or has_many_owners(domain):
            raise ValidationError(
                gettext(
                    "Everybody can have an address there: enter the whole address of "
                    "the office."
                )
            )
        return domain


@dataclass(frozen=True)
class Given:
    """A link as its page shows it."""

    link: OfficeLink
    address: str
    """Where it leads; "" once it opens nothing any more."""
    openings: int
    last_opened: datetime | None


def office_links(
    model_admin: ScopedAdmin[Pack], request: HttpRequest, pack: Pack
) -> HttpResponse:
    """Show the links of a pack and the form for another one; on POST make one, or
    revoke one."""
    now = timezone.now()
    form = OfficeLinkForm()
    if "revoke" in request.POST:
        typed = request.POST["revoke"]
        number = int(typed) if typed.isascii() and typed.isdecimal() else 0
        link = pack.office_links.filter(pk=min(number, 2**62)).first()
        if link and link.revoke(now):
            messages.success(request, gettext("The link opens nothing any more."))
        return redirect("admin:petitions_pack_office", pack.pk)
    if request.method == "POST":
        form = OfficeLinkForm(request.POST)
        if form.is_valid():
            OfficeLink.objects.create(
                pack=pack,
                mailboxes=form.cleaned_data["mailboxes"],
                made_by=user_of(request),
                made_at=now,
                ends_at=now + timedelta(days=form.cleaned_data["days"]),
            )
            return redirect("admin:petitions_pack_office", pack.pk)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("A link for the office"),
        "subtitle": str(pack.petition),
        "opts": model_admin.opts,
        "original": pack,
        "form": form,
        "links": [given(link, now) for link in pack.office_links.all()],
    }
    return TemplateResponse(request, "admin/petitions/pack/office.html", context)


def given(link: OfficeLink, now: datetime) -> Given:
    opened = entries.of_row(OfficeLink, link.pk).filter(action=AuditAction.NOTE)
    last = opened.first()
    return Given(
        link,
        office.link_address(link) if link.is_open(now) else "",
        opened.count(),
        last.at if last else None,
    )


@admin.register(OfficeAnswer)
class OfficeAnswerAdmin(ScopedAdmin[OfficeAnswer]):
    """The answers of offices, word for word, with the button that puts it on the
    page."""

    needs = Needs(view=Right.WRITE)
    organization_path = "link__pack__petition__organization_id"
    list_display = ["sent_at", "petition", "name", "confirmed_at", "is_published"]
    list_select_related = ["link__pack__petition"]
    ordering = ["-pk"]
    fields = [
        "petition", "name", "email", "language", "text", "sent_at", "confirmed_at",
        "is_published", "erased_at",
    ]  # fmt: skip

    class Media:
        css = {"all": ["css/admin.css"]}

    @admin.display(description=_("petition"))
    def petition(self, answer: OfficeAnswer) -> str:
        return str(answer.link.pack.petition)

    @admin.display(description=_("on the page"), boolean=True)
    def is_published(self, answer: OfficeAnswer) -> bool:
        return answer.is_published

    def get_urls(self) -> list[Any]:
        return [
            path(
                "<int:number>/publish/",
                self.admin_site.admin_view(self.publish),
                name="petitions_officeanswer_publish",
            ),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        answer = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"title": gettext("Answer of an office")}
        if answer is not None:
            petition = answer.link.pack.petition
            waiting = OfficeAnswer.objects.waiting().filter(pk=answer.pk)
            context |= {
                "subtitle": str(petition),
                "has_page": petition.state in PUBLIC_STATES,
                "waits": waiting.exists(),
            }
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    @page(Right.WRITE)
    def publish(self, request: HttpRequest, answer: OfficeAnswer) -> HttpResponse:
        """Put the answer on the petition's page, word for word."""
        if request.method == "POST":
            made = office.publish(answer, user_of(request), now=timezone.now())
            if made is not None:
                messages.success(request, gettext("It is on the petition’s page."))
                return redirect("admin:petitions_answer_change", made.pk)
            messages.error(request, gettext("It cannot be put on the page."))
        return redirect("admin:petitions_officeanswer_change", answer.pk)
