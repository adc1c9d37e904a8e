"""The timelines of the demonstration's petitions: updates, a handover, an answer that
was changed, a correction; and a few comments that wait for approval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from petitions.demo import pictures
from petitions.models import (
    Answer,
    Correction,
    Handover,
    Petition,
    Signature,
    Update,
)

TREATY = "Canada: Sign the global treaty to end torture"
TREES = "Plant trees along the lower bank"
BRIDGE = "Open the old footbridge again"
LAMPS = "أنيروا زقاق السوق ليلًا"


@dataclass(frozen=True)
class Said:
    """The words of an update in one language."""

    title: str
    text: str
    shows: str = ""
    """The description of its picture."""


@dataclass(frozen=True)
class DemoUpdate:
    """An update of the petition with that title, published so many days ago."""

    petition: str
    days: int
    words: dict[str, Said]
    """The words by language, the update's own first."""
    picture: Callable[[], ContentFile[bytes]] | None = None


UPDATES = (
    DemoUpdate(
        TREATY,
        96,
        {
            "en": Said(
                "Ten thousand names on one table",
                "We printed how many you are and laid it on a table in our office. "
                "It is a "
                "small table; the number is not.\n\nThis update is part of the "
                "demonstration, as is the table.",
            ),
            "fr": Said(
                "Dix mille noms sur une table",
                "Nous avons imprimé combien vous êtes et posé la feuille sur une "
                "table de "
                "notre bureau. La table est petite; le nombre ne l’est pas.\n\nCette "
                "nouvelle fait partie de la démonstration, tout comme la table.",
            ),
        },
    ),
    DemoUpdate(
        TREATY,
        31,
        {
            "en": Said(
                "The question has been put",
                "It was asked aloud, in writing, and twice by telephone. **We will "
                "publish "
                "the answer word for word**, whatever it is.\n\nThis update is part "
                "of the "
                "demonstration.",
            ),
            "fr": Said(
                "La question est posée",
                "Elle l’a été à voix haute, par écrit et deux fois par téléphone. "
                "**Nous "
                "publierons la réponse mot pour mot**, quelle qu’elle soit.\n\nCette "
                "nouvelle fait partie de la démonstration.",
            ),
        },
    ),
    DemoUpdate(
        TREES,
        6,
        {
            "en": Said(
                "Somebody has offered forty alders",
                "A nursery upstream has forty alders that nobody has fetched. What is "
                "missing is a permit for forty holes.\n\nSo the petition goes on.",
                "Young trees in a long row on the bank of the river.",
            ),
            "fr": Said(
                "On nous offre quarante aulnes",
                "Une pépinière en amont a quarante aulnes que personne n’est venu "
                "chercher. Il manque un permis pour quarante trous.\n\nLa pétition "
                "continue donc.",
                "De jeunes arbres en longue rangée au bord de la rivière.",
            ),
        },
        picture=pictures.alders,
    ),
    # In English alone, so that one can see what readers of French are shown then.
    DemoUpdate(
        BRIDGE,
        120,
        {
            "en": Said(
                "We counted the planks",
                "Twenty-three of us walked to the bridge and counted: of 212 "
                "planks, 9 are "
                "missing.\n\n- Seven in the middle.\n- Two at the far end.",
            ),
        },
    ),
    DemoUpdate(
        BRIDGE,
        44,
        {
            "en": Said(
                "We crossed it this morning",
                "All 212 planks are there. Bring a friend who does not believe it.",
                "Eight people in a line on a footbridge over the river.",
            ),
            "fr": Said(
                "Nous l’avons traversée ce matin",
                "Les 212 planches y sont. Amenez une personne qui ne le croit pas.",
                "Huit personnes en file sur une passerelle au-dessus de la rivière.",
            ),
        },
        picture=pictures.crossing,
    ),
    DemoUpdate(
        LAMPS,
        12,
        {
            "ar": Said(
                "أحصينا المصابيح المطفأة",
                "مشينا في الزقاق ليلًا وأحصينا: من المخبز إلى موقف الحافلة لا يضيء "
                "**أي "
                "مصباح**.\n\nهذا الخبر جزء من العرض التوضيحي.",
            ),
            "en": Said(
                "We counted the lamps that are dark",
                "We walked along the lane at night and counted: from the bakery to the "
                "bus stop **not one lamp** is lit.\n\nThis update is part of the "
                "demonstration.",
            ),
        },
    ),
)

FIRST_ANSWER = """The bridge stays closed for the time being.

We will look at it again when there is money."""
ANSWER = """The repair is paid for. The bridge opens on the first of next month.

We thank all who asked, and the person who sent us a plank."""

FIRST_ANSWER_FR = """La passerelle reste fermée pour le moment.

Nous verrons quand il y aura de l’argent."""
ANSWER_FR = """Les travaux sont payés. La passerelle rouvre le premier du mois prochain.

Nous remercions toutes les personnes qui l’ont demandé, et celle qui nous a envoyé une \
planche."""


def tell_story(now: datetime) -> None:
    for planned in UPDATES:
        add_update(planned, now)
    tell_of_bridge(now)
    Correction.objects.create(
        petition=Petition.objects.get(title=TREES),
        before="the first two summers",
        after="the first three summers",
        text="Alders take longer than we thought.",
        made_at=now - timedelta(days=3),
    )
    wait_for_staff()


def add_update(planned: DemoUpdate, now: datetime) -> None:
    (language, own), *others = planned.words.items()
    published = now - timedelta(days=planned.days)
    update = Update(
        petition=Petition.objects.get(title=planned.petition),
        language=language,
        title=own.title,
        text=own.text,
        published_at=published,
    )
    if planned.picture:
        update.image, update.image_description = planned.picture(), own.shows
    update.save()
    for code, said in others:
        update.translations.create(
            language=code,
            title=said.title,
            text=said.text,
            image_description=said.shows,
            created_at=published,
        )


def tell_of_bridge(now: datetime) -> None:
    """Add the timeline of the petition that was won: handed over, refused, then
    granted."""
    bridge = Petition.objects.get(title=BRIDGE)
    today = timezone.localdate(now)
    handover = Handover.objects.create(
        petition=bridge,
        target=bridge.targets.get(),
        handed_on=today - timedelta(days=80),
        confirmed=1_004,
        paper=0,
        imported=0,
        note="Four of us went, with a plank under each arm.",
        image=pictures.handing_over(),
        image_description="Four people with planks before the steps of an office, and "
        "one who comes out to meet them.",
    )
    handover.translations.create(
        language="fr",
        note="Nous étions quatre, une planche sous chaque bras.",
        image_description="Quatre personnes avec des planches devant les marches d’un "
        "bureau, et une autre qui sort à leur rencontre.",
    )
    answer = Answer.objects.create(
        petition=bridge,
        target=bridge.targets.get(),
        answered_on=today - timedelta(days=70),
        text=FIRST_ANSWER,
    )
    french = answer.translations.create(language="fr", text=FIRST_ANSWER_FR)
    answer.answered_on, answer.text = today - timedelta(days=52), ANSWER
    answer.save()
    french.text = ANSWER_FR
    french.save()


def wait_for_staff() -> None:
    """Let the latest comments under the first petition wait for approval."""
    first = Petition.objects.order_by("pk").first()
    reasons = Signature.objects.reasons().filter(petition=first)
    latest = reasons.order_by("-confirmed_at").values_list("pk", flat=True)[:4]
    Signature.objects.filter(pk__in=list(latest)).update(comment_approved=False)
