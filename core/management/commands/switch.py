"""Turn a switch of the site when the web cannot be reached."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from core.management.database_command import DatabaseCommand
from core.models import SwitchName
from core.operation import MOST, turn_off, turn_on
from core.switches import load
from core.text.characters import clean_line


class Command(DatabaseCommand):
    help = (
        "Stop signing, stop mail, make the site read-only or show a banner, in every "
        "process within 5 seconds: `switch stop-signing on`, `switch banner on "
        "--message en='Back at noon' --message fr='De retour à midi'`, `switch "
        "read-only off`. Without arguments it prints what is on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", choices=SwitchName.values)
        parser.add_argument("turned", nargs="?", choices=("on", "off"))
        parser.add_argument(
            "--message",
            action="append",
            default=[],
            metavar="LANGUAGE=TEXT",
            help="what visitors read, once for each language of the interface",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name, turned = options["name"], options["turned"]
        texts = dict(split_language(given) for given in options["message"])
        if name and not turned:
            raise CommandError(f"Say whether {name} is to be on or off.")
        if texts and (turned != "on" or name == SwitchName.STOP_MAIL):
            raise CommandError("Visitors read no message of that.")
        if turned == "on" and name == SwitchName.BANNER and not texts:
            raise CommandError("Say with --message en=… what the banner says.")
        if turned == "on":
            turn_on(SwitchName(name), texts, now=timezone.now(), by=None)
        elif turned == "off":
            turn_off(SwitchName(name), by=None)
        switches = load()
        for each in SwitchName:
            on = switches.of(each)
            since = f"on since {on.since:%Y-%m-%d %H:%M} UTC" if on else "off"
            self.stdout.write(f"{each:<14}{since}")
            for code, text in on.texts.items() if on else ():
                self.stdout.write(f"{'':<14}{code}: {text}")


def split_language(given: str) -> tuple[str, str]:
    """Return language and text of `LANGUAGE=TEXT`; raise CommandError if it is none."""
    code, separator, text = given.partition("=")
    codes = [code for code, _name in settings.LANGUAGES]
    text = clean_line(text)
    if not separator or code not in codes or not text:
        raise CommandError(
            f"“{given}” is no message. Write {codes[0]}=… with a language of "
            f"{', '.join(codes)}."
        )
    if len(text) > MOST:
        raise CommandError(f"A message has at most {MOST} characters.")
    return code, text
