"""Store a file of signatures that is too large for the form, for staff to import."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from django.conf import settings
from django.core.management.base import CommandError
from django.urls import reverse
from django.utils import timezone

from core.management.database_command import DatabaseCommand
from core.text.faults import FileProblem
from petitions.importing import jobs, stored_files
from petitions.models import Petition, SignatureImport


class Command(DatabaseCommand):
    help = (
        "Store a file of people who signed a petition elsewhere, CSV or a sheet, of "
        "any size. Staff then say in the admin what its columns are, have it checked, "
        "and import it: nobody is counted before."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("petition", help="the last part of the petition's address")
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, petition: str, file: Path, **options: Any) -> None:
        row = Petition.objects.filter(slug=petition).first()
        if row is None:
            raise CommandError(f"No petition has the address {petition}.")
        if not jobs.is_open_to_imports(row):
            raise CommandError(
                "Nobody can be added to a petition that is a draft, was withdrawn, or "
                "whose names are erased."
            )
        job = SignatureImport(petition=row, made_at=timezone.now())
        try:
            with file.open("rb") as opened, TemporaryFile() as copy:
                content: BinaryIO = opened
                if not opened.seekable():
                    # A pipe, as with Docker: it is read more than once.
                    copyfileobj(opened, copy)
                    content = copy
                stored_files.keep_file(job, file.name, content)
        except OSError as error:
            reason = error.strerror or error
            raise CommandError(f"{file} cannot be read: {reason}.") from None
        except FileProblem as problem:
            raise CommandError(str(problem)) from None
        page = reverse("admin:petitions_signatureimport_columns", args=[job.pk])
        self.stdout.write(f"Say what its columns are: {settings.SITE_URL}{page}")
