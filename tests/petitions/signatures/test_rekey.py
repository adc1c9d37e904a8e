"""Address rules and secrets change while the site runs, and nobody counts twice."""

from __future__ import annotations

import io
import threading
from collections import Counter
from functools import partial
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from organizations.models import Organization, User
from petitions import (
    checks,
    probes,
)
from petitions.addresses import MailboxRules
from petitions.counts import verifying
from petitions.identity import key_ring
from petitions.identity.key_ring import (
    KeyringVersion,
    email_key,
)
from petitions.importing import unsubscribing
from petitions.mail import (
    leases,
    outbox,
)
from petitions.management.commands import rekey as command
from petitions.models import (
    AddressRule,
    Consent,
    CountChange,
    KeyCollision,
    KeyVersion,
    MailingRecipient,
    OutgoingMail,
    Petition,
    Signature,
    Suppression,
    UnsubscribeList,
)
from petitions.signatures import (
    confirming,
    my_data,
    rekeying,
    signing,
)
from petitions.signatures import (
    consent as consent_,
)
from petitions.signatures.confirming import Confirmation
from petitions.states import SignatureState
from tests.factories import make_pending, make_petition, make_signature
from tests.parallel import all_at_once
from tests.petitions.mail.mailing import written_to
from tests.petitions.signatures.helpers import rekey
from tests.petitions.views.helpers import link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_keys")]

OTHER = "another secret, which has to have more than fifty characters"


def leave_out_dots() -> None:
    """Draft a rule for the next version: dots are ignored in all addresses."""
    AddressRule.objects.filter(domain="*").update(strip_characters=".")


def begin() -> None:
    """Begin a key version without re-keying anything."""
    rekeying.start_version(now=timezone.now())


def counted(petition: Petition) -> list[str]:
    rows = Signature.objects.confirmed().filter(petition=petition).order_by("pk")
    return list(rows.values_list("email", flat=True))


# == Keys ==


def test_a_key_depends_on_mailbox_secret_and_version() -> None:
    rules = MailboxRules(key_ring.FIRST_RULES)
    first = KeyringVersion(1, rules, b"secret")

    assert first.key("Maya+x@Example.org") == first.key("maya@example.org")
    assert first.key("maya@example.org") != first.key("maia@example.org")
    assert first.key("m@x.org") != KeyringVersion(1, rules, b"other").key("m@x.org")
    assert first.key("m@x.org") != KeyringVersion(2, rules, b"secret").key("m@x.org")


def test_a_changed_rule_changes_nothing_before_the_rekey(petition: Petition) -> None:
    make_signature(petition, "a.b@example.org")
    leave_out_dots()

    make_signature(petition, "ab@example.org")

    assert len(counted(petition)) == 2
    assert key_ring.waits_for_rekey()


# == The job ==


def test_new_rules_take_effect_and_the_oldest_stays_counted(
    petition: Petition,
) -> None:
    oldest = make_signature(petition, "a.b@example.org", wants_updates=True)
    newer = make_signature(petition, "ab@example.org")
    make_signature(petition, "c@example.org")
    elsewhere = make_signature(make_petition(), "ab@example.org")
    pending = make_pending(petition, "a.b.c@example.org")
    leave_out_dots()

    output = rekey()

    assert "Version 2 has begun." in output
    assert "1 signatures were taken back" in output
    assert counted(petition) == ["a.b@example.org", "c@example.org"]
    newer.refresh_from_db()
    assert newer.state == SignatureState.WITHDRAWN
    collision = KeyCollision.objects.get()
    assert (collision.petition, collision.kept, collision.taken_back) == (
        petition,
        oldest.pk,
        newer.pk,
    )
    assert all(proof.holds for proof in verifying.verify())
    assert CountChange.objects.filter(delta=-1).count() == 1
    elsewhere.refresh_from_db()
    pending.refresh_from_db()
    assert elsewhere.state == SignatureState.CONFIRMED
    assert {row.email_key_version for row in Signature.objects.all()} == {2}
    assert pending.email_key == email_key("ABC@example.org")
    assert pending.former_key is None
    consent = Consent.objects.get()
    assert (consent.email_key, consent.email_key_version) == (
        email_key("ab@example.org"),
        2,
    )
    for mail in OutgoingMail.objects.select_related("signature"):
        assert mail.signature is not None
        assert mail.email_key == mail.signature.email_key
    assert KeyVersion.objects.get(pk=2).finished_at


def test_whom_a_mailing_went_to_gets_new_keys(petition: Petition) -> None:
    """Two mailboxes that become one have one recipient with its key."""
    for email in ("a.b@example.org", "ab@example.org", "c@example.org"):
        written_to(make_signature(petition, email, wants_updates=True))
    leave_out_dots()

    rekey()

    keys = MailingRecipient.objects.values_list("email_key", flat=True)
    assert len(keys) == 3
    assert {email_key("ab@example.org"), email_key("c@example.org")} < set(keys)


