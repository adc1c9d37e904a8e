"""Base classes for every model admin and inline: what has to hold whichever row is
edited is here, where no class can forget it. `manage.py check` refuses a class not
derived from them.

- Texts come in by fields that clean them (core.text.fields).
- A refused form is shown around the stored row, with everything that was typed.
- What the database refuses is reported beside the field (core.db.refusals); a form
  that meets a lock is retried (core.admin.lock_timeouts).
- A list answers any query string; an action on its rows asks first
  (core.admin.bulk_actions).
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin import ActionLocation
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import (
    BadRequest,
    FieldError,
    PermissionDenied,
    ValidationError,
)
from django.db import DataError, IntegrityError, connection, models, transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    UnreadablePostError,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin import bulk_actions, deletion, history, saves
from core.admin.edit_conflicts import (
    arrived,
    told,
)
from core.admin.forms import (
    StaffForm,
    StaffFormSet,
)
from core.admin.lock_timeouts import (
    BUSY,
    is_busy,
)
from core.admin.searching import SearchedList
from core.db.refusals import (
    Refusal,
    refusal_of,
)
from core.http.paging import CappedPaginator
from core.models import SavedForm
from core.text.fields import (
    DayField,
    MomentField,
    field_for,
)
from core.text.numbers import NumberField, bounds

logger = logging.getLogger(__name__)

REFUSED = (DataError, IntegrityError)
NOT_STORED = _(
    "The picture could not be stored: the server has no room for it, or may not write "
    "there. Nothing was saved; what you typed is still here. Save without the picture, "
    "or tell whoever looks after the server."
)
# What a made-up filter raises once rows are queried.
UNANSWERABLE = (DataError, FieldError, OverflowError, TypeError, ValueError)
# The lookups that list filters write into their links.
LOOKUPS = {"exact", "isnull", "in", "gt", "gte", "lt", "lte"}
YEARS = range(1800, 3000)


def validate_year(value: date) -> None:
    """Validate a date: some programs fail on years beyond these."""
    if value.year not in YEARS:
        raise ValidationError(
            _("Write a year from %(least)s to %(most)s."),
            params={"least": str(YEARS[0]), "most": str(YEARS[-1])},
            code="year",
        )


def with_manners[F](manners: type[Any], made_of: type[F]) -> type[F]:
    """Return the form or formset class with our behaviour mixed in."""
    if issubclass(made_of, manners):
        return made_of
    return type(made_of.__name__, (manners, made_of), {"__module__": __name__})


class StaffOptions:
    """The behaviour that model admins and inlines share."""

    form: Any

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.form = with_manners(StaffForm, self.form)

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """Return the URL of the public page of a stored row, by default its
        `get_absolute_url`; None for a new row."""
        if obj is None or not hasattr(obj, "get_absolute_url"):
            return None
        return str(obj.get_absolute_url())

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if cleaning := field_for(db_field):
            kwargs.setdefault("form_class", cleaning)
        if isinstance(db_field, models.DateTimeField):
            kwargs.setdefault("form_class", MomentField)
        elif isinstance(db_field, models.DateField):
            kwargs.setdefault("form_class", DayField)
        elif isinstance(db_field, models.IntegerField) and not db_field.choices:
            kwargs = {"form_class": NumberField, **bounds(db_field), **kwargs}
        field = super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and isinstance(db_field, models.DateField):
            field.validators = [*field.validators, validate_year]
        return field


# == Inlines ==


class InlineOptions(StaffOptions):
    """The behaviour of all inlines, stacked or tabular."""

    formset: Any

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        manners = with_manners(StaffFormSet, self.formset)
        formset = super().get_formset(request, obj, formset=manners, **kwargs)  # type: ignore[misc]
        formset.form.refusal = getattr(request, "refusal", None)
        formset.sent = formset.form.sent = getattr(request, "sent", None)
        return formset


class StackedInline[M: models.Model, P: models.Model](
    InlineOptions, admin.StackedInline[M, P]
):
    """An inline whose rows stand one below the other."""


# == The model admin ==


class ModelAdmin[M: models.Model](StaffOptions, admin.ModelAdmin[M]):
    """A model admin with the behaviour described at the top of this module."""

    # A list may have millions of rows, and counting them takes longer than anybody
    # waits.
    paginator = CappedPaginator
    show_full_result_count = False
    batched_actions: ClassVar[frozenset[str]] = frozenset()
    """Actions on more rows than one transaction should hold: they commit a batch at a
    time, and can stop half way."""

    # -- the form --

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> M | None:
        """Return the row, locked when it is being saved: of two saves of the same row,
        the second starts from what the first left. A form writes all columns, also
        those it does not show."""
        row = super().get_object(request, object_id, from_field or None)
        if row is None or request.method != "POST" or not connection.in_atomic_block:
            return row
        if is_busy(request):
            return row
        rows = type(row)._default_manager.select_for_update(no_key=True)
        list(rows.filter(pk=row.pk).values_list("pk"))
        return super().get_object(request, object_id, from_field or None)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Answer for a row that does not exist. Django would redirect, and lose what
        was typed into the row's form; the site answers Http404 with it."""
        if request.method == "POST" and "post" not in request.POST:
            raise Http404
        answer: HttpResponse = super()._get_obj_does_not_exist_redirect(  # type: ignore[misc]
            request, opts, object_id
        )
        return answer

    def get_form(
        self, request: HttpRequest, obj: M | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, *args, **kwargs)
        form.refusal = getattr(request, "refusal", None)
        form.sent = getattr(request, "sent", None)
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Ignore the query string: no link can fill in a field, whoever made it up."""
        return {}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save the form. When the database or the disk refuses, all is rolled
        back, and the form is shown again with the reason."""
        if "_saveasnew" in request.POST and not self.save_as:
            raise BadRequest("Nothing is saved as new here")
        if request.method != "POST":
            return super().changeform_view(request, object_id, form_url, extra_context)
        if is_busy(request):
            request.refusal = Refusal(str(BUSY), self.opts.db_table)  # type: ignore[attr-defined]
            return self.take_form(request, object_id, form_url, extra_context)
        try:
            return self.take_form(request, object_id, form_url, extra_context)
        except REFUSED as error:
            if connection.needs_rollback:
                raise
            request.refusal = self.addressed(refusal_of(error))  # type: ignore[attr-defined]
        except OSError as error:
            if not request.FILES or isinstance(error, UnreadablePostError):
                raise
            reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
            logger.error("A file cannot be stored in MEDIA_ROOT: %s", reason)
            request.refusal = Refusal(str(NOT_STORED), self.opts.db_table)  # type: ignore[attr-defined]
        for _name, files in request.FILES.lists():
            for file in files:
                file.seek(0)
        return self.take_form(request, object_id, form_url, extra_context)

    @transaction.atomic
    def take_form(
        self, request: HttpRequest, object_id: str | None, *options: Any
    ) -> HttpResponse:
        """Show the form or save it: only once, however often it is sent."""
        sent = arrived(request)
        request.sent = sent  # type: ignore[attr-defined]
        earlier = saves.of_form(request, sent)
        if earlier is not None:
            if sent.content == earlier.content:
                return self.answer_again(request, earlier)
            if not object_id:
                made = self.get_object(request, earlier.row)
                sent.again = (self.address_of(earlier.row), str(made or earlier.row))
        if object_id:
            sent.who = saves.meanwhile(
                self.model, object_id, sent.opened, self.models_of_inlines()
            )
        return super().changeform_view(request, object_id, *options)

    def answer_again(self, request: HttpRequest, earlier: SavedForm) -> HttpResponse:
        """Answer a form that was sent twice: the browser shows the second answer
        only."""
        row = self.get_object(request, earlier.row)
        if row is None:
            raise Http404
        messages.info(
            request,
            gettext("This form came twice. It was saved once: “%(row)s”.")
            % {"row": row},
        )
        return redirect(self.address_of(earlier.row))

    def address_of(self, row: str) -> str:
        """Return the address of a row's form."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[quote(row)])

    def models_of_inlines(self) -> list[type[models.Model]]:
        return [inline.model for inline in self.inlines]

    # What was done is on record already, by triggers (core.audit): Django's own log
    # says nothing more.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        saves.remember(request, obj)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        saves.say_kept(request, getattr(request, "sent", None))
        saves.remember(request, obj)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return None

    def unseen(
        self, request: HttpRequest, row: models.Model, part: Any
    ) -> set[str] | None:
        """Return the columns that the user may not see in the history of a row, of its
        parts that have the model admin `part`; None when they may see no such row."""
        return set()

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show what was done to a row and its parts, from the audit trail."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        return history.show_history(self, request, row, extra_context)

    def addressed(self, refusal: Refusal) -> Refusal:
        """Return a refusal that the form can show: unchanged if it is about the table
        of an inline; otherwise about the main row, with its fields if they are this
        model's.
        """
        tables = {inline.model._meta.db_table for inline in self.inlines}
        if refusal.table in tables:
            return refusal
        fields = refusal.fields if refusal.table == self.opts.db_table else ()
        return Refusal(refusal.sentence, self.opts.db_table, fields)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Check deferred constraints now that all is written: before anybody is told
        that it was saved. Then warn of what was saved but may not be meant."""
        connection.check_constraints()
        saves.warn_of_mojibake(request, form, formsets)
        return super().construct_change_message(request, form, formsets, add)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: M | None = None,
    ) -> HttpResponse:
        """Show the stored row around a refused form and in read-only fields: nobody
        knows what can be said about the one that was typed."""
        form = context["adminform"].form
        if form.is_bound and obj is not None:
            obj = self.get_queryset(request).get(pk=obj.pk)
            form.instance = context["original"] = obj
            for inline in context["inline_admin_formsets"]:
                show_stored_rows(inline.formset, obj)
        formsets = [inline.formset for inline in context["inline_admin_formsets"]]
        context["seen"] = told(form, formsets)
        context["files_lost"] = bool(request.FILES)
        context["problems"] = list(problems(context["adminform"], formsets))
        # Django's own line would repeat this, without links to the fields.
        context["mistakes"], context["errors"] = context.get("errors"), None
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what would be deleted, after comparing it with what was seen. Both
        ways of deleting call this before they delete."""
        deletion.review_deletion(request, self.model, [row.pk for row in objs])
        return super().get_deleted_objects(objs, request)

    def delete_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except REFUSED as error:
            return self.refuse(request, error)

    def refuse(self, request: HttpRequest, error: Any) -> HttpResponse:
        """Redirect to the page where it was tried, with the reason as a message."""
        if connection.needs_rollback:
            raise error
        messages.error(request, refusal_of(error).sentence)
        return HttpResponseRedirect(request.get_full_path())

    # -- lists --

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, under the name of what it lists: Django's heading asks to
        select one."""
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(
            request, {"title": title, **(extra_context or {})}
        )

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Allow the lookups that links of a list use. Django allows any on the row's
        own columns, most of which fail or are expensive."""
        _column, _parted, ending = lookup.rpartition("__")
        known = ending in LOOKUPS or "__" not in lookup
        return known and super().lookup_allowed(lookup, value, request)

    def get_changelist(
        self, request: HttpRequest, **options: Any
    ) -> type[SearchedList]:
        return SearchedList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Redirect to the list without filters when these cannot be answered."""
        try:
            with transaction.atomic():
                return super().get_changelist_instance(request)
        except UNANSWERABLE as error:
            raise IncorrectLookupParameters from error

    def get_actions(
        self,
        request: HttpRequest,
        action_location: ActionLocation = ActionLocation.CHANGE_LIST,
    ) -> Any:
        """Return the actions of lists, each made to ask first. A row's own page offers
        none: it has buttons that ask first and know what was seen there."""
        if action_location is not ActionLocation.CHANGE_LIST:
            return {}
        actions = super().get_actions(request, action_location)
        return {name: bulk_actions.asking(action) for name, action in actions.items()}

    def response_action(
        self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Run an action on the chosen rows: all or none of them, unless it is one of
        `batched_actions`; BadRequest for a primary key that no row can have."""
        number = self.opts.pk
        for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                number.run_validators(number.to_python(chosen))
            except ValidationError as error:
                raise BadRequest("That is no row") from error
        batched = self.batched_actions.issuperset(request.POST.getlist("action"))
        try:
            with nullcontext() if batched else transaction.atomic():
                return super().response_action(request, queryset, *args, **kwargs)
        except REFUSED as error:
            return self.refuse(request, error)


def show_stored_rows(formset: Any, parent: models.Model) -> None:
    """Put the stored rows of a formset beside what was typed into them."""
    formset.instance = parent
    rows = formset.model._default_manager.in_bulk(
        [form.instance.pk for form in formset.initial_forms]
    )
    for form in formset.initial_forms:
        form.instance = rows.get(form.instance.pk, form.instance)
    # Django iterates over both in parallel.
    formset._queryset = [form.instance for form in formset.initial_forms]


def problems(adminform: Any, formsets: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield label and HTML id of each field that has to be corrected."""
    forms = [adminform.form, *(form for formset in formsets for form in formset.forms)]
    for form in forms:
        for name in form.errors:
            if name in form.fields:
                yield str(form[name].label), form[name].id_for_label
