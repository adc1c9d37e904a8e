"""Addresses that are one mailbox, and such as are two."""

from __future__ import annotations

from petitions.addresses import MailboxRules
from petitions.identity.key_ring import FIRST_RULES

BLANK = {"strip_characters": "", "strip_extension": "", "same_as": ""}
# Those of a new site, and some that an administrator might add.
RULES = MailboxRules(
    [
        {**BLANK, **rule}
        for rule in [
            *FIRST_RULES,
            {"domain": "*.mail.example", "strip_characters": ".-"},
            {"domain": "fixed.mail.example"},
            {"domain": "dash.example", "strip_extension": "-+"},
            {"domain": "*.alias.example", "same_as": "gmail.com"},
            {"domain": "xn--mller-kva.example", "same_as": "mueller.example"},
        ]
    ]
)

SAME = [
    ("Maya@Example.ORG", "maya@example.org"),
    ("  maya@example.org ", "maya@example.org"),
    ("maya+news@example.org", "maya@example.org"),
    ("maya+a+b@example.org", "maya@example.org"),
    # As word processors write it.
    ("o'brien@example.org", "o\u2019brien@example.org"),
    ("m.a.y.a@gmail.com", "maya@gmail.com"),
    ("ma.ya+x@gmail.com", "maya@googlemail.com"),
    ("MAYA@GoogleMail.com", "maya@gmail.com"),
    ("maya@bücher.example", "maya@xn--bcher-kva.example"),
    ("maya@BÜCHER.example", "maya@bücher.example"),
    ("maya@bu\u0308cher.example", "maya@bücher.example"),
    ("info@straße.de", "info@xn--strae-oqa.de"),
    ("用户@例子.测试", "用户@xn--fsqu00a.xn--0zwm56d"),
    ("maya@ｅｘａｍｐｌｅ.org", "maya@example.org"),
    ("maya@example。org", "maya@example.org"),
    ("jose\u0301@example.org", "josé@example.org"),
    ("ÉLODIE@example.org", "élodie@example.org"),
    ("ΜΑΡΙΑ@example.org", "μαρια@example.org"),
    ("МАРИЯ@example.org", "мария@example.org"),
    ("o'brien+x@example.org", "O'Brien@example.org"),
    ("a.b-c@x.mail.example", "abc@x.mail.example"),
    ("a.b@y.x.mail.example", "ab@y.x.mail.example"),
    ("maya-news@dash.example", "maya+x@dash.example"),
    ("ma.ya@eu.alias.example", "maya@gmail.com"),
    ("info@müller.example", "info@mueller.example"),
]

DIFFERENT = [
    ("owner@straße.de", "owner@strasse.de"),
    ("groß@example.org", "gross@example.org"),
    ("maya@gmail.com", "maya@example.org"),
    ("maya.t@example.org", "mayat@example.org"),
    ("maya@example.org", "maya@mail.example.org"),
    ("maya@example.org", "maia@example.org"),
    ("josé@example.org", "jose@example.org"),
    ("ılker@example.org", "ilker@example.org"),
    ("maya_news@example.org", "maya@example.org"),
    ("maya-news@example.org", "maya@example.org"),
    ("мая@example.org", "maya@example.org"),
    ("a.b@mail.example", "ab@mail.example"),
    ("a.b@fixed.mail.example", "ab@fixed.mail.example"),
    ("a+b@x.mail.example", "a@x.mail.example"),
    ("ma.ya@alias.example", "maya@alias.example"),
    ("maya@example.org", "maya@example.com"),
]

REFUSED = [
    '"maya tremblay"@example.org',
    "ｍａｙａ\u3000x@example.org",
    "maya.@example.org",
    "ma..ya@gmail.com",
    "maya@exa_mple.org",
    "maya@xn--a.example",
]
