"""What a password has to be."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from zxcvbn import zxcvbn

from config import events
from organizations.models import Organization, User

ENOUGH = 3
"""Of zxcvbn's scores: more than 10⁸ guesses. A login takes 30 an hour."""
LOOKED_AT = 72
"""Characters; more of them make no password weaker, and take long to look at."""
LEFT = 8
"""Characters besides such names."""
NAMES = 500
# The rows of keyboards that zxcvbn does not know, there and back.
ROWS = ["azertyuiop", "qsdfghjklm", "wxcvbn", "qwertzuiop", "yxcvbnm"]
SITE_WORDS = ["petition", "petitions", "signature", "campaign", "campagne"]


class HardToGuess:
    """Refuses what people choose and programs try first: one letter many times,
    sequences, rows of the keyboard, words repeated, dates, names of this site and its
    organisations. Logs, as Django's hook for it, that a password was changed."""

    def validate(self, password: str, user: Any = None) -> None:
        looked_at = password[:LOOKED_AT].lower()
        if password.isdigit():
            raise ValidationError(
                gettext("Not digits alone: add words."), code="password_digits"
            )
        names = own_words(user)
        found = zxcvbn(looked_at, user_inputs=names, max_length=LOOKED_AT)
        if found["score"] < ENOUGH or is_mostly(names, looked_at):
            raise ValidationError(
                gettext(
                    "This one is guessed soon: it repeats itself, follows the keyboard "
                    "or is made of names and words that many choose. Take four words "
                    "that have nothing to do with each other."
                ),
                code="password_guessable",
            )

    def get_help_text(self) -> str:
        return gettext(
            "Four words that have nothing to do with each other are good. Not good: a "
            "letter many times, rows of the keyboard, dates, the name of your "
            "organisation."
        )

    def password_changed(self, password: str, user: Any = None) -> None:
        if isinstance(user, User):
            events.record("password changed", account=user.pk)


def is_mostly(names: list[str], password: str) -> bool:
    """Whether hardly anything is left without the names."""
    longest_first = sorted(filter(lambda n: len(n) > 3, names), key=len, reverse=True)
    left = re.sub("|".join(map(re.escape, longest_first)), "", password)
    return left != password and len(left) < LEFT


def own_words(user: Any) -> list[str]:
    """What somebody who knows the site would try: names, whole and in their parts."""
    names = [*SITE_WORDS, *ROWS, *(row[::-1] for row in ROWS)]
    names += re.split(r"[^a-z0-9]+", settings.SITE_URL.lower())
    names += Organization.objects.values_list("name", flat=True)[:NAMES]
    if isinstance(user, User):
        names += [user.name, user.email, user.email.partition("@")[0]]
    words = set()
    for name in (name.lower() for name in names):
        words |= {name, re.sub(r"\W+", "", name), *re.split(r"\W+", name)}
    return sorted(word for word in words if len(word) > 2)
