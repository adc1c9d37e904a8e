"""Files of signatures as other platforms write them: the same nine lines in each, six
people, one of them twice, one without an address and one with a wrong one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Signer:
    first: str
    last: str
    email: str
    postal_code: str
    city: str
    region: str
    country: str
    day: str
    hour: str

    @property
    def american(self) -> str:
        year, month, day = self.day.split("-")
        return f"{month}/{day}/{year}"


SIGNERS = [
    Signer("Maya", "Tremblay", "maya.tremblay@example.org", "K1A 0B1", "Ottawa", "ON", "CA", "2024-10-22", "20:11:28"),
    Signer("Seán", "O’Connor", "sean@example.ie", "A96", "Dún Laoghaire", "", "IE", "2024-10-22", "20:12:01"),
    Signer("محمد", "علي", "m.ali@example.org", "", "القاهرة", "", "EG", "2024-10-22", "20:13:40"),
    Signer("久美子", "小林", "kumiko@example.jp", "100-0001", "東京", "", "JP", "2024-10-23", "01:02:03"),
    Signer("=1+1", "Formula", "formula@example.org", "", "X", "", "US", "2024-10-23", "01:02:04"),
    Signer("Maya", "Tremblay", "MAYA.Tremblay@example.org", "K1A 0B1", "Ottawa", "ON", "CA", "2024-10-23", "08:00:00"),
    Signer("No", "Mail", "", "69001", "Lyon", "", "FR", "2024-10-23", "08:10:00"),
    Signer("Bad", "Mail", "bad@@example", "69001", "Lyon", "", "FR", "2024-10-23", "08:11:00"),
    Signer("Zip", "Lost", "zip@example.com", "02134", "Boston", "MA", "US", "2024-10-23", "08:12:00"),
]  # fmt: skip
SEAN = SIGNERS[1].email


def table(
    lines: Iterable[Iterable[object]], delimiter: str = ",", encoding: str = "utf-8"
) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(lines)
    return out.getvalue().encode(encoding)


def change_org() -> bytes:
    heading = ["Name", "City", "State", "Postal Code", "Country", "Signed On"]
    lines = [
        [f"{s.first} {s.last}", s.city, s.region, s.postal_code, s.country, s.day]
        for s in SIGNERS
    ]
    return b"\xff\xfe" + table([heading, *lines], "\t", "utf-16-le")


def action_network() -> bytes:
    heading = [
        "first_name",
        "last_name",
        "email",
        "zip_code",
        "can2_user_city",
        "can2_county",
        "can2_state_abbreviated",
        "country",
        "can2_phone",
        "can2_user_tags",
        "can2_subscription_status",
        "can2_subscription_date",
        "uuid",
    ]
    lines = [
        [
            s.first, s.last, s.email, s.postal_code, s.city, "", s.region, s.country, "",
            "river, dam", "unsubscribed" if s.email == SEAN else "subscribed",
            f"{s.day} {s.hour}", f"00000000-0000-4000-8000-{at:012}",
        ]
        for at, s in enumerate(SIGNERS)
    ]  # fmt: skip
    return table([heading, *lines])


def actionkit() -> bytes:
    heading = [
        "email",
        "first_name",
        "last_name",
        "city",
        "state",
        "zip",
        "country",
        "created_at",
        "source",
        "action_comment",
    ]
    lines = [
        [
            s.email, s.first, s.last, s.city, s.region, s.postal_code, s.country,
            f"{s.day} {s.hour}", "import-2024", "",
        ]
        for s in SIGNERS
    ]  # fmt: skip
    return table([heading, *lines], "\t")


def nationbuilder() -> bytes:
    heading = [
        "email",
        "email_opt_in",
        "first_name",
        "last_name",
        "address_city",
        "address_state",
        "address_zip",
        "address_country_code",
        "created_at",
        "tag_list",
    ]
    lines = [
        [
            s.email, "N" if s.email == SEAN else "Y", s.first, s.last, s.city, s.region,
            s.postal_code, s.country, s.american, "river,dam",
        ]
        for s in SIGNERS
    ]  # fmt: skip
    return table([heading, *lines])


def civicrm() -> bytes:
    heading = [
        "Contact ID", "Contact Type", "Display Name", "First Name", "Last Name",
        "Email", "City", "State", "Postal Code", "Country",
        "No Bulk Emails (User Opt Out)",
    ]  # fmt: skip
    names = {"CA": "Canada", "IE": "Irlande", "EG": "Ägypten", "JP": "Japon",
             "US": "United States", "FR": "France"}  # fmt: skip
    lines = [
        [
            at, "Individual", f"{s.first} {s.last}", s.first, s.last, s.email, s.city,
            s.region, s.postal_code, names[s.country], int(s.email == SEAN),
        ]
        for at, s in enumerate(SIGNERS)
    ]  # fmt: skip
    return table([heading, *lines], ";")


def pytition() -> bytes:
    heading = [
        "id",
        "first_name",
        "last_name",
        "phone",
        "email",
        "confirmation_hash",
        "confirmed",
        "petition",
        "subscribed_to_mailinglist",
        "date",
        "ipaddress",
    ]
    lines = [
        [
            at, s.first, s.last, "", s.email, "x", s.email != SEAN, "River", "True",
            f"{s.day} {s.hour}.123456+00:00", "",
        ]
        for at, s in enumerate(SIGNERS)
    ]  # fmt: skip
    return table([heading, *lines])


def proca() -> bytes:
    heading = [
        "actionId",
        "campaign",
        "firstName",
        "lastName",
        "email",
        "postcode",
        "locality",
        "country",
        "optIn",
        "createdAt",
    ]
    lines = [
        [
            at, "river", s.first, s.last, s.email, s.postal_code, s.city, s.country,
            str(s.email != SEAN).lower(), f"{s.day}T{s.hour}Z",
        ]
        for at, s in enumerate(SIGNERS)
    ]  # fmt: skip
    return table([heading, *lines])


MAILCHIMP = [
    "Email Address",
    "First Name",
    "Last Name",
    "MEMBER_RATING",
    "OPTIN_TIME",
    "OPTIN_IP",
    "CONFIRM_TIME",
    "CONFIRM_IP",
    "LATITUDE",
    "LONGITUDE",
    "GMTOFF",
    "DSTOFF",
    "TIMEZONE",
    "CC",
    "REGION",
    "LAST_CHANGED",
    "LEID",
    "EUID",
    "NOTES",
]


def mailchimp() -> bytes:
    lines = [
        [
            s.email, s.first, s.last, 2, "", "", f"{s.day} {s.hour}", *[""] * 6,
            s.country, "", f"{s.day} {s.hour}", at, f"eu{at}", "", '"river","dam"',
        ]
        for at, s in enumerate(SIGNERS)
    ]  # fmt: skip
    return table([[*MAILCHIMP, "TAGS"], *lines])


def mailchimp_unsubscribed() -> bytes:
    moment = "2023-01-01 00:00:00"
    return table(
        [
            [*MAILCHIMP, "UNSUB_TIME", "UNSUB_REASON", "TAGS"],
            [
                "gone@example.org", "Gone", "Person", 2, *[""] * 11, moment, 99, "eu99",
                "", moment, "", "",
            ],
        ]
    )  # fmt: skip


def eff() -> bytes:
    heading = [
        "first_name",
        "last_name",
        "email",
        "zipcode",
        "country_code",
        "created_at",
    ]
    lines = [
        [s.first, s.last, s.email, s.postal_code, s.country, f"{s.day} {s.hour} UTC"]
        for s in SIGNERS
    ]
    return table([heading, *lines])


def google_forms() -> bytes:
    return table(
        [
            ["Timestamp", "First name", "Last name", "Email", "May we e-mail you?"],
            ["10/22/2024 20:11:28", "Maya", "Tremblay", "maya.tremblay@example.org", "Yes"],
            ["10/23/2024 8:12:00", "Zip", "Lost", "zip@example.com", "Not at this time"],
        ]
    )  # fmt: skip


def french_excel() -> bytes:
    return table(
        [
            ["Prénom", "Nom", "Courriel", "Ville", "Code postal", "Date"],
            ["Maya", "Tremblay", "maya.tremblay@example.org", "Ottawa", "K1A 0B1", "22/10/2024"],
            ["Seán", "O’Connor", "sean@example.ie", "Dún Laoghaire", "A96", "22/10/2024"],
            ["Zip", "Lost", "zip@example.com", "Boston", "02134", "23/10/2024"],
        ],
        ";",
        "cp1252",
    )  # fmt: skip
