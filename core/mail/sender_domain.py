"""The DNS records of the domain that mail comes from: SPF (RFC 7208), DKIM (RFC
6376), DMARC (RFC 7489), each in sentences that say what is missing and the line to add.

Whether a mail passes, its receiver alone knows: who signs it, and from which machine
it comes, is the business of the mail server.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from dns.exception import DNSException
from dns.rdtypes.txtbase import TXTBase
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

from core.mail.addresses import organizational_domain

MOST_LOOKUPS = 10
TIMEOUT = 5.0  # seconds for each question
TERM = re.compile(
    r"(?P<qualifier>[-+~?]?)(?P<name>all|include|a|mx|ptr|ip4|ip6|exists)"
    r"(?:(?P<sign>[:/])(?P<value>.*))?",
    re.IGNORECASE,
)
MODIFIER = re.compile(r"(?P<name>[a-z][a-z0-9_.-]*)=(?P<value>.*)", re.IGNORECASE)
NEED_VALUE = frozenset({"include", "exists", "ip4", "ip6"})


class Unanswered(Exception):
    """Raised when the DNS does not say."""


class Dns:
    """Questions to the DNS: to this machine's name servers, or to the one at `server`
    (an address and a port)."""

    def __init__(self, server: tuple[str, int] | None = None) -> None:
        self.server = server

    def ask(self, name: str, kind: str) -> list[str]:
        """Return the records of this kind; none where there is no such name."""
        try:
            resolver = Resolver(configure=self.server is None)
            if self.server:
                address, resolver.port = self.server
                resolver.nameservers = [address]
            answer = resolver.resolve(name, kind, lifetime=TIMEOUT, search=False)
        except (NXDOMAIN, NoAnswer):
            return []
        except (DNSException, OSError) as problem:
            raise Unanswered(name) from problem
        return [
            b"".join(record.strings).decode("utf-8", "replace")
            if isinstance(record, TXTBase)
            else str(record)
            for record in answer
        ]


@dataclass(frozen=True)
class Sender:
    """The domains and server that mail comes from."""

    domain: str
    """That of the From that people read."""
    return_domain: str
    """That of the address that it comes back to."""
    takes_mail: bool = False
    """Whether bounces are to arrive there."""
    own_server: bool = False
    """Whether this machine's own mail server sends."""


def explain(sender: Sender, selector: str, dns: Dns) -> Iterator[str]:
    """Say what the DNS has of the sender, and what is missing."""
    dmarc = Dmarc()
    for sentences in (
        explain_dmarc(sender, dmarc, dns),
        explain_spf(sender, dmarc, dns),
        explain_dkim(sender, selector, dmarc, dns),
        explain_mx(sender, dns),
    ):
        try:
            yield from sentences
        except Unanswered as problem:
            yield (
                f"The DNS does not answer for {harmless(str(problem))}. Run this "
                "again, or ask another name server: --nameserver 9.9.9.9"
            )


# == SPF ==


@dataclass
class Spf:
    """The content of a record, with all that it includes."""

    lookups: int = 0
    problems: list[str] = field(default_factory=list)
    rest: str = ""
    """What it says of all others: "-", "~", "?", "+"; "" nothing."""


def spf_records(domain: str, dns: Dns) -> list[str]:
    """Return the records, in an order that does not change."""
    texts = sorted(dns.ask(domain, "TXT"))
    return [text for text in texts if re.match(r"v=spf1( |$)", text, re.IGNORECASE)]


def explain_spf(sender: Sender, dmarc: Dmarc, dns: Dns) -> Iterator[str]:
    domain = sender.return_domain
    records = spf_records(domain, dns)
    if not records:
        names = "include:NAME-THAT-YOUR-PROVIDER-TELLS"
        if sender.own_server:
            names = "ip4:ADDRESS-OF-YOUR-MAIL-SERVER"
        yield (
            f"SPF: {domain} has no record, so nobody knows which servers may send for "
            f"it. Add {zone_line(domain, f'v=spf1 {names} -all')}"
        )
        return
    if len(records) > 1:
        yield (
            f"SPF: {domain} has {len(records)} records, and receivers then go by none "
            f"(permerror). Keep one: {zone_line(domain, merged(records))}"
        )
        return
    spf = Spf()
    spf.rest = examine(domain, records[0], spf, [domain], dns)
    yield f"SPF: {domain} says “{harmless(records[0])}”. {meaning(spf)}"
    yield from (f"SPF: {problem}" for problem in spf.problems)
    if aligned(domain, sender.domain, strict=dmarc.strict_spf):
        yield (
            f"SPF aligns where it passes: mail comes back to {domain}, and its From is "
            f"at {sender.domain}."
        )
    else:
        yield (
            f"SPF does not align: mail comes back to {domain}, but its From is at "
            f"{sender.domain}. DMARC then passes by DKIM alone. Set BOUNCE_ADDRESS to "
            f"an address at {sender.domain}"
            + ("." if dmarc.strict_spf else " or below it.")
        )


