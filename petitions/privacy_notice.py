"""The promises beside the sign button: who receives what, and until when it is kept."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext, ngettext

from core.text.numbers import Counted
from petitions.models import Petition
from petitions.signature_fields import HANDED_OVER, POSTAL_CODE
from petitions.states import Delivery


def receives(petition: Petition) -> str:
    """Say what the person petitioned receives, as printed beside the button."""
    return receiving(petition, Delivery(petition.delivery))


def receives_of_sheets(petition: Petition) -> str:
    """Say what the person petitioned receives of signatures on paper, where there is no
    room for a comment."""
    delivery = Delivery(petition.delivery)
    return receiving(
        petition, Delivery.NAMES if delivery == Delivery.COMMENTS else delivery
    )


def receiving(petition: Petition, delivery: Delivery) -> str:
    """Say what the person petitioned receives by this `delivery`."""
    named = petition.petitions_somebody
    number = len(petition.targets.all())
    words = {"who": petition.addressees, "what": handed_over(petition, delivery)}
    if delivery == Delivery.NUMBER:
        if not named:
            return gettext(
                "The person petitioned receives the number of supporters, not your "
                "name."
            )
        sentence = ngettext(
            "%(who)s receives the number of supporters, not your name.",
            "%(who)s receive the number of supporters, not your name.",
            number,
        )
    elif named:
        sentence = ngettext(
            "%(who)s receives %(what)s, nothing else.",
            "%(who)s receive %(what)s, nothing else.",
            number,
        )
    else:
        sentence = gettext("The person petitioned receives %(what)s, nothing else.")
    return sentence % words


def erased_after(petition: Petition) -> str:
    """Say how long names and addresses are kept, as printed beside the button."""
    months = min(petition.months_kept, settings.RETENTION_MONTHS)
    return ngettext(
        "Your details are erased %(months)s month after the petition closes.",
        "Your details are erased %(months)s months after the petition closes.",
        months,
    ) % {"months": Counted(months)}


def handed_over(petition: Petition, delivery: Delivery) -> str:
    """Name the details of a signature that are handed over; only what the form asks. Of
    a postal code it is the region."""
    told = (*HANDED_OVER, POSTAL_CODE)
    asks_place = any(field in told for field in petition.asked)
    if delivery == Delivery.COMMENTS:
        return (
            gettext("your name, place and comment")
            if asks_place
            else gettext("your name and comment")
        )
    return gettext("your name and place") if asks_place else gettext("your name")
