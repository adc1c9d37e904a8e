"""The content of the demonstration: the reference organisation with texts of its own,
and a second, invented one, so that one can see that the two are kept apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.files.base import ContentFile

from petitions.demo import pictures
from petitions.states import State, TargetKind


@dataclass(frozen=True)
class DemoNextStep:
    """The suggestion after signing: another petition, an address to donate, or a
    letter."""

    other: str = ""
    """The title of another petition of the organisation."""
    url: str = ""
    address: str = ""
    letters: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Subject and body by language."""


@dataclass(frozen=True)
class DemoPetition:
    title: str
    targets: list[dict[str, Any]]
    text: str
    supporters: int
    started: int
    """Days between its start and the loading of the demonstration."""
    summary: str = ""
    ask: str = ""
    state: str = State.OPEN
    ended: int = 0
    outcome: str = ""
    next_step: DemoNextStep | None = None
    more: dict[str, Any] = field(default_factory=dict)
    topics: tuple[str, ...] = ()
    picture: Callable[[], ContentFile[bytes]] | None = None
    shows: str = ""
    """The description of its picture."""


@dataclass(frozen=True)
class DemoOrganization:
    name: str
    cover: Callable[[], ContentFile[bytes]]
    values: dict[str, Any]
    petitions: list[DemoPetition]


TOPICS = {
    "torture": {"en": "Torture", "fr": "Torture"},
    "freedom-of-speech": {"en": "Freedom of speech", "fr": "Liberté d’expression"},
    "families": {"en": "Families", "fr": "Familles"},
    "rivers-and-trees": {"en": "Rivers and trees", "fr": "Rivières et arbres"},
    "public-places": {"en": "Public places", "fr": "Lieux publics"},
}

STAFF_EMAIL = "staff@demo.example"

