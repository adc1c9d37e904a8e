"""E-mail addresses and the links made of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from petitions.addresses import (
    NotAnAddress,
    clean_address,
    is_one_slip,
    masked,
    suggested_domain,
)
from petitions.goals import next_goal
from petitions.signatures.tokens import (
    Broken,
    Expired,
    TokenPurpose,
    Valid,
    make_token,
    read_token,
)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("maya@example.org", "maya@example.org"),
        ("  Maya.Tremblay+news@Example.ORG ", "Maya.Tremblay+news@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
        ("josé@bücher.example", "josé@bücher.example"),
        ("用户@例子.测试", "用户@例子.测试"),
        ("m@xn--bcher-kva.example", "m@bücher.example"),
        ("a@b.test", "a@b.test"),
    ],
)
def test_addresses_that_are_some(typed: str, address: str) -> None:
    assert clean_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    ["", "@", "maya", "maya@", "@example.org", "a b@example.org", "maya@example",
     "maya@example..org", "a@b@example.org", "maya@-example.org",
     "maya@example.org\nBcc: x@example.org", "m@[1.2.3.4]", "a" * 65 + "@example.org"],
)  # fmt: skip
def test_addresses_that_are_none(typed: str) -> None:
    with pytest.raises(NotAnAddress):
        clean_address(typed)


def test_a_mask_shows_its_owner_enough() -> None:
    assert masked("maya@gmail.com") == "m•••@gmail.com"
    assert masked("m@gmail.com") == "m•••@gmail.com"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("gmial.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("GMAIL.CO", "gmail.com"),
        ("gmail.c", "gmail.com"),
        ("hotmail.frr", "hotmail.fr"),
        ("hotmail.xy1", "hotmail.com"),
        ("gmail.org", ""),
        ("hotmial.com", "hotmail.com"),
        ("yaho.fr", "yahoo.fr"),
        ("gmail.com", ""),
        ("mail.com", ""),
        ("ymail.com", ""),
        ("hotmail.cl", ""),
        ("live.cl", ""),
        ("outlook.kr", ""),
        ("yahoo.gr", ""),
        ("cloud.com", ""),
        ("example.org", ""),
        ("googlemail.com", ""),
        ("gmail", "gmail.com"),
        ("yahoo", "yahoo.com"),
        ("orange", "orange.fr"),
        ("icloud", "icloud.com"),
        ("localhost", ""),
        ("", ""),
    ],
)
def test_only_likely_slips_are_pointed_out(typed: str, meant: str) -> None:
    assert suggested_domain(typed) == meant


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_a_slip_is_one_edit_or_swap_and_works_both_ways(one: str, other: str) -> None:
    def edits(word: str) -> set[str]:
        cuts = [(word[:n], word[n:]) for n in range(len(word) + 1)]
        return {
            *(a + b[1:] for a, b in cuts if b),
            *(a + c + b for a, b in cuts for c in "abc"),
            *(a + c + b[1:] for a, b in cuts if b for c in "abc"),
            *(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1),
        } - {word}

    assert is_one_slip(one, other) == (other in edits(one)) == is_one_slip(other, one)


@given(st.integers(1, 2**62), st.sampled_from(TokenPurpose))
def test_a_token_says_what_was_put_in_and_only_for_its_purpose(
    number: int, purpose: TokenPurpose
) -> None:
    now = timezone.now()
    token = make_token(purpose, number, now=now)

    assert read_token(purpose, token, now=now) == Valid(number)
    days = 30 if purpose is TokenPurpose.ONE_PRESS else 14
    end = now + timedelta(days=days)
    assert read_token(purpose, token, now=end - timedelta(seconds=2)) == Valid(number)
    late = end + timedelta(seconds=2)
    assert read_token(purpose, token, now=late) == Expired(number)
    for other in set(TokenPurpose) - {purpose}:
        assert read_token(other, token, now=now) == Broken()
    assert len(token) < 75
    assert token.replace(".", "").replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=80))
def test_whatever_is_no_token_is_broken(text: str) -> None:
    assert read_token(TokenPurpose.CONFIRM, text, now=timezone.now()) == Broken()


def test_a_token_outlives_a_change_of_the_secret(settings: Settings) -> None:
    now = timezone.now()
    token = make_token(TokenPurpose.CONFIRM, 5, now=now)

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "new" * 20
    assert read_token(TokenPurpose.CONFIRM, token, now=now) == Valid(5)
    settings.SECRET_KEY_FALLBACKS = []
    assert read_token(TokenPurpose.CONFIRM, token, now=now) == Broken()


@pytest.mark.parametrize(
    ("supporters", "goal", "following"),
    [
        (0, None, 100), (99, None, 100), (100, None, 200), (15_261, None, 20_000),
        (20_000, None, 50_000), (999_999, None, 1_000_000), (601, 750, 750),
        (750, 750, 1000), (800, 750, 1000), (5, 10, 10),
    ],
)  # fmt: skip
def test_the_goal_is_always_a_little_ahead(
    supporters: int, goal: int | None, following: int
) -> None:
    assert next_goal(supporters, goal) == following
