"""Why a file of signatures cannot be read."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from core.text.faults import FileProblem, Node


class TableProblem(FileProblem):
    """A fault of a whole file of signatures; its text is a sentence in the language of
    whoever reads it, with the line if it is one line's fault."""

    def __init__(self, sentence: StrOrPromise, *, line: int = 0) -> None:
        super().__init__(Node(None, line, ""), "")
        self.sentence, self.line = sentence, line

    def __str__(self) -> str:
        if not self.line:
            return str(self.sentence)
        return _("Line %(line)s: %(sentence)s") % {
            "line": self.line,
            "sentence": self.sentence,
        }