AMNESTY = DemoOrganization(
    name="Amnesty International Canada",
    cover=pictures.vigil_cover,
    values={
        "description": (
            "The Canadian members of a worldwide movement of people who campaign for "
            "human rights. This profile is a demonstration: its texts were written for "
            "it and its supporters are generated."
        ),
        "postal_address": "1 Example Street\nOttawa ON",
        "contact_email": "contact@amnesty-demo.example",
        "charity_number": "00000 0001 RR0000",
        "accent": "#ffe100",
        "cover_description": "Thirteen candles burning in a row, at night.",
    },
    petitions=[
        DemoPetition(
            title="Canada: Sign the global treaty to end torture",
            picture=pictures.visit,
            shows="A dark cell with a barred window. Its door is open, and two visitors "
            "stand in the light.",
            topics=("torture",),
            targets=[
                {
                    "name": "Stéphane Dion",
                    "office": "Minister of Foreign Affairs",
                },
                {
                    "name": "Ralph Goodale",
                    "office": "Minister of Public Safety",
                },
            ],
            summary="Ask Canada to join the treaty that opens places of detention to "
            "independent visits.",
            ask="Sign and ratify the Optional Protocol to the Convention against "
            "Torture.",
            text="""The Optional Protocol to the Convention against Torture sets up regular \
visits to places of detention by independent experts. Torture thrives where nobody is \
looking; **a visitor who may come at any time changes that**.

This petition asks two ministers to take the steps that joining the treaty needs. It \
is part of a demonstration: signatures given here reach nobody.""",
            supporters=15_261,
            started=140,
            next_step=DemoNextStep(
                address="minister@government-demo.example",
                letters={
                    "en": (
                        "Please sign the Optional Protocol against torture",
                        """Dear Minister,

I have signed the petition that asks Canada to join the Optional Protocol to the \
Convention against Torture, and I want to tell you why in my own words.

Places that nobody visits are places where anything can happen. Independent visits cost \
little and protect everybody: those who are held, and those who work there.

Will you tell me by when Canada will sign?

Yours sincerely,
""",
                    ),
                    "fr": (
                        "Signez le Protocole facultatif contre la torture",
                        """Madame la Ministre, Monsieur le Ministre,

J’ai signé la pétition qui demande au Canada d’adhérer au Protocole facultatif à la \
Convention contre la torture, et je tiens à vous dire pourquoi en mes propres mots.

Dans les lieux que personne ne visite, tout peut arriver. Des visites indépendantes \
coûtent peu et protègent tout le monde : les personnes détenues comme le personnel.

Me direz-vous quand le Canada signera?

Veuillez agréer mes salutations distinguées.
""",
                    ),
                },
            ),
            more={"asks_postal_code": True, "featured": 1},
        ),
        DemoPetition(
            title="Help reunite families divided by prison walls",
            picture=pictures.parted_family,
            shows="A high brick wall: a family of three on one side, one person on the "
            "other.",
            topics=("families", "freedom-of-speech"),
            targets=[{"name": "TBD", "kind": TargetKind.LABEL}],
            summary="For families who wait for somebody who was jailed for speaking.",
            text="""When somebody is jailed for taking part in a peaceful protest, a \
family is sentenced with them. Letters, visits and public attention keep the two \
together until they meet again.

Add your name to say that these families are not forgotten.""",
            supporters=601,
            started=151,
            next_step=DemoNextStep(
                other="Canada: Sign the global treaty to end torture"
            ),
        ),
        DemoPetition(
            title="Tell Myanmar's Government to free peaceful activist Phyoe Phyoe Aung",
            picture=pictures.gathering,
            shows="Nine people at sunrise, each holding up an empty sheet of paper.",
            topics=("freedom-of-speech",),
            targets=[{"name": "Phone", "kind": TargetKind.LABEL}],
            summary="A petition that has just begun. Sign it to see how that works.",
            text="""Peaceful assembly is a right, for students as for everybody else. \
This petition asks for the release of those who are held for using it.

In this demonstration it has a single supporter. Sign it, open the mailbox, press the \
button, and it has two.""",
            supporters=1,
            started=158,
            next_step=DemoNextStep(url="https://donate.amnesty-demo.example/"),
        ),
        DemoPetition(
            title="Release torture survivor Yecenia Armenta",
            picture=pictures.vigil,
            shows="Seven burning candles in a row, at night.",
            topics=("torture",),
            targets=[
                {
                    "name": "Marco Antonio Higuera Gomez",
                }
            ],
            summary="Statements made under torture are no evidence.",
            text="""International law is plain: a statement that was made as a result of \
torture must not be used as evidence, except against whoever is accused of torture.

This petition asks that the case be looked at in that light, and that a torture \
survivor be released.""",
            supporters=5_893,
            started=166,
        ),
    ],
)

