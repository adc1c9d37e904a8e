"""Who can become whom: invitations, password links, accounts."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone

from organizations import invitations, mailing
from organizations.models import (
    Invitation,
    Membership,
    Organization,
    Role,
    StaffMail,
    StaffMailPurpose,
    User,
)
from organizations.retention import old_invitations
from organizations.second_factor import lost
from tests.factories import make_member, make_user
from tests.helpers import text_of
from tests.mailserver import MailServer
from tests.organizations.helpers import invite_by_form, invited, path_of, send_all

type Login = Callable[[User], Client]

pytestmark = pytest.mark.django_db

WORDS = "a fair hearing for all"
SET = {"new_password1": WORDS, "new_password2": WORDS}


def link_in(message: Any) -> str:
    found = re.search(r"http://testserver\.localhost(\S+)", str(message.body))
    assert found is not None
    return found[1]


def test_whoever_has_the_mailbox_accepts_with_a_password_and_is_a_member_then(
    as_user: Login, alice: User, organization: Organization, visitor: Client
) -> None:
    answer = invite_by_form(as_user(alice), organization, "New.Person@example.org")

    assert "becomes a member as soon as they accept" in text_of(answer)
    assert not User.objects.filter(email="new.person@example.org").exists()
    send_all()
    (message,) = mail.outbox
    assert message.to == ["new.person@example.org"]
    assert "alice@example.org invites you to work on the petitions of Rights Now" in (
        message.body
    )
    path = link_in(message)
    assert "Choose a password for your account new.person@example.org" in text_of(
        visitor.get(path)
    )
    visitor.post(path, {**SET, "name": "New Person"})
    assert visitor.login(username="new.person@example.org", password=WORDS)
    membership = Membership.objects.get(user__email="new.person@example.org")
    assert (membership.role, membership.user.name) == (Role.EDITOR, "New Person")
    assert visitor.get(path).status_code == 410


def test_an_account_that_exists_is_asked_and_who_invites_learns_nothing(
    as_user: Login, alice: User, charlie: User, organization: Organization
) -> None:
    charlie.name = "Charlie Real-Name"
    charlie.save()
    owner = as_user(alice)
    answer = invite_by_form(owner, organization, charlie.email)
    invite_by_form(owner, organization, "nobody@example.org")

    page = owner.get(f"/admin/organizations/organization/{organization.pk}/members/")
    assert "Real-Name" not in page.content.decode()
    assert "Real-Name" not in answer.content.decode()
    shown = page.content.decode()
    for address in (charlie.email, "nobody@example.org"):
        assert address in shown
    assert not Membership.objects.filter(
        user=charlie, organization=organization
    ).exists()
    send_all()
    assert len(mail.outbox) == 2
    path = link_in(mail.outbox[0])
    assert "Log in with that account" in text_of(Client().get(path))
    Client().post(path, SET)  # sets nobody's password
    as_user(alice).post(path)  # the wrong account
    charlie.refresh_from_db()
    assert charlie.check_password("correct horse")
    assert not Membership.objects.filter(
        user=charlie, organization=organization
    ).exists()

    theirs = as_user(charlie)
    assert 'value="Accept"' in theirs.get(path).content.decode()
    theirs.post(path)
    assert Membership.objects.get(user=charlie, organization=organization).role == (
        Role.EDITOR
    )


@pytest.mark.parametrize("has_password", [True, False])
def test_no_link_is_shown_when_the_mail_is_refused(
    as_user: Login,
    alice: User,
    organization: Organization,
    has_password: bool,
    settings: Any,
) -> None:
    """An administrator's account without a password is nobody's for the taking."""
    root = make_user("root@example.org", is_superuser=True)
    if not has_password:
        root.set_unusable_password()
        root.save()
    server = MailServer()
    server.mailbox.refuse = lambda address: "550 5.1.1 no such mailbox"
    server.start()
    try:
        use(settings, server.port)
        owner = as_user(alice)
        answer = invite_by_form(owner, organization, root.email)
        send_all()
    finally:
        server.stop()

    page = owner.get(f"/admin/organizations/organization/{organization.pk}/members/")
    for shown in (answer, page):
        assert "/admin/password/" not in shown.content.decode()
        assert "/admin/invitation/" not in shown.content.decode()
    assert "refused the mail: 550 5.1.1 no such mailbox" in text_of(page)
    assert not StaffMail.objects.exists()
    assert not Membership.objects.filter(user=root).exists()


def use(settings: Any, port: int) -> None:
    """Real mail into a server of the test."""
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 10},
        }
    }


def test_a_removed_member_has_to_accept_again(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    Membership.objects.get(user=erin).delete()
    invite_by_form(as_user(alice), organization, erin.email)

    assert not Membership.objects.filter(user=erin).exists()
    assert as_user(erin).get("/admin/petitions/petition/").status_code == 403


def test_a_closed_account_is_not_opened_by_an_invitation(
    alice: User, erin: User, organization: Organization
) -> None:
    Membership.objects.get(user=erin).delete()
    erin.is_active = False
    erin.save()
    path = path_of(invited(organization, alice, erin.email))
    client = Client()
    client.force_login(erin)

    client.post(path, SET)

    erin.refresh_from_db()
    assert not erin.is_active
    assert erin.check_password("correct horse")
    assert not Membership.objects.filter(user=erin).exists()


@pytest.mark.parametrize("how", ["removed", "editor now", "closed", "too old"])
def test_an_invitation_ends_with_the_right_to_invite(
    alice: User, organization: Organization, how: str
) -> None:
    invitation = invited(organization, alice, "new@example.org")
    path = path_of(invitation)
    assert Client().get(path).status_code == 200
    membership = Membership.objects.get(user=alice)
    if how == "removed":
        membership.delete()
    elif how == "editor now":
        membership.role = Role.EDITOR
        membership.save()
    elif how == "closed":
        alice.is_active = False
        alice.save()
    else:
        Invitation.objects.update(invited_at=timezone.now() - invitations.KEPT)

    assert Client().get(path).status_code == 410
    assert Client().post(path, SET).status_code == 410
    assert not User.objects.filter(email="new@example.org").exists()
    send_all()
    assert mail.outbox == []


def test_taken_back_the_link_ends(
    as_user: Login, alice: User, organization: Organization
) -> None:
    invitation = invited(organization, alice, "new@example.org")
    path = path_of(invitation)
    page = f"/admin/organizations/organization/{organization.pk}/invitations/"
    as_user(alice).post(f"{page}{invitation.pk}/withdraw/")

    assert not Invitation.objects.exists()
    assert Client().post(path, SET).status_code == 410


@pytest.mark.django_db(transaction=True)
def test_of_two_invitations_accepted_at_once_one_sets_the_password(
    alice: User, charlie: User, organization: Organization,
    other_organization: Organization,
) -> None:  # fmt: skip
    for _round in range(10):
        rows = [
            invited(organization, alice, "new@example.org"),
            invited(other_organization, charlie, "new@example.org"),
        ]
        outcomes: dict[str, bool] = {}
        barrier = threading.Barrier(2)

        def accept(
            row: Invitation,
            words: str,
            outcomes: dict[str, bool] = outcomes,
            barrier: threading.Barrier = barrier,
        ) -> None:
            barrier.wait()
            outcomes[words] = invitations.accept_anew(row, name="", password=words)
            connection.close()

        threads = [
            threading.Thread(target=accept, args=(row, f"{WORDS} {number}"))
            for number, row in enumerate(rows)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert sorted(outcomes.values()) == [False, True]
        (winner,) = [words for words, won in outcomes.items() if won]
        user = User.objects.get(email="new@example.org")
        assert user.check_password(winner)
        assert user.memberships.count() == 1
        Invitation.objects.all().delete()
        user.delete()


def test_an_owner_changes_nobodys_address_and_no_account(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    client = as_user(alice)
    member = Membership.objects.get(user=erin)
    client.post(
        f"/admin/organizations/organization/{organization.pk}/members/{member.pk}/role/",
        {"role": "viewer", "email": "mine@example.org"},
    )

    erin.refresh_from_db()
    assert erin.email == "erin@example.org"
    for action in ("change", "delete", "password"):
        answer = client.get(f"/admin/organizations/user/{erin.pk}/{action}/")
        assert answer.status_code in (302, 403, 404)


def test_an_account_is_closed_and_not_deleted_with_its_history(
    as_user: Login, ada: User, erin: User
) -> None:
    client = as_user(ada)
    answer = client.post(
        f"/admin/organizations/user/{erin.pk}/delete/", {"post": "yes"}
    )
    client.post(
        "/admin/organizations/user/",
        {"action": "delete_selected", "_selected_action": [erin.pk], "post": "yes"},
    )

    assert answer.status_code == 403
    assert User.objects.filter(pk=erin.pk).exists()


def test_an_account_that_an_administrator_makes_gets_a_link_by_mail(
    as_user: Login, ada: User
) -> None:
    fields = {"email": "root@example.org", "name": "", "is_active": "on"}
    answer = as_user(ada).post("/admin/organizations/user/add/", fields, follow=True)

    assert "/admin/password/" not in answer.content.decode()
    send_all()
    (message,) = mail.outbox
    assert "There is an account for you" in str(message.body)
    page = Client().get(link_in(message), follow=True)
    assert "root@example.org" in text_of(page)


def edit(client: Client, user: User, **changes: str | None) -> Any:
    """Change an account in the admin; None takes a tick away."""
    ticks = {"is_active": user.is_active, "is_superuser": user.is_superuser}
    fields: dict[str, Any] = {"email": user.email, "name": user.name}
    fields |= {name: "on" for name, is_set in ticks.items() if is_set} | changes
    path = f"/admin/organizations/user/{user.pk}/change/"
    sent = {name: value for name, value in fields.items() if value is not None}
    answer = client.post(path, sent, follow=True)
    user.refresh_from_db()
    return answer


def lets_in(path: str) -> bool:
    """Whether the link of a mail sets a password."""
    client = Client()
    page = client.get(path, follow=True)
    answer = client.post(
        page.redirect_chain[-1][0] if page.redirect_chain else path, SET
    )
    return bool(answer.status_code == 302)


@pytest.mark.parametrize("way", ["closed", "closed and opened again", "other mailbox"])
def test_an_account_that_is_closed_or_moved_lets_nobody_in_who_was_in_before(
    as_user: Login, ada: User, erin: User, way: str
) -> None:
    admin, theirs = as_user(ada), as_user(erin)
    assert theirs.get("/admin/").status_code == 200
    link = invitations.password_link(erin).removeprefix("http://testserver.localhost")
    if way == "other mailbox":
        answer = edit(admin, erin, email="erin@elsewhere.example")
    else:
        answer = edit(admin, erin, is_active=None)
        assert not erin.is_active
        if way != "closed":
            answer = edit(admin, erin, is_active="on")

    assert "links in mails have ended" in text_of(answer)
    assert theirs.get("/admin/").status_code == 302
    assert not erin.check_password("correct horse")
    assert not lets_in(link)
    send_all()
    if way == "closed":
        assert mail.outbox == []
    else:
        (message,) = mail.outbox
        assert message.to == [erin.email]
        assert lets_in(link_in(message))


def test_a_link_sets_no_password_of_an_account_that_was_closed_elsewhere(
    erin: User,
) -> None:
    link = invitations.password_link(erin).removeprefix("http://testserver.localhost")
    User.objects.update(is_active=False)

    assert not lets_in(link)


def test_one_administrator_is_always_left(as_user: Login, ada: User) -> None:
    edit(as_user(ada), ada, is_active=None, is_superuser=None, name="Ada")

    assert (ada.name, ada.is_active, ada.is_superuser) == ("Ada", True, True)


def test_a_new_address_of_their_own_leaves_an_administrator_in(
    as_user: Login, ada: User
) -> None:
    client = as_user(ada)

    edit(client, ada, email="ada@elsewhere.example")

    assert ada.email == "ada@elsewhere.example"
    assert client.get("/admin/").status_code == 200


# == Passwords ==

RESET = "/admin/password/reset/"


def test_sixty_forms_for_one_account_make_one_mail(erin: User) -> None:
    now = timezone.now()
    for _number in range(60):
        mailing.request_mail(StaffMailPurpose.PASSWORD, erin.email, language="en")
        mailing.send_round(timezone.now())

    assert len(mail.outbox) == 1
    # The others wait, as one.
    assert StaffMail.objects.count() == 1
    for minutes in range(5, 24 * 60, 5):
        mailing.request_mail(StaffMailPurpose.PASSWORD, erin.email, language="en")
        mailing.send_round(now + timedelta(minutes=minutes))
    assert len(mail.outbox) <= mailing.MAILBOX.burst + 12


def test_a_known_and_an_unknown_address_cost_the_same(
    erin: User, django_assert_num_queries: Any, visitor: Client
) -> None:
    statements = []
    for address in (erin.email, "unknown@example.org"):
        with django_assert_num_queries(1) as queries:
            answer = visitor.post(RESET, {"email": address})
        assert answer.status_code == 302
        statements.append(re.sub(r"'[^']*'", "?", queries.captured_queries[0]["sql"]))
    assert statements[0] == statements[1]
    assert mail.outbox == []
    send_all()
    (message,) = mail.outbox
    assert message.to == [erin.email]
    assert not StaffMail.objects.exists()


@pytest.mark.parametrize("kind", ["invitation", "password", "second factor"])
@pytest.mark.parametrize(
    "glued",
    [">", ")", "&gt;", "=3D", "%22", ".", "/>", "/»", "/.", "/%0D%0A", "/x.html"],
)
def test_what_is_glued_behind_a_mailed_link_is_taken_off(
    visitor: Client, alice: User, erin: User, organization: Organization,
    kind: str, glued: str,
) -> None:  # fmt: skip
    if kind == "invitation":
        path = path_of(invited(organization, alice, "new.person@example.org"))
    elif kind == "password":
        whole = invitations.password_link(erin)
        path = whole.removeprefix("http://testserver.localhost")
    else:
        removal = lost.ask_for_removal(erin, alice, timezone.now())
        path = lost.calling_off_link(removal).removeprefix(
            "http://testserver.localhost"
        )

    answer = visitor.get(f"{path.rstrip('/')}{glued}", follow=True)

    assert (path, 302) in answer.redirect_chain
    assert text_of(answer) == text_of(visitor.get(path, follow=True))


def test_who_asks_for_a_link_is_an_event_without_the_address(
    erin: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "security"):
        for address in (erin.email, "nobody@example.org"):
            Client().post("/admin/password/reset/", {"email": address})

    asked = [r for r in caplog.records if r.getMessage() == "password link asked"]
    assert len({vars(record)["address_mark"] for record in asked}) == len(asked) == 2
    assert not any("@" in str(vars(record)) for record in asked)


def test_a_closed_account_gets_no_link(erin: User) -> None:
    erin.is_active = False
    erin.save()
    mailing.request_mail(StaffMailPurpose.PASSWORD, erin.email, language="en")
    send_all()

    assert mail.outbox == []


def test_one_network_asks_so_often_and_others_go_on(erin: User) -> None:
    def ask(network: str) -> int:
        return (
            Client(headers={"x-forwarded-for": network})
            .post(RESET, {"email": erin.email})
            .status_code
        )

    answers = [ask("203.0.114.9") for _ in range(22)]

    assert answers == [302] * 20 + [429] * 2
    assert ask("198.52.100.9") == 302


def test_a_mail_server_that_is_away_loses_no_mail(erin: User, settings: Any) -> None:
    mailing.request_mail(StaffMailPurpose.PASSWORD, erin.email, language="fr")
    use(settings, 1)
    send_all()
    waiting = StaffMail.objects.get()
    assert waiting.due_at > timezone.now()

    server = MailServer()
    server.start()
    try:
        use(settings, server.port)
        mailing.send_round(waiting.due_at)
    finally:
        server.stop()

    (envelope,) = server.mailbox.envelopes
    assert envelope.rcpt_tos == [erin.email]
    assert "/admin/fr/password/" in str(envelope.content)
    assert not StaffMail.objects.exists()


def test_an_invitation_is_to_one_mailbox_and_no_other(
    alice: User, charlie: User, organization: Organization
) -> None:
    invitation = invited(organization, alice, "new@example.org")

    assert not invitations.accept(invitation, charlie)
    assert not Membership.objects.filter(
        user=charlie, organization=organization
    ).exists()


def test_a_refused_password_is_said_beside_it(
    alice: User, organization: Organization
) -> None:
    path = path_of(invited(organization, alice, "new@example.org"))
    weak = {"new_password1": "a" * 12, "new_password2": "a" * 12}
    answer = Client().post(path, weak)

    assert list(answer.context["form"].errors) == ["new_password1"]
    assert "easy to guess" in text_of(answer)
    assert not User.objects.filter(email="new@example.org").exists()


def test_a_used_link_leads_to_a_new_one_and_rules_stand_before_the_fields(
    erin: User,
) -> None:
    path = invitations.password_link(erin).removeprefix("http://testserver.localhost")
    client = Client()
    page = client.get(path, follow=True)
    text = text_of(page)
    assert "erin@example.org" in text
    assert "at least 12 characters" in text
    client.post(page.redirect_chain[-1][0], SET)

    used = Client().get(path, follow=True)
    assert RESET in used.content.decode()


def test_the_mail_speaks_the_language_of_the_page(
    as_user: Login, alice: User, erin: User, organization: Organization
) -> None:
    client = as_user(alice)
    invite_by_form(client, organization, "nouvelle@example.org", "/admin/fr/")
    Client().post("/admin/fr/password/reset/", {"email": erin.email})
    send_all()

    assert len(mail.outbox) == 2
    for message in mail.outbox:
        assert "Bonjour" in str(message.body)
        assert "/admin/fr/" in str(message.body)


def test_one_sentence_says_that_an_address_is_wrong(
    as_user: Login, alice: User, organization: Organization
) -> None:
    answer = invite_by_form(as_user(alice), organization, "no address")

    assert answer.content.decode().count("name@example.org") == 1
    assert "valid" not in text_of(answer).split("E-mail address")[-1][:200]


def test_invitations_end(alice: User, organization: Organization) -> None:
    invitation = invited(organization, alice, "new@example.org")

    assert not old_invitations(timezone.now()).exists()
    later = timezone.now() + invitations.KEPT + timedelta(hours=1)
    assert list(old_invitations(later)) == [invitation]


def test_a_stranger_cannot_invite(
    as_user: Login, charlie: User, organization: Organization
) -> None:
    make_member(organization, Role.OWNER)
    invite_by_form(as_user(charlie), organization, "new@example.org")

    assert not Invitation.objects.exists()


def test_a_mail_is_sent_once_however_slow_the_server(
    alice: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = {**settings.MAILERS["default"], "OPTIONS": {"timeout": 300}}
    settings.MAILERS = {"default": slow}
    mailing.request_mail(StaffMailPurpose.PASSWORD, alice.email, language="en")
    now, sent, others = timezone.now(), [], []

    def slowly(message: Any) -> None:
        sent.append(message.to)
        others.append(mailing.send_round(now + timedelta(minutes=85)))

    monkeypatch.setattr("django.core.mail.EmailMessage.send", slowly)
    mailing.send_round(now)

    assert sent == [[alice.email]]
    assert others == [False]
