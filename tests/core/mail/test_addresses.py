"""What is an address, what is taken off it, and how it is sent."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from core.mail.address_fields import (
    AddressColumn,
    AddressField,
)
from core.mail.addresses import (
    LONGEST,
    NO_SUCH_ENDING,
    NOT_ONE,
    ONE_ALONE,
    UNSEEN,
    NotAnAddress,
    clean_address,
    has_known_ending,
    registrable,
    sendable,
    sendable_mailbox,
)
from organizations.models import Organization, User

MAYA = "maya@example.org"


@pytest.mark.parametrize(
    "typed",
    [
        f"{MAYA}\u200b", f"{MAYA}\u200e", f"{MAYA}\ufeff", f"\u200f{MAYA}", f"\u2060{MAYA}",
        "ma\u00adya@exam\u200bple.org", f"\u2067{MAYA}\u2069", f"{MAYA}\ufe0f",
        f"{MAYA}\u200d", f"\U000e0041{MAYA}",
        f"{MAYA}\t", f"\t{MAYA}", f"\u00a0{MAYA}\u00a0", f"\u202f{MAYA}\u3000",
        f"{MAYA}\r\n", f"{MAYA}\u2028",
        f"mailto:{MAYA}", f"MAILTO:{MAYA}?subject=Hello%20there", f"<mailto:{MAYA}>",
        f"<{MAYA}>", f"Maya <{MAYA}>", f'"Maya, T." <{MAYA}>;', f"Maya\u00a0T. <{MAYA}> ",
        f"{MAYA} <mailto:{MAYA}>", f"'{MAYA}' <{MAYA}>",
        f"{MAYA}.", f"{MAYA},", f"{MAYA} ;", f", {MAYA}", f"{MAYA}\u3002",
        f"({MAYA})", f"“{MAYA}”", f"'{MAYA}'", f'"{MAYA}"', f"« {MAYA} »", f"[{MAYA}].",
        "ｍａｙａ@example.org", "ｍａｙａ＠ｅｘａｍｐｌｅ．ｏｒｇ", "maya@example。org",
    ],
)  # fmt: skip
def test_what_is_pasted_along_is_taken_off(typed: str) -> None:
    assert clean_address(typed) == MAYA


@pytest.mark.parametrize(
    "typed",
    [
        # Two addresses, and nobody knows which was meant.
        "ada@example.org <maya@example.org>", "ada@example.org, maya@example.org",
        "ada@example.org maya@example.org", "ada@example.org;maya@example.org",
        "<ada@example.org><maya@example.org>",
        # Encoded words, as RFC 2047 writes them.
        "=?utf-8?q?=61=64=61=40evil.test=3e?=@example.org", "=?x?=@example.org",
        "ada=?utf-8?b?eA@example.org", "ada?=@example.org",
        # Other hosts, other recipients, files, commands and options.
        "ada%evil.test@example.org", "evil.test!ada@example.org",
        "@evil.test:ada@example.org", "|cat@example.org", "a|b@example.org",
        "`id`@example.org", "-oQ/tmp@example.org", "/etc/passwd@example.org",
        "a/../b@example.org", ":include:x@example.org",
        '"ada@evil.test"@example.org', '"ada evil"@example.org', '""@example.org',
        '"a\\"b"@example.org', "ada(evil)@example.org", "(evil)ada@example.org",
        "ada@(evil.test)example.org", "ada@example.org(evil)",
        # The same by alike signs.
        "ada﹫evil.test@example.org", "ada﹕evil@example.org", "ada％evil@example.org",
        "ada；evil.test@example.org",
        # Dots where only Japanese carriers have them.
        "ada.@example.org", "a..b@example.org", ".ada@example.org", "..@docomo.ne.jp",
        # Lines.
        "maya@example.org\nBcc: ada@example.org", "maya\n@example.org",
        "maya@exam\nple.org", "maya@example.org\x00", "ma\x07ya@example.org",
        # No such ending.
        "maya@gmail.c", "maya@192.168.1.1", "maya@example.1",
    ],
)  # fmt: skip
def test_what_could_reach_another_mailbox_is_refused(typed: str) -> None:
    with pytest.raises(NotAnAddress):
        clean_address(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "mayа@gmail.com",  # Cyrillic а
        "maya@gmаil.com",
        "иvan@example.org",
        "αlpha@example.org",
    ],
)
def test_letters_that_only_look_alike_are_named(typed: str) -> None:
    with pytest.raises(NotAnAddress) as refusal:
        clean_address(typed)
    assert str(refusal.value.sentence).startswith("Some letters in this address only")


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("maya@example.org", "maya@example.org"),
        ("иван@пример.example", "иван@xn--e1afmkfd.example"),
        ("мария_90@example.org", "мария_90@example.org"),
        ("maya.мария@example.org", "maya.мария@example.org"),
        ("用户@例子.测试", "用户@xn--fsqu00a.xn--0zwm56d"),
        ("ada@münchen.test", "ada@xn--mnchen-3ya.test"),
        ("bea@xn--mnchen-3ya.test", "bea@xn--mnchen-3ya.test"),
        ("abc.@docomo.ne.jp", '"abc."@docomo.ne.jp'),
        ("abc.@docomo.example", '"abc."@docomo.example'),
        ("a..b@ezweb.ne.jp", '"a..b"@ezweb.ne.jp'),
        (".a-b@mail.ezweb.example", '".a-b"@mail.ezweb.example'),
        ('"a..b"@au.com', '"a..b"@au.com'),
        ("a.b@docomo.ne.jp", "a.b@docomo.ne.jp"),
        ("bounce+ada=example.net@example.org", "bounce+ada=example.net@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
    ],
)
def test_how_an_address_is_sent(typed: str, sent: str) -> None:
    address = clean_address(typed)

    assert sendable(address) == sent
    # What a server tells of it is the same address again.
    assert clean_address(sent) == address


def test_only_an_address_of_two_parts_is_written_anew() -> None:
    assert sendable_mailbox("Bücher <info@bücher.example>") == (
        "Bücher <info@xn--bcher-kva.example>"
    )
    assert sendable_mailbox("info@bücher.example") == "info@xn--bcher-kva.example"
    assert sendable("root") == "root"


@given(
    st.text(st.sampled_from("a@.\"<>;,-=?%! \t\u200b\u3002ａ＠éа()['/"), max_size=14)
    | st.text(max_size=20)
)
def test_whatever_is_typed_is_cleaned_once_or_refused(typed: str) -> None:
    try:
        address = clean_address(typed)
    except NotAnAddress:
        return
    assert clean_address(address) == address
    assert len(address) <= LONGEST
    assert address.count("@") == 1
    assert not set(address) & set(' \t\r\n<>,;:"()')


@pytest.mark.parametrize(
    ("domain", "owner"),
    [
        ("example.org", "example.org"),
        ("a.b.example.org", "example.org"),
        ("a.example.co.uk", "example.co.uk"),
        ("me.duckdns.org", "duckdns.org"),
        ("a.xn--mnchen-3ya.test", "xn--mnchen-3ya.test"),
        ("co.uk", "co.uk"),
    ],
)
def test_a_domain_belongs_to_who_registered_it(domain: str, owner: str) -> None:
    assert registrable(domain) == owner


@pytest.mark.parametrize(
    ("domain", "known"),
    [
        ("gmail.com", True),
        ("gmail.cmo", False),
        ("例子.中国", True),
        ("example.test", True),
        ("example.c", False),
    ],
)
def test_endings(domain: str, known: bool) -> None:
    assert has_known_ending(domain) == known


def test_every_column_for_an_address_to_write_to_is_cleaned() -> None:
    organization = Organization(name="One", contact_email=" Help@Example.ORG.\u200b")
    user = User(email="mailto:Maya@Example.org")
    organization.clean_fields(exclude=["slug", "logo"])
    user.clean_fields(exclude=["password"])

    assert organization.contact_email == "Help@example.org"
    assert user.email == "Maya@example.org"
    with pytest.raises(ValidationError) as refusal:
        Organization(name="One", contact_email="josé@example.org").clean_fields()
    assert refusal.value.messages == [
        (
            "Use an address with letters from a to z before the @: not every mail server can write to other addresses"
        )
    ]


def columns_for_addresses() -> list[Any]:
    from django.apps import apps

    return [
        field
        for model in apps.get_models()
        for field in model._meta.local_fields
        if type(field).__name__ == "EmailField"
        or (field.name.endswith("email") and not isinstance(field, AddressColumn))
    ]


def test_no_column_and_no_form_goes_around_it() -> None:
    """Those of supporters are filled by `AddressField`, or copied from one that was;
    that of django-allauth has no rows."""
    assert {str(field) for field in columns_for_addresses()} == {
        "account.EmailAddress.email",
        "petitions.Consent.email", "petitions.OfficeAnswer.email",
        "petitions.Report.email", "petitions.Signature.email",
        "petitions.WebhookEvent.email",
    }  # fmt: skip


def test_a_form_keeps_the_limit_of_an_address() -> None:
    field = AddressField(label="E-mail")
    with pytest.raises(ValidationError):
        field.clean("a" * 60 + "@" + "b" * 60 + ".example" * 24 + ".org")
    with pytest.raises(ValidationError):
        field.clean("x" * 100_000 + "@example.org")


@pytest.mark.parametrize(
    "typed",
    [
        '"maya"@example.org',
        "maya @example.org",
        "maya@\u00a0example.org",
        "maya@example,org",
        "maya@example.org?",
        "maya\ufe6bexample.org",
        # Full stops of other keyboards.
        *(f"maya@example{dot}org" for dot in "\u2024\u3002\ufe52\uff61\u06d4\u0701"),
        "maya@example.org\u2024",
        # What nobody sees, before the @ and behind it.
        *(
            address
            for sign in "\u200b\u200c\u200d\u00ad\ufeff\u2060\u115f\u3164\u2800\u034f\ufe0f"
            for address in (f"ma{sign}ya@example.org", f"maya@exam{sign}ple.org")
        ),
        "m\u24d0ya@example.org",
    ],
)
def test_what_was_surely_meant_is_taken(typed: str) -> None:
    assert clean_address(typed) == "maya@example.org"


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("o\u2019brien@example.org", "o'brien@example.org"),
        ("anne\u2011marie@ex\u2010ample.org", "anne-marie@ex-ample.org"),
        ("anne\u2013marie@example.org", "anne-marie@example.org"),
        ("\u2018maya@example.org\u2019", "maya@example.org"),
    ],
)
def test_hyphens_and_apostrophes_of_word_processors_are_plain_ones(
    typed: str, address: str
) -> None:
    assert clean_address(typed) == address


def test_the_apostrophe_that_is_a_letter_of_ukrainian_is_kept() -> None:
    address = "об\u02bcєкт@пошта.укр"
    assert clean_address(address) == address


def test_the_length_is_counted_in_bytes_as_mail_servers_do() -> None:
    assert clean_address("é" * 32 + "@example.org")
    for typed in ("é" * 33 + "@example.org", f"{'é' * 31}@{'é.' * 24}fr"):
        with pytest.raises(NotAnAddress):
            clean_address(typed)


def test_a_letter_that_books_print_as_one_is_two() -> None:
    assert clean_address("ma\ufb01@example.org") == "mafi@example.org"
    assert clean_address("maya\u2024b@example.org") == "maya.b@example.org"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("maya@example.org; bo@example.org", ONE_ALONE),
        ("maya@example.org bo@example.org", ONE_ALONE),
        ("maya@example.org, bo@example.org", ONE_ALONE),
        ("\u0915\u094d\u200d\u0937@example.org", UNSEEN),
        ("maya@\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com", UNSEEN),
        # No ending has a digit, nor a letter like this one.
        ("maya@example.c0m", NO_SUCH_ENDING),
        ("maya@example.or\u0261", NO_SUCH_ENDING),
        ('"maya b"@example.org', NOT_ONE),
    ],
)
def test_what_no_mail_can_reach_is_refused_with_its_reason(
    typed: str, sentence: str
) -> None:
    with pytest.raises(NotAnAddress) as refusal:
        clean_address(typed)
    assert refusal.value.sentence == sentence