def meaning(spf: Spf) -> str:
    if spf.lookups > MOST_LOOKUPS:
        return (
            f"It takes more than the {MOST_LOOKUPS} lookups that are allowed, and "
            "receivers then go by nothing (permerror). Take out what you do not send "
            "by, or put ip4: in place of an include:."
        )
    rest = {
        "-": "Others may not send (-all).",
        "~": "Others are suspect (~all), which is enough where there is DMARC.",
        "+": "Everybody may send (+all), which is worse than no record: end with -all.",
    }.get(spf.rest, "It says nothing of others: end with -all, or ~all at first.")
    return (
        f"{rest} It takes {spf.lookups} of the {MOST_LOOKUPS} lookups that are allowed."
    )


def examine(domain: str, record: str, spf: Spf, path: list[str], dns: Dns) -> str:
    """Count the lookups of a record and of what it includes, note what is wrong with
    them, and return what it says of all others. `path` has the domains that led to this
    one, itself the last."""
    redirect = ""
    for term in record.split()[1:]:
        known, modifier = TERM.fullmatch(term), MODIFIER.fullmatch(term)
        if modifier:
            if modifier["name"].lower() == "redirect":
                redirect = modifier["value"]
        elif known is None or not is_well_formed(known):
            spf.problems.append(
                f"“{harmless(term)}” in the record of {harmless(domain)} is nothing "
                "that SPF knows, and receivers then go by nothing (permerror). Correct "
                "it."
            )
        elif (name := known["name"].lower()) == "all":
            return known["qualifier"] or "+"
        elif name not in ("ip4", "ip6"):
            spf.lookups += 1
            if name == "include":
                follow(known["value"], spf, path, dns)
        if spf.lookups > MOST_LOOKUPS:
            return ""
    if not redirect:
        return ""
    spf.lookups += 1
    return follow(redirect, spf, path, dns)


def follow(domain: str, spf: Spf, path: list[str], dns: Dns) -> str:
    """Examine the record of a domain that another one names; return what it says of
    all others."""
    domain = domain.rstrip(".").lower()
    if "%" in domain or spf.lookups > MOST_LOOKUPS:
        return ""
    if domain in path:
        spf.problems.append(f"{path[-1]} includes {harmless(domain)}, which led to it.")
        return ""
    records = spf_records(domain, dns)
    if len(records) != 1:
        spf.problems.append(
            f"{path[-1]} includes {harmless(domain)}, which has {len(records) or 'no'} "
            f"SPF record{'s' * (len(records) > 1)}: receivers then go by nothing "
            "(permerror). Correct the name or take it out."
        )
        return ""
    return examine(domain, records[0], spf, [*path, domain], dns)


def is_well_formed(term: re.Match[str]) -> bool:
    """Return whether a mechanism has the value that it needs."""
    name, value = term["name"].lower(), term["value"] or ""
    if name not in ("ip4", "ip6"):
        return bool(value) or name not in NEED_VALUE
    try:
        return ipaddress.ip_network(value, strict=False).version == int(name[2])
    except ValueError:
        return False


def merged(records: list[str]) -> str:
    """Return one record that lets send whoever any of them lets send."""
    terms = list(dict.fromkeys(term for each in records for term in each.split()[1:]))
    ends = [term for term in terms if re.fullmatch("[-+~?]?all", term, re.IGNORECASE)]
    kept = [term for term in terms if term not in ends]
    return " ".join(["v=spf1", *kept, "-all" if "-all" in ends else "~all"])


# == DMARC ==


@dataclass
class Dmarc:
    """The wishes of a domain to receivers."""

    strict_spf: bool = False
    strict_dkim: bool = False


def dmarc_records(domain: str, dns: Dns) -> list[dict[str, str]]:
    """Return the tags of each record."""
    records = []
    for text in dns.ask(f"_dmarc.{domain}", "TXT"):
        if re.match(r"v\s*=\s*DMARC1\s*(;|$)", text):
            pairs = (part.partition("=") for part in text.split(";"))
            records.append(
                {name.strip().lower(): told.strip() for name, _, told in pairs}
            )
    return records


