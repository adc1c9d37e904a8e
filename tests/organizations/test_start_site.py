"""The first organisation of a new installation."""

from __future__ import annotations

import re
from io import StringIO
from smtplib import SMTPRecipientsRefused
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from organizations.models import Membership, Organization, Role, User

# Invitations are mailed once the transaction is over.
pytestmark = pytest.mark.django_db(transaction=True)


def start(organization: str = "Rights Now", owner: str = "zoe@example.org") -> str:
    out = StringIO()
    call_command("start_site", organization=organization, owner=owner, stdout=out)
    return out.getvalue()


ADDRESS = "http://testserver.localhost/organizations/rights-now/"
MAILED = (
    "zoe@example.org is its owner. A link to set a password was mailed there; it is "
    "good for three days. No mail? Try: manage.py check_mail --to zoe@example.org; "
    "when the address is wrong, run this again with the right one."
)
OUT = (
    "zeo@example.org was named before, has not come in, and is out: the link that was "
    "mailed there leads nowhere."
)
ANOTHER = (
    "This site has another organisation, too. When its name was mistyped, delete it in "
    "the admin, under Organisations."
)


def test_it_says_what_is_there_and_what_comes_next() -> None:
    """Word for word: there is nobody to ask on a new server."""
    assert start().splitlines() == [f"Rights Now: {ADDRESS}", MAILED]


def test_it_says_what_it_undid_and_what_it_found() -> None:
    Organization.objects.create(name="Rihgts Now")
    start(owner="zeo@example.org")

    assert start().splitlines() == [f"Rights Now: {ADDRESS}", OUT, ANOTHER, MAILED]


def test_the_owner_follows_the_mailed_link_sets_a_password_and_is_in(
    client: Client,
) -> None:
    shown = start()

    message = mail.outbox[0]
    assert message.to == ["zoe@example.org"]
    link = re.search(
        r"http://testserver\.localhost(/admin/password/\S+)", str(message.body)
    )
    assert link is not None
    # Output ends up in logs of deployments.
    assert "/admin/password/" not in shown
    assert "A link to set a password was mailed there" in shown
    page = client.get(link[1], follow=True)
    words = "a fair hearing for all"
    client.post(
        page.redirect_chain[-1][0], {"new_password1": words, "new_password2": words}
    )
    assert client.login(username="zoe@example.org", password=words)
    assert client.get("/admin/organizations/organization/").status_code == 200
    membership = Membership.objects.get()
    assert membership.role == Role.OWNER
    assert membership.user.is_superuser
    assert Organization.objects.get().name == "Rights Now"
    # A link works once.
    assert "new_password1" not in Client().get(link[1], follow=True).content.decode()


def test_running_it_again_mails_a_new_link_and_makes_nothing_twice() -> None:
    start()
    start()

    assert len(mail.outbox) == 2
    assert Organization.objects.count() == 1
    assert User.objects.count() == 1
    assert Membership.objects.count() == 1


def test_an_owner_with_a_password_keeps_it() -> None:
    start()
    user = User.objects.get()
    user.set_password("a fair hearing for all")
    user.save()

    assert start().splitlines()[1:] == [
        "zoe@example.org is its owner and has a password already."
    ]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"owner": "zoe"},
            (
                "--owner zoe: not an e-mail address. Enter an e-mail address such as "
                "name@example.org"
            ),
        ),
        (
            {"organization": "  "},
            "--organization: give a name of 1 to 200 characters",
        ),
        (
            {"organization": "x" * 201},
            "--organization: give a name of 1 to 200 characters",
        ),
    ],
)
def test_mistakes_are_named_and_nothing_is_made(given: Any, sentence: str) -> None:
    with pytest.raises(CommandError, match=re.escape(sentence)):
        start(**given)

    assert not Organization.objects.exists()


def test_a_mail_server_that_is_away_does_not_lose_the_organisation(
    settings: Any,
) -> None:
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 1, "timeout": 5},
        }
    }

    for _time in range(2):
        with pytest.raises(CommandError) as told:
            start()

        said = str(told.value)
        assert said.startswith(
            "zoe@example.org is its owner, but the mail with the link to set a "
            "password could not be sent. "
        )
        assert "127.0.0.1:1: nothing listens there. Correct host and port" in said
        assert said.endswith(
            "\nThen run this again; or set a password without mail: manage.py "
            "changepassword zoe@example.org"
        )
        assert "/admin/password/" not in said

    assert Organization.objects.count() == 1
    assert User.objects.get().is_superuser

    user = User.objects.get()
    with pytest.MonkeyPatch.context() as typing:
        words = "a fair hearing for all"
        typing.setattr("getpass.getpass", lambda prompt: words)
        call_command("changepassword", "zoe@example.org", stdout=StringIO())
    user.refresh_from_db()
    assert user.check_password(words)


def test_a_recipient_who_is_refused_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    def refuse(message: Any) -> None:
        raise SMTPRecipientsRefused({"zoe@example.org": (550, b"5.1.1 no such user")})

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    options = {"host": "127.0.0.1", "port": 25}
    settings.MAILERS = {"default": {**settings.MAILERS["default"], "OPTIONS": options}}

    with pytest.raises(CommandError) as told:
        start()

    assert "refused the recipient: 550 5.1.1 no such user" in str(told.value)


def test_who_was_named_by_mistake_is_out(client: Client) -> None:
    start(owner="zeo@example.org")
    link = re.search(r"/admin/password/\S+", str(mail.outbox[0].body))
    assert link is not None

    shown = start(owner="zoe@example.org")

    assert OUT in shown
    assert [user.email for user in User.objects.all()] == ["zoe@example.org"]
    assert "new_password1" not in client.get(link[0], follow=True).content.decode()


def test_who_has_come_in_stays() -> None:
    start(owner="first@example.org")
    first = User.objects.get()
    first.set_password("a fair hearing for all")
    first.save()

    shown = start(owner="second@example.org")

    assert "first@example.org" not in shown
    assert Membership.objects.filter(role=Role.OWNER).count() == 2


def test_a_mistyped_organisation_is_not_left_unsaid() -> None:
    start("Rihgts Now")

    assert ANOTHER in start("Rights Now")


def test_an_account_that_may_not_log_in_is_named() -> None:
    User.objects.create_user("zoe@example.org", is_active=False)

    with pytest.raises(CommandError) as told:
        start()

    assert str(told.value) == (
        "zoe@example.org has an account that may not log in. Name another owner, or "
        "let another administrator tick “may log in” in the admin."
    )

    assert not Organization.objects.exists()


@pytest.mark.parametrize("name", ["\u200b", "Rights\nNow", "Rights\x01Now", "x" * 201])
def test_a_name_that_no_page_could_show_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="give a name"):
        start(organization=name)


def test_an_address_that_no_mail_could_go_to_is_refused() -> None:
    with pytest.raises(CommandError, match="not an e-mail address"):
        start(owner='"a,b"@example.org')
