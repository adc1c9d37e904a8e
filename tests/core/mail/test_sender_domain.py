"""What the DNS says of the domain that mail comes from, asked of a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.mail.sender_domain import Dns, Sender, explain
from tests.dnsserver import DnsServer

SITE = Sender("petitions.example.org", "mail.example.org")
DMARC = "_dmarc.petitions.example.org"
SPF = "mail.example.org"
KEY = "v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvK"


@pytest.fixture
def server() -> Iterator[DnsServer]:
    """The records of a domain where everything is right."""
    with DnsServer() as server:
        server.text(DMARC, "v=DMARC1; p=quarantine")
        server.text(SPF, "v=spf1 ip4:192.0.2.1 -all")
        server.text("s1._domainkey.petitions.example.org", KEY)
        yield server


def said(server: DnsServer, sender: Sender = SITE, selector: str = "s1") -> str:
    return "\n".join(explain(sender, selector, Dns(("127.0.0.1", server.port))))


def test_where_everything_is_right(server: DnsServer) -> None:
    assert said(server).splitlines() == [
        (
            "DMARC: _dmarc.petitions.example.org says p=quarantine: what does not pass goes "
            "under spam."
        ),
        (
            "SPF: mail.example.org says “v=spf1 ip4:192.0.2.1 -all”. Others may not send "
            "(-all). It takes 0 of the 10 lookups that are allowed."
        ),
        (
            "SPF aligns where it passes: mail comes back to mail.example.org, and its From "
            "is at petitions.example.org."
        ),
        (
            "DKIM: s1._domainkey.petitions.example.org has a key; mail that is signed with "
            "d=petitions.example.org and s=s1 aligns."
        ),
    ]


def test_where_there_is_nothing() -> None:
    with DnsServer() as server:
        assert said(server, replace(SITE, takes_mail=True)).splitlines() == [
            (
                "DMARC: petitions.example.org has no record; without one large providers "
                'refuse mail to many. Add _dmarc.example.org. TXT "v=DMARC1; p=none" and, '
                "once mail arrives with dmarc=pass in its Authentication-Results, "
                "p=quarantine."
            ),
            (
                "SPF: mail.example.org has no record, so nobody knows which servers may "
                'send for it. Add mail.example.org. TXT "v=spf1 '
                'include:NAME-THAT-YOUR-PROVIDER-TELLS -all"'
            ),
            (
                "DKIM: there is no key s1 at petitions.example.org or example.org. Correct "
                "the selector, or add the record that your mail provider tells, such as "
                's1._domainkey.petitions.example.org. TXT "v=DKIM1; p=YOUR-PUBLIC-KEY"'
            ),
            (
                "BOUNCE_ADDRESS: mail.example.org has no MX record, so mail may not come "
                "back. Add mail.example.org. MX 10 NAME-OF-THE-SERVER-THAT-TAKES-IT."
            ),
        ]


def test_a_server_of_ones_own_is_named_by_its_address() -> None:
    with DnsServer() as server:
        assert "ip4:ADDRESS-OF-YOUR-MAIL-SERVER -all" in said(
            server, replace(SITE, own_server=True)
        )


def test_bounces_have_somewhere_to_go(server: DnsServer) -> None:
    server.records["mail.example.org", "MX"] = ["10 mx.example.org."]

    assert "MX" not in said(server, replace(SITE, takes_mail=True))


# == SPF ==


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 mx -all", "Others may not send (-all). It takes 1 of the 10"),
        ("v=spf1 mx ~ALL", "Others are suspect (~all), which is enough where there is"),
        ("v=spf1 a:x.example.org +all", "Everybody may send (+all), which is worse"),
        ("v=spf1 all", "Everybody may send (+all)"),
        ("v=spf1 ?all", "It says nothing of others: end with -all, or ~all at first."),
        ("v=spf1", "It says nothing of others: end with -all"),
        (
            "V=SPF1 ip6:2001:db8::/32 a mx/24 ptr exists:%{i}.x.org -all",
            "It takes 4 of",
        ),
        ("v=spf1 -all mx mx mx", "It takes 0 of"),
    ],
)
def test_what_it_says_of_others(server: DnsServer, record: str, expected: str) -> None:
    server.text(SPF, record)

    assert expected in said(server)
    assert "permerror" not in said(server)


def test_lookups_are_counted_through_all_that_is_included(server: DnsServer) -> None:
    server.text(SPF, "v=spf1 a include:one.example.net redirect=two.example.net")
    server.text("one.example.net", "v=spf1 mx include:three.example.net -all")
    server.text("two.example.net", "unrelated", "v=spf1 exists:x.example.net ~all")
    server.text("three.example.net", "v=spf1 ip4:192.0.2.0/24 a mx -all")

    # a, include, mx, include, a, mx, redirect, exists
    assert "It takes 8 of the 10 lookups" in said(server)
    assert "Others are suspect (~all)" in said(server)


def test_where_all_is_said_nothing_is_redirected(server: DnsServer) -> None:
    server.text(SPF, "v=spf1 redirect=none.example.net -all")

    assert "It takes 0 of" in said(server)


@pytest.mark.parametrize(("number", "enough"), [(10, True), (11, False)])
def test_more_than_ten_lookups_are_too_many(
    server: DnsServer, number: int, enough: bool
) -> None:
    names = [f"spf{each}.example.net" for each in range(number)]
    server.text(SPF, " ".join(["v=spf1", *(f"include:{n}" for n in names), "-all"]))
    for name in names:
        server.text(name, "v=spf1 ip4:192.0.2.7 -all")

    assert ("It takes 10 of the 10 lookups" in said(server)) is enough
    assert ("It takes more than the 10 lookups" in said(server)) is not enough


def test_records_that_include_each_other_come_to_an_end(server: DnsServer) -> None:
    server.text(SPF, "v=spf1 include:one.example.net -all")
    server.text("one.example.net", f"v=spf1 include:{SPF} -all")

    assert f"one.example.net includes {SPF}, which led to it." in said(server)


def test_a_crowd_of_records_is_not_walked_through(server: DnsServer) -> None:
    """Each name includes two others, twenty deep: a million lookups."""
    for level in range(20):
        server.text(
            f"n{level}.example.net",
            f"v=spf1 include:n{level + 1}.example.net include:n{level + 1}.example.net",
        )
    server.text(SPF, "v=spf1 include:n0.example.net -all")

    assert "It takes more than the 10 lookups" in said(server)


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (
            "ipv4:192.0.2.1",
            "“ipv4:192.0.2.1” in the record of mail.example.org is noth",
        ),
        ("ip4:192.0.2.300", "“ip4:192.0.2.300” in the record of mail.example.org"),
        ("ip4:2001:db8::1", "“ip4:2001:db8::1” in the record"),
        ("ip4:", "“ip4:” in the record"),
        ("include:", "“include:” in the record"),
        ("include", "“include” in the record"),
        (
            "include:none.example.net",
            "includes none.example.net, which has no SPF record",
        ),
        ("redirect=none.example.net", "includes none.example.net, which has no SPF"),
        (
            "include:two.example.net",
            "which has 2 SPF records: receivers then go by noth",
        ),
    ],
)
def test_what_is_wrong_with_it(server: DnsServer, term: str, expected: str) -> None:
    server.text("two.example.net", "v=spf1 a -all", "v=spf1 mx -all")
    server.text(SPF, f"v=spf1 {term}")

    assert expected in said(server)
    assert "(permerror)" in said(server)


def test_several_records_are_none(server: DnsServer) -> None:
    server.text(SPF, "v=spf1 a include:x.net ~all", "v=spf1 mx a -all", "v=spf10 -all")

    assert (
        "SPF: mail.example.org has 2 records, and receivers then go by none "
        '(permerror). Keep one: mail.example.org. TXT "v=spf1 a include:x.net mx -all"'
    ) in said(server)


def test_a_record_longer_than_a_datagram_arrives(server: DnsServer) -> None:
    many = " ".join(f"ip4:192.0.2.{number}" for number in range(100))
    server.text(SPF, f"v=spf1 {many} mx -all")

    assert "It takes 1 of the 10 lookups" in said(server)


# == Alignment ==


def test_another_owners_return_path_does_not_align(server: DnsServer) -> None:
    server.text("bounces.example.net", "v=spf1 mx -all")

    found = said(server, replace(SITE, return_domain="bounces.example.net"))

    assert (
        "SPF does not align: mail comes back to bounces.example.net, but its From is at "
        "petitions.example.org. DMARC then passes by DKIM alone. Set BOUNCE_ADDRESS to "
        "an address at petitions.example.org or below it."
    ) in found


def test_strict_alignment_wants_the_same_domain(server: DnsServer) -> None:
    server.text(DMARC, "v=DMARC1; p=reject; aspf=s; adkim=s")
    assert "SPF does not align: mail comes back to mail.example.org" in said(server)

    server.text("petitions.example.org", "v=spf1 mx -all")

    found = said(server, replace(SITE, return_domain="petitions.example.org"))
    assert "SPF aligns where it passes" in found


def test_an_owner_of_many_others_domains_is_no_owner(server: DnsServer) -> None:
    """Two customers of one host are two organisations."""
    server.text("other.co.uk", "v=spf1 mx -all")

    found = said(server, Sender("ours.co.uk", "other.co.uk"))

    assert "SPF does not align" in found
    assert 'Add _dmarc.ours.co.uk. TXT "v=DMARC1; p=none"' in found


# == DMARC ==


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            "v=DMARC1; p=none; rua=mailto:x@y.z",
            "says p=none: receivers do as they like",
        ),
        (
            "v=DMARC1;p=quarantine",
            "says p=quarantine: what does not pass goes under spam",
        ),
        ("v=DMARC1 ; p = reject", "says p=reject: what does not pass is refused."),
        ("v=DMARC1; p=block", "says p=block: which means nothing. Write p=none"),
        ("v=DMARC1", "says p=: which means nothing"),
        ("v=DMARC1; sp=reject; p=none", "says p=none: receivers do as they like"),
        ("v=DMARC2; p=none", "petitions.example.org has no record"),
        ("p=none", "petitions.example.org has no record"),
    ],
)
def test_what_receivers_are_asked_for(
    server: DnsServer, record: str, expected: str
) -> None:
    server.text(DMARC, record)

    assert expected in said(server)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=DMARC1; p=reject", "_dmarc.example.org says p=reject"),
        ("v=DMARC1; p=reject; sp=none", "_dmarc.example.org says sp=none"),
    ],
)
def test_a_domain_without_one_has_that_of_its_organisation(
    server: DnsServer, record: str, expected: str
) -> None:
    del server.records[DMARC, "TXT"]
    server.text("_dmarc.example.org", record)

    assert expected in said(server)


def test_several_of_dmarc_are_none(server: DnsServer) -> None:
    server.text(DMARC, "v=DMARC1; p=none", "v=DMARC1; p=reject")

    assert f"{DMARC} has 2 records, and receivers then go by none" in said(server)


# == DKIM ==


def test_without_a_selector_it_says_where_to_find_it(server: DnsServer) -> None:
    found = said(server, selector="")

    assert "DKIM: not looked up" in found
    assert (
        "d=petitions.example.org and s=SELECTOR; run this again with --dkim-" in found
    )


def test_a_key_of_the_organisations_domain_aligns_unless_strict(
    server: DnsServer,
) -> None:
    server.text("s2._domainkey.example.org", KEY)
    assert "signed with d=example.org and s=s2 aligns" in said(server, selector="s2")

    server.text(DMARC, "v=DMARC1; p=none; adkim=s")

    found = said(server, selector="s2")
    assert "there is no key s2 at petitions.example.org. Correct" in found


def test_a_key_by_another_name_is_found(server: DnsServer) -> None:
    """Providers have the domain point to a key of theirs."""
    name = "s3._domainkey.petitions.example.org"
    server.records[name, "CNAME"] = ["key.provider.example.net."]
    server.text("key.provider.example.net", KEY)

    assert f"DKIM: {name} has a key" in said(server, selector="s3")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["v=DKIM1; p="], "is revoked (p= is empty)"),
        ([KEY, KEY + "AA"], "has 2 keys. Keep one."),
        (["some other text"], "there is no key s4"),
    ],
)
def test_a_key_that_is_none(server: DnsServer, keys: list[str], expected: str) -> None:
    server.text("s4._domainkey.petitions.example.org", *keys)

    assert expected in said(server, selector="s4")


# == Trouble ==


def test_a_name_without_an_answer_leaves_the_others(server: DnsServer) -> None:
    server.silent.add(SPF)

    assert (
        "The DNS does not answer for mail.example.org. Run this again, or ask another "
        "name server: --nameserver 9.9.9.9"
    ) in said(server)
    assert "DMARC: _dmarc" in said(server)
    assert "DKIM: s1" in said(server)


def test_a_name_that_is_none_stops_nothing(server: DnsServer) -> None:
    server.text(SPF, f"v=spf1 include:{'x' * 70}.example.net include:..x -all")

    assert "The DNS does not answer for xxx" in said(server)
    assert "DKIM: s1" in said(server)


def test_what_stands_in_the_dns_is_harmless_on_a_terminal(server: DnsServer) -> None:
    server.text(SPF, "v=spf1 \\027[31mred\\007 -all")

    assert "\x1b" not in said(server)
    assert "�[31mred�" in said(server)
