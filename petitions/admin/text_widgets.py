"""The Markdown field that staff write in, with formatting buttons where scripts run."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

BUTTONS = (
    ("md-header", _("Heading")),
    ("md-bold", _("Bold")),
    ("md-italic", _("Italics")),
    ("md-link", _("Link")),
    ("md-unordered-list", _("List")),
    ("md-ordered-list", _("Numbered list")),
    ("md-quote", _("Quotation")),
)


class MarkdownArea(AdminTextareaWidget):
    """A field for Markdown. Pasting from a web page or a word processor keeps the
    formatting that Markdown can express; the buttons appear once their script has
    loaded."""

    class Media:
        js = (
            "js/vendor/turndown.js",
            forms.Script("js/vendor/markdown-toolbar-element.js", type="module"),
            forms.Script("js/writing.js", type="module"),
        )

    def __init__(self, rows: int) -> None:
        super().__init__({"rows": rows, "cols": 80, "data-markdown": True})

    def render(self, name: str, value: Any, *args: Any, **kwargs: Any) -> SafeString:
        attrs = kwargs.get("attrs") or {}
        buttons = format_html_join(
            "",
            '<{0} level="1">{1}</{0}>',
            ((element, label) for element, label in BUTTONS),
        )
        return format_html(
            '<div class="writing"><markdown-toolbar for="{}" aria-label="{}">{}'
            "</markdown-toolbar>{}</div>",
            attrs.get("id", ""),
            gettext("Formatting"),
            buttons,
            super().render(name, value, *args, **kwargs),
        )
