"""Addresses with a token: whoever writes to one has had the mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from petitions.mail.signed_addresses import (
    read_address,
    return_path,
    unsubscribe_address,
)
from petitions.signatures.tokens import (
    LIFETIME,
    LONGEST_IN_ADDRESS,
    AddressPurpose,
    Broken,
    Expired,
    TokenPurpose,
    Valid,
    make_address_token,
    make_token,
    read_address_token,
    read_token,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LATE = datetime(2200, 1, 1, tzinfo=UTC)
MOST = 2**63 - 1


@pytest.fixture(autouse=True)
def bounce_address(settings: Settings) -> str:
    settings.BOUNCE_ADDRESS = "bounces@mail.example.org"
    return "bounces@mail.example.org"


def test_they_say_which_mail_and_whose() -> None:
    assert read_address(return_path(7, now=NOW), now=NOW) == (
        AddressPurpose.RETURN,
        Valid(7),
    )
    of_news = return_path(7, now=NOW, purpose=AddressPurpose.RETURN_NEWS)
    assert read_address(of_news, now=NOW) == (AddressPurpose.RETURN_NEWS, Valid(7))
    assert read_address(unsubscribe_address(8, now=NOW), now=NOW) == (
        AddressPurpose.UNSUBSCRIBE,
        Valid(8),
    )


def test_servers_may_change_the_case_and_add_brackets() -> None:
    address = return_path(7, now=NOW)

    for text in (address.upper(), f"<{address}>", f"rfc822; {address.title()}"):
        assert read_address(text, now=NOW) == (AddressPurpose.RETURN, Valid(7))


@pytest.mark.parametrize("number", [1, MOST])
@pytest.mark.parametrize("now", [NOW, LATE])
def test_they_fit_before_the_at(settings: Settings, number: int, now: datetime) -> None:
    """RFC 5321: 64 characters."""
    settings.BOUNCE_ADDRESS = f"{'b' * 17}@mail.example.org"

    for address in (
        return_path(number, now=now),
        unsubscribe_address(number, now=now),
    ):
        local = address.partition("@")[0]
        assert len(local) <= 64
        assert len(local.partition("+")[2]) <= LONGEST_IN_ADDRESS
        found = read_address(address, now=now)
        assert found is not None
        assert found[1] == Valid(number)


def test_without_one_mail_comes_back_as_before(settings: Settings) -> None:
    settings.BOUNCE_ADDRESS = ""

    assert return_path(7, now=NOW) == settings.MAIL_FROM
    assert unsubscribe_address(7, now=NOW) == ""


def test_a_token_is_good_for_one_purpose_in_one_place() -> None:
    token = make_address_token(AddressPurpose.RETURN, 7, now=NOW)
    link = make_token(TokenPurpose.NEVER, 7, now=NOW)

    assert read_address(f"unsubscribe+{token}@mail.example.org", now=NOW) is None
    assert read_address(f"unsubscribe+{link}@mail.example.org", now=NOW) is None
    for purpose in TokenPurpose:
        assert read_token(purpose, token, now=NOW) == Broken()


def test_a_forged_or_damaged_one_says_nothing() -> None:
    token = make_address_token(AddressPurpose.RETURN, 7, now=NOW)
    _number, seconds, mac = token.split(".")
    forged = [
        "", ".", "..", "7", f"8.{seconds}.{mac}", f"7.{seconds}x.{mac}",
        f"7.{seconds}", f"7.{seconds}.", f".{seconds}.{mac}", f"7.{seconds}.{mac[:-1]}",
        f"7.{seconds}.{mac}a", f"{token}.{mac}", f"7.zzzzzzzzzzzzz.{mac}",
    ]  # fmt: skip

    for text in forged:
        assert read_address_token(AddressPurpose.RETURN, text, now=NOW) == Broken(), (
            text
        )
        assert read_address(f"bounces+{text}@mail.example.org", now=NOW) is None


def test_a_mail_that_is_tried_again_comes_back_to_the_same_address() -> None:
    assert return_path(7, now=NOW) == return_path(7, now=NOW + timedelta(hours=11))
    assert return_path(7, now=NOW) != return_path(8, now=NOW)


def test_it_is_old_after_the_time_of_links() -> None:
    address = return_path(7, now=NOW)
    until = NOW.replace(hour=0) + LIFETIME

    assert read_address(address, now=until) == (AddressPurpose.RETURN, Valid(7))
    assert read_address(address, now=until + timedelta(seconds=1)) == (
        AddressPurpose.RETURN,
        Expired(7),
    )


def test_those_of_a_former_secret_stay_good(settings: Settings) -> None:
    address = return_path(7, now=NOW)
    former = settings.SECRET_KEY
    settings.SECRET_KEY = "a new secret for tests only, long enough to pass each check"
    assert read_address(address, now=NOW) is None

    settings.SECRET_KEY_FALLBACKS = [former]

    assert read_address(address, now=NOW) == (AddressPurpose.RETURN, Valid(7))