def explain_dmarc(sender: Sender, dmarc: Dmarc, dns: Dns) -> Iterator[str]:
    """Say what the domain asks of receivers, and note it in `dmarc`."""
    above = organizational_domain(sender.domain)
    place, records = sender.domain, dmarc_records(sender.domain, dns)
    if not records and above != sender.domain:
        place, records = above, dmarc_records(above, dns)
    if not records:
        yield (
            f"DMARC: {sender.domain} has no record; without one large providers refuse "
            f"mail to many. Add {zone_line(f'_dmarc.{above}', 'v=DMARC1; p=none')} "
            "and, once mail arrives with dmarc=pass in its Authentication-Results, "
            "p=quarantine."
        )
        return
    if len(records) > 1:
        yield (
            f"DMARC: _dmarc.{place} has {len(records)} records, and receivers then go "
            "by none. Keep one."
        )
        return
    (tags,) = records
    dmarc.strict_spf = tags.get("aspf", "r").lower() == "s"
    dmarc.strict_dkim = tags.get("adkim", "r").lower() == "s"
    name = "sp" if place != sender.domain and "sp" in tags else "p"
    asked = tags.get(name, "").lower()
    means = {
        "none": (
            "receivers do as they like. Once mail arrives with dmarc=pass in its "
            f"Authentication-Results, write {name}=quarantine."
        ),
        "quarantine": "what does not pass goes under spam.",
        "reject": "what does not pass is refused.",
    }.get(asked, "which means nothing. Write p=none, p=quarantine or p=reject.")
    yield f"DMARC: _dmarc.{place} says {name}={harmless(asked)}: {means}"


# == DKIM ==


def explain_dkim(
    sender: Sender, selector: str, dmarc: Dmarc, dns: Dns
) -> Iterator[str]:
    if not selector:
        yield (
            "DKIM: not looked up, because only whoever signs knows where the key is. "
            "The test message, as it arrived, has a field DKIM-Signature with "
            f"d={sender.domain} and s=SELECTOR; run this again with "
            "--dkim-selector SELECTOR. Without that field it is not signed: have it "
            "signed where MAIL_URL leads to."
        )
        return
    domains = [sender.domain]
    above = organizational_domain(sender.domain)
    if above != sender.domain and not dmarc.strict_dkim:
        domains.append(above)
    for domain in domains:
        name = f"{selector}._domainkey.{domain}"
        keys = [
            tags for text in dns.ask(name, "TXT") if "p" in (tags := tags_of_key(text))
        ]
        if not keys:
            continue
        if len(keys) > 1:
            yield f"DKIM: {name} has {len(keys)} keys. Keep one."
        elif not keys[0]["p"]:
            yield f"DKIM: the key at {name} is revoked (p= is empty). Use another one."
        else:
            yield (
                f"DKIM: {name} has a key; mail that is signed with d={domain} and "
                f"s={selector} aligns."
            )
        return
    tell = zone_line(
        f"{selector}._domainkey.{sender.domain}", "v=DKIM1; p=YOUR-PUBLIC-KEY"
    )
    yield (
        f"DKIM: there is no key {selector} at {' or '.join(domains)}. Correct the "
        f"selector, or add the record that your mail provider tells, such as {tell}"
    )


def tags_of_key(text: str) -> dict[str, str]:
    """Return the tags of a key."""
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip(): "".join(told.split()) for name, _, told in pairs}


# == Where bounces arrive ==


def explain_mx(sender: Sender, dns: Dns) -> Iterator[str]:
    domain = sender.return_domain
    if sender.takes_mail and not dns.ask(domain, "MX"):
        yield (
            f"BOUNCE_ADDRESS: {domain} has no MX record, so mail may not come back. "
            f"Add {domain}. MX 10 NAME-OF-THE-SERVER-THAT-TAKES-IT."
        )


# == Words ==


def aligned(one: str, other: str, *, strict: bool) -> bool:
    """Return whether DMARC takes two domains for one sender."""
    if strict:
        return one == other
    return organizational_domain(one) == organizational_domain(other)


def zone_line(name: str, text: str) -> str:
    """Return a line of a zone file."""
    return f'{name}. TXT "{harmless(text)}"'


def harmless(text: str) -> str:
    """Return what strangers wrote as one line that does no harm to a terminal."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)[:400]