def test_whom_a_mailing_went_to_gets_a_new_key_by_another_signature(
    petition: Petition,
) -> None:
    """The one that led to the mail was erased."""
    row = make_signature(petition, "a.b@example.org", wants_updates=True)
    make_signature(make_petition(petition.organization), "a.b@example.org")
    written_to(row)
    my_data.erase_signature(row, now=timezone.now())
    leave_out_dots()

    rekey()

    found = MailingRecipient.objects.get()
    assert (found.signature, found.email_key) == (None, email_key("ab@example.org"))


def test_a_second_run_has_nothing_to_do(petition: Petition) -> None:
    make_signature(petition)
    leave_out_dots()
    rekey()

    output = rekey()

    assert "Nothing to do: every key is of the newest version." in output
    assert "No former EMAIL_KEY is needed any more." in output
    assert KeyVersion.objects.count() == 2


def test_a_dry_run_counts_and_changes_nothing(petition: Petition) -> None:
    make_signature(petition, "a.b@example.org")
    make_signature(petition, "ab@example.org")
    make_signature(petition, "c@example.org")
    leave_out_dots()
    before = list(Signature.objects.order_by("pk").values())

    output = rekey("--dry-run")

    assert output.startswith("3 counted signatures; 1 of them would be taken back")
    assert list(Signature.objects.order_by("pk").values()) == before
    assert KeyVersion.objects.count() == 1


def test_a_run_that_was_killed_goes_on(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "BATCH", 4)
    for number in range(10):
        make_signature(petition, f"a.{number}@example.org")
    leave_out_dots()
    begin()
    rows = rekeying.outdated(key_ring.current_keyring())
    next(
        rekeying.rekey_signatures(rows, key_ring.current_keyring(), now=timezone.now())
    )
    assert rows.count() == 6

    output = rekey()

    assert "Going on with version 2." in output
    assert "6 signatures and" in output
    assert not rekeying.outdated(key_ring.current_keyring()).exists()
    assert KeyVersion.objects.count() == 2


def test_what_changes_during_a_run_waits_for_the_next(petition: Petition) -> None:
    make_signature(petition, "a.b@example.org")
    leave_out_dots()
    begin()
    AddressRule.objects.filter(domain="*").update(strip_extension="")

    output = rekey()

    assert "Going on with version 2." in output
    assert "Version 3 has begun." in output
    assert email_key("ab+x@example.org") != email_key("ab@example.org")


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_are_one() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [command.LOCK])

    with pytest.raises(CommandError, match="Another rekey is running"):
        all_at_once([rekey])
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [command.LOCK])


# == A new secret ==


def test_a_new_secret_recognises_who_has_signed(
    petition: Petition, settings: Settings
) -> None:
    make_signature(petition, "maya@example.org")
    old = email_key("maya@example.org")
    settings.EMAIL_KEY_FALLBACKS = [settings.EMAIL_KEY]
    settings.EMAIL_KEY = OTHER
    key_ring.forget_keyring()
    # Both secrets are known: until the re-key, the former one is used.
    assert email_key("maya@example.org") == old

    output = rekey()

    assert "No former EMAIL_KEY is needed any more." in output
    settings.EMAIL_KEY_FALLBACKS = []
    key_ring.forget_keyring()
    assert Signature.objects.get().email_key == email_key("Maya@example.org") != old
    again = make_pending(petition, "maya+again@example.org")
    assert confirming.confirm(again.pk, now=timezone.now())[0] is Confirmation.COUNTED
    assert len(counted(petition)) == 1


def test_under_a_wrong_secret_nobody_signs_and_somebody_hears_of_it(
    petition: Petition, settings: Settings, visitor: Client, sign_form: dict[str, Any]
) -> None:
    make_signature(petition)
    assert checks.email_key_fits(None, ["default"]) == []
    settings.EMAIL_KEY = OTHER
    key_ring.forget_keyring()

    response = visitor.post(f"{petition.get_absolute_url()}sign/", sign_form)

    assert response.status_code == 503
    assert 'value="maya@example.org"' in response.content.decode()
    assert Signature.objects.count() == 1
    (error,) = checks.email_key_fits(None, ["default"])
    assert error.id == "petitions.E001"
    (reading,) = probes.email_key(timezone.now())
    assert (reading.value, reading.trouble) == (0.0, checks.WRONG_KEY)
    with pytest.raises(CommandError, match="Add it to EMAIL_KEY_FALLBACKS"):
        rekey()


