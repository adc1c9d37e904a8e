"""Acts of staff on a supporter's data at that person's request: the same that
supporters do themselves behind the links in their mails. Each act asks how the request
came and how it was made sure who asks, and leaves an entry in the register that names
nobody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from core.admin.edit_conflicts import SEEN, arrived, digest, told, typed_anew
from organizations.models import Organization
from organizations.rights import Right, organizations_with
from organizations.scoping import user_of
from petitions.admin.supporter_forms import AddressForm, AskedForm
from petitions.admin.supporters import (
    FOLDER,
    Admin,
    names_of_person,
    opened_supporter,
    supporter_context,
    url_of,
)
from petitions.identity import same_person
from petitions.models import Signature, SupporterRequest
from petitions.signatures import consent, correcting, my_data, withdrawing
from petitions.signatures.my_data import PLACES
from petitions.signatures.supporters import Supporter, find_mailbox
from petitions.states import (
    RequestKind,
    SignatureState,
)
from petitions.views.confirming import correction_form


def asked_form(
    request: HttpRequest,
    one: Supporter,
    kind: RequestKind,
    choices: list[tuple[str, str]] | None = None,
) -> AskedForm:
    entries = SupporterRequest.objects.open().filter(
        organization=one.organization, kind=kind
    )
    return AskedForm(
        request.POST if request.method == "POST" else None,
        entries=entries,
        persons=[*names_of_person(one), *one.subject.addresses()],
        today=timezone.localdate(),
        choices=choices,
    )


# == Access, withdrawal, never again, erasure ==

SENTENCES = {
    RequestKind.ACCESS: _(
        "That they asked will be recorded; then you can print the copy or download it."
    ),
    RequestKind.WITHDRAW: _(
        "The signatures that you tick will be taken from the count, with today’s "
        "date. What is stored of them will be kept until it is erased."
    ),
    RequestKind.NEVER: _(
        "This site will write no more mail to these addresses, whatever anybody enters "
        "and for whichever organisation, until their owner takes it back by the link "
        "in a mail."
    ),
    RequestKind.ERASE: _(
        "The signatures that you tick will be taken from the count and erased, with "
        "their mails; when all of them are ticked, everything on the page of this "
        "person will be. That cannot be undone. The entry in the register is what will "
        "be left."
    ),
}
BUTTONS = {
    RequestKind.ACCESS: _("Make the copy"),
    RequestKind.WITHDRAW: _("Withdraw"),
    RequestKind.NEVER: _("Never write again"),
    RequestKind.ERASE: _("Erase"),
}


def act(
    model_admin: Admin, request: HttpRequest, kind: str, row: int, *, verb: str
) -> HttpResponse:
    """Show what would be done for a supporter, with the form of the request; on POST do
    exactly that, and record it."""
    what, one = RequestKind(verb), opened_supporter(request, kind, row)
    rows = choosable(one, what)
    if what is RequestKind.WITHDRAW and not rows:
        messages.info(request, gettext("None of their signatures is counted."))
        return redirect(url_of(one))
    if what is RequestKind.NEVER and not one.subject.addresses():
        return redirect("admin:petitions_supporterrequest_never_write")
    form = asked_form(request, one, what, [(str(row.pk), label(row)) for row in rows])
    seen = seen_of(one)
    changed = request.method == "POST" and request.POST.get(SEEN) != seen
    if form.is_valid() and not changed:
        with transaction.atomic():
            ticked = set(form.cleaned_data.get("chosen", []))
            chosen = [row for row in rows if str(row.pk) in ticked]
            touched = carry_out_request(
                one, what, chosen, whole=len(chosen) == len(rows)
            )
            form.record(one.organization, what, user_of(request), touched)
        return done(request, one, what, touched)
    context = {
        **supporter_context(model_admin, request, one),
        "title": what.label,
        "form": form,
        "seen": seen,
        "changed": changed,
        "sentence": SENTENCES[what],
        "button": BUTTONS[what],
        "is_dangerous": what in (RequestKind.ERASE, RequestKind.WITHDRAW),
        "counts": rows_to_erase(one) if what is RequestKind.ERASE else [],
    }
    status = 409 if changed else 422 if form.is_bound else 200
    return TemplateResponse(request, f"{FOLDER}/act.html", context, status=status)


def choosable(one: Supporter, what: RequestKind) -> list[Signature]:
    """Return the signatures that staff may tick for this kind of request: counted ones,
    and those that a reversal could count again, to withdraw; of those that are erased
    together, one."""
    rows = list(my_data.signatures_of(one.subject))
    if what is RequestKind.WITHDRAW:
        states = (SignatureState.CONFIRMED, SignatureState.INVALID)
        return [row for row in rows if row.state in states]
    if what is not RequestKind.ERASE:
        return []
    kept, gone = list[Signature](), set[int]()
    for row in sorted(rows, key=lambda row: row.state != SignatureState.CONFIRMED):
        if row.pk not in gone:
            kept.append(row)
            gone |= set(my_data.erased_with(row).values_list("pk", flat=True))
    return kept


def label(row: Signature) -> str:
    """Return what staff read beside the box of a signature."""
    day = date_format(timezone.localtime(row.created_at), "SHORT_DATE_FORMAT")
    title = row.petition.words_in(row.text_language).title
    return f"{title} · {row.name} · {row.email} · {row.get_state_display()} · {day}"


def seen_of(one: Supporter) -> str:
    """Return a digest of what the page says would be touched, so that nothing unseen
    is."""
    rows = [sorted(place.rows(one.subject).values_list("pk")) for place in PLACES]
    states = sorted(one.subject.signatures.values_list("pk", "state"))
    return digest(f"{rows}{states}")


def rows_to_erase(one: Supporter) -> list[tuple[Any, int]]:
    """Return how many rows of each place would be erased."""
    numbers = ((place.heading, place.rows(one.subject).count()) for place in PLACES)
    return [(heading, number) for heading, number in numbers if number]


def carry_out_request(
    one: Supporter, what: RequestKind, chosen: list[Signature], *, whole: bool
) -> int:
    """Do what was asked and return how many signatures that touched. `whole` says that
    none of the signatures was left out."""
    now, signatures = timezone.now(), one.subject.signatures
    before = signatures.count()
    match what:
        case RequestKind.WITHDRAW:
            for row in chosen:
                withdrawing.withdraw(row, now=now)
            return len(chosen)
        case RequestKind.NEVER:
            for address in one.subject.addresses():
                consent.suppress(address, now=now)
        case RequestKind.ERASE:
            if whole:
                my_data.erase_all(one.subject, now=now)
            else:
                for row in chosen:
                    my_data.erase_signature(row, now=now)
            return before - signatures.count()
    return before


def done(
    request: HttpRequest, one: Supporter, what: RequestKind, touched: int
) -> HttpResponse:
    """Say what was done, without the person, and lead on: to the copy, to what is left
    of them, or to the register."""
    if what is RequestKind.ACCESS:
        return redirect(url_of(one, "copy"))
    sentences = {
        RequestKind.CORRECT: gettext("Corrected."),
        RequestKind.NEVER: gettext("This site writes to them no more."),
        RequestKind.WITHDRAW: ngettext(
            "%(n)s signature withdrawn.", "%(n)s signatures withdrawn.", touched
        ),
        RequestKind.ERASE: ngettext(
            "Erased, with %(n)s signature.", "Erased, with %(n)s signatures.", touched
        ),
    }
    recorded = gettext("The request is in the register.")
    messages.success(
        request, f"{sentences[what] % {'n': intcomma(touched)}} {recorded}"
    )
    own = Organization.objects.filter(pk=one.organization.pk)
    left = find_mailbox(one.address, own) if one.address else []
    if left:
        return redirect(url_of(left[0]))
    return redirect("admin:petitions_supporterrequest_changelist")


# == Correction ==


def correct_for_owner(
    model_admin: Admin, request: HttpRequest, kind: str, row: int, signature: int
) -> HttpResponse:
    """Correct a signature at its owner's request: what they could correct themselves,
    except that a yes to updates is theirs alone to give."""
    one = opened_supporter(request, kind, row)
    correctable = (SignatureState.PENDING, SignatureState.CONFIRMED)
    rows = one.subject.signatures.filter(state__in=correctable, pk=signature)
    mine = same_person.find_signature(signature) if rows.exists() else None
    if mine is None:
        raise Http404
    asked = asked_form(request, one, RequestKind.CORRECT)
    form = correction_form(mine, request.POST if request.method == "POST" else None)
    form["updates"].label = gettext("Wants updates")
    valid = form.is_valid() and asked.is_valid()
    if form.is_valid() and form.cleaned_data["updates"] and not mine.wants_updates:
        form.add_error(
            "updates", gettext("A yes can only come from the mailbox itself.")
        )
        valid = False
    if valid:
        try:
            with transaction.atomic():
                store_correction(mine, form, request)
                asked.record(one.organization, RequestKind.CORRECT, user_of(request), 1)
            return done(request, one, RequestKind.CORRECT, 1)
        except correcting.NameTaken:
            form.add_error(
                "name", gettext("The other person at this address has signed so.")
            )
    context = {
        **supporter_context(model_admin, request, one),
        "title": RequestKind.CORRECT.label,
        "form": asked,
        "correction": form,
        "fields": [field for field in form if is_asked(field, mine)],
        "petition": mine.petition,
        "seen": form.data.get(SEEN) or told(form),
        "button": gettext("Save the correction"),
    }
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, f"{FOLDER}/act.html", context, status=status)


def is_asked(field: forms.BoundField, mine: Signature) -> bool:
    """Return whether the form has the field for this signature's owner, too."""
    return field.name != "updates" or mine.petition.organization.can_ask_updates


