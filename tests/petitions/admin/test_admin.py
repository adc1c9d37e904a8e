"""What staff do with campaigns, and the wall between organisations."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.contenttypes.models import ContentType
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from PIL import Image
from pytest_django import Settings

from core.retention import months_after
from organizations.models import Membership, Organization, Role, User
from petitions.admin.petitions import PetitionForm
from petitions.admin.transitions import Transition
from petitions.counts import verifying
from petitions.models import (
    Correction,
    CountEntry,
    Export,
    Invalidation,
    KeyCollision,
    ListedDomain,
    ListedNetwork,
    MailTally,
    OrdinaryDomain,
    Petition,
    Report,
    Signature,
    SourceTally,
    Target,
)
from petitions.states import State
from tests.factories import (
    make_answer,
    make_answer_translation,
    make_entry,
    make_handover,
    make_handover_translation,
    make_organization,
    make_pending,
    make_petition,
    make_signature,
    make_topic,
    make_update,
    make_user,
)
from tests.helpers import text_of
from tests.organizations.helpers import invite_by_form
from tests.petitions.admin.helpers import (
    LIST,
    Login,
    act,
    decide,
    decided,
    errors_of,
    form,
    member_form,
)
from tests.project.conftest import sent
from tests.project.pages_of_two import opened

pytestmark = pytest.mark.django_db


# == Writing ==


def test_staff_write_a_campaign(
    as_user: Login, erin: User, organization: Organization
) -> None:
    client = as_user(erin)

    response = client.post(f"{LIST}add/", form(organization=organization.pk))

    assert response.status_code == 302, errors_of(response)
    petition = Petition.objects.get()
    assert (petition.slug, petition.state) == ("a-new-campaign", State.DRAFT)
    assert petition.organization == organization
    assert [target.name for target in petition.targets.all()] == ["Minister"]


def test_the_only_organisation_is_chosen_already(
    as_user: Login, erin: User, organization: Organization, other_organization: Any
) -> None:
    page = as_user(erin).get(f"{LIST}add/").content.decode()

    assert f'<option value="{organization.pk}" selected>Rights Now</option>' in page
    assert "Somebody Else" not in page


def test_nobody_writes_for_another_organisation(
    as_user: Login, erin: User, other_organization: Organization
) -> None:
    response = as_user(erin).post(
        f"{LIST}add/", form(organization=other_organization.pk)
    )

    assert "Select a valid choice" in text_of(response)
    assert not Petition.objects.exists()


def test_a_mistake_in_the_form_keeps_what_was_typed(
    as_user: Login, erin: User, organization: Organization
) -> None:
    response = as_user(erin).post(
        f"{LIST}add/",
        form(
            organization=organization.pk,
            title="",
            slug="a b!",
            goal="0",
            **{"targets-0-name": "", "targets-0-office": "Minister of Kept Words"},
        ),
    )

    text = text_of(response)
    assert "Use letters, digits and hyphens only" in text
    assert "Name the person or body, or choose “Not settled yet”" in text
    assert "Minister of Kept Words" in response.content.decode()
    assert not Petition.objects.exists()


def test_the_mistakes_of_a_form_are_links_to_their_fields(
    as_user: Login, erin: User, organization: Organization
) -> None:
    typed = form(organization=organization.pk, title="", goal="0")
    typed |= {"targets-0-name": "", "targets-0-office": "Minister"}
    upload = SimpleUploadedFile("x.png", b"no picture", "image/png")

    page = as_user(erin).post(f"{LIST}add/", {**typed, "image": upload})

    text = page.content.decode()
    said = text.partition('id="problems"')[2].partition("</div>")[0]
    assert "Nothing is saved yet. What you typed is still here." in said
    assert "Choose the picture again: browsers do not keep it." in said
    fields = re.findall(r'<a href="#([^"]+)">[^<]+</a>', said)
    assert {"id_title", "id_goal", "id_image", "id_targets-0-kind"} == set(fields)
    for field in fields:
        assert text.count(f' id="{field}"') == 1, field


def test_the_form_shows_the_very_lines_that_readers_will_see(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_entry(petition, 15_261)
    petition.targets.all()
    client = as_user(erin)

    text = text_of(client.get(f"{LIST}{petition.pk}/change/"))

    assert (
        "Petitioning Minister Free the prisoners Rights Now · 15,261 supporters" in text
    )
    assert "Minister receives the number of supporters, not your name." in text


def test_words_and_targets_cannot_be_changed_once_somebody_has_signed(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_pending(petition)
    client = as_user(erin)
    path = f"{LIST}{petition.pk}/change/"

    page = client.get(path).content.decode()
    for field in ("title", "ask", "text", "text_format", "language", "targets-0-name"):
        assert f'name="{field}"' not in page
    response = client.post(
        path, form(petition, title="Changed", text="Changed", summary="New summary")
    )

    assert response.status_code == 302, errors_of(response)
    petition.refresh_from_db()
    assert (petition.title, petition.summary) == ("Free the prisoners", "New summary")


def test_a_correction_is_dated_and_names_who_made_it(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_pending(petition)
    changes = {
        "corrections-TOTAL_FORMS": "1",
        "corrections-0-text": "There are nine.",
    }

    response = as_user(erin).post(
        f"{LIST}{petition.pk}/change/", form(petition, **changes)
    )

    assert response.status_code == 302, errors_of(response)
    correction = Correction.objects.get()
    assert (correction.text, correction.made_by) == ("There are nine.", erin)


def test_a_target_not_settled_yet_is_settled_with_a_visible_note(
    as_user: Login, erin: User, organization: Organization, visitor: Client
) -> None:
    petition = make_petition(organization, target=None)
    make_pending(petition)
    changes = {"targets-0-kind": "person", "targets-0-name": "Maria Minister"}

    response = as_user(erin).post(
        f"{LIST}{petition.pk}/change/", form(petition, **changes)
    )

    assert response.status_code == 302, errors_of(response)
    assert Target.objects.get().name == "Maria Minister"
    text = text_of(visitor.get(petition.get_absolute_url()))
    assert "Whom this petitions is settled now: Maria Minister." in text


def test_what_is_handed_over_is_only_changed_to_less(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_pending(petition)

    response = as_user(erin).post(
        f"{LIST}{petition.pk}/change/", form(petition, delivery="names")
    )

    assert "People have signed under less. It can only be changed to less." in text_of(
        response
    )


def test_supporters_on_paper_are_added_as_a_permanent_entry(
    as_user: Login, erin: User, petition: Petition
) -> None:
    changes = {
        "count_entries-TOTAL_FORMS": "1",
        "count_entries-0-source": "paper",
        "count_entries-0-number": "61",
        "count_entries-0-label": "Sheets 1-4",
        "count_entries-0-counted_at": "2026-06-01",
    }
    client = as_user(erin)

    response = client.post(f"{LIST}{petition.pk}/change/", form(petition, **changes))

    assert response.status_code == 302, errors_of(response)
    assert CountEntry.objects.get().number == 61
    assert Petition.objects.with_counts().get().paper == 61
    assert all(proof.holds for proof in verifying.verify())
    page = client.get(f"{LIST}{petition.pk}/change/").content.decode()
    assert 'name="count_entries-0-number"' not in page


def test_a_picture_is_resized_and_loses_its_metadata(
    as_user: Login, erin: User, petition: Petition, settings: Settings, tmp_path: Any,
    visitor: Client,
) -> None:  # fmt: skip
    settings.MEDIA_ROOT = tmp_path
    buffer = BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "taken at my secret address"
    Image.new("RGB", (3000, 1000), "red").save(buffer, "JPEG", exif=exif)
    upload = SimpleUploadedFile("My Photo.jpg", buffer.getvalue(), "image/jpeg")
    path = f"{LIST}{petition.pk}/change/"
    client = as_user(erin)

    undescribed = client.post(path, form(petition, image=upload))
    upload.seek(0)
    response = client.post(
        path, form(petition, image=upload, image_description="A red wall")
    )

    assert "Describe the picture for those who do not see it." in text_of(undescribed)
    assert response.status_code == 302, errors_of(response)
    petition.refresh_from_db()
    stored = tmp_path / petition.image.name
    assert b"secret" not in stored.read_bytes()
    with Image.open(stored) as image:
        assert (image.format, image.size) == ("WEBP", (1200, 400))
    page = visitor.get(petition.get_absolute_url()).content.decode()
    assert (
        f'src="{petition.image.url}" alt="A red wall" width="1200" height="400"' in page
    )
    assert b"".join(visitor.get(petition.image.url)) == stored.read_bytes()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"no picture", "The picture cannot be read."),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "cannot be read"),
        (b"x" * (20 * 2**20 + 1), "The picture has more than 20 MB."),
    ],
)
def test_what_is_no_picture_is_refused(
    as_user: Login, erin: User, petition: Petition, content: bytes, sentence: str
) -> None:
    upload = SimpleUploadedFile("x.png", content, "image/png")

    response = as_user(erin).post(
        f"{LIST}{petition.pk}/change/",
        form(petition, image=upload, image_description="x"),
    )

    assert response.status_code == 200
    assert sentence in text_of(response)


# == Preview ==


def test_the_preview_shows_what_is_in_the_form_and_saves_nothing(
    as_user: Login, erin: User, organization: Organization
) -> None:
    response = as_user(erin).post(
        f"{LIST}preview/",
        form(
            organization=organization.pk,
            text="**Bold** <script>alert(1)</script>",
            **{"targets-0-office": "Minister of Previews"},
        ),
    )

    page = response.content.decode()
    assert response.status_code == 200
    assert "<strong>Bold</strong>" in page
    assert "<script>" not in page
    assert "Petitioning Minister, Minister of Previews" in text_of(response)
    assert "By Rights Now" in text_of(response)
    assert not Petition.objects.exists()
    csp = response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in csp
    assert "form-action 'none'" in csp
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert response.headers["Cache-Control"] == "no-store"


def test_the_preview_is_the_public_page(
    as_user: Login, erin: User, petition: Petition, visitor: Client
) -> None:
    make_signature(petition, show_name=True)

    public = text_of(visitor.get(petition.get_absolute_url()))
    preview = text_of(as_user(erin).get(f"{LIST}{petition.pk}/preview/"))

    banner = "A preview: nobody else sees it, and nothing can be sent. "
    assert banner in preview
    # The only difference: nobody puts a preview on a site of theirs.
    assert preview.replace(banner, "") == public.replace("Embed this petition ", "")


def test_a_draft_can_be_previewed_by_its_staff_only(
    as_user: Login,
    erin: User,
    charlie: User,
    organization: Organization,
    visitor: Client,
) -> None:
    draft = make_petition(organization, title="Secret plan", state=State.DRAFT)
    path = f"{LIST}{draft.pk}/preview/"

    assert "Secret plan" in text_of(as_user(erin).get(path))
    assert as_user(charlie).get(path).status_code == 404
    assert visitor.get(path).status_code == 302
    posted = as_user(charlie).post(f"{LIST}preview/", {"preview_of": draft.pk})
    assert posted.status_code == 404
    page = as_user(erin).get(f"{LIST}{draft.pk}/change/").content.decode()
    assert 'class="viewsitelink"' not in page
    assert path in page


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"organization": "x", "targets-TOTAL_FORMS": "x"},
        {"organization": "9" * 40, "preview_of": "9" * 17, "text": "\0"},
        {"text_format": "html", "delivery": "all", "targets-TOTAL_FORMS": "999"},
    ],
)
def test_a_preview_of_nonsense_is_no_server_error(
    as_user: Login, erin: User, fields: dict[str, str]
) -> None:
    assert as_user(erin).post(f"{LIST}preview/", fields).status_code < 500


# == Publishing and closing ==


def test_publishing_needs_text_target_address_and_contact(
    as_user: Login, erin: User
) -> None:
    organization = make_organization("Poor", postal_address="", contact_email="")
    Membership.objects.create(user=erin, organization=organization, role=Role.EDITOR)
    petition = make_petition(organization, state=State.DRAFT, text="")
    petition.targets.all().delete()
    client = as_user(erin)

    text = text_of(act(client, petition, "publish"))

    assert "Write a text." in text
    assert "Name who is petitioned, or choose “Not settled yet”." in text
    assert "Add the postal address and the contact e-mail of Poor" in text
    petition.refresh_from_db()
    assert petition.state == State.DRAFT


def test_publishing_says_what_will_happen_and_does_it_on_post(
    as_user: Login, erin: User, organization: Organization, visitor: Client
) -> None:
    petition = make_petition(organization, state=State.DRAFT, target=None)
    client = as_user(erin)

    page = client.get(f"{LIST}{petition.pk}/do/publish/")
    petition.refresh_from_db()
    assert petition.state == State.DRAFT
    assert "Everybody will be able to read and sign it at once" in text_of(page)
    response = act(client, petition, "publish")

    assert response.status_code == 302
    petition.refresh_from_db()
    assert petition.state == State.OPEN
    assert petition.opens_at is not None
    assert visitor.get(petition.get_absolute_url()).status_code == 200
    history = text_of(client.get(f"{LIST}{petition.pk}/history/"))
    assert "Publish" in history


def test_a_win_needs_a_sentence(as_user: Login, erin: User, petition: Petition) -> None:
    path = f"{LIST}{petition.pk}/do/win/"
    client = as_user(erin)

    refused = client.post(path, {"outcome": "  "})

    assert "Write one sentence: what happened, and when." in text_of(refused)
    petition.refresh_from_db()
    assert petition.state == State.OPEN

    client.post(path, {"outcome": "The law\0 was passed\x0bon 3 June."})
    petition.refresh_from_db()
    assert (petition.state, petition.outcome) == (
        State.WON,
        "The law was passed\non 3 June.",
    )


@pytest.mark.parametrize(
    ("before", "verb", "after"),
    [
        (State.OPEN, "pause", State.PAUSED),
        (State.PAUSED, "resume", State.OPEN),
        (State.OPEN, "close", State.CLOSED),
        (State.PAUSED, "close", State.CLOSED),
        (State.OPEN, "win", State.WON),
        (State.CLOSED, "win", State.WON),
        (State.WON, "withdraw", State.WITHDRAWN),
    ],
)
def test_what_leads_where(
    as_user: Login, erin: User, organization: Organization, before: State, verb: str,
    after: State,
) -> None:  # fmt: skip
    petition = make_petition(organization, state=before)

    act(as_user(erin), petition, verb, outcome="They answered.")

    petition.refresh_from_db()
    assert petition.state == after
    ended = after in (State.CLOSED, State.WON, State.WITHDRAWN)
    assert (petition.ended_at is not None) is ended
    assert petition.outcome == ("They answered." if ended else "")


@pytest.mark.parametrize(
    ("before", "verb"),
    [
        (State.OPEN, "publish"), (State.DRAFT, "close"), (State.CLOSED, "publish"),
        (State.CLOSED, "pause"), (State.WITHDRAWN, "publish"), (State.WON, "close"),
        (State.WITHDRAWN, "win"), (State.CLOSED, "resume"), (State.DRAFT, "win"),
    ],
)  # fmt: skip
def test_what_leads_nowhere(
    as_user: Login, erin: User, organization: Organization, before: State, verb: str
) -> None:
    petition = make_petition(organization, state=before)

    response = act(as_user(erin), petition, verb)

    assert "That cannot be done" in text_of(response)
    petition.refresh_from_db()
    assert petition.state == before


def test_actions_on_many_say_which_could_not_be_done(
    as_user: Login, erin: User, organization: Organization
) -> None:
    draft = make_petition(organization, title="Draft one", state=State.DRAFT)
    opened = make_petition(organization, title="Open one")
    selected = {"_selected_action": [draft.pk, opened.pk], "action": "publish_selected"}

    client = as_user(erin)
    question = text_of(client.post(LIST, selected))
    assert "Open one: That cannot be done: it is “Open”." in question
    assert "Everybody will be able to read and sign it at once" in question
    draft.refresh_from_db()
    assert draft.state == State.DRAFT

    response = decided(client, LIST, selected)

    text = text_of(response)
    assert "“Draft one” is public." in text
    assert "Open one: That cannot be done: it is “Open”." in text
    draft.refresh_from_db()
    assert draft.state == State.OPEN


def test_closing_many_says_whose_names_go_and_when(
    as_user: Login, erin: User, petition: Petition
) -> None:
    make_signature(petition)
    make_signature(petition)
    selected = {"_selected_action": [petition.pk], "action": "close_selected"}

    text = text_of(as_user(erin).post(LIST, selected))

    day = date_format(timezone.localtime(months_after(timezone.now(), 6)))
    assert f"The names and addresses of 2 people will be erased on {day}." in text
    petition.refresh_from_db()
    assert petition.state == State.OPEN


def test_only_a_draft_that_nobody_signed_can_be_deleted(
    as_user: Login, erin: User, organization: Organization
) -> None:
    client = as_user(erin)
    draft = make_petition(organization, state=State.DRAFT)
    opened = make_petition(organization)

    assert client.post(f"{LIST}{draft.pk}/delete/", {"post": "yes"}).status_code == 302
    assert client.post(f"{LIST}{opened.pk}/delete/", {"post": "yes"}).status_code == 403
    assert list(Petition.objects.all()) == [opened]


# == Watching ==


def test_the_list_has_state_supporters_and_organisation_and_no_query_per_row(
    as_user: Login, erin: User, organization: Organization
) -> None:
    client = as_user(erin)
    make_entry(make_petition(organization, title="With supporters"), 1234)
    client.get(LIST)  # the first page of a login lists the login
    with CaptureQueriesContext(connection) as one:
        text = text_of(client.get(LIST))
    for _ in range(2):
        make_signature(make_petition(organization))
    with CaptureQueriesContext(connection) as three:
        client.get(LIST)

    assert "With supporters Rights Now Open 1,234" in text or (
        "With supporters Rights Now Open 1234" in text
    )
    assert len(three) == len(one)


@pytest.mark.parametrize("query", ["?q=prisoners", "?state__exact=open", "?q=Minister"])
def test_the_list_can_be_searched_and_filtered(
    as_user: Login, erin: User, petition: Petition, query: str
) -> None:
    make_petition(petition.organization, title="Another", state=State.DRAFT, target="X")

    text = text_of(as_user(erin).get(f"{LIST}{query}"))

    assert "Free the prisoners" in text
    assert "Another" not in text


def test_signatures_are_searchable_and_read_only(
    as_user: Login, erin: User, petition: Petition
) -> None:
    signature = make_signature(petition, "maya@example.org", name="Maya Tremblay")
    make_signature(petition, "other@example.org", name="Somebody Else")
    client = as_user(erin)
    path = "/admin/petitions/signature/"

    for words in ("MAYA@Example.org", "tremb"):
        text = text_of(client.get(path, {"q": words}))
        assert "maya@example.org" in text
        assert "other@example.org" not in text
    assert client.get(path, {"q": "no@address@"}).status_code == 200
    page = client.get(f"{path}{signature.pk}/change/").content.decode()
    assert "Maya Tremblay" in page
    assert 'name="name"' not in page
    changed = client.post(f"{path}{signature.pk}/change/", {"name": "X"})
    assert changed.status_code == 403
    assert client.get(f"{path}add/").status_code == 403
    assert (
        client.post(f"{path}{signature.pk}/delete/", {"post": "yes"}).status_code == 403
    )
    signature.refresh_from_db()
    assert signature.name == "Maya Tremblay"


def test_a_signature_is_shown_in_words(
    as_user: Login, erin: User, petition: Petition
) -> None:
    petition.asks_country = True
    petition.save()
    signature = make_signature(petition, language="fr", comment="Now!", country="CA")

    path = f"/admin/petitions/signature/{signature.pk}/change/"
    text = text_of(as_user(erin).get(path))

    assert "Country: Canada Comment: Now! Decision: To be read" in text
    assert "Language: French Agreed to hand over: The number of supporters" in text


def test_the_list_of_signatures_costs_no_query_per_row(
    as_user: Login, erin: User, petition: Petition
) -> None:
    client = as_user(erin)
    path = "/admin/petitions/signature/"
    make_signature(petition)
    client.get(path)  # the first page of a login lists the login
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    for _ in range(2):
        make_signature(make_petition(petition.organization))
    with CaptureQueriesContext(connection) as three:
        client.get(path)

    assert len(three) == len(one)


def test_comments_are_shown_once_staff_have_read_them(
    as_user: Login, erin: User, bob: User, petition: Petition
) -> None:
    signature = make_signature(petition, comment="Hear, hear", show_name=True)
    path = "/admin/petitions/signature/"
    selected = {"_selected_action": [signature.pk], "action": "approve_comments"}

    def is_approved() -> bool:
        signature.refresh_from_db()
        return signature.comment_approved

    decide(as_user(bob), selected)
    assert not is_approved()
    client = as_user(erin)
    assert "Hear, hear · To be read" in text_of(
        client.get(path, {"comment": "waiting"})
    )
    decide(client, selected)
    assert is_approved()
    assert "Hear, hear · Approved" in text_of(client.get(path))
    decide(client, {**selected, "action": "hide_comments"})
    assert not is_approved()
    assert "Hear, hear · Not shown" in text_of(client.get(path))


def test_figures_by_day_and_domain(
    as_user: Login, erin: User, petition: Petition
) -> None:
    today = timezone.localdate()
    for day, domain, numbers in (
        (today, "example.org", (30, 29, 1, 25)),
        (today, "example.com", (10, 10, 0, 9)),
        (today - timedelta(days=1), "example.org", (5, 5, 0, 5)),
    ):
        signed, handed_over, failed, confirmed = numbers
        MailTally.objects.create(
            petition=petition, day=day, domain=domain, signed=signed,
            handed_over=handed_over, failed=failed, confirmed=confirmed,
        )  # fmt: skip
    client = as_user(erin)
    path = f"{LIST}{petition.pk}/figures/"

    text = text_of(client.get(path))
    narrowed = text_of(client.get(path, {"day": today.isoformat()}))

    assert f"{today} 40 39 1 34 {today - timedelta(days=1)} 5 5 0 5" in text
    assert "example.org 35 34 1 30 example.com 10 10 0 9" in text
    assert "example.org 30 29 1 25" in narrowed
    assert client.get(path, {"day": "nonsense"}).status_code == 200


# == The organisation and its members ==


def test_a_member_is_not_added_twice(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    response = invite_by_form(as_user(alice), organization, "ERIN@example.org")

    assert "This person is a member already." in text_of(response)


def test_the_form_of_an_organisation_gives_no_role(
    as_user: Login, alice: User, organization: Organization
) -> None:
    member = Membership.objects.get(user=alice)
    sent = {
        "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": member.pk, "memberships-0-organization": organization.pk,
        "memberships-0-role": "viewer", "name": "Rights Later",
    }  # fmt: skip
    path = f"/admin/organizations/organization/{organization.pk}/change/"

    as_user(alice).post(path, member_form(organization, **sent))

    organization.refresh_from_db()
    member.refresh_from_db()
    assert (organization.name, member.role) == ("Rights Later", Role.OWNER)


@pytest.mark.parametrize("who", ["erin", "bob"])
def test_only_owners_change_the_organisation(
    as_user: Login, organization: Organization, alice: User, erin: User, bob: User,
    who: str,
) -> None:  # fmt: skip
    client = as_user({"erin": erin, "bob": bob}[who])
    path = f"/admin/organizations/organization/{organization.pk}/change/"

    page = client.get(path)
    response = client.post(path, member_form(organization, name="Hijacked"))

    assert page.status_code == 200
    assert "alice@example.org" not in page.content.decode()
    assert response.status_code == 403
    organization.refresh_from_db()
    assert organization.name == "Rights Now"


def test_a_viewer_reads_and_changes_nothing(
    as_user: Login, bob: User, petition: Petition
) -> None:
    client = as_user(bob)
    path = f"{LIST}{petition.pk}/change/"

    assert client.get(path).status_code == 200
    assert client.post(path, form(petition, summary="x")).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert act(client, petition, "close").status_code == 403
    assert client.get(f"{LIST}{petition.pk}/figures/").status_code == 200


def test_the_admin_says_when_address_or_contact_are_missing(
    as_user: Login, alice: User, organization: Organization, petition: Petition
) -> None:
    organization.contact_email = ""
    organization.save()
    client = as_user(alice)

    for path in (
        f"/admin/organizations/organization/{organization.pk}/change/",
        f"{LIST}{petition.pk}/change/",
    ):
        text = text_of(client.get(path))
        assert "contact e-mail" in text
        assert "not asked whether you may write to them" in text


def test_logging_in_by_e_mail_in_any_case(client: Client, alice: User) -> None:
    response = client.post(
        "/admin/login/",
        {"username": "ALICE@Example.org", "password": "correct horse"},
        headers={"host": "localhost"},
    )

    assert response.status_code == 302


def test_a_blocked_account_is_let_in_nowhere(as_user: Login, alice: User) -> None:
    client = as_user(alice)
    assert client.get("/admin/").status_code == 200
    alice.is_active = False
    alice.save()

    assert client.get("/admin/").status_code == 302


# == The wall ==


@pytest.fixture
def planted(organization: Organization, alice: User) -> list[str]:
    """One of everything for Rights Now, with words that nobody else may read."""
    organization.name = "PLANTED organisation"
    organization.description = "PLANTED"
    organization.save()
    petition = make_petition(
        organization, title="PLANTED petition", summary="PLANTED", target="PLANTED name"
    )
    make_signature(
        petition, "planted@planted.example", name="PLANTED signer",
        comment="PLANTED comment", show_name=True,
    )  # fmt: skip
    Correction.objects.create(petition=petition, text="PLANTED correction")
    make_update(petition, title="PLANTED update")
    answer = make_answer(petition, answered_by="PLANTED answer")
    make_answer_translation(answer, "fr", text="PLANTED answer text")
    withdrawn = make_answer(petition)
    assert withdrawn.withdraw("PLANTED reason", alice, timezone.now())
    handover = make_handover(petition, note="PLANTED handover")
    make_handover_translation(handover, "fr", note="PLANTED handover text")
    make_entry(petition, 77, label="PLANTED entry")
    MailTally.objects.create(
        petition=petition, day=timezone.localdate(), domain="PLANTED"
    )
    KeyCollision.objects.create(
        petition=petition, kept=1, taken_back=2, version=2, found_at=timezone.now()
    )
    Export.objects.create(
        organization=organization, made_by=alice, made_at=timezone.now(), number=77
    )
    SourceTally.objects.create(
        petition=petition, hour=timezone.now(), kind="domain", source="PLANTED",
        signed=9, set_aside=0, confirmed=0,
    )  # fmt: skip
    now = timezone.now()
    Report.objects.create(
        petition=petition, reason="other", text="PLANTED", email="planted@planted.example",
        language="en", created_at=now,
    )  # fmt: skip
    Invalidation.objects.create(
        petition=petition, name="PLANTED", reason="PLANTED", made_at=now, as_of=now,
        found=1, up_to=0,
    )  # fmt: skip
    # These are the site administrators' alone.
    ListedNetwork.objects.create(
        network="11.0.0.0/8", listing="block", note="PLANTED network"
    )
    ListedDomain.objects.create(
        domain="planted.org", listing="block", note="PLANTED domain"
    )
    OrdinaryDomain.objects.create(
        organization=petition.organization, domain="planted.net"
    )
    # Shared by the site; staff choose from these and change none.
    make_topic("of-everybody", petition)
    return ["planted"]


def addresses_of(model: type[Any]) -> list[str]:
    """Every admin address of a model's rows, the list included."""
    info = (model._meta.app_label, model._meta.model_name)
    model_admin = admin.site._registry[model]
    found = [reverse("admin:{}_{}_changelist".format(*info))]
    row = model.objects.order_by("pk").first()
    number = row.pk if row else 1
    for entry in model_admin.get_urls():
        if not entry.name:
            continue
        for arguments in (
            {}, {"object_id": number}, {"number": number},
            {"number": number, "verb": "close"}, {"id": number},
        ):  # fmt: skip
            try:
                found.append(reverse(f"admin:{entry.name}", kwargs=arguments))
            except Exception:
                continue
    return found


