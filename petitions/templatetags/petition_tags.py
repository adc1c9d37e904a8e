"""How petitions are printed."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, ngettext

from petitions import texts
from petitions.forms import countries
from petitions.models import Petition, Target
from petitions.states import Delivery

register = template.Library()


@register.filter
def supporters_line(number: int) -> str:
    """“15,261 supporters”, “1 supporter”, “Be the first to sign”."""
    if number == 0:
        return gettext("Be the first to sign")
    return ngettext("%(number)s supporter", "%(number)s supporters", number) % {
        "number": intcomma(number)
    }


@register.filter
def as_html(petition: Petition) -> SafeString:
    """The whole text; the page has the title at level 1."""
    return texts.render(petition.text, petition.text_format, 2)


@register.filter
def correction_html(text: str) -> SafeString:
    return texts.render(text, "markdown", 4)


@register.simple_tag
def excerpt(petition: Petition) -> dict[str, Any]:
    """The text as the profile prints it, below a title at level 3."""
    text, shortened = texts.excerpt(petition.text, petition.text_format)
    return {
        "html": texts.render(text, petition.text_format, 4),
        "shortened": shortened,
    }


@register.filter
def joined(targets: list[Target]) -> str:
    """Everybody petitioned with their offices: “A, minister, and B, minister”."""
    labels = [target.label_with_office for target in targets]
    return listed(labels or [Target.unsettled_label()])


@register.filter
def names(petition: Petition) -> str:
    """Everybody petitioned by name."""
    labels = [target.label for target in petition.targets.all()]
    return listed(labels or [Target.unsettled_label()])


@register.filter
def country_name(code: str) -> str:
    """The country's name in the reader's language; the code when there is none."""
    return dict(countries(get_language() or "en")).get(code, code)


def listed(parts: list[str]) -> str:
    """“A”, “A and B”, “A, B and C”, in the reader's language."""
    if len(parts) < 2:
        return "".join(parts)
    *first, last = parts
    if len(first) == 1 and "," not in first[0]:
        return gettext("%(first)s and %(last)s") % {"first": first[0], "last": last}
    return gettext("%(first)s, and %(last)s") % {
        "first": ", ".join(first),
        "last": last,
    }


@register.filter
def receives(petition: Petition) -> str:
    """What the person petitioned receives, as printed beside the button."""
    targets = list(petition.targets.all())
    if not all(target.is_somebody for target in targets) or not targets:
        sentences = {
            Delivery.NUMBER: gettext(
                "Whoever is petitioned receives the number of supporters, not your "
                "name."
            ),
            Delivery.NAMES: gettext(
                "Whoever is petitioned receives your name and place, nothing else."
            ),
            Delivery.COMMENTS: gettext(
                "Whoever is petitioned receives your name, place and comment, nothing "
                "else."
            ),
        }
        return sentences[Delivery(petition.delivery)]
    who = {"who": names(petition)}
    number = len(targets)
    sentence = {
        Delivery.NUMBER: ngettext(
            "%(who)s receives the number of supporters, not your name.",
            "%(who)s receive the number of supporters, not your name.",
            number,
        ),
        Delivery.NAMES: ngettext(
            "%(who)s receives your name and place, nothing else.",
            "%(who)s receive your name and place, nothing else.",
            number,
        ),
        Delivery.COMMENTS: ngettext(
            "%(who)s receives your name, place and comment, nothing else.",
            "%(who)s receive your name, place and comment, nothing else.",
            number,
        ),
    }[Delivery(petition.delivery)]
    return sentence % who