RIVERBANK = DemoOrganization(
    name="Riverbank Commons",
    cover=pictures.cover,
    values={
        "legal_name": "Riverbank Commons (demonstration)",
        "description": "An invented organisation that looks after an invented river.",
        "postal_address": "2 Example Quay\nExampleton",
        "contact_email": "hello@riverbank-demo.example",
        "charity_number": "00000 0000 RR0000",
        "website": "https://riverbank-demo.example/",
        "links": ["https://instagram.com/example", "https://riverbank.example/@us"],
        "accent": "#1f6f5c",
        "cover_description": "A wide river between hills, with trees along its bank.",
    },
    petitions=[
        DemoPetition(
            title="Plant trees along the lower bank",
            topics=("rivers-and-trees", "public-places"),
            targets=[
                {
                    "name": "Exampleton Town Council",
                    "kind": TargetKind.BODY,
                }
            ],
            summary="Shade for the fish, and for the benches.",
            text="""The lower bank has no shade. We ask for:

- forty alders along the water,
- a bench under every fourth of them,
- and somebody who waters them for the first two summers.""",
            supporters=37,
            started=20,
            picture=pictures.bank,
            shows="The lower bank: a river, and hardly a tree.",
        ),
        DemoPetition(
            title="أنيروا زقاق السوق ليلًا",
            picture=pictures.lamps,
            shows="زقاق في الليل: صفّ بيوت وتسعة مصابيح وشخص في طريقه إلى البيت.",
            targets=[{"name": "مجلس بلدية المثال", "kind": TargetKind.BODY}],
            summary="تسعة مصابيح، من المخبز إلى موقف الحافلة.",
            text="""يغرق زقاق السوق في الظلام بعد السادسة مساءً طوال الشتاء. ومن يعمل \
حتى ساعة متأخرة يعود إلى بيته على ضوء هاتفه.

نطلب من المجلس **تسعة مصابيح**، من المخبز إلى موقف الحافلة، قبل أول ثلج.""",
            supporters=118,
            started=30,
            more={"language": "ar", "slug": "light-market-lane-at-night"},
        ),
        DemoPetition(
            title="Open the old footbridge again",
            picture=pictures.closed_bridge,
            shows="A footbridge over a river, empty and closed by a barrier.",
            topics=("public-places",),
            targets=[
                {
                    "name": "Exampleton Bridges Office",
                    "kind": TargetKind.BODY,
                }
            ],
            summary="A bridge that was closed for one winter, four years ago.",
            text="The footbridge was closed for repairs and never opened again. We ask "
            "for a date.",
            supporters=1_204,
            started=200,
            state=State.WON,
            ended=45,
            outcome="The footbridge is open again since the first of the month.",
        ),
        DemoPetition(
            title="Keep the reading room at the lock open on Sundays",
            picture=pictures.reading_room,
            shows="A small house at the water in the evening, with light in its windows.",
            topics=("public-places",),
            targets=[{"kind": TargetKind.UNSETTLED}],
            summary="The only warm room on the towpath.",
            text="Sunday is the day on which people have time to read. We ask that the "
            "reading room stays open then.",
            supporters=412,
            started=260,
            state=State.CLOSED,
            ended=90,
        ),
    ],
)

ORGANIZATIONS = (AMNESTY, RIVERBANK)

FIRST_NAMES = (
    "Maya", "Olivier", "Aisha", "Jian", "Noémie", "Samuel", "Priya", "Tomás", "Ingrid",
    "Kwame", "Léa", "Dmitri", "Fatima", "Hiroshi", "Anaïs", "Mateo", "Zoë", "Ibrahim",
    "Chloé", "Nikhil", "Sofia", "Émile", "Rania", "Liam", "Yuki", "Amara", "Björn",
    "Camille", "Tariq", "Élise", "Joaquín", "Mei", "Pádraig", "Salma", "Viktor",
)  # fmt: skip
LAST_NAMES = (
    "Tremblay", "Singh", "Nguyen", "O'Brien", "García", "Okafor", "Roy", "Chen",
    "Lévesque", "Haddad", "Kowalski", "Patel", "Bouchard", "Yamamoto", "Silva", "Côté",
    "Ivanova", "Mensah", "MacLeod", "Gagnon", "Kim", "Hernández", "Dubois", "Rahman",
    "Larsen", "Pelletier", "Ali", "Fortin", "Moreau", "Abebe", "Schmidt", "Lavoie",
)  # fmt: skip
PLACES = (
    "Ottawa", "Montréal", "Toronto", "Vancouver", "Québec", "Halifax", "Winnipeg",
    "Calgary", "Moncton", "Saskatoon", "Whitehorse", "St. John's", "Gatineau",
)  # fmt: skip
POSTAL_AREAS = ("K1A", "H2X", "M5V", "V6B", "G1R", "B3H", "R3C", "T2P", "E1C", "S7K")
DOMAINS = ("example.org", "example.com", "example.net", "mail.example", "post.example")
COMMENTS = (
    "It has taken long enough.",
    "Because it could be any of us.",
    "My grandmother taught me to sign for others.",
    "Parce que le silence aide toujours les mêmes.",
    "I promised my students that I would.",
    "Small steps, many feet.",
)

# Reports by visitors about the first petition: reason, text, days ago.
REPORTS = (
    (
        "access",
        "On my telephone the last line of the text is cut off. Is it complete?",
        2,
    ),
    (
        "untrue",
        "The year in the second sentence should be 2002, as in your own report.",
        9,
    ),
)