def test_a_stranger_meets_a_wall_at_every_address(
    as_user: Login, charlie: User, planted: list[str]
) -> None:
    client = as_user(charlie)
    walked = 0
    for model in admin.site._registry:
        info = f"{model._meta.app_label}.{model._meta.model_name}"
        for path in addresses_of(model):
            for query in (
                "",
                "?q=plant",
                "?q=planted@planted.example",
                "?o=1",
                "?all=",
            ):
                for method in (client.get, client.post):
                    response = method(path + query, follow=True)
                    walked += 1
                    page = b"".join(response).decode().lower()
                    assert response.status_code < 500, path
                    # What was searched for is repeated in the search box.
                    for asked in (
                        "planted@planted.example",
                        "planted%40",
                        "planted%2540",
                    ):
                        page = page.replace(asked, "")
                    assert "planted" not in page.replace("planted.example", ""), (
                        info,
                        path,
                    )
    assert walked > 200
    petition = Petition.objects.get(title="PLANTED petition")
    assert (petition.state, Petition.objects.count()) == (State.OPEN, 1)
    assert Signature.objects.count() == 1
    assert Invalidation.objects.get().state == "running"


def test_the_walk_would_see_what_is_planted(
    as_user: Login, alice: User, planted: list[str]
) -> None:
    """The owner reads at the same addresses what the stranger must not."""
    client = as_user(alice)

    seen = {
        path
        for model in (
            Organization,
            Petition,
            Signature,
            Invalidation,
            KeyCollision,
            Report,
        )
        for path in addresses_of(model)
        if "planted" in b"".join(client.get(path, follow=True)).decode().lower()
    }

    assert len(seen) > 10


