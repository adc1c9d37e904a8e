"""Template tag: mark each form of staff with the account that it was shown to."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.base import Parser, Token
from django.template.defaulttags import CsrfTokenNode
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.admin.form_recovery import (
    TYPED_BY,
    mark_of,
)

register = template.Library()


class OwnedFormNode(CsrfTokenNode):
    """Django's CSRF token with a hidden field beside it that says whose form this is.
    It replaces {% csrf_token %} because every form that staff send has that, Django's
    own included."""

    def render(self, context: Any) -> SafeString:
        token = super().render(context)
        user = getattr(context.get("request"), "user", None)
        if not token or user is None or not user.is_authenticated:
            return SafeString(token)
        hidden = '{}<input type="hidden" name="{}" value="{}">'
        return format_html(hidden, SafeString(token), TYPED_BY, mark_of(user.pk))


@register.tag("csrf_token")
def csrf_token(parser: Parser, token: Token) -> OwnedFormNode:
    return OwnedFormNode()
