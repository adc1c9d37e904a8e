"""Template filters: a moment with its hour and time zone, for readers anywhere and for
machines."""

from __future__ import annotations

from django import template

from core.i18n.moments import hour_words, machine_words

register = template.Library()
register.filter("hour_words", hour_words)
register.filter("machine_words", machine_words)