def test_choices_and_filters_name_no_other_organisation(
    as_user: Login, charlie: User, planted: list[str], other_organization: Organization
) -> None:
    make_petition(other_organization)
    client = as_user(charlie)

    for path in (LIST, f"{LIST}add/", "/admin/petitions/signature/", "/admin/"):
        assert "planted" not in client.get(path).content.decode().lower()


def test_autocomplete_finds_no_other_organisation(
    as_user: Login, charlie: User, planted: list[str]
) -> None:
    response = as_user(charlie).get(
        "/admin/autocomplete/",
        {"app_label": "petitions", "model_name": "petition", "field_name": "organization",
         "term": "planted"},
    )  # fmt: skip

    assert response.status_code in (403, 404) or response.json()["results"] == []


def test_actions_touch_no_row_of_others(
    as_user: Login, charlie: User, planted: list[str]
) -> None:
    petition = Petition.objects.get()
    client = as_user(charlie)

    for action in ("close_selected", "publish_selected", "delete_selected"):
        client.post(
            LIST, {"_selected_action": [petition.pk], "action": action, "post": "yes"}
        )
    signature = Signature.objects.get()
    client.post(
        "/admin/petitions/signature/",
        {"_selected_action": [signature.pk], "action": "approve_comments"},
    )

    petition.refresh_from_db()
    assert petition.state == State.OPEN