def test_a_secret_that_is_lost_can_be_replaced(
    petition: Petition, settings: Settings
) -> None:
    make_signature(petition, "maya@example.org")
    settings.EMAIL_KEY = OTHER
    key_ring.forget_keyring()

    rekey("--former-lost")

    make_signature_again = make_pending(petition, "MAYA@example.org")
    confirming.confirm(make_signature_again.pk, now=timezone.now())
    assert len(counted(petition)) == 1


def test_never_again_outlives_a_rekey(petition: Petition, settings: Settings) -> None:
    consent_.suppress("known@example.org", now=timezone.now())
    make_pending(petition, "known@example.org")
    # Only the key of this address is known.
    consent_.suppress("unknown@example.org", now=timezone.now())
    settings.EMAIL_KEY_FALLBACKS = [settings.EMAIL_KEY]
    settings.EMAIL_KEY = OTHER
    key_ring.forget_keyring()

    output = rekey()

    assert "1 mailboxes that want no mail are known by a key of version 1" in output
    assert dict(Counter(Suppression.objects.values_list("key_version", flat=True))) == {
        1: 1,
        2: 1,
    }
    # They have the key of the same mailbox, but may be other people's addresses.
    assert not key_ring.suppressed(["known+x@example.org", "unknown+x@example.org"])
    both = ["Known@example.org", "Unknown@example.org", "else@example.org"]
    assert key_ring.suppressed(both) == set(both[:2])
    make_pending(petition, "Unknown@example.org")
    now = timezone.now()
    decided = outbox.decide_all(leases.load_leased(leases.lease(now), now), now)
    assert {type(choice) for _mail, choice in decided} == {outbox.Skip}
    consent_.lift_suppression("unknown@example.org")
    assert not key_ring.suppressed(["unknown@example.org"])


def test_a_list_of_the_unsubscribed_outlives_a_rekey(
    organization: Organization, alice: User, settings: Settings
) -> None:
    now = timezone.now()
    lists = {
        name: UnsubscribeList(organization=organization, label="A", made_at=now)
        for name in ("noor", "maya")
    }
    for name, made in lists.items():
        file = io.BytesIO(f"Email\n{name}@example.org\n".encode())
        unsubscribing.keep(made, "a.csv", file)
    unsubscribing.take_in(lists["noor"], alice, now=now)
    settings.EMAIL_KEY_FALLBACKS = [settings.EMAIL_KEY]
    settings.EMAIL_KEY = OTHER
    key_ring.forget_keyring()

    output = rekey()

    # What nobody has taken in is known by it, too.
    assert "2 mailboxes that want no mail are known by a key of version 1" in output
    with pytest.raises(unsubscribing.NotPossible, match="anew"):
        unsubscribing.take_in(lists["maya"], alice, now=now)
    found = my_data.everything_about(my_data.DataSubject.owner("noor@example.org"))
    assert len(found["unsubscribed_elsewhere"]) == 1


# == While it runs ==


def test_who_was_counted_before_is_not_counted_again_while_it_runs(
    petition: Petition,
) -> None:
    make_signature(petition, "a.b@example.org")
    leave_out_dots()
    begin()
    signing.load_snapshot(petition.slug)
    same = make_pending(petition, "A.B@example.org")
    assert (same.email_key_version, same.former_key is None) == (2, False)

    outcome, _slug = confirming.confirm(same.pk, now=timezone.now())

    assert outcome is Confirmation.COUNTED
    assert counted(petition) == ["a.b@example.org"]


def test_a_form_found_before_it_began_is_counted_once(petition: Petition) -> None:
    """Another process had loaded the snapshot before the version began, and stores the
    form after it."""
    stale = key_ring.current_keyring()
    leave_out_dots()
    begin()
    signing.load_snapshot(petition.slug)
    new = make_signature(petition, "ab@example.org")
    key_ring._held = stale
    late = make_pending(petition, "ab@example.org")
    assert (late.email_key_version, new.email_key_version) == (1, 2)

    outcome, _slug = confirming.confirm(late.pk, now=timezone.now())

    assert outcome is Confirmation.COUNTED
    assert counted(petition) == ["ab@example.org"]


def test_a_link_mailed_before_it_began_works(
    petition: Petition, visitor: Client
) -> None:
    pending = make_pending(petition, "a.b@example.org")
    leave_out_dots()
    begin()

    response = visitor.post(link(pending))

    assert response.status_code == 303
    assert "thank-you" in response.headers["Location"]
    pending.refresh_from_db()
    assert (pending.state, pending.email_key_version) == ("confirmed", 2)
    assert OutgoingMail.objects.get().email_key == pending.email_key


def test_two_people_under_stricter_rules_both_count(petition: Petition) -> None:
    """What was one mailbox before is two now, so the first does not keep the second
    from counting."""
    make_signature(petition, "ma.ya@gmail.com")
    AddressRule.objects.filter(domain="gmail.com").update(strip_characters="")
    begin()
    signing.load_snapshot(petition.slug)

    make_signature(petition, "maya@gmail.com")

    assert len(counted(petition)) == 2


