"""Password validation: refuse passwords that are easy to guess."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from zxcvbn import zxcvbn

from core.security import events
from organizations.models import Description, Organization, User

ENOUGH = 3
"""The lowest zxcvbn score accepted: more than 10⁸ guesses. Logins allow 30 an hour."""
LOOKED_AT = 72
"""Characters that are checked; more make no password weaker, and take long to check."""
LEFT = 8
"""The fewest letters and digits that a password must have besides known names."""
NAMES = 500
# Rows of keyboards that zxcvbn does not know; `own_words` adds them backwards, too.
ROWS = [
    "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertzuiop", "yxcvbnm",
    "йцукенгшщзхъ", "фывапролджэ", "ячсмитьбю",
]  # fmt: skip
SITE_WORDS = [
    "petition", "petitions", "signature", "campaign", "campagne", "mot de passe",
]  # fmt: skip
# More words that are tried first: zxcvbn knows English ones, and each of them alone.
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
# Signs that people put for letters, and those that Shift types instead of digits.
LEET = str.maketrans("013457@$!€", "oieastasie")
SHIFTED = str.maketrans("!@#$%^&*()", "1234567890")
AGAIN = re.compile(r"(.+?)(?:[\W_]*\1)+[\W\d_]*", re.DOTALL)


class HardToGuess:
    """A password validator that refuses what people choose and programs try first: one
    letter many times, sequences, rows of the keyboard, repeated words, dates, names of
    this site and its organisations. Also Django's hook to log that a password was
    changed."""

    def validate(self, password: str, user: Any = None) -> None:
        if re.sub(r"[\W_]", "", password).isdigit():
            raise ValidationError(
                gettext("Not digits alone: add words."), code="password_digits"
            )
        names = own_words(user)
        if any(is_guessable(names, form) for form in forms_of(password)):
            raise ValidationError(
                gettext(
                    "This one is easy to guess: it repeats itself, follows the "
                    "keyboard or is made of names and words that many people choose. "
                    "Take four words that have nothing to do with each other."
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
    """Return the simpler forms that a guessing program would derive the password from:
    without capitals and accents, letters instead of digits, digits instead of signs,
    and what is repeated only once."""
    plain = fold_letters(password[:LOOKED_AT])[:LOOKED_AT]
    forms = {plain, plain.translate(LEET), plain.translate(SHIFTED)}
    return {match[1] if (match := AGAIN.fullmatch(f)) else f for f in forms}


def fold_letters(text: str) -> str:
    """Return the text without capitals, accents, and other ways to draw the same
    letters."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in letters if not unicodedata.combining(c))


def is_guessable(names: list[str], form: str) -> bool:
    """Return whether one form of a password scores too low, or is mostly names."""
    strength = zxcvbn(form, user_inputs=names, max_length=LOOKED_AT)
    return strength["score"] < ENOUGH or is_mostly(names, form)


def is_mostly(names: list[str], form: str) -> bool:
    """Return whether the form has some of the names in it and, without them, fewer than
    LEFT letters and digits."""
    longest_first = sorted(filter(lambda n: len(n) > 3, names), key=len, reverse=True)
    left = re.sub("|".join(map(re.escape, longest_first)), "", form)
    return left != form and len(re.sub(r"[\W_]", "", left)) < LEFT


def own_words(user: Any) -> list[str]:
    """Return the words that somebody who knows the site and the user would try: names,
    folded, whole and in their parts."""
    names = [*SITE_WORDS, *COMMON_WORDS.split(), *ROWS, *(row[::-1] for row in ROWS)]
    names += re.split(r"[^a-z0-9]+", settings.SITE_URL.lower())
    names += Organization.objects.values_list("name", flat=True)[:NAMES]
    names += Description.objects.values_list("name", flat=True)[:NAMES]
    if isinstance(user, User):
        names += [user.name, user.email, user.email.partition("@")[0]]
    words = set()
    for name in map(fold_letters, names):
        words |= {name, re.sub(r"\W+", "", name), *re.split(r"\W+", name)}
    return sorted(word for word in words if len(word) > 2)
