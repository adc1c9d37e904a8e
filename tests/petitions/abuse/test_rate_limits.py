"""Rate limits, lists and weak signs: what is held back, and above all what is not."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.utils import timezone

from core.retention import expire
from organizations.models import User
from petitions.abuse import rate_limits
from petitions.abuse.rate_limits import (
    RATE_LIMITS,
    RateLimits,
)
from petitions.identity.key_ring import keys_of
from petitions.models import (
    Limit,
    LinkRequest,
    ListedDomain,
    ListedNetwork,
    OutgoingMail,
    Petition,
    RateLimitBucket,
    Signature,
)
from petitions.models.mails import MailState
from petitions.models.petition_lifecycle import WAIT
from petitions.signatures import (
    confirming,
    links,
    signing,
    withdrawing,
)
from petitions.signatures.signing import SignerInput
from petitions.states import QuarantineReason, WeakSign
from tests.factories import make_petition, make_signature
from tests.helpers import headers_of, text_of
from tests.petitions.admin.helpers import decide

pytestmark = pytest.mark.django_db

Login = Callable[[User], Client]

SIGN = "/petitions/free-the-prisoners/sign/"
SCHOOL = "11.22.33.44"
LIST = "/admin/petitions/signature/"


def only(*wanted: tuple[str, int, int]) -> RateLimits:
    """Replace all limits by `wanted` (scope, most, minutes)."""
    Limit.objects.all().delete()
    for scope, most, minutes in wanted:
        Limit.objects.create(scope=scope, most=most, minutes=minutes)
    RATE_LIMITS.forget()
    return replace(RATE_LIMITS.get(), limits_new_domains=False)


def sign(
    petition: Petition,
    email: str,
    rules: RateLimits,
    now: datetime,
    network: str = "11.22.33.0/24",
    **more: Any,
) -> int | None:
    given = SignerInput(
        "Maya", email, "en", "number", network=ip_network(network), **more
    )
    return signing.sign(petition.pk, given, now=now, rules=rules)


def asides() -> dict[str, int]:
    found: dict[str, int] = {}
    for reason in Signature.objects.values_list("quarantine_reason", flat=True):
        found[reason] = found.get(reason, 0) + 1
    return found


# == Buckets ==


@pytest.mark.parametrize(
    ("scope", "passed"),
    [
        ("address", lambda: Signature.objects.filter(quarantine_reason="")),
        ("network", lambda: Signature.objects.filter(weak_signs=0)),
        ("domain", lambda: Signature.objects.filter(weak_signs=0)),
        ("ceiling", lambda: Signature.objects.all()),
    ],
)
def test_a_limit_lets_so_many_pass_and_refills_evenly(
    petition: Petition, scope: str, passed: Callable[[], Any]
) -> None:
    rules = only((scope, 6, 60))
    now = timezone.now()

    for _ in range(9):
        sign(petition, "maya@example.org", rules, now)
    assert passed().count() == 6

    # One every ten minutes from then on, not six at once after an hour.
    for minutes, expected in [(9, 6), (10, 7), (11, 7), (30, 8), (30, 9), (30, 9)]:
        sign(petition, "maya@example.org", rules, now + timedelta(minutes=minutes))
        assert passed().count() == expected
    for _ in range(9):
        sign(petition, "maya@example.org", rules, now + timedelta(hours=3))
    assert passed().count() == 15


@pytest.mark.parametrize("scope", ["address", "network", "domain"])
def test_a_limit_holds_for_one_petition(petition: Petition, scope: str) -> None:
    rules = only((scope, 1, 60))
    now = timezone.now()

    for where in (petition, make_petition()):
        sign(where, "maya@example.org", rules, now)

    assert asides() == {"": 2}
    assert not Signature.objects.exclude(weak_signs=0).exists()


@pytest.mark.parametrize(
    ("scope", "email", "network"),
    [
        ("address", "zoe@example.org", "11.22.33.0/24"),
        ("network", "maya@example.org", "11.22.34.0/24"),
        ("domain", "maya@example.net", "11.22.33.0/24"),
        ("ceiling", "maya@example.org", "11.22.34.0/24"),
    ],
)
def test_a_limit_leaves_others_alone(
    petition: Petition, scope: str, email: str, network: str
) -> None:
    rules = only((scope, 1, 60))
    now = timezone.now()
    sign(petition, "maya@example.org", rules, now)

    sign(petition, email, rules, now, network)

    signature = Signature.objects.latest("pk")
    assert (signature.quarantine_reason, signature.weak_signs) == ("", 0)


def test_two_limits_of_one_scope_hold_together(petition: Petition) -> None:
    rules = only(("ceiling", 2, 1), ("ceiling", 3, 60))
    now = timezone.now()

    stored = [
        sign(petition, "maya@example.org", rules, now + timedelta(minutes=minutes))
        is not None
        for minutes in (0, 0, 0, 5, 5)
    ]

    # The form that the first limit refused had already drawn from the second.
    assert stored == [True, True, False, False, False]


def test_buckets_name_nobody_and_go_when_they_are_full(petition: Petition) -> None:
    rules = only(("address", 2, 60), ("network", 2, 60), ("ceiling", 2, 60))
    now = timezone.now()
    sign(petition, "maya@example.org", rules, now)
    key = Signature.objects.get().email_key

    keys = list(RateLimitBucket.objects.values_list("key", flat=True))
    assert len(keys) == 3
    assert key not in keys
    assert rate_limits.purge_rate_limit_buckets(now) == 0
    assert rate_limits.purge_rate_limit_buckets(now + timedelta(hours=1)) == 3


@pytest.mark.django_db(transaction=True)
def test_of_ten_thousand_at_once_exactly_so_many_pass(petition: Petition) -> None:
    rules = only(("ceiling", 137, 60), ("network", 100, 60), ("address", 7, 60))
    now = timezone.now()
    gate = threading.Barrier(16)

    def attempts(number: int) -> int:
        try:
            connection.ensure_connection()
            gate.wait(20)
            return sum(
                sign(petition, "maya@example.org", rules, now) is not None
                for _ in range(625)
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        stored = sum(pool.map(attempts, range(16)))

    assert stored == 137 == Signature.objects.count()
    assert Signature.objects.filter(weak_signs=0).count() == 100
    assert asides() == {"": 7, "limit": 130}
    assert OutgoingMail.objects.filter(state=MailState.DUE).count() == 7


def test_a_forged_address_passes_none_more(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    only(("ceiling", 3, 60))

    statuses = [
        visitor.post(
            SIGN,
            sign_form,
            # The proxy, 127.0.0.1, adds the real one on the right.
            headers={"x-forwarded-for": f"{number}.8.8.8, 9.9.9.{number}, {SCHOOL}"},
        ).status_code
        for number in range(20, 28)
    ]

    assert statuses == [303] * 3 + [429] * 5
    assert Signature.objects.count() == 3


# == What people notice of it ==


def test_two_thousand_people_behind_one_address_all_get_their_link(
    petition: Petition,
) -> None:
    RATE_LIMITS.forget()
    rules = RATE_LIMITS.get()
    assert rules.limits, "the limits of a new installation"
    now = timezone.now()

    for number in range(2000):
        moment = now + timedelta(seconds=1.8 * number)
        assert sign(petition, f"signer{number}@gmail.com", rules, moment) is not None

    assert OutgoingMail.objects.filter(state=MailState.DUE).count() == 2000
    assert asides() == {"": 2000}
    busy = Signature.objects.filter(weak_signs=WeakSign.BUSY_NETWORK)
    assert busy.exists()
    assert OutgoingMail.objects.filter(priority=1).count() == busy.count()


def test_above_the_ceiling_what_was_typed_is_kept(
    visitor: Client, petition: Petition, django_assert_num_queries: Any
) -> None:
    only(("ceiling", 1, 60))
    form = {"name": "Zoë <b>", "email": "zoe@example.org", "comment": "Because."}
    headers = {"x-forwarded-for": SCHOOL}
    visitor.post(SIGN, form, headers=headers)
    ceiling = rate_limits.bucket_key(f"{Limit.objects.get().pk}:11.22.33.0/24")
    before = RateLimitBucket.objects.get(pk=ceiling)

    with django_assert_num_queries(2):
        response = visitor.post(SIGN, form, headers=headers)

    assert response.status_code == 429
    assert response.headers["Retry-After"] == "60"
    assert "no-store" in response.headers["Cache-Control"]
    page = response.content.decode()
    assert 'value="Zoë &lt;b&gt;"' in page
    assert "Because." in page
    assert "Many people are signing from your network" in text_of(response)
    # Nothing was written.
    assert RateLimitBucket.objects.get(pk=ceiling).tat == before.tat
    assert Signature.objects.count() == 1
    # Further forms of this network are answered without the database.
    with django_assert_num_queries(0):
        assert visitor.post(SIGN, form, headers=headers).content == response.content
    elsewhere = {"x-forwarded-for": "9.9.9.9"}
    assert visitor.post(SIGN, form, headers=elsewhere).status_code == 303


def test_a_network_waits_until_its_ceiling_has_room_for_one(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = only(("ceiling", 2, 60), ("ceiling", 60, 1))
    now = timezone.now()
    clock = 1000.0
    monkeypatch.setattr("petitions.abuse.rate_limits.time.monotonic", lambda: clock)
    network = ip_network("11.22.33.0/24")
    for number in range(2):
        assert sign(petition, f"m{number}@example.org", rules, now) is not None
    assert not rules.is_turned_away(network)

    assert sign(petition, "m3@example.org", rules, now) is None

    assert rules.is_turned_away(network)
    assert not rules.is_turned_away(ip_network("11.22.34.0/24"))
    assert not rules.is_turned_away(None)
    # It waits for the shorter of the two times: the ceiling with the longer one may not
    # be the one that is reached.
    clock += 0.9
    assert rules.is_turned_away(network)
    clock += 0.1
    assert not rules.is_turned_away(network)


def test_who_waits_is_forgotten_with_the_rules(petition: Petition) -> None:
    rules = only(("ceiling", 1, 60))
    rules.turn_away(ip_network("11.22.33.0/24"))

    rules = only(("ceiling", 5, 60))

    assert not rules.is_turned_away(ip_network("11.22.33.0/24"))


@pytest.mark.parametrize("path", ["/new-link/", "/signed/", "/fr/signed/"])
def test_asking_for_links_has_the_same_ceiling(
    visitor: Client, petition: Petition, path: str
) -> None:
    only(("ceiling", 2, 60))
    make_signature(petition, "maya@example.org")

    answers = [
        visitor.post(
            path, {"email": "maya@example.org"}, headers={"x-forwarded-for": SCHOOL}
        )
        for _ in range(4)
    ]

    assert [answer.status_code for answer in answers] == [303, 303, 429, 429]
    assert LinkRequest.objects.count() == 2
    refused = answers[-1]
    assert refused.headers["Retry-After"] == "60"
    page = refused.content.decode()
    assert 'value="maya@example.org"' in page
    assert 'aria-describedby="id_email_error"' in page


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("new", {}),
        ("repeated", {}),
        ("confirmed", {}),
        ("withdrawn", {}),
        ("limited", {}),
        ("honeypot", {"subject": "Buy now"}),
        ("blocked network", {}),
        ("blocked domain", {}),
    ],
)
def test_the_answer_tells_nothing(
    visitor: Client,
    petition: Petition,
    kind: str,
    more: dict[str, str],
    django_assert_num_queries: Any,
) -> None:
    only(("address", 1 if kind == "limited" else 100, 60))
    form = {"name": "Maya", "email": "maya@example.org"}
    headers = {"x-forwarded-for": SCHOOL}
    expected = visitor.post(SIGN, {**form, "email": "m@example.org"}, headers=headers)
    if kind in {"repeated", "limited"}:
        visitor.post(SIGN, form, headers=headers)
    if kind in {"confirmed", "withdrawn"}:
        signature = make_signature(petition, "maya@example.org")
        if kind == "withdrawn":
            withdrawing.withdraw(signature, now=timezone.now())
    if kind == "blocked network":
        ListedNetwork.objects.create(network="11.0.0.0/8", listing="block")
    if kind == "blocked domain":
        ListedDomain.objects.create(domain="example.org", listing="block")
    RATE_LIMITS.forget()
    RATE_LIMITS.get()

    with django_assert_num_queries(2):
        response = visitor.post(SIGN, {**form, **more}, headers=headers)

    assert response.status_code == expected.status_code == 303
    assert headers_of(response) == headers_of(expected)
    assert response.content == expected.content


# == Quarantine ==


def test_a_filled_trap_sets_aside(
    visitor: Client, petition: Petition, sign_form: dict[str, Any]
) -> None:
    page = visitor.get(petition.get_absolute_url()).content.decode()
    trap = re.search(
        r'<div class="visually-hidden" aria-hidden="true">.*?</div>', page, re.S
    )
    assert trap
    assert 'name="subject" tabindex="-1" autocomplete="off"' in trap[0]

    visitor.post(SIGN, {**sign_form, "subject": "x"})

    assert asides() == {QuarantineReason.HONEYPOT: 1}
    assert OutgoingMail.objects.get().state == MailState.HELD


@pytest.mark.parametrize(
    ("name", "origin", "expected"),
    [
        ("Maya", True, ""),
        ("Maya", False, ""),
        ("Win at https: now", True, ""),
        ("Win at https: now", False, QuarantineReason.SIGNS),
        ("http:now", False, QuarantineReason.SIGNS),
    ],
)
def test_two_weak_signs_set_aside_and_one_does_not(
    petition: Petition, name: str, origin: bool, expected: str
) -> None:
    browser = Client(headers={"host": "localhost"})
    headers = {"sec-fetch-site": "same-origin"} if origin else {}

    browser.post(SIGN, {"name": name, "email": "a@example.org"}, headers=headers)

    assert asides() == {expected: 1}


def test_a_busy_network_and_another_weak_sign_set_aside(petition: Petition) -> None:
    rules = only(("network", 1, 60))
    now = timezone.now()

    for number in range(3):
        signs = WeakSign.NO_ORIGIN if number == 2 else 0
        sign(petition, f"a{number}@example.org", rules, now, weak_signs=signs)

    assert asides() == {"": 2, QuarantineReason.SIGNS: 1}


@pytest.mark.parametrize(
    ("listed", "blocked"),
    [
        ([("11.0.0.0/8", "block")], True),
        ([("11.0.0.0/8", "block"), ("11.22.0.0/16", "allow")], False),
        ([("11.0.0.0/8", "allow"), ("11.22.33.0/24", "block")], True),
        ([("12.0.0.0/8", "block")], False),
        ([("2600::/16", "block")], False),
    ],
)
def test_the_smallest_listed_network_decides(
    petition: Petition, listed: list[tuple[str, str]], blocked: bool
) -> None:
    for network, listing in listed:
        ListedNetwork.objects.create(network=network, listing=listing)

    sign(petition, "a@example.org", rate_limits.load_limits(), timezone.now())

    assert asides() == {QuarantineReason.NETWORK if blocked else "": 1}


@pytest.mark.parametrize(
    ("email", "blocked"),
    [
        ("a@bad.example", True),
        ("a@BAD.example", True),
        ("a@under.bad.example", False),
        ("a@under.worse.example", True),
        ("a@deep.under.worse.example", True),
        ("a@worse.example", False),
        ("a@good.worse.example", False),
        ("a@straße.example", True),
    ],
)
def test_the_longest_listed_domain_decides(
    petition: Petition, email: str, blocked: bool
) -> None:
    for domain, listing in [
        ("bad.example", "block"),
        ("*.worse.example", "block"),
        ("good.worse.example", "allow"),
        ("straße.example", "block"),
    ]:
        row = ListedDomain(domain=domain, listing=listing)
        row.full_clean()
        row.save()

    sign(petition, email, rate_limits.load_limits(), timezone.now())

    assert asides() == {QuarantineReason.DOMAIN if blocked else "": 1}


def test_allowed_sources_know_no_limit(petition: Petition) -> None:
    only(("network", 1, 60), ("ceiling", 1, 60), ("domain", 1, 60))
    ListedNetwork.objects.create(network="11.22.0.0/16", listing="allow")
    ListedDomain.objects.create(domain="school.example", listing="allow")
    rules = rate_limits.load_limits()
    now = timezone.now()

    for number in range(4):
        assert sign(petition, f"a{number}@school.example", rules, now)

    assert not Signature.objects.exclude(weak_signs=0).exists()
    assert not RateLimitBucket.objects.exists()


def test_nobody_confirms_what_is_set_aside(petition: Petition) -> None:
    number = sign(
        petition, "a@example.org", RateLimits(), timezone.now(), is_trapped=True
    )
    assert number is not None
    signature = Signature.objects.get()

    outcome, _slug = confirming.confirm(number, now=timezone.now())
    links.send_all_again(keys_of(signature.email), now=timezone.now())

    assert outcome is not confirming.Confirmation.COUNTED
    assert [mail.state for mail in OutgoingMail.objects.all()] == [MailState.HELD]


def test_confirming_another_form_takes_along_what_was_set_aside(
    petition: Petition,
) -> None:
    now = timezone.now()
    sign(petition, "a@example.org", RateLimits(), now, is_trapped=True)
    number = sign(petition, "a@example.org", RateLimits(), now)
    assert number is not None

    outcome, _slug = confirming.confirm(number, now=now)

    assert outcome is confirming.Confirmation.COUNTED
    assert Signature.objects.get().pk == number
    assert OutgoingMail.objects.count() == 1


# == Staff ==


def test_staff_see_why_and_how_many_people_wait(
    petition: Petition, other_organization: Any, as_user: Login, erin: User
) -> None:
    now = timezone.now()
    elsewhere = make_petition(other_organization)
    sign(elsewhere, "x@example.org", RateLimits(), now, is_trapped=True)
    for email in ("a@example.org", "A@example.org", "b@example.org"):
        sign(petition, email, RateLimits(), now, is_trapped=True)
    number = sign(
        petition, "c@example.org", RateLimits(), now,
        weak_signs=WeakSign.NO_ORIGIN | WeakSign.CONTACT_IN_NAME,
    )  # fmt: skip
    staff = as_user(erin)

    page = text_of(staff.get(LIST))
    assert "Filled in what people do not see (2)" in page
    assert "Several weak signs of abuse (1)" in page
    listed = staff.get(f"{LIST}?aside=signs").content.decode()
    assert "c@example.org" in listed
    assert "b@example.org" not in listed
    everybody = staff.get(f"{LIST}?aside=any").content.decode()
    assert "c@example.org" in everybody
    assert "b@example.org" in everybody
    detail = text_of(staff.get(f"{LIST}{number}/change/"))
    assert "the browser did not say which page sent the form" in detail
    assert "the name or the place may hold an address" in detail
    assert "11.22.33.0/24" in detail


@pytest.mark.parametrize("action", ["release", "remove"])
def test_staff_release_or_remove(
    petition: Petition, as_user: Login, erin: User, action: str
) -> None:
    now = timezone.now()
    for email in ("a@example.org", "b@example.org"):
        sign(petition, email, RateLimits(), now, is_trapped=True)
    pending = sign(petition, "c@example.org", RateLimits(), now)
    numbers = list(Signature.objects.values_list("pk", flat=True))

    chosen = {"action": action, "_selected_action": numbers}
    staff = as_user(erin)
    asked = staff.post(LIST, chosen)
    assert asides() == {QuarantineReason.HONEYPOT: 2, "": 1}
    page = text_of(asked)
    assert {
        "remove": "2 people will be erased on",
        "release": "2 signatures are mailed",
    }[action] in page
    assert "Filled in what people do not see 2" in page
    assert "example.org (2)" in page
    decide(staff, chosen)

    if action == "release":
        assert asides() == {"": 3}
        states = OutgoingMail.objects.values_list("state", flat=True)
        assert list(states) == [MailState.DUE] * 3
    else:
        assert Signature.objects.to_be_removed().count() == 2
        expire(timezone.now() + WAIT + timedelta(minutes=1))
        assert Signature.objects.get().pk == pending
        assert OutgoingMail.objects.get().signature_id == pending


@pytest.mark.parametrize("action", ["release", "remove"])
def test_those_who_only_read_release_nothing(
    petition: Petition, as_user: Login, bob: User, action: str
) -> None:
    number = sign(
        petition, "a@example.org", RateLimits(), timezone.now(), is_trapped=True
    )

    as_user(bob).post(LIST, {"action": action, "_selected_action": [number]})

    assert asides() == {QuarantineReason.HONEYPOT: 1}


@pytest.mark.parametrize("model", ["limit", "listednetwork", "listeddomain"])
def test_limits_and_lists_are_for_administrators_of_the_site(
    as_user: Login, alice: User, ada: User, model: str
) -> None:
    for path in (f"/admin/petitions/{model}/", f"/admin/petitions/{model}/add/"):
        assert as_user(alice).get(path).status_code == 403
        assert as_user(ada).get(path).status_code == 200


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("192.0.2.0/24", "192.0.2.0/24"),
        (" 192.0.2.77/16 ", "192.0.0.0/16"),
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("0.0.0.0/0", None),
        ("192.0.2.0/33", None),
        ("example.org", None),
        ("' OR 1=1", None),
    ],
)
def test_a_listed_network_is_checked(typed: str, stored: str | None) -> None:
    row = ListedNetwork(network=typed, listing="block")
    if stored is None:
        with pytest.raises(ValidationError) as refusal:
            row.full_clean()
        assert list(refusal.value.message_dict) == ["network"]
    else:
        row.full_clean()
        assert row.network == stored


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Example.ORG", "example.org"),
        (" *.Example.org ", "*.example.org"),
        ("straße.de", "xn--strae-oqa.de"),
        ("maya@example.org", None),
        ("org", None),
        ("*", None),
        ("exa mple.org", None),
        ("*.*.example.org", None),
    ],
)
def test_a_listed_domain_is_checked(typed: str, stored: str | None) -> None:
    row = ListedDomain(domain=typed, listing="allow")
    if stored is None:
        with pytest.raises(ValidationError) as refusal:
            row.full_clean()
        assert list(refusal.value.message_dict) == ["domain"]
    else:
        row.full_clean()
        assert row.domain == stored


@pytest.mark.parametrize(
    "given",
    [
        {"scope": "network", "most": 0, "minutes": 5},
        {"scope": "network", "most": 5, "minutes": 0},
        {"scope": "network", "most": -1, "minutes": 5},
        {"scope": "network", "most": 5, "minutes": 10**9},
        {"scope": "planet", "most": 5, "minutes": 5},
        # There is one of a new installation.
        {"scope": "network", "most": 5, "minutes": 60},
    ],
)
def test_a_limit_is_checked(as_user: Login, ada: User, given: dict[str, Any]) -> None:
    before = list(Limit.objects.values())

    response = as_user(ada).post("/admin/petitions/limit/add/", given)

    assert response.status_code == 200
    assert "errorlist" in response.content.decode()
    assert list(Limit.objects.values()) == before
