"""The link in a mailing by which its recipient signs the next petition with one
press."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from core.models import SwitchName
from core.operation import turn_on
from organizations.models import Organization, User
from petitions.abuse.rate_limits import RATE_LIMITS
from petitions.counts import folding, verifying
from petitions.mail import mailings, results
from petitions.mail.mailings import MailingNotPossible
from petitions.models import (
    Consent,
    CountChange,
    Limit,
    ListedDomain,
    ListedNetwork,
    Mailing,
    MailingRecipient,
    OutgoingMail,
    Petition,
    Signature,
)
from petitions.signatures import consent, links, my_data, withdrawing
from petitions.signatures.tokens import TokenPurpose, make_token
from petitions.states import (
    LimitScope,
    Listing,
    QuarantineReason,
    SignatureState,
)
from tests.factories import (
    make_petition,
    make_signature,
    make_translation,
    make_update_translation,
)
from tests.helpers import text_of
from tests.mailserver import MailServer, body
from tests.petitions.mail.mailing import (
    make_supporter,
    news_of,
    ordered,
    prepared,
    run,
    shown_to,
    written_to,
)

pytestmark = pytest.mark.django_db

EMAIL, NAME, PLACE = "maya@example.org", "Maya Tremblay", "Trois-Rivières"
FOREIGN = {"sec-fetch-site": "cross-site"}
HERE = {"x-forwarded-for": "9.9.9.9"}


@pytest.fixture
def following(petition: Petition) -> Petition:
    """The next petition."""
    return make_petition(
        petition.organization,
        title="Open the archive",
        delivery="names",
        asks_place=True,
    )


@pytest.fixture
def maya(petition: Petition) -> Signature:
    return make_supporter(
        petition, EMAIL, name=NAME, place=PLACE, country="CA", show_name=True
    )


@pytest.fixture
def mail(maya: Signature, following: Petition) -> MailingRecipient:
    """The mail to Maya that names the next petition."""
    return written_to(maya, next_petition=following)


def link_in(mail: MailingRecipient | int, *, days_old: float = 0) -> str:
    number = mail if isinstance(mail, int) else mail.pk
    made = timezone.now() - timedelta(days=days_old)
    return f"/one-press/{make_token(TokenPurpose.ONE_PRESS, number, now=made)}/"


def of(petition: Petition) -> list[Signature]:
    return list(Signature.objects.filter(petition=petition))


def stored() -> list[Any]:
    """What a look must leave as it is."""
    return [
        list(model._default_manager.order_by("pk").values())
        for model in (Signature, OutgoingMail, Consent, CountChange, MailingRecipient)
    ]


def test_from_the_mail_to_the_count(
    server: MailServer,
    visitor: Client,
    alice: User,
    maya: Signature,
    following: Petition,
) -> None:
    Consent.objects.update(given_at=timezone.now() - timedelta(days=1))
    consents = list(Consent.objects.values())
    update = news_of(maya.petition)
    mailing = run(ordered(update, by=alice, next_petition=following))
    (message,) = server.mailbox.messages
    for kind in ("plain", "html"):
        said = body(message, kind)
        assert "Open the archive" in said
        assert "/one-press/" in said
    (line,) = [x for x in body(message).splitlines() if "/one-press/" in x]
    path = line.removeprefix("http://testserver.localhost")
    before = stored()

    page = visitor.get(path)  # a mail scanner looks, too
    assert visitor.head(path).status_code == 200

    text = text_of(page)
    assert page.status_code == 200
    assert "You are signing as Maya , m•••@example.org ." in text
    assert "Open the archive" in text
    assert "Full name E-mail address Place Your name on the page Not shown" in text
    assert "Minister receives your name" in text
    # The mail may have been forwarded.
    for hidden in ("Tremblay", PLACE, EMAIL):
        assert hidden not in text
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert not page.cookies
    assert stored() == before

    shown = {"version": page.context["version"], "takes_over": ["place"]}
    thanks = visitor.post(path, shown)

    assert thanks.status_code == 303
    assert thanks.headers["Location"].startswith(
        "/petitions/open-the-archive/thank-you/?counted="
    )
    (mine,) = of(following)
    assert mine.state == SignatureState.CONFIRMED
    assert (mine.name, mine.email, mine.place) == (NAME, EMAIL, PLACE)
    # It did not ask for the country, and said that no name is shown.
    assert (mine.country, mine.show_name, mine.comment) == ("", False, "")
    assert mine.delivery == "names"
    assert list(Consent.objects.values()) == consents
    assert not OutgoingMail.objects.exists()
    assert "Your signature counts" in text_of(visitor.get(thanks.headers["Location"]))
    while folding.fold():
        pass
    assert results.signed_through(mailing) == 1
    assert all(proof.holds for proof in verifying.verify())


def test_a_second_press_says_that_it_counts_already(
    visitor: Client, mail: MailingRecipient, following: Petition
) -> None:
    path = link_in(mail)
    visitor.post(path)
    before = stored()

    for answer in (visitor.post(path), visitor.get(path)):
        assert answer.status_code == 200
        assert "Your signature counts" in text_of(answer)
    assert stored() == before
    assert len(of(following)) == 1


@pytest.mark.parametrize("email", ["maya@example.org", "Maya@example.org"])
def test_whoever_has_signed_is_counted_once(
    visitor: Client, mail: MailingRecipient, following: Petition, email: str
) -> None:
    make_signature(following, email)
    visitor.post(link_in(mail))
    assert len(of(following)) == 1


def test_a_form_that_waits_is_merged(
    visitor: Client, mail: MailingRecipient, following: Petition, sign_form: Any
) -> None:
    visitor.post("/petitions/open-the-archive/sign/", {**sign_form, "email": EMAIL})
    assert len(of(following)) == 1

    visitor.post(link_in(mail))

    (mine,) = of(following)
    assert mine.state == SignatureState.CONFIRMED
    assert not OutgoingMail.objects.filter(state="due").exists()


def test_somebody_else_is_led_to_the_empty_form(
    visitor: Client, mail: MailingRecipient
) -> None:
    page = visitor.get(link_in(mail)).content.decode()
    tag = f"?via=mailing-{mail.mailing_id}#sign"
    assert f'<a href="/petitions/open-the-archive/{tag}">Not' in page
    form = visitor.get("/petitions/open-the-archive/").content.decode()
    assert EMAIL not in form
    assert "Maya" not in form


@pytest.mark.parametrize("state", ["open", "paused", "closed"])
def test_somebody_else_is_not_told_that_theirs_counts(
    visitor: Client, mail: MailingRecipient, following: Petition, state: str
) -> None:
    path = link_in(mail)
    visitor.post(path)
    if state == "closed":
        following.close(now=timezone.now())
    else:
        Petition.objects.filter(pk=following.pk).update(state=state)

    page = visitor.get(path)

    text = text_of(page)
    assert "Your signature counts" in text
    assert "Tremblay" not in text
    assert ("Not Maya ? Sign in your own name" in text) == (state == "open")
    assert ("Ask others to sign" in text) == (state == "open")
    assert ("Read what came of it" in text) == (state == "closed")
    assert 'href="/signed/"' in page.content.decode()


@pytest.mark.parametrize(("days_old", "status"), [(29.9, 200), (30.1, 410)])
def test_it_works_for_thirty_days(
    visitor: Client,
    mail: MailingRecipient,
    following: Petition,
    days_old: float,
    status: int,
) -> None:
    path = link_in(mail, days_old=days_old)
    page = visitor.get(path)
    assert page.status_code == status
    visitor.post(path)
    assert len(of(following)) == (status == 200)
    if status == 410:
        assert "Maya" not in text_of(page)
        assert "/petitions/open-the-archive/#sign" in page.content.decode()


ENDS = [
    "withdrawn", "erased", "all erased", "suppressed", "unsubscribed", "links ended",
    "blocked", "took the next one back", "erased the next one",
]  # fmt: skip


@pytest.mark.parametrize("ends", ENDS)
def test_it_ends_with_what_it_was_mailed_for(
    visitor: Client,
    maya: Signature,
    mail: MailingRecipient,
    following: Petition,
    ends: str,
) -> None:
    now = timezone.now()
    path = link_in(mail)
    match ends:
        case "withdrawn":
            withdrawing.withdraw(maya, now=now)
        case "erased":
            my_data.erase_signature(maya, now=now)
        case "all erased":
            my_data.erase_all(my_data.DataSubject.owner(EMAIL), now=now)
        case "suppressed":
            consent.suppress(EMAIL, now=now)
        case "unsubscribed":
            consent.end_updates(Consent.objects.get(), now=now)
        case "links ended":
            links.end_links(EMAIL, made_before=now + timedelta(seconds=1))
        case "blocked":
            ListedDomain.objects.create(domain="example.org", listing=Listing.BLOCK)
            RATE_LIMITS.forget()
        case "took the next one back":
            visitor.post(path)
            (mine,) = of(following)
            withdrawing.withdraw(mine, now=now)
        case "erased the next one":
            visitor.post(path)
            (mine,) = of(following)
            my_data.erase_signature(mine, now=now)
            assert of(following) == []
            assert MailingRecipient.objects.filter(pk=mail.pk).exists()
    before = stored()

    for answer in (visitor.get(path), visitor.post(path)):
        assert answer.status_code == 410
        text = text_of(answer)
        assert "This link no longer works" in text
        assert "Sign with the form" in text
        assert "Maya" not in text
    assert stored() == before


def test_one_of_another_address_is_not_ended_with_it(
    visitor: Client, mail: MailingRecipient, following: Petition
) -> None:
    other = make_signature(following, "liam@example.org")
    withdrawing.withdraw(other, now=timezone.now())
    consent.suppress("liam@example.org", now=timezone.now())
    assert visitor.post(link_in(mail)).status_code == 303


@pytest.mark.parametrize("ends", ["closed", "paused", "withdrawn", "draft"])
def test_a_petition_that_takes_no_signatures_takes_none_of_these(
    visitor: Client, mail: MailingRecipient, following: Petition, ends: str
) -> None:
    path = link_in(mail)
    assert visitor.get(path).status_code == 200
    now = timezone.now()
    match ends:
        case "closed":
            following.close(now=now)
        case "withdrawn":
            following.withdraw(now=now)
        case _:
            Petition.objects.filter(pk=following.pk).update(state=ends)

    for answer in (visitor.get(path), visitor.post(path)):
        assert answer.status_code == 410
        assert "Maya" not in text_of(answer)
        if ends in ("closed", "paused"):
            assert "The petition cannot be signed now" in text_of(answer)
    assert of(following) == []


def test_signing_that_is_stopped_stops_this_too(
    visitor: Client, mail: MailingRecipient, following: Petition
) -> None:
    turn_on(SwitchName.STOP_SIGNING, {}, now=timezone.now(), by=None)
    page = visitor.get(link_in(mail))
    assert page.status_code == 200
    assert "Please come back later" in text_of(page)
    assert "<button" not in page.content.decode().split("<main")[1]
    assert visitor.post(link_in(mail)).status_code == 503
    assert of(following) == []


def test_what_looks_like_abuse_waits_for_staff(
    visitor: Client, mail: MailingRecipient, following: Petition
) -> None:
    ListedNetwork.objects.create(network="9.9.9.0/24", listing=Listing.BLOCK)
    RATE_LIMITS.forget()

    answer = visitor.post(link_in(mail), headers=HERE)

    assert "/check-inbox/" in answer.headers["Location"]
    (mine,) = of(following)
    assert mine.state == SignatureState.PENDING
    assert mine.quarantine_reason == QuarantineReason.NETWORK
    assert [m.state for m in OutgoingMail.objects.filter(signature=mine)] == ["held"]
    assert not CountChange.objects.filter(petition=following).exists()


def test_a_network_that_has_reached_its_limit_is_asked_to_wait(
    visitor: Client, mail: MailingRecipient, following: Petition
) -> None:
    Limit.objects.all().delete()
    Limit.objects.create(scope=LimitScope.CEILING, most=1, minutes=60)
    RATE_LIMITS.forget()
    again = make_supporter(mail.mailing.petition, "liam@example.org")
    other = written_to(again, next_petition=following)
    assert visitor.post(link_in(mail), headers=HERE).status_code == 303

    for _ in range(2):
        answer = visitor.post(link_in(other), headers=HERE)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert "Try again in a few minutes" in text_of(answer)
    assert len(of(following)) == 1


def test_nobody_signs_words_that_they_have_not_read(
    visitor: Client, mail: MailingRecipient, following: Petition
) -> None:
    path = link_in(mail)
    page = visitor.get(path).content.decode()
    version = page.split('name="version" value="')[1].split('"')[0]
    Petition.objects.filter(pk=following.pk).update(text="Other words.")

    answer = visitor.post(path, {"version": version})

    assert answer.status_code == 409
    assert "so nothing was signed. Read it again." in text_of(answer)
    assert of(following) == []


def test_no_more_is_handed_over_than_the_page_said(
    visitor: Client, mail: MailingRecipient, following: Petition
) -> None:
    Petition.objects.filter(pk=following.pk).update(delivery="number")
    path = link_in(mail)
    page = visitor.get(path).content.decode()
    version = page.split('name="version" value="')[1].split('"')[0]
    Petition.objects.filter(pk=following.pk).update(delivery="names")

    visitor.post(path, {"version": version})

    assert of(following)[0].delivery == "number"


def test_a_field_asked_since_the_page_was_shown_is_not_taken_over(
    visitor: Client, mail: MailingRecipient, following: Petition
) -> None:
    path = link_in(mail)
    page = visitor.get(path)
    given = {"version": page.context["version"], "takes_over": ["place"]}
    assert 'name="takes_over" value="place"' in page.content.decode()
    Petition.objects.filter(pk=following.pk).update(asks_country=True)

    visitor.post(path, given)

    (mine,) = of(following)
    assert (mine.place, mine.country) == (PLACE, "")


def test_another_site_presses_no_button(
    visitor: Client, mail: MailingRecipient, following: Petition
) -> None:
    answer = visitor.post(link_in(mail), headers=FOREIGN)
    assert answer.status_code == 403
    assert "so nothing was signed" in text_of(answer)
    assert of(following) == []


def test_two_people_at_one_address(visitor: Client, following: Petition) -> None:
    Petition.objects.update(shared_addresses=True)
    home = following.organization.petitions.exclude(pk=following.pk).get()
    paths = [
        link_in(
            written_to(make_supporter(home, email, name=name), next_petition=following)
        )
        for name, email in (("Maya Roy", EMAIL), ("Liam Roy", "liam@example.org"))
    ]
    make_signature(following, EMAIL, name="Zoé Roy")
    visitor.post(paths[0])
    assert {row.person for row in of(following)} == {"zoe roy", "maya roy"}
    make_signature(following, "liam@example.org", name="One")
    make_signature(following, "liam@example.org", name="Two")

    answer = visitor.post(paths[1])

    assert "Two people have signed with this address" in text_of(answer)
    assert len(of(following)) == 4


def test_the_link_of_a_test_mail_leads_nowhere(
    server: MailServer, visitor: Client, following: Petition, alice: User
) -> None:
    home = following.organization.petitions.exclude(pk=following.pk).get()
    mailing = prepared(news_of(home), alice, next_petition=following)
    mailings.ask_test(mailing, alice)
    mailings.send_test(timezone.now())
    links_sent = [
        line.removeprefix("http://testserver.localhost")
        for message in server.mailbox.messages
        for line in body(message).splitlines()
        if "/one-press/" in line
    ]
    assert links_sent
    for path in links_sent:
        assert visitor.get(path).status_code == 410
        assert visitor.post(path).status_code == 410


# == Whom the mail offers it ==


@pytest.mark.parametrize("why", ["signed", "took it back", "closed"])
def test_a_petition_that_they_cannot_sign_is_not_offered(
    server: MailServer, maya: Signature, following: Petition, alice: User, why: str
) -> None:
    make_supporter(maya.petition, "liam@example.org")
    mailing = ordered(news_of(maya.petition), by=alice, next_petition=following)
    if why != "closed":
        mine = make_signature(following, EMAIL)
        if why == "took it back":
            withdrawing.withdraw(mine, now=timezone.now())
        OutgoingMail.objects.all().delete()
    else:
        following.close(now=timezone.now())

    run(mailing)

    offered = {
        message["To"]
        for message in server.mailbox.messages
        if "/one-press/" in body(message) or "/one-press/" in body(message, "html")
    }
    assert len(server.mailbox.messages) == 2
    assert offered == (set() if why == "closed" else {"liam@example.org"})


def test_each_reads_the_title_in_their_language(
    server: MailServer, visitor: Client, following: Petition, alice: User
) -> None:
    home = following.organization.petitions.exclude(pk=following.pk).get()
    make_translation(following, "fr", title="Ouvrez les archives")
    update = news_of(home)
    make_update_translation(update, "fr")
    make_supporter(home, EMAIL, language="fr")
    run(ordered(update, by=alice, next_petition=following))

    (message,) = server.mailbox.messages
    assert "Ouvrez les archives" in body(message)
    (line,) = [x for x in body(message).splitlines() if "/one-press/" in x]
    path = line.removeprefix("http://testserver.localhost")
    assert path.startswith("/fr/")
    assert "Ouvrez les archives" in text_of(visitor.get(path))
    visitor.post(path)
    (mine,) = of(following)
    assert (mine.language, mine.text_language) == ("fr", "fr")


def test_only_an_open_petition_is_ordered(following: Petition, alice: User) -> None:
    home = following.organization.petitions.exclude(pk=following.pk).get()
    make_supporter(home, EMAIL)
    mailing = prepared(news_of(home), alice, next_petition=following)
    shown_to(mailing, alice)
    mailing.refresh_from_db()
    following.close(now=timezone.now())
    mailing = Mailing.objects.get()

    with pytest.raises(MailingNotPossible, match="next petition cannot be signed"):
        mailings.order(mailing, alice, timezone.now())


def test_the_database_refuses_a_petition_of_another_organisation(
    petition: Petition, following: Petition, other_organization: Organization
) -> None:
    update = news_of(petition)
    with pytest.raises(IntegrityError, match="same organisation"), transaction.atomic():
        prepared(update, next_petition=make_petition(other_organization))
    mailing = prepared(update, next_petition=following)
    with pytest.raises(IntegrityError, match="stays on record"), transaction.atomic():
        Mailing.objects.filter(pk=mailing.pk).update(next_petition=None)


def test_the_page_of_a_mailing_offers_what_is_open_and_theirs(
    as_user: Any,
    alice: User,
    petition: Petition,
    following: Petition,
    other_organization: Organization,
) -> None:
    make_petition(other_organization, title="Of others")
    make_petition(petition.organization, title="Not yet", state="draft")
    update = news_of(petition)
    client = as_user(alice)
    form = f"/admin/petitions/update/{update.pk}/mail/"
    page = client.get(form).content.decode()
    select = page.split('name="next_petition"')[1].split("</select>")[0]
    assert "Open the archive" in select
    assert "Of others" not in select
    assert "Not yet" not in select

    client.post(
        form, {"scope": "petition", "next_petition": following.pk, "prepare": ""}
    )

    mailing = Mailing.objects.get()
    assert mailing.next_petition == following
    page = text_of(client.get(f"/admin/petitions/mailing/{mailing.pk}/change/"))
    assert "Open the archive" in page