def test_everything_of_an_address_is_found_while_it_runs(petition: Petition) -> None:
    make_signature(petition, "a.b@example.org", wants_updates=True)
    leave_out_dots()
    begin()
    signing.load_snapshot(petition.slug)
    make_signature(make_petition(), "a.b@example.org", wants_updates=True)

    assert my_data.signatures_of_address("a.b@example.org").count() == 2
    assert (
        len(
            my_data.everything_about(my_data.DataSubject.owner("a.b@example.org"))[
                "signatures"
            ]
        )
        == 2
    )
    my_data.erase_all(my_data.DataSubject.owner("a.b@example.org"), now=timezone.now())

    assert not Signature.objects.exists()
    assert not Consent.objects.exists()
    assert all(proof.holds for proof in verifying.verify())


def test_signing_stays_two_statements_and_confirming_one(
    petition: Petition, django_assert_num_queries: Any
) -> None:
    leave_out_dots()
    begin()
    signing.load_snapshot(petition.slug)

    with django_assert_num_queries(2):
        signing.load_snapshot(petition.slug)
        given = signing.SignerInput("Maya", "m@x.org", "en", "number")
        number = signing.sign(petition.pk, given, now=timezone.now())
    with django_assert_num_queries(1):
        assert number is not None
        confirming.confirm(number, now=timezone.now())

    assert Signature.objects.get().state == SignatureState.CONFIRMED


@pytest.mark.django_db(transaction=True)
def test_no_version_begins_while_a_confirmation_is_on_its_way(
    petition: Petition,
) -> None:
    """Transactions that have not seen the version end before it begins."""
    pending = make_pending(petition)
    outcomes: list[str] = []

    def try_to_begin() -> None:
        try:
            begin()
            outcomes.append("begun")
        except rekeying.VersionsInUse:
            outcomes.append("busy")
        finally:
            connection.close()

    with transaction.atomic():
        confirming.confirm(pending.pk, now=timezone.now())
        thread = threading.Thread(target=try_to_begin)
        thread.start()
        thread.join()
    try_to_begin()

    assert outcomes == ["busy", "begun"]


@pytest.mark.django_db(transaction=True)
def test_nobody_counts_twice_while_people_sign_and_it_runs(
    petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rekeying, "BATCH", 5)
    people = 60
    for number in range(people):
        if number % 3 == 0:
            make_signature(petition, f"p.{number}@example.org")
        if number % 3 == 1:
            make_pending(petition, f"p.{number}@example.org")
        if number % 6 == 0:  # the same person, under the new rules
            make_signature(petition, f"p{number}@example.org")
    old_links = list(Signature.objects.pending().values_list("pk", flat=True))
    leave_out_dots()
    over = threading.Event()
    acknowledged: set[str] = set()
    failures: list[BaseException] = []

    def signer(part: int) -> None:
        """Sign for a third of the people, with changing spellings, again and again."""
        rounds = 0
        while not over.is_set() or rounds < 2:
            rounds += 1
            for number in range(part, people, 3):
                form = signing.load_snapshot(petition.slug)
                assert form is not None
                dot = "." if rounds % 2 else ""
                email = f"P{dot}{number}+{rounds}@example.org"
                given = signing.SignerInput("Maya", email, "en", "number")
                row = signing.sign(form.petition_id, given, now=timezone.now())
                assert row is not None
                outcome, _slug = confirming.confirm(row, now=timezone.now())
                assert outcome is Confirmation.COUNTED, outcome
                acknowledged.add(f"p{number}")

    def follow_old_links() -> None:
        for number in old_links:
            outcome, _slug = confirming.confirm(number, now=timezone.now())
            assert outcome is Confirmation.COUNTED, outcome

    def run(job: Any) -> None:
        try:
            job()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    jobs = [*(partial(signer, part) for part in range(3)), follow_old_links]
    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    output = rekey()
    over.set()
    for thread in threads:
        thread.join()
    rekey()

    assert failures == []
    rules = MailboxRules(key_ring.drafted_rules())
    per_person = Counter(rules.canonical(email) for email in counted(petition))
    assert set(per_person.values()) == {1}
    assert {f"{name}@example.org" for name in acknowledged} <= set(per_person)
    assert len(per_person) == people
    assert all(proof.holds for proof in verifying.verify())
    assert KeyCollision.objects.count() >= people // 6
    assert "taken back" in output
    assert not Signature.objects.filter(former_key__isnull=False).exists()
    assert not rekeying.outdated(key_ring.current_keyring()).exists()


def test_the_database_makes_keys_of_versions_unique(petition: Petition) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        KeyVersion.objects.create(number=1, rules=[], fingerprint="x")
