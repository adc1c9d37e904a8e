"""What was set aside and staff remove is erased seven days later, whichever way they
took; until then it says so, and can be called off."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from core.models import AuditAction, AuditEntry
from core.retention import expire
from organizations.models import User
from petitions import probes
from petitions.counts import verifying
from petitions.mail import quarantine_notices as telling
from petitions.models import OutgoingMail, Petition, Signature
from petitions.models.mails import MailState
from petitions.models.petition_lifecycle import WAIT
from petitions.signatures import confirming
from petitions.signatures.tokens import TokenPurpose
from petitions.states import QuarantineReason
from tests.factories import make_pending, make_petition, make_signature
from tests.helpers import notes, text_of
from tests.petitions.admin.helpers import Login, decide
from tests.petitions.signatures.helpers import link

pytestmark = pytest.mark.django_db

LIST = "/admin/petitions/signature/"
MINUTE = timedelta(minutes=1)


def put_aside(
    petition: Petition, email: str, reason: str = QuarantineReason.BURST
) -> Signature:
    signature = make_pending(petition, email)
    Signature.objects.filter(pk=signature.pk).update(quarantine_reason=reason)
    OutgoingMail.objects.filter(signature=signature).update(state=MailState.HELD)
    return signature


@pytest.fixture
def quarantined(petition: Petition) -> list[Signature]:
    """Three forms of two people."""
    emails = ("a@new.test", "a@new.test", "b@new.test")
    return [put_aside(petition, email) for email in emails]


def chosen(signatures: list[Signature], **more: Any) -> dict[str, Any]:
    numbers = [signature.pk for signature in signatures]
    return {"action": "remove", "_selected_action": numbers, **more}


def call_off(client: Client) -> Any:
    page = client.get(LIST).content.decode()
    (path,) = re.findall(r'action="(/admin/[^"]*/call-off/)"', page)
    return client.post(path, follow=True)


def expire_all(now: datetime) -> None:
    for _ in range(3):
        expire(now)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (LIST, {}),
        (f"{LIST}?aside=any", {"select_across": "1"}),
        (f"{LIST}?aside=burst", {}),
        (f"{LIST}?q=Maya", {"select_across": "0"}),
        ("/admin/fr/petitions/signature/", {}),
    ],
)
def test_what_staff_remove_is_erased_after_seven_days_and_no_sooner(
    as_user: Login,
    erin: User,
    quarantined: list[Signature],
    path: str,
    more: dict[str, Any],
) -> None:
    decide(as_user(erin), chosen(quarantined, **more), path)

    assert Signature.objects.count() == 3
    call_command("expire", stdout=StringIO())
    expire_all(timezone.now() + WAIT - MINUTE)
    assert Signature.objects.count() == 3
    expire_all(timezone.now() + WAIT + MINUTE)
    assert not Signature.objects.exists()
    assert not OutgoingMail.objects.exists()


def test_an_answer_without_the_question_removes_nothing(
    as_user: Login, erin: User, quarantined: list[Signature]
) -> None:
    for newest in ("", "x", "-1", "9" * 20):
        as_user(erin).post(LIST, chosen(quarantined, confirmed="1", newest=newest))

    assert Signature.objects.quarantined().count() == 3


def test_the_page_says_beforehand_how_many_people_and_when(
    as_user: Login, erin: User, quarantined: list[Signature]
) -> None:
    client = as_user(erin)
    day = date_format(timezone.localtime(timezone.now() + WAIT))

    asked = text_of(decide(client, chosen(quarantined)))

    assert f"The forms of 2 people will be erased on {day}" in asked
    for path in (LIST, "/admin/"):
        shown = text_of(client.get(path))
        assert (
            f"The forms of 2 people that were set aside under “{quarantined[0].petition}”"
            in shown
        )
        assert re.search(
            f"will be erased on {day}. You can take this back until {day}, [0-9:]+ \\([^)]+\\): "
            "“Call it off”. Call it off",
            shown,
        )
    assert f"Will be removed on: {day}" in text_of(
        client.get(f"{LIST}{quarantined[0].pk}/change/")
    )
    out = StringIO()
    call_command("expire", "--dry-run", stdout=out)
    due = timezone.localdate(timezone.now() + WAIT)
    assert f"3  waiting until {due}: signatures set aside" in out.getvalue()
    entry = AuditEntry.objects.get(action=AuditAction.NOTE)
    assert entry.account == erin.pk
    assert "3" in (entry.now or {})["said"]


def test_it_is_called_off(
    as_user: Login, erin: User, petition: Petition, quarantined: list[Signature]
) -> None:
    client = as_user(erin)
    decide(client, chosen(quarantined[:2]))

    answer = call_off(client)

    assert "Called off: 2 signatures are set aside, as before." in text_of(answer)
    assert (
        Signature.objects.quarantined()
        .filter(quarantine_reason=QuarantineReason.BURST)
        .count()
        == 3
    )
    assert "Call it off" not in text_of(client.get(LIST))
    expire_all(timezone.now() + WAIT + MINUTE)
    assert Signature.objects.count() == 3
    assert len(notes()) == 2


def test_only_who_edits_the_petition_sees_it_and_calls_it_off(
    as_user: Login, erin: User, bob: User, charlie: User, quarantined: list[Signature]
) -> None:
    decide(as_user(erin), chosen(quarantined))
    page = as_user(erin).get(LIST).content.decode()
    (path,) = re.findall(r'action="(/admin/[^"]*/call-off/)"', page)

    for user in (bob, charlie):
        assert "will be erased on" not in text_of(as_user(user).get("/admin/"))
        assert as_user(user).post(path).status_code == 404
    as_user(erin).get(path)

    assert Signature.objects.to_be_removed().count() == 3


def test_what_is_released_is_not_erased_and_what_will_be_erased_is_not_released(
    as_user: Login, erin: User, quarantined: list[Signature]
) -> None:
    client = as_user(erin)
    decide(client, {**chosen(quarantined[:1]), "action": "release"})
    decide(client, chosen(quarantined))

    decide(client, {**chosen(quarantined), "action": "release"})
    again = text_of(client.post(LIST, chosen(quarantined)))

    assert "None of these is set aside." in again
    expire_all(timezone.now() + WAIT + MINUTE)
    assert Signature.objects.get() == quarantined[0]


def test_what_the_former_release_let_go_is_not_erased(
    as_user: Login, erin: User, quarantined: list[Signature]
) -> None:
    """Its code knows of no removal."""
    decide(as_user(erin), chosen(quarantined))
    Signature.objects.filter(pk=quarantined[0].pk).update(quarantine_reason="")

    expire_all(timezone.now() + WAIT + MINUTE)

    assert Signature.objects.get() == quarantined[0]
    assert text_of(as_user(erin).get(f"{LIST}{quarantined[0].pk}/change/"))


def test_meanwhile_they_count_nowhere(
    as_user: Login, erin: User, quarantined: list[Signature]
) -> None:
    client = as_user(erin)
    assert "2 people" not in text_of(client.get(LIST))

    decide(client, chosen(quarantined[:2]))

    shown = text_of(client.get(LIST))
    assert "Many at once with a mail domain that is new here (1)" in shown
    assert "Will be erased (1)" in shown
    assert "1 signature is set aside until you have" in text_of(client.get("/admin/"))
    listed = client.get(f"{LIST}?aside=leaving").content.decode()
    assert "a@new.test" in listed
    assert "b@new.test" not in listed
    assert "a@new.test" not in client.get(f"{LIST}?aside=any").content.decode()
    (reading,) = probes.bursts(timezone.now())
    assert reading.value == 1
    assert not Signature.objects.confirmed().exists()
    assert all(proof.holds for proof in verifying.verify())


def test_nobody_is_told_again_of_what_is_being_removed(
    as_user: Login, erin: User, quarantined: list[Signature], mailoutbox: list[Any]
) -> None:
    decide(as_user(erin), chosen(quarantined))

    telling.mail_quarantine_notices(timezone.now())

    assert mailoutbox == []


def test_a_removal_of_several_petitions_is_called_off_one_by_one(
    as_user: Login, erin: User, petition: Petition, quarantined: list[Signature]
) -> None:
    other = put_aside(make_petition(petition.organization), "c@new.test")
    client = as_user(erin)
    decide(client, chosen([*quarantined, other]))
    page = client.get(LIST).content.decode()
    paths = re.findall(r'action="(/admin/[^"]*/call-off/)"', page)
    assert len(paths) == 2

    client.post(paths[1])
    expire_all(timezone.now() + WAIT + MINUTE)

    assert Signature.objects.get() == other


# == What the signer does meanwhile ==


def test_the_signer_is_told_the_truth(
    as_user: Login, erin: User, visitor: Client, quarantined: list[Signature]
) -> None:
    page = link(TokenPurpose.ALL, quarantined[0])
    assert "has to look at this form before" in text_of(visitor.get(page))

    decide(as_user(erin), chosen(quarantined))

    day = date_format(timezone.localtime(timezone.now() + WAIT))
    told = text_of(visitor.get(page))
    assert f"The organisation has decided to erase this form on {day}." in told
    assert "has to look at this form before" not in told
    data = visitor.get(f"{page}download/").json()
    assert all(row["erased_on"] for row in data["signatures"])


def test_the_signer_erases_it_sooner(
    as_user: Login, erin: User, visitor: Client, quarantined: list[Signature]
) -> None:
    decide(as_user(erin), chosen(quarantined))

    visitor.post(f"{link(TokenPurpose.ALL, quarantined[0])}erase/")

    assert Signature.objects.get() == quarantined[2]
    assert "Called off: 1 signature" in text_of(call_off(as_user(erin)))


def test_the_signer_signs_again_and_confirms(
    as_user: Login, erin: User, petition: Petition, quarantined: list[Signature]
) -> None:
    decide(as_user(erin), chosen(quarantined))
    again = make_pending(petition, "a@new.test")
    assert again.erased_on is None

    outcome, _slug = confirming.confirm(again.pk, now=timezone.now())

    assert outcome is confirming.Confirmation.COUNTED
    expire_all(timezone.now() + WAIT + MINUTE)
    assert Signature.objects.get() == again


def test_nobody_confirms_what_will_be_erased(
    as_user: Login, erin: User, quarantined: list[Signature]
) -> None:
    decide(as_user(erin), chosen(quarantined))

    outcome, _slug = confirming.confirm(quarantined[0].pk, now=timezone.now())

    assert outcome is not confirming.Confirmation.COUNTED


def test_who_is_counted_stays(
    as_user: Login, erin: User, petition: Petition, quarantined: list[Signature]
) -> None:
    counted = make_signature(petition, "z@example.org")

    decide(as_user(erin), chosen([*quarantined, counted]))
    expire_all(timezone.now() + WAIT + MINUTE)

    assert Signature.objects.get() == counted


def test_whoever_calls_off_what_is_called_off_is_told(
    as_user: Login, erin: User, alice: User, quarantined: list[Signature]
) -> None:
    client = as_user(erin)
    decide(client, chosen(quarantined))
    page = client.get(LIST).content.decode()
    (path,) = re.findall(r'action="(/admin/[^"]*/call-off/)"', page)
    as_user(alice).post(path)

    late = client.post(path, follow=True)

    assert late.status_code == 200
    assert "There is nothing to call off" in text_of(late)


def test_a_removal_that_finds_nothing_promises_nothing(
    as_user: Login, erin: User, alice: User, quarantined: list[Signature]
) -> None:
    client = as_user(erin)
    fields = chosen(quarantined)
    asked = client.post(LIST, fields).content.decode()
    (newest,) = re.findall(r'name="newest" value="(\d+)"', asked)
    decide(as_user(alice), {**fields, "action": "release"})

    late = client.post(
        LIST, {**fields, "confirmed": "1", "newest": newest}, follow=True
    )

    assert "Nothing was changed: none of them is waiting any more." in text_of(late)
    assert "will be erased on" not in text_of(late)


def test_signatures_and_comments_have_addresses_of_their_own() -> None:
    path = reverse("admin:petitions_signature_call_off", args=[1])

    assert path == "/admin/petitions/signature/removal/1/call-off/"


@pytest.mark.parametrize("wanted", ["any", "burst", "leaving"])
def test_a_link_to_those_who_wait_leads_to_nobody_once_none_does(
    as_user: Login, erin: User, petition: Petition, wanted: str
) -> None:
    """An alert's link is pressed when a colleague has decided already."""
    make_signature(petition, "counted@example.org")

    listed = as_user(erin).get(f"{LIST}?aside={wanted}")

    assert listed.status_code == 200
    assert "counted@example.org" not in listed.content.decode()