def test_accounts_are_for_site_administrators(
    as_user: Login, alice: User, ada: User
) -> None:
    path = "/admin/organizations/user/"

    assert as_user(alice).get(path).status_code == 403
    assert "alice@example.org" in text_of(as_user(ada).get(path))


def test_somebody_without_an_organisation_sees_nothing(
    as_user: Login, planted: list[str], other_organization: Organization
) -> None:
    client = as_user(make_user())

    for path in ("/admin/", LIST, "/admin/petitions/signature/"):
        assert "planted" not in client.get(path, follow=True).content.decode().lower()


def test_a_site_administrator_sees_all(
    as_user: Login, ada: User, planted: list[str], other_organization: Organization
) -> None:
    make_petition(other_organization, title="Elsewhere")

    text = text_of(as_user(ada).get(LIST))

    assert "PLANTED petition" in text
    assert "Elsewhere" in text


def test_there_is_no_way_around_the_wall_by_number(
    as_user: Login, charlie: User, petition: Petition
) -> None:
    """Django's own “view on site” would lead from a number to any address."""
    kind = ContentType.objects.get_for_model(Petition)

    answer = as_user(charlie).get(f"/admin/r/{kind.pk}/{petition.pk}/")

    assert answer.status_code == 404
    with pytest.raises(NoReverseMatch):
        reverse("admin:view_on_site", args=[kind.pk, petition.pk])