def store_correction(mine: Signature, form: Any, request: HttpRequest) -> None:
    """Store a correction as its owner's form does; a new answer about updates is in
    their language."""
    given = typed_anew(form, arrived(request))
    with override(mine.language):
        if mine.state == SignatureState.CONFIRMED:
            correcting.change_signature(mine, given, now=timezone.now())
        else:
            correcting.correct_signature(mine, given)


# == Never again, for an address of which nothing is stored ==


def never_write(model_admin: Admin, request: HttpRequest) -> HttpResponse:
    """Never write again to an address that staff type, whether or not anything is
    stored about its owner. The search posts the address that it did not find."""
    served = organizations_with(user_of(request), Right.SERVE)
    sent = request.method == "POST" and "checked_by" in request.POST
    form = AddressForm(
        request.POST if sent else None,
        served=served,
        entries=SupporterRequest.objects.open().filter(
            organization__in=served.order_by().values("pk"), kind=RequestKind.NEVER
        ),
        today=timezone.localdate(),
    )
    if form.is_valid():
        address, organization = (
            form.cleaned_data["email"],
            form.cleaned_data["organization"],
        )
        with transaction.atomic():
            consent.suppress(address, now=timezone.now())
            subject = my_data.DataSubject.supporter(address, organization)
            number = subject.signatures.count()
            form.record(organization, RequestKind.NEVER, user_of(request), number)
        messages.success(
            request,
            gettext("This site writes to them no more.")
            + " "
            + gettext("The request is in the register."),
        )
        return redirect("admin:petitions_supporterrequest_changelist")
    form.initial["email"] = request.POST.get("email", "")[:300]
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": RequestKind.NEVER.label,
        "form": form,
        "sentence": SENTENCES[RequestKind.NEVER],
        "button": BUTTONS[RequestKind.NEVER],
    }
    status = 422 if form.is_bound else 200
    return TemplateResponse(request, f"{FOLDER}/act.html", context, status=status)
