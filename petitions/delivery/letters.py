"""The letter that goes with a delivery, as text and as PDF: what is asked, by how many,
and how they were counted."""

from __future__ import annotations

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext, override

from core import slots
from core.http.public_data import full
from core.i18n.languages import reader_language
from petitions.counts import by_day
from petitions.counts.curve import Curve, curve
from petitions.delivery import files, printing
from petitions.delivery.letter_pdf import PrintedLetter, render_letter
from petitions.models import Pack


def next_letter(pack: Pack) -> dict[str, bytes] | None:
    """Return the next letter that goes with the pack, as text and as PDF, by the names
    of its files; None when there is one in each language of the petition that the
    interface speaks, or in the site's where it speaks none. It takes seconds, and
    changes nothing. Raise TryAgain when printing it failed for the first time."""
    petition = pack.petition
    spoken = [code for code in petition.languages if code in dict(settings.LANGUAGES)]
    ahead = [
        code
        for code in spoken or [str(settings.LANGUAGE_CODE)]
        if not pack.files.filter(name=f"letter-{code}.txt").exists()
    ]
    return letter_in(ahead[0], pack) if ahead else None


def letter_in(language: str, pack: Pack) -> dict[str, bytes]:
    pack.petition.reading = language
    with override(language):
        body = render_to_string(
            "delivery/letter_body.txt",
            {
                "pack": pack,
                "address": full(pack.petition.get_absolute_url()),
                "day": timezone.localdate(pack.as_of),
            },
        ).strip()
        context = {"pack": pack, "petition": pack.petition, "body": body}
        text = render_to_string("delivery/letter.txt", context)
        name = f"letter-{language}.pdf"
        printed = printed_letter(pack, name, body)
    files = {f"letter-{language}.txt": text.encode()}
    return files | ({name: printed} if printed else {})


def printed_letter(pack: Pack, name: str, body: str) -> bytes | None:
    """Return the letter as PDF in the active language; None where it could not be
    printed."""
    petition = pack.petition
    assert pack.as_of is not None
    language = reader_language()
    sources = [
        (gettext("Confirmed here"), pack.confirmed),
        (gettext("On paper"), pack.paper),
        (gettext("Counted elsewhere before"), pack.imported),
    ]
    letter = PrintedLetter(
        title=petition.passage_in(language, "title"),
        ask=petition.passage_in(language, "ask"),
        to=pack.target.label_with_office,
        organization=str(petition.organization.display_name),
        imprint=str(petition.organization.imprint),
        as_of=pack.as_of,
        body=body,
        number=pack.number,
        sources=[line for line in sources if line[1]],
        countries=files.by_country(pack, language),
        regions=files.by_region(pack, language),
        curve=curve_until(pack),
    )
    printed = printing.attempt_printing(pack, name, lambda: render_letter(letter))
    return printed.content if printed else None


def curve_until(pack: Pack) -> Curve | None:
    """Return how the number grew until it was counted for the pack."""
    until = timezone.localdate(pack.as_of)
    with slots.showing(timezone.now()):
        counted = by_day.signed_by_day(pack.petition)
    return curve(
        [(day, number) for day, number in counted if day <= until],
        until=until,
        total=pack.number,
        before=pack.imported,
    )
