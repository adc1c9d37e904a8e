"""Mail domains that are new to the site: stuffed ballots go into quarantine, and people
with ordinary mailboxes, or with domains of their own, do not."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.mail.addresses import (
    ascii_domain,
    has_known_ending,
)
from core.observability import probes
from organizations.models import Organization, User
from petitions.abuse import (
    new_domains,
    rate_limits,
)
from petitions.abuse.new_domains import (
    A_DAY,
    KNOWN,
)
from petitions.abuse.rate_limits import (
    RATE_LIMITS,
    RateLimits,
)
from petitions.models import (
    ListedDomain,
    ListedNetwork,
    MailTally,
    OrdinaryDomain,
    OutgoingMail,
    Petition,
    Signature,
    Total,
)
from petitions.models.mails import MailState
from petitions.signatures import (
    confirming,
    quarantine,
    signing,
)
from petitions.signatures.signing import SignerInput
from petitions.states import QuarantineReason, WeakSign
from tests.factories import make_petition
from tests.helpers import headers_of, text_of
from tests.petitions.admin.helpers import decide

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]

HOME = "11.22.33.0/24"
LIST = "/admin/petitions/signature/"


@pytest.fixture(autouse=True)
def rules() -> RateLimits:
    """The rate limits of a new installation."""
    KNOWN.forget()
    RATE_LIMITS.forget()
    return RATE_LIMITS.get()


def reread() -> RateLimits:
    KNOWN.forget()
    RATE_LIMITS.forget()
    return RATE_LIMITS.get()


def sign(
    petition: Petition,
    email: str,
    rules: RateLimits,
    now: datetime | None = None,
    network: str | None = HOME,
) -> int | None:
    given = SignerInput(
        "Maya", email, "en", "number", network=ip_network(network) if network else None
    )
    return signing.sign(
        petition.pk,
        given,
        now=now or timezone.now(),
        rules=rules,
        organization_id=petition.organization_id,
    )


def elsewhere(number: int) -> str:
    return f"11.{number // 250}.{number % 250}.0/24"


def passed() -> int:
    return Signature.objects.filter(quarantine_reason="").count()


def quarantined() -> int:
    return Signature.objects.filter(quarantine_reason=QuarantineReason.BURST).count()


# == Stuffing ==


def test_seven_hundred_addresses_of_fourteen_domains_from_one_machine(
    petition: Petition, rules: RateLimits
) -> None:
    now = timezone.now()

    for number in range(700):
        moment = now + timedelta(seconds=number / 25)
        sign(petition, f"u{number}@catchall{number % 14}.test", rules, moment)

    # A household's number of each domain, and twenty more of the network.
    assert passed() == 14 * 3 + 20
    assert quarantined() == 700 - passed()
    assert OutgoingMail.objects.filter(state=MailState.DUE).count() == passed()


def test_seven_hundred_of_one_domain_from_changing_networks(
    petition: Petition, rules: RateLimits
) -> None:
    now = timezone.now()

    for number in range(700):
        sign(petition, f"u{number}@catchall.test", rules, now, elsewhere(number))

    assert passed() == A_DAY


def test_names_below_a_domain_are_no_other_domains(
    petition: Petition, rules: RateLimits
) -> None:
    now = timezone.now()

    for number in range(50):
        email = f"u@n{number}.duckdns.org" if number % 2 else f"u@n{number}.catchall.fr"
        sign(petition, email, rules, now, elsewhere(number))

    assert passed() == 2 * A_DAY


def test_what_is_set_aside_counts_only_after_staff_have_looked(
    petition: Petition, rules: RateLimits
) -> None:
    now = timezone.now()
    for number in range(A_DAY):
        sign(petition, f"u{number}@new.test", rules, now, elsewhere(number))
    last = sign(petition, "last@new.test", rules, now, elsewhere(99))
    assert last is not None

    outcome, _slug = confirming.confirm(last, now=now)
    assert outcome is not confirming.Confirmation.COUNTED
    quarantine.release_from_quarantine(Signature.objects.filter(pk=last), now=now)

    assert OutgoingMail.objects.get(signature=last).state == MailState.DUE
    outcome, _slug = confirming.confirm(last, now=now)
    assert outcome is confirming.Confirmation.COUNTED


def test_the_limit_refills_over_a_day(petition: Petition, rules: RateLimits) -> None:
    now = timezone.now()
    for number in range(40):
        sign(petition, f"u{number}@new.test", rules, now, elsewhere(number))

    for number in range(40):
        later = now + timedelta(hours=12)
        sign(petition, f"v{number}@new.test", rules, later, elsewhere(number))

    assert passed() == A_DAY + A_DAY // 2


@pytest.mark.django_db(transaction=True)
def test_the_bound_is_exact_however_many_come_at_once(petition: Petition) -> None:
    rules = reread()
    now = timezone.now()
    gate = threading.Barrier(16)

    def attempts(number: int) -> None:
        try:
            connection.ensure_connection()
            gate.wait(20)
            for each in range(50):
                domain = f"catchall{(number + each) % 14}.test"
                sign(petition, f"u{number}x{each}@{domain}", rules, now)
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(attempts, range(16)))

    assert Signature.objects.count() == 800
    assert passed() == 14 * 3 + 20


# == People ==


def test_a_crowd_behind_one_address_passes_at_once(
    petition: Petition, rules: RateLimits
) -> None:
    """Two thousand sign within ten minutes, one in ten with a domain of their own."""
    now = timezone.now()

    for number in range(2000):
        domain = "gmail.com" if number % 10 else f"family{number}.ca"
        moment = now + timedelta(seconds=0.3 * number)
        assert sign(petition, f"signer{number}@{domain}", rules, moment) is not None

    assert passed() == 2000
    late = now + timedelta(minutes=10)
    assert OutgoingMail.objects.filter(state="due", due_at__lte=late).count() == 2000


def test_a_household_with_its_own_domain_passes(
    petition: Petition, rules: RateLimits
) -> None:
    for number in range(3 + 12):
        sign(petition, f"u{number}@tremblay.ca", rules)

    assert passed() == 15


@pytest.mark.parametrize(
    "email", ["u@gmail.com", "u@videotron.ca", "u@hotmail.co.uk", "u@web.de"]
)
def test_a_new_installation_knows_the_large_providers(
    petition: Petition, rules: RateLimits, email: str
) -> None:
    for number in range(60):
        sign(petition, f"{number}{email}", rules)

    assert passed() == 60


def test_what_is_listed_as_allowed_is_not_new(petition: Petition) -> None:
    ListedDomain.objects.create(domain="*.school.example", listing="allow")
    ListedNetwork.objects.create(network="12.0.0.0/8", listing="allow")
    rules = reread()

    for number in range(40):
        sign(petition, f"u{number}@a.school.example", rules)
        sign(petition, f"u{number}@new.test", rules, network="12.1.1.0/24")
        # Nobody on the internet comes without one: TRUSTED_PROXIES.
        sign(petition, f"u{number}@own.test", rules, network=None)

    assert passed() == 120


def test_a_domain_brings_as_many_as_were_counted_with_it(petition: Petition) -> None:
    today = timezone.localdate()
    for name, days, confirmed in [
        ("known.test", 8, 60), ("mail.known.test", 9, 20), ("fresh.test", 6, 500),
        ("forgotten.test", 91, 500), ("rare.test", 8, 3),
    ]:  # fmt: skip
        MailTally.objects.create(
            petition=petition, day=today - timedelta(days=days), domain=name,
            confirmed=confirmed,
        )  # fmt: skip
    rules = reread()

    for number in range(100):
        for name in ("known", "fresh", "forgotten", "rare"):
            sign(petition, f"u{number}@{name}.test", rules, network=elsewhere(number))

    found = Signature.objects.filter(quarantine_reason="")
    assert found.filter(email__endswith="@known.test").count() == 80
    for name in ("fresh", "forgotten", "rare"):
        assert found.filter(email__endswith=f"@{name}.test").count() == A_DAY


def test_a_large_petition_takes_more_of_a_new_domain(petition: Petition) -> None:
    Total.objects.update_or_create(petition=petition, defaults={"confirmed": 50_000})
    rules = reread()

    for number in range(150):
        sign(petition, f"u{number}@new.test", rules, network=elsewhere(number))

    assert passed() == 100


# == Staff ==


def test_releasing_one_makes_its_domain_known_to_the_organisation(
    petition: Petition, other_organization: Organization, rules: RateLimits
) -> None:
    now = timezone.now()
    for number in range(A_DAY + 5):
        sign(petition, f"u{number}@mail.union.test", rules, now, elsewhere(number))
    first = Signature.objects.quarantined().earliest("pk")

    quarantine.release_from_quarantine(Signature.objects.filter(pk=first.pk), now=now)

    known = OrdinaryDomain.objects.get()
    assert (known.organization, known.domain) == (petition.organization, "union.test")
    rules = reread()
    stranger = make_petition(other_organization)
    for number in range(100, 140):
        sign(petition, f"u{number}@union.test", rules, now, elsewhere(number))
        sign(stranger, f"u{number}@union.test", rules, now, elsewhere(number))
    of_known = Signature.objects.filter(petition=petition, quarantine_reason="")
    assert of_known.count() == A_DAY + 1 + 40
    assert (
        Signature.objects.filter(petition=stranger, quarantine_reason="").count()
        == A_DAY
    )


def test_releasing_for_another_reason_teaches_nothing(petition: Petition) -> None:
    rules = RateLimits()
    given = SignerInput(
        "https://a.test", "a@new.test", "en", "number",
        weak_signs=int(WeakSign.NO_ORIGIN | WeakSign.CONTACT_IN_NAME),
    )  # fmt: skip
    signing.sign(petition.pk, given, now=timezone.now(), rules=rules)

    quarantine.release_from_quarantine(Signature.objects.all(), now=timezone.now())

    assert not OrdinaryDomain.objects.exists()


# == Mails that one network causes ==


def due_within(now: datetime, hours: float) -> int:
    due = OutgoingMail.objects.filter(state=MailState.DUE)
    return due.filter(due_at__lte=now + timedelta(hours=hours)).count()


def test_so_many_mails_a_network_causes_and_the_next_wait_in_line(
    petition: Petition, rules: RateLimits
) -> None:
    now = timezone.now()

    taken = [
        sign(petition, f"u{number}@gmail.com", rules, now) is not None
        for number in range(5100)
    ]

    # Two thousand at once, then a thousand an hour for three hours. No accepted form is
    # dropped or put in quarantine, and whoever was not accepted has been told.
    assert taken == [True] * 5000 + [False] * 100
    assert passed() == 5000
    assert [due_within(now, hours) for hours in (0, 1, 2, 3)] == [
        2000, 3000, 4000, 5000,
    ]  # fmt: skip
    # Other networks do not wait for this one.
    sign(petition, "other@gmail.com", rules, now, "11.22.34.0/24")
    assert due_within(now, 0) == 2001


def test_with_invented_domains_it_is_far_fewer(
    petition: Petition, rules: RateLimits
) -> None:
    now = timezone.now()

    for number in range(600):
        sign(petition, f"u@invented{number}.test", rules, now)

    assert [due_within(now, hours) for hours in (0, 1, 3)] == [300, 375, 525]
    assert quarantined() == 75
    # People with ordinary mailboxes still get their mail at once.
    sign(petition, "u@gmail.com", rules, now)
    assert due_within(now, 0) == 301


def test_links_that_are_asked_for_are_mails_too(
    visitor: Client,
    petition: Petition,
    rules: RateLimits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rate_limits, "MAILS", rate_limits.MAILS.with_most(3))
    monkeypatch.setattr(
        "petitions.views.links.MAILS_NOW", rate_limits.MAILS_NOW.with_most(3)
    )
    now, headers = timezone.now(), {"x-forwarded-for": "11.22.33.44"}
    sign(petition, "u@gmail.com", rules, now)
    sign(petition, "v@gmail.com", rules, now)

    answers = [
        visitor.post("/signed/", {"email": "u@gmail.com"}, headers=headers).status_code
        for _ in range(3)
    ]

    assert answers == [303, 429, 429]


@pytest.mark.parametrize("domain", ["gmail.com", "new.test"])
def test_the_answer_is_the_same(
    visitor: Client, petition: Petition, domain: str, django_assert_num_queries: Any
) -> None:
    headers = {"x-forwarded-for": "11.22.33.44"}
    form = {"name": "Maya", "email": f"maya@{domain}"}
    reread()
    first = visitor.post("/petitions/free-the-prisoners/sign/", form, headers=headers)
    for number in range(40):
        sign(petition, f"u{number}@{domain}", RATE_LIMITS.get())

    with django_assert_num_queries(2):
        last = visitor.post(
            "/petitions/free-the-prisoners/sign/", form, headers=headers
        )

    assert (quarantined() > 0) == (domain == "new.test")
    assert headers_of(last) == headers_of(first)
    assert (last.status_code, last.content) == (first.status_code, first.content)


def test_providers_are_written_as_they_are_compared() -> None:
    for name in new_domains.PROVIDERS:
        assert ascii_domain(name) == name
        assert has_known_ending(name)


# == In the admin ==


def stuffed(petition: Petition, rules: RateLimits, number: int, domain: str) -> None:
    """Sign `number` times with one domain, each time from another network."""
    for each in range(number):
        sign(petition, f"u{each}@{domain}", rules, network=elsewhere(each))


def test_all_are_removed_in_one_step_but_none_that_came_since(
    petition: Petition, rules: RateLimits, as_user: Login, erin: User
) -> None:
    stuffed(petition, rules, 80 + A_DAY, "new.test")
    staff = as_user(erin)
    path = f"{LIST}?aside=burst"
    one = (
        Signature.objects.filter(quarantine_reason=QuarantineReason.BURST)
        .earliest("pk")
        .pk
    )
    everything = {"action": "remove", "_selected_action": [one], "select_across": "1"}

    asked = staff.post(path, everything)
    assert "80 people will be erased on" in text_of(asked)
    page = asked.content.decode()
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    stuffed(petition, rules, 5, "new.test")
    staff.post(path, {**hidden, "confirmed": "1"})

    assert Signature.objects.quarantined().count() == 5
    assert Signature.objects.to_be_removed().count() == 80
    assert passed() == A_DAY


def test_all_are_released_in_one_step(
    petition: Petition, rules: RateLimits, as_user: Login, erin: User
) -> None:
    stuffed(petition, rules, 80 + A_DAY, "new.test")
    one = (
        Signature.objects.filter(quarantine_reason=QuarantineReason.BURST)
        .earliest("pk")
        .pk
    )
    everything = {"action": "release", "_selected_action": [one], "select_across": "1"}

    decide(as_user(erin), everything, f"{LIST}?aside=burst")

    assert quarantined() == 0
    assert OutgoingMail.objects.filter(state=MailState.DUE).count() == 80 + A_DAY


def test_staff_say_beforehand_whose_domain_they_know(
    petition: Petition,
    other_organization: Organization,
    as_user: Login,
    erin: User,
) -> None:
    staff = as_user(erin)
    path = "/admin/petitions/ordinarydomain/"
    OrdinaryDomain.objects.create(organization=other_organization, domain="theirs.test")
    own = {"organization": petition.organization_id, "domain": "*.Mail.Union.TEST "}

    staff.post(f"{path}add/", own)
    staff.post(f"{path}add/", {**own, "organization": other_organization.pk})

    added = OrdinaryDomain.objects.exclude(domain="theirs.test").get()
    assert (added.organization, added.domain) == (petition.organization, "union.test")
    assert "theirs.test" not in staff.get(path).content.decode()
    rules = reread()
    stuffed(petition, rules, 60, "union.test")
    assert passed() == 60
    staff.post(f"{path}{added.pk}/delete/", {"post": "yes"})
    assert OrdinaryDomain.objects.get().domain == "theirs.test"


@pytest.mark.parametrize("domain", ["union.test", "olivant.fo"])
def test_many_colleagues_of_a_known_domain_behind_one_address(
    petition: Petition, domain: str
) -> None:
    if domain not in new_domains.PROVIDERS:
        organization = petition.organization
        OrdinaryDomain.objects.create(organization=organization, domain=domain)
    rules, now = reread(), timezone.now()

    for number in range(1200):
        sign(petition, f"u{number}@{domain}", rules, now)

    # Beyond the limits of a network and of a mail domain, which are two weak signs.
    assert passed() == 1200


def test_the_administrator_is_told(petition: Petition, rules: RateLimits) -> None:
    stuffed(petition, rules, 8 + A_DAY, "new.test")

    (found,) = [
        reading
        for reading in probes.read_all(timezone.now())
        if reading.name == "signatures_set_aside_in_an_hour"
    ]

    assert found.value == 8
    assert found.trouble.startswith("8 signatures of the last hour wait until staff")
    assert found.trouble.endswith("/admin/petitions/signature/?aside=burst")
