"""Newsletter tools that are told by signed webhooks who may be written to: where, how
that goes, and the secret, which is shown once."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, page
from petitions.models import Webhook
from petitions.models.webhooks import WebhookProblem
from petitions.privacy.webhooks import send_test_message

SHOWN = 50
"""Lines of the log on the page."""
MOST_COUNTED = 10_000


@admin.register(Webhook)
class WebhookAdmin(ScopedAdmin[Webhook]):
    # Removed by a page of its own: Django's refuses while a row changes, and the
    # worker changes this one whenever it sends.
    needs = Needs(view=Right.CONNECT, add=Right.CONNECT, change=Right.CONNECT)
    list_display = [
        "name", "host", "organization", "is_paused", "failing_since",
        "incomplete_since",
    ]  # fmt: skip
    list_select_related = ["organization"]

    class Media:
        css = {"all": ["css/admin.css"]}

    def get_fields(self, request: HttpRequest, obj: Webhook | None = None) -> Any:
        fields = ["organization", "name", "url", "is_paused"]
        shown = {"url": "address_shown"} if obj is not None else {}
        return [shown.get(name, name) for name in fields]

    @admin.display(description=_("address"))
    def address_shown(self, webhook: Webhook) -> str:
        return webhook.address_shown

    @admin.display(description=_("address"))
    def host(self, webhook: Webhook) -> str:
        return webhook.host

    def get_readonly_fields(
        self, request: HttpRequest, obj: Webhook | None = None
    ) -> list[str]:
        # Another address is another tool: it has been told of nobody yet, and the one
        # before knows the secret.
        fixed = super().get_readonly_fields(request, obj)
        return fixed if obj is None else [*fixed, "organization", "address_shown"]

    def get_urls(self) -> list[Any]:
        pages = {
            "new-secret": self.new_secret,
            "test": self.test,
            "complete": self.complete,
            "remove": self.remove,
        }
        return [*self.urls_of(pages), *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        webhook = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {}
        if webhook is not None:
            waiting = webhook.events.order_by("pk")
            aside = webhook.deliveries.filter(problem=WebhookProblem.SET_ASIDE)
            first = waiting.first()
            context = {
                "waiting": waiting[: MOST_COUNTED + 1].count(),
                "most_counted": MOST_COUNTED,
                "aside": aside[:MOST_COUNTED].count(),
                "behind_since": first and first.created_at,
                "deliveries": webhook.deliveries.order_by("-pk")[:SHOWN],
                "may_change": self.has_change_permission(request, webhook),
            }
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def response_add(
        self, request: HttpRequest, obj: Webhook, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on to the page where its secret is made."""
        return self.back(obj)

    def back(self, webhook: Webhook) -> HttpResponse:
        return redirect("admin:petitions_webhook_change", webhook.pk)

    @page(Right.CONNECT)
    def new_secret(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        """Make a secret and show it, this once."""
        if request.method != "POST":
            return self.back(webhook)
        with transaction.atomic():
            locked = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
            had_one = bool(locked.secret)
            secret = locked.renew_secret(timezone.now())
            locked.save(update_fields=["secret", "former_secret", "secret_since"])
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("The secret of this newsletter tool"),
            "subtitle": str(webhook),
            "opts": self.opts,
            "webhook": webhook,
            "secret": secret,
            "had_one": had_one,
        }
        template = "admin/petitions/webhook/secret.html"
        return TemplateResponse(request, template, context)

    @page(Right.CONNECT)
    def test(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        """Send a message about nobody, and say what it answered."""
        if request.method == "POST":
            tried = send_test_message(webhook, now=timezone.now())
            if tried.problem:
                messages.error(request, tried.get_problem_display())
            else:
                messages.success(request, gettext("It has accepted the test message."))
        return self.back(webhook)

    @page(Right.CONNECT)
    def complete(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        """Note that somebody has loaded the whole list into the tool."""
        if request.method == "POST":
            Webhook.objects.filter(pk=webhook.pk).update(incomplete_since=None)
        return self.back(webhook)

    @page(Right.CONNECT)
    def remove(self, request: HttpRequest, webhook: Webhook) -> HttpResponse:
        """Ask whether to remove a tool; on POST, remove it with what it was still to be
        told."""
        if request.method == "POST":
            with transaction.atomic():
                # Whoever signs now waits, and does not find it any more.
                rows = Webhook.objects.select_for_update(of=("self",))
                for locked in rows.filter(pk=webhook.pk):
                    locked.delete()
            messages.success(request, gettext("The tool is told nothing any more."))
            return redirect("admin:petitions_webhook_changelist")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Remove this newsletter tool"),
            "subtitle": str(webhook),
            "opts": self.opts,
            "webhook": webhook,
            "waits": webhook.events.exists(),
        }
        template = "admin/petitions/webhook/remove.html"
        return TemplateResponse(request, template, context)