def test_a_public_petition_keeps_somebody_whom_it_petitions(
    as_user: Login, erin: User, petition: Petition
) -> None:
    client = as_user(erin)
    path = f"{LIST}{petition.pk}/change/"
    answer = client.post(path, form(petition, **{"targets-0-DELETE": "on"}))

    assert "Name who is petitioned" in text_of(answer)
    assert petition.targets.count() == 1


def test_staff_are_told_when_somebody_signed_while_they_wrote(
    as_user: Login, erin: User, petition: Petition
) -> None:
    client = as_user(erin)
    path = f"{LIST}{petition.pk}/change/"
    opened = {**sent(client.get(path)), "text": "Quite another text", "summary": "New"}
    make_signature(petition)

    answer = client.post(path, opened)
    again = client.post(path, {**sent(answer), "summary": "New"}, follow=True)

    assert "“text” cannot be changed any more" in text_of(answer)
    assert "Quite another text" in text_of(answer)
    assert "was changed successfully" in text_of(again)
    petition.refresh_from_db()
    assert petition.text != "Quite another text"


def test_two_at_once_cannot_both_end_a_petition(
    as_user: Login, erin: User, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    problems = Transition.problems

    def slow(transition: Transition, row: Petition, now: datetime) -> list[str]:
        found = problems(transition, row, now)
        Petition.objects.get(pk=row.pk).withdraw(now=timezone.now())
        return found

    client, path = as_user(erin), f"{LIST}{petition.pk}/do/win/"
    seen = opened(client, path)
    monkeypatch.setattr(Transition, "problems", slow)

    answer = client.post(path, {**seen, "outcome": "Done."}, follow=True)

    assert "Somebody else was quicker" in text_of(answer)
    petition.refresh_from_db()
    assert (petition.state, petition.outcome) == (State.WITHDRAWN, "")


def test_a_null_byte_in_the_outcome_is_left_out(
    as_user: Login, erin: User, petition: Petition
) -> None:
    as_user(erin).post(f"{LIST}{petition.pk}/do/win/", {"outcome": "Do\0ne."})

    petition.refresh_from_db()
    assert (petition.state, petition.outcome) == (State.WON, "Done.")


@pytest.mark.django_db(transaction=True)
def test_a_form_does_not_undo_what_somebody_else_does_meanwhile(
    as_user: Login, erin: User, petition: Petition, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause() -> None:
        try:
            Petition.objects.get(pk=petition.pk).pause()
        finally:
            connection.close()

    meanwhile = threading.Thread(target=pause)
    check = PetitionForm.clean

    def slow(form: PetitionForm) -> Any:
        meanwhile.start()
        meanwhile.join(0.5)
        return check(form)

    monkeypatch.setattr(PetitionForm, "clean", slow)

    path = f"{LIST}{petition.pk}/change/"
    answer = as_user(erin).post(path, form(petition, summary="Shorter"))
    meanwhile.join(10)

    assert answer.status_code == 302, errors_of(answer)
    petition.refresh_from_db()
    assert (petition.state, petition.summary) == (State.PAUSED, "Shorter")


def test_names_are_taken_from_the_page_and_put_back(
    as_user: Login, erin: User, petition: Petition
) -> None:
    signature = make_signature(petition, show_name=True)
    client = as_user(erin)

    for action, withheld in (("withhold_names", True), ("release_names", False)):
        decide(client, {"action": action, "_selected_action": [signature.pk]})
        signature.refresh_from_db()
        assert signature.name_withheld is withheld
        assert signature.show_name


@pytest.mark.parametrize(
    "path",
    [
        "petitions/petition/?state=%00",
        "petitions/petition/?language=%00",
        "petitions/update/?title=a%00b",
        "petitions/signature/?state=%00",
        "petitions/report/?reason=%00",
    ],
)
def test_a_list_is_not_asked_for_null_bytes(
    as_user: Login, erin: User, path: str
) -> None:
    assert as_user(erin).get(f"/admin/{path}").status_code == 400


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("free\u200b-them\u200e", "free-them"),
        ("\ufefffree-them", "free-them"),
        ("free\u2011them", "free-them"),
        ("free–them", "free-them"),
        ("ｆｒｅｅ", "free"),
        ("می\u200cخواهم", "میخواهم"),
        ("عدد-١٢", "عدد-١٢"),
    ],
)
def test_an_address_is_stored_without_what_nobody_sees_in_it(
    as_user: Login, erin: User, petition: Petition, typed: str, stored: str
) -> None:
    address = reverse("admin:petitions_petition_change", args=[petition.pk])

    as_user(erin).post(address, form(petition, slug=typed))

    petition.refresh_from_db()
    assert petition.slug == stored
