"""What a password has to be."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from zxcvbn import zxcvbn

from core.security import events
from organizations.models import Organization, User

ENOUGH = 3
"""Of zxcvbn's scores: more than 10⁸ guesses. A login takes 30 an hour."""
LOOKED_AT = 72
"""Characters; more of them make no password weaker, and take long to look at."""
LEFT = 8
"""Characters besides such names."""
NAMES = 500
# The rows of keyboards that zxcvbn does not know, there and back.
ROWS = [
    "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertzuiop", "yxcvbnm",
    "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю",
]  # fmt: skip
SITE_WORDS = [
    "petition", "petitions", "signature", "campaign", "campagne", "mot de passe",
]  # fmt: skip
# What is tried first besides: zxcvbn knows English words, and each of them alone.
COMMON_WORDS = """
    password passwort motdepasse mot passe пароль correcthorsebatterystaple
    bonjour soleil amour jetaime pour toujours chouchou doudou tabarnak
    liberte justice droits humains vive quebec montreal canada canadiens
    human rights freedom love
    january february march april june july august september october november december
    janvier fevrier mars avril juin juillet aout septembre octobre novembre decembre
    spring summer autumn winter printemps automne hiver
    monday tuesday wednesday thursday friday saturday sunday
    lundi mardi mercredi jeudi vendredi samedi dimanche
"""
# What people put for letters, and what a keyboard writes for digits with Shift.
LEET = str.maketrans("013457@$!€", "oieastasie")
SHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
AGAIN = re.compile(r"(.+?)(?:[\W_]*\1)+[\W\d_]*", re.DOTALL)


class HardToGuess:
    """Refuses what people choose and programs try first: one letter many times,
    sequences, rows of the keyboard, words repeated, dates, names of this site and its
    organisations. Logs, as Django's hook for it, that a password was changed."""

    def validate(self, password: str, user: Any = None) -> None:
        if re.sub(r"[\W_]", "", password).isdigit():
            raise ValidationError(
                gettext("Not digits alone: add words."), code="password_digits"
            )
        names = own_words(user)
        if any(is_guessable(names, form) for form in forms_of(password)):
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


def forms_of(password: str) -> set[str]:
    """What it comes from, for a program that guesses: without capitals and accents,
    with letters for digits, digits for signs, and once what is there several times."""
    plain = fold_letters(password[:LOOKED_AT])[:LOOKED_AT]
    forms = {plain, plain.translate(LEET), plain.translate(SHIFTED)}
    return {found[1] if (found := AGAIN.fullmatch(f)) else f for f in forms}


def fold_letters(text: str) -> str:
    """Without capitals, accents, and other ways to draw the same letters."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in letters if not unicodedata.combining(c))


def is_guessable(names: list[str], form: str) -> bool:
    found = zxcvbn(form, user_inputs=names, max_length=LOOKED_AT)
    return found["score"] < ENOUGH or is_mostly(names, form)


def is_mostly(names: list[str], form: str) -> bool:
    """Whether hardly a letter or digit is left without the names."""
    longest_first = sorted(filter(lambda n: len(n) > 3, names), key=len, reverse=True)
    left = re.sub("|".join(map(re.escape, longest_first)), "", form)
    return left != form and len(re.sub(r"[\W_]", "", left)) < LEFT


def own_words(user: Any) -> list[str]:
    """What somebody who knows the site would try: names, whole and in their parts."""
    names = [*SITE_WORDS, *COMMON_WORDS.split(), *ROWS, *(row[::-1] for row in ROWS)]
    names += re.split(r"[^a-z0-9]+", settings.SITE_URL.lower())
    names += Organization.objects.values_list("name", flat=True)[:NAMES]
    if isinstance(user, User):
        names += [user.name, user.email, user.email.partition("@")[0]]
    words = set()
    for name in map(fold_letters, names):
        words |= {name, re.sub(r"\W+", "", name), *re.split(r"\W+", name)}
    return sorted(word for word in words if len(word) > 2)
