"""The link in a mailing by which its recipient signs the next petition with one
press."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.db.database import retry_once
from core.http.origin import Origin, origin_of
from core.http.problems import problem
from core.i18n.languages import is_of_interface, reader_language
from core.observability.logs import log_context
from core.security.client_network import network_of
from petitions import signable
from petitions.abuse.rate_limits import RATE_LIMITS, RateLimits, weak_signs
from petitions.addresses import masked
from petitions.channels import tagged
from petitions.models import Petition
from petitions.signatures import one_press as pressing
from petitions.signatures.forms import make_version, read_version
from petitions.signatures.one_press import Offer, Pressed
from petitions.signatures.signing import SignerInput
from petitions.signatures.tokens import ONE_PRESS_LIFETIME, Expired, TokenPurpose
from petitions.views.links import read_link
from petitions.views.lookup import its_notice
from petitions.views.posting import CEILING_RETRY_AFTER, is_pressed, see_other
from petitions.views.signing import (
    find_snapshot,
    inbox_query,
    language_read,
    text_language_query,
)
from petitions.views.thanks import thanks_query
from petitions.visibility import has_left, is_public


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def one_press(request: HttpRequest, token: str) -> HttpResponse:
    """Show who signs and what is taken over, with a button; on POST, sign and count.
    Mail scanners open links, so looking changes nothing."""
    now = timezone.now()
    outcome = read_link(request, TokenPurpose.ONE_PRESS, token, now)
    if isinstance(outcome, HttpResponse):
        return outcome
    petition = pressing.next_petition_of(outcome.number)
    if petition is None:  # a test mail, or so old that nothing is known of it
        return problem(request, 410)
    if not is_public(petition, now):
        left = has_left(petition)
        return its_notice(request, petition) if left else problem(request, 410)
    log_context(petition=petition.pk)
    offer, rules = pressing.find_offer(outcome.number, petition), RATE_LIMITS.get()
    if (
        isinstance(outcome, Expired)
        or offer is None
        or not offer.stands(outcome.made, rules)
    ):
        return without_offer(request, petition, "ended", now)
    read = offer.signature.text_language
    is_kept = read in petition.languages and not is_of_interface(read)
    petition.reading = read if is_kept else ""
    is_open = petition.is_open(now)
    if counted := offer.counted():
        since, others = counted.confirmed_at, for_others(offer) if is_open else {}
        return answer_without_offer(
            request, petition, "counts", since=since, is_open=is_open, **others
        )
    if not is_open:
        return without_offer(request, petition, "closed", now)
    if offer.is_full():
        shown = masked(offer.signature.email)
        return answer_without_offer(
            request, petition, "full", masked=shown, **for_others(offer)
        )
    if not is_pressed(request):
        foreign = request.method == "POST"
        status = 403 if foreign else 200
        return show_offer(request, offer, token, status=status, foreign=foreign)
    return pressed(request, offer, token, outcome.made, rules, now)


def pressed(
    request: HttpRequest,
    offer: Offer,
    token: str,
    made: datetime,
    rules: RateLimits,
    now: datetime,
) -> HttpResponse:
    """Sign and count, and answer with the page that follows."""
    network, slug = network_of(request), offer.petition.slug
    if rules.is_turned_away(network):
        return too_many_presses(request, offer, token)
    snapshot = find_snapshot(slug, language_read(request))
    if not signable.is_open(snapshot, now):
        return without_offer(request, offer.petition, "closed", now)
    seen = read_version(request.POST.get("version", ""), snapshot.delivery)
    if seen.words_key not in {"", snapshot.words_key}:
        return show_offer(request, offer, token, status=409, reworded=True)
    # A field that is asked only since the page was shown is not taken over.
    shown = request.POST.getlist("takes_over")
    snapshot = replace(
        snapshot, asked=tuple(f for f in snapshot.asked if f.name in shown)
    )
    mine = offer.signature
    given = SignerInput(
        name=mine.name,
        email=mine.email,
        language=reader_language(),
        text_language=snapshot.text_language,
        text_version=seen.corrections,
        consent_version=seen.consent_version,
        delivery=seen.delivery,
        network=network,
        weak_signs=weak_signs(
            mine.name, mine.place, has_origin=origin_of(request) is Origin.OWN
        ),
        via=offer.via,
    )
    result = retry_once(
        lambda: pressing.press(offer, snapshot, given, made=made, now=now, rules=rules)
    )
    log_context(outcome=f"one press: {result.value}")
    text = text_language_query(snapshot.text_language, "&")
    match result:
        case Pressed.COUNTED | Pressed.ALREADY:
            return see_other(
                "petitions:thank_you", slug, query=thanks_query(slug) + text
            )
        case Pressed.SET_ASIDE:
            # As after any other form: it says nothing of what staff look at.
            query = inbox_query(mine.email) + text
            return see_other("petitions:check_inbox", slug, query=query)
        case Pressed.TOO_MANY:
            return too_many_presses(request, offer, token)
        case _:
            return see_other("petitions:one_press", token)


def show_offer(
    request: HttpRequest, offer: Offer, token: str, *, status: int = 200, **more: Any
) -> HttpResponse:
    """Show who signs, what is taken over, and the button. Of what was entered before,
    it shows the first name and the masked address only, for the mail may have been
    forwarded."""
    petition, mine = offer.petition, offer.signature
    words, corrections = petition.words, petition.corrections.count()
    context = {
        "token": token,
        **for_others(offer),
        "masked": masked(mine.email),
        "taken_over": offer.taken_over,
        "signed_on": mine.confirmed_at,
        "version": make_version(corrections, petition.delivery, words),
        "foreign": False,
        "reworded": False,
        "too_many": False,
        **more,
    }
    return answer_without_offer(request, petition, "offered", status=status, **context)


def for_others(offer: Offer) -> dict[str, Any]:
    """Return what leads whoever got the mail forwarded to a form of their own."""
    own_form = tagged(offer.petition.get_absolute_url(), offer.via) + "#sign"
    return {"name": offer.first_name, "own_form": own_form}


def too_many_presses(request: HttpRequest, offer: Offer, token: str) -> HttpResponse:
    """Answer a network that has reached its rate limit, which refills continuously."""
    response = show_offer(request, offer, token, status=429, too_many=True)
    response.headers["Retry-After"] = str(CEILING_RETRY_AFTER)
    return response


def without_offer(
    request: HttpRequest, petition: Petition, state: str, now: datetime
) -> HttpResponse:
    """Say why the link does not sign any more, and lead to the petition's own form."""
    return answer_without_offer(
        request,
        petition,
        state,
        status=410,
        is_open=petition.is_open(now),
        days=ONE_PRESS_LIFETIME.days,
    )


def answer_without_offer(
    request: HttpRequest,
    petition: Petition,
    state: str,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    slug, text = petition.slug, text_language_query(petition.words.language, "&")
    context = {
        "petition": petition,
        "state": state,
        "own_form": "",
        "thanks_query": thanks_query(slug) + text if state == "counts" else "",
        **more,
    }
    return TemplateResponse(request, "petitions/one_press.html", context, status=status)
