"""The first organisation of a new installation."""

from __future__ import annotations

import re
from io import StringIO
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
    assert link[1] in shown
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

    assert "has a password already" in start()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"owner": "zoe"}, "--owner zoe: not an e-mail address"),
        ({"organization": "  "}, "--organization: give a name"),
        ({"organization": "x" * 201}, "--organization: give a name"),
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

    with pytest.raises(CommandError, match="check_mail --to zoe@example"):
        start()

    assert Organization.objects.count() == 1


def test_a_link_is_shown_only_for_the_account_that_was_just_made() -> None:
    """An account without a password may be somebody else's."""
    User.objects.create_user("zoe@example.org")

    assert "/admin/password/" not in start()
    assert "/admin/password/" in str(mail.outbox[0].body)


@pytest.mark.parametrize("name", ["\u200b", "Rights\nNow", "Rights\x01Now", "x" * 201])
def test_a_name_that_no_page_could_show_is_refused(name: str) -> None:
    with pytest.raises(CommandError, match="give a name"):
        start(organization=name)


def test_an_address_that_no_mail_could_go_to_is_refused() -> None:
    with pytest.raises(CommandError, match="not an e-mail address"):
        start(owner='"a,b"@example.org')
