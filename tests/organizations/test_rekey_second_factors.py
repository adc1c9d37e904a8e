"""SECRET_KEY is replaced, and nobody loses a second factor."""

from __future__ import annotations

import threading
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from core.security import encryption
from organizations.models import User
from organizations.second_factor import factors
from tests.organizations.second_factors import code_of, give_app, recovery_codes_of

pytestmark = pytest.mark.django_db(transaction=True)


def rekeyed() -> str:
    """Run the command; return what it prints."""
    output = StringIO()
    call_command("rekey_second_factors", stdout=output)
    return output.getvalue()


def lets_in(user: User, secret: str) -> bool:
    return factors.check_code(user, code_of(secret), timezone.now()) is not None


def test_all_secrets_are_brought_under_a_new_key(
    alice: User, erin: User, settings: Settings
) -> None:
    """Also of whoever logs in later than the former key is kept."""
    secrets = {user: give_app(user) for user in (alice, erin)}
    codes = recovery_codes_of(alice)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "b" * 50

    # An app and recovery codes each.
    assert "4 second factors were encrypted anew, 0 needed nothing." in rekeyed()
    assert "0 second factors were encrypted anew, 4 needed nothing." in rekeyed()

    settings.SECRET_KEY_FALLBACKS = []
    assert recovery_codes_of(alice) == codes
    assert all(lets_in(user, secret) for user, secret in secrets.items())


def test_those_whose_secrets_no_key_reads_are_named(
    alice: User, erin: User, settings: Settings
) -> None:
    give_app(alice)
    settings.SECRET_KEY = "b" * 50
    secret = give_app(erin)

    with pytest.raises(CommandError, match=r"of: alice@example\.org\. Add"):
        rekeyed()

    assert lets_in(erin, secret)


def test_a_code_used_while_the_command_runs_stays_used(
    alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_app(alice)
    code = recovery_codes_of(alice)[0]
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "b" * 50
    renew = encryption.renewed
    used: list[threading.Thread] = []

    def use() -> None:
        factors.matching(alice, code, timezone.now())
        connection.close()

    def slowly(token: str) -> str | None:
        """Somebody uses a code once the command has read the row."""
        if not used:
            used.append(threading.Thread(target=use))
            used[0].start()
            used[0].join(0.5)
        return renew(token)

    codes = Authenticator.objects.get(type=factors.Type.RECOVERY_CODES)
    monkeypatch.setattr(encryption, "renewed", slowly)
    assert factors.renew_factor(codes.pk) is factors.Renewal.RENEWED
    used[0].join()

    assert code not in recovery_codes_of(alice)
