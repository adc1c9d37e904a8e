"""Importing signatures: staff upload a file, say what its columns are, look at what the
check of the whole file found, have its people counted, and can take them back."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from django import forms
from django.contrib import admin, messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.audit import entries
from core.text.faults import FileProblem
from core.text.fields import TextField, formfield
from core.text.spreadsheets import csv_table
from organizations.rights import Right
from organizations.scoping import Needs, ScopedAdmin, page, user_of
from petitions import ways_back
from petitions.admin import askings, stated_consents
from petitions.admin.filters import PetitionFilter
from petitions.importing import jobs, stored_files
from petitions.importing.columns import Column, imported
from petitions.importing.tables import DELIMITERS, ENCODINGS, Layout, sample
from petitions.mail import asking
from petitions.models import Petition, SignatureImport
from petitions.models.imports import LARGEST_UPLOAD
from petitions.states import Source

FAULTS_SHOWN = 20
"""The faults that the page lists; the file has all that are kept."""


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV in any encoding, or a sheet (XLSX, XLS, ODS), of at most 25 MB. "
            "Larger ones: whoever runs this site can bring them in."
        ),
        error_messages={
            "required": _("Choose a file."),
            "empty": _("There is nothing in this file."),
        },
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,.xls,.xlsx,.ods"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LARGEST_UPLOAD:
            raise forms.ValidationError(
                _("This file is too large: divide it, or ask whoever runs this site.")
            )
        return file


class ImportForm(UploadForm):
    """A file, or lines that somebody types from sheets of paper."""

    lines = TextField(
        label=_("Or type names and addresses"),
        required=False,
        max_length=20_000,
        help_text=_(
            "As from paper: a person on each line, “Ann Roy, ann@example.org”."
        ),
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].required = False

    def clean_file(self) -> Any:
        return super().clean_file() if self.cleaned_data["file"] else None

    def clean(self) -> dict[str, Any]:
        super().clean()
        data: dict[str, Any] = self.cleaned_data
        if not self.errors and bool(data["file"]) == bool(data["lines"]):
            self.add_error("file", _("Choose a file, or type lines: one of them."))
        return data

    def content(self) -> tuple[str, BinaryIO]:
        """Return the name and the content of the file, or of the lines as one."""
        if upload := self.cleaned_data["file"]:
            return upload.name or "", upload.file
        typed = self.cleaned_data["lines"].splitlines()
        cells = [name_and_address(line) for line in typed if line.strip()]
        table = csv_table([["Name", "Email"], *cells], begins=True)
        return "typed.csv", io.BytesIO(table)


def name_and_address(line: str) -> list[str]:
    """Return both cells of a typed line: the address is its first or last word. Where
    it is neither, the whole line is the name, and the check tells of it."""
    line = line.strip(" \t,;")
    address = next((word for word in re.split(r"[\s,;<>]", line) if "@" in word), "")
    before, _, after = (
        part.strip(" \t,;<>") for part in line.partition(address or "\n")
    )
    return [line, ""] if before and after else [before or after, address]


class LayoutForm(forms.ModelForm[SignatureImport]):
    """How a file is read, what each of its columns is, and where its people signed.
    Making one raises FileProblem where the file cannot be read."""

    encoding = forms.ChoiceField(label=_("Encoding"), choices=ENCODINGS)
    delimiter = forms.ChoiceField(label=_("Delimiter"), choices=DELIMITERS)

    class Meta:
        model = SignatureImport
        fields = [
            "label", "counted_by", "counted_at", "counts_without_address", "asks",
        ]  # fmt: skip
        formfield_callback = formfield

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        job = self.instance
        try:
            self.layout = Layout.from_json(job.layout).importing(job.is_stated)
        except FileProblem:
            # It was stored by a version that had other choices.
            guessed = stored_files.guessed_anew(job)
            self.layout, job.heading = guessed.layout, guessed.heading
        choices = imported(job.is_stated)
        self.initial.update(
            encoding=self.layout.encoding, delimiter=self.layout.delimiter
        )
        self.fields["label"].required = True
        self.fields["label"].error_messages["required"] = _("Say where they signed.")
        self.columns: list[str] = []
        for number, column in enumerate(self.layout.columns):
            heading = job.heading[number] if number < len(job.heading) else ""
            name = f"column_{number}"
            self.fields[name] = forms.ChoiceField(
                label=heading or gettext("Column %(number)s") % {"number": number + 1},
                choices=[
                    (value, label)
                    for value, label in Column.choices
                    if value in choices
                ],
            )
            self.initial[name] = column.value
            self.columns.append(name)

    def column_fields(self) -> Iterator[forms.BoundField]:
        return (self[name] for name in self.columns)

    def chosen(self) -> Layout:
        """Return the layout that was chosen."""
        data = self.cleaned_data
        return Layout(
            data["encoding"],
            data["delimiter"],
            tuple(Column(data[name]) for name in self.columns),
            self.layout.day_first,
            self.layout.silent,
        )

    def clean(self) -> dict[str, Any]:
        super().clean()
        data: dict[str, Any] = self.cleaned_data
        if all(name in data for name in ("encoding", "delimiter", *self.columns)):
            layout = self.chosen()
            if sentence := layout.why_unusable():
                self.add_error(None, sentence)
            elif Column.EMAIL not in layout.columns and not data.get(
                "counts_without_address"
            ):
                self.add_error(
                    "counts_without_address",
                    _("No column has addresses: tick this, or nobody is counted."),
                )
        return data


def import_signatures(
    model_admin: admin.ModelAdmin[Petition], request: HttpRequest, petition: Petition
) -> HttpResponse:
    """Show the form for a file, and the imports of the petition; on POST, keep the file
    and go on to its columns."""
    may = jobs.is_open_to_imports(petition)
    form = ImportForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and may and form.is_valid():
        job = SignatureImport(
            petition=petition, made_by=user_of(request), made_at=timezone.now()
        )
        try:
            stored_files.keep_file(job, *form.content())
        except FileProblem as problem:
            form.add_error("file", str(problem))
        else:
            return redirect("admin:petitions_signatureimport_columns", job.pk)
    now = timezone.now()
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Import signatures"),
        "subtitle": str(petition),
        "opts": model_admin.opts,
        "petition": petition,
        "may": may,
        "form": form,
        "entered": counted_before(petition),
        "way_back": ways_back.sentence("import", now, now),
        "imports": petition.imports.select_related("made_by")[:20],
    }
    template = "admin/petitions/petition/import.html"
    return TemplateResponse(request, template, context)


@admin.register(SignatureImport)
class SignatureImportAdmin(ScopedAdmin[SignatureImport]):
    """The record of imports, with their numbers, for all members. Importing takes the
    right to count, as an entry of a number does; lines of a file are shown only to who
    may see supporters."""

    needs = Needs(view=Right.VIEW)
    view_rights = {"problem": Right.SEE_SUPPORTERS}
    organization_path = "petition__organization_id"
    list_display = ["made_at", "petition", "label", "state", "counted", "by"]
    list_filter = ["state", PetitionFilter]
    list_select_related = ["petition", "made_by"]
    ordering = ["-pk"]
    fields = [
        "petition", "file_name", "sha256", "label", "counted_by", "counted_at", "by",
        "made_at", "asks", "state", "problem", "begun", "begun_at", "finished_at",
    ]  # fmt: skip
    reversal_fields = ["back_by", "reversed_at"]

    class Media:
        css = {"all": ["css/admin.css"]}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        fields = list(self.fields or [])
        if obj is not None and obj.reversed_at:
            fields += self.reversal_fields
        return fields

    # As text, not as links: few may open the page of an account.

    @admin.display(description=_("by"))
    def by(self, job: SignatureImport) -> str:
        return str(job.made_by or "")

    @admin.display(description=_("imported by"))
    def begun(self, job: SignatureImport) -> str:
        return str(job.begun_by or "")

    @admin.display(description=_("taken back by"))
    def back_by(self, job: SignatureImport) -> str:
        return str(job.reversed_by or "")

    def get_urls(self) -> list[Any]:
        pages = {
            "consent": self.consent,
            "columns": self.columns,
            "begin": self.begin,
            "choose-again": self.choose_again,
            "call-off": self.call_off,
            "take-back": self.take_back,
            "faults": self.faults,
            "ask": self.ask,
        }
        return [
            *self.urls_of(pages),
            *super().get_urls(),
        ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job = self.get_object(request, object_id) if object_id else None
        context: dict[str, Any] = {"title": gettext("Import of signatures")}
        if job is not None:
            now = timezone.now()
            sees = self.holds(request, Right.SEE_SUPPORTERS, job)
            faults = list(job.fault_rows.all()[:FAULTS_SHOWN]) if sees else []
            if faults:
                organizations = [self.organization_id(job)] * len(faults)
                entries.look(SignatureImport, organizations, kind="list")
            may_count = self.holds(request, Right.COUNT, job)
            may_mail = self.holds(request, Right.MAIL, job)
            context |= {
                "subtitle": str(job.petition),
                "may_ask": may_mail and not asking.why_not_asked(job, now),
                "askings": job.askings.all(),
                "may_count": may_count,
                "may_state": self.holds(request, Right.DELIVER, job),
                "consents": job.stated_consents.select_related("target", "made_by"),
                "is_open": jobs.is_open_to_imports(job.petition),
                "entered": counted_before(job.petition),
                "faults": [(fault, gettext(fault.sentence)) for fault in faults],
                "faults_left": sees and job.fault_rows.exists(),
                "way_back": ways_back.sentence("import", now, now)
                if may_count and job.is_reversible
                else "",
            }
        return super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def back(self, job: SignatureImport) -> HttpResponse:
        return redirect("admin:petitions_signatureimport_change", job.pk)

    @page(Right.DELIVER)
    def consent(self, request: HttpRequest, job: SignatureImport) -> HttpResponse:
        """State what its people agreed to."""
        if not job.can_choose:
            return self.back(job)
        return stated_consents.consent_page(self, request, job)

    @page(Right.COUNT)
    def columns(self, request: HttpRequest, job: SignatureImport) -> HttpResponse:
        """Ask what each column is, beside ten lines as they are read; on POST, read the
        file in another way, or have the whole of it checked."""
        if not job.can_choose:
            return self.back(job)
        if "again" in request.POST:
            return self.read_again(request, job)
        try:
            form = LayoutForm(request.POST or None, instance=job)
        except FileProblem as problem:
            messages.error(request, str(problem))
            return self.back(job)
        if form.is_valid():
            job.layout = form.chosen().as_json()
            said = gettext("Had the whole file checked")
            self.do(request, job, lambda: jobs.begin_check(job), said)
            return self.back(job)
        return self.columns_page(request, job, form)

    def columns_page(
        self, request: HttpRequest, job: SignatureImport, form: LayoutForm
    ) -> HttpResponse:
        sees = self.holds(request, Right.SEE_SUPPORTERS, job)
        lines: list[list[str]] = []
        doubts: list[str] = []
        try:
            with stored_files.open_file(job) as file:
                lines = sample(file, form.layout) if sees else []
            layout = form.layout
            guessed = stored_files.guessed_anew(job, layout.encoding, layout.delimiter)
            doubts = guessed.doubts
        except FileProblem as problem:
            doubts = [str(problem)]
        organization = self.organization_id(job)
        entries.look(
            SignatureImport,
            [organization] * len(lines),
            searched=[organization],
            kind="list",
        )
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("What each column is"),
            "subtitle": str(job.petition),
            "opts": self.opts,
            "original": job,
            "form": form,
            "lines": lines,
            "may_state": self.holds(request, Right.DELIVER, job),
            "doubts": doubts if sees else [],
        }
        template = "admin/petitions/signatureimport/columns.html"
        status = 422 if form.is_bound else 200
        return TemplateResponse(request, template, context, status=status)

    def read_again(self, request: HttpRequest, job: SignatureImport) -> HttpResponse:
        """Guess the columns anew, with the encoding and delimiter that were chosen."""
        try:
            stored_files.guess_again(
                job,
                request.POST.get("encoding", ""),
                request.POST.get("delimiter", ""),
            )
        except FileProblem as problem:
            messages.error(request, str(problem))
        return redirect("admin:petitions_signatureimport_columns", job.pk)

    def do(
        self,
        request: HttpRequest,
        job: SignatureImport,
        act: Callable[[], None],
        said: str,
    ) -> None:
        """Do what a button says and write it down, or say why it cannot be done."""
        try:
            act()
        except jobs.ImportNotPossible:
            messages.error(
                request,
                gettext(
                    "It cannot be done now: another import of this petition is not "
                    "finished, this very file counts already, the petition takes "
                    "none, or somebody was quicker."
                ),
            )
        else:
            entries.note(job, said)

    @page(Right.COUNT)
    def begin(self, request: HttpRequest, job: SignatureImport) -> HttpResponse:
        """Have the people of a checked file counted."""
        if request.method == "POST":
            by, now = user_of(request), timezone.now()
            said = gettext("Had its people counted")
            self.do(request, job, lambda: jobs.begin_import(job, by, now=now), said)
        return self.back(job)

    @page(Right.COUNT)
    def choose_again(self, request: HttpRequest, job: SignatureImport) -> HttpResponse:
        """Forget what the check found, to choose other columns."""
        if request.method == "POST":
            said = gettext("Went back to the columns")
            self.do(request, job, lambda: jobs.choose_again(job), said)
        return self.back(job)

    @page(Right.COUNT)
    def call_off(self, request: HttpRequest, job: SignatureImport) -> HttpResponse:
        """Forget an import that has counted nobody."""
        if request.method == "POST":
            said = gettext("Called the import off")
            self.do(request, job, lambda: jobs.call_off_import(job), said)
        return self.back(job)

    @page(Right.COUNT)
    def take_back(self, request: HttpRequest, job: SignatureImport) -> HttpResponse:
        """Take the people of an import from the count, after asking."""
        if not job.is_reversible:
            return self.back(job)
        now = timezone.now()
        if request.method == "POST":
            by, said = user_of(request), gettext("Took the import back")
            self.do(request, job, lambda: jobs.reverse(job, by, now=now), said)
            return self.back(job)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Take back"),
            "subtitle": str(job.petition),
            "opts": self.opts,
            "original": job,
            "way_back": ways_back.sentence("import_back", now, now),
        }
        template = "admin/petitions/signatureimport/take_back.html"
        return TemplateResponse(request, template, context)

    @page(Right.MAIL)
    def ask(self, request: HttpRequest, job: SignatureImport) -> HttpResponse:
        """Have its people asked by mail to confirm here."""
        return askings.order_page(self, request, job)

    @page(Right.SEE_SUPPORTERS)
    def faults(self, request: HttpRequest, job: SignatureImport) -> HttpResponseBase:
        """Send the faults by line and column as CSV, and write down that they were
        taken."""
        number = job.fault_rows.count()
        if request.method != "POST" or not number:
            return self.back(job)
        entries.note(job, gettext("Downloaded the faults"), rows=number)
        return StreamingHttpResponse(
            fault_lines(job),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": content_disposition_header(
                    True, f"faults-{job.pk}.csv"
                )
                or ""
            },
        )


def counted_before(petition: Petition) -> int:
    """Return how many count entries say were counted elsewhere before: nobody can tell
    whether they are the people of a file."""
    rows = petition.count_entries.filter(source=Source.IMPORTED)
    return rows.aggregate(sum=Sum("number"))["sum"] or 0


def fault_lines(job: SignatureImport) -> Iterator[bytes]:
    """Yield the faults of an import as CSV, in the reader's language."""
    head = [gettext("Line"), gettext("Column"), gettext("Found"), gettext("Problem")]
    lines: list[list[str | int]] = [
        [fault.line, fault.column, fault.found, gettext(fault.sentence)]
        for fault in job.fault_rows.all()
    ]
    yield csv_table([[*head], *lines], begins=True)
