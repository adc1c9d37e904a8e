"""The base of every class of the admin: what has to hold whichever row is edited, put
where no class can forget it. `manage.py check` refuses a class that is not made of it.

- Texts come in by fields that clean them (core.text.fields).
- A form that is refused stands around the stored row, with all that was typed.
- What the database refuses is said beside the field (core.db.refusals); what somebody
  else holds is waited for (core.admin.lock_timeouts).
- A list answers to anything that its address may say.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ActionLocation
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, FieldError, ValidationError
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

from core.admin import deletion, saves
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
from core.db.refusals import (
    Refusal,
    refusal_of,
)
from core.http.paging import CappedPaginator
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
# What a filter that somebody made up ends in, once the rows are asked for.
UNANSWERABLE = (DataError, FieldError, OverflowError, TypeError, ValueError)
# Those that the filters of lists write into their links.
LOOKUPS = {"exact", "isnull", "in", "gt", "gte", "lt", "lte"}
YEARS = range(1800, 3000)


def validate_year(value: date) -> None:
    """For date fields: beyond these years some programs lose their way."""
    if value.year not in YEARS:
        raise ValidationError(
            _("Write a year from %(least)s to %(most)s."),
            params={"least": str(YEARS[0]), "most": str(YEARS[-1])},
            code="year",
        )


def with_manners[F](manners: type[Any], made_of: type[F]) -> type[F]:
    """The form or formset class with what all of ours do."""
    if issubclass(made_of, manners):
        return made_of
    return type(made_of.__name__, (manners, made_of), {"__module__": __name__})


class StaffOptions:
    """What model admins and inlines have in common."""

    form: Any

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.form = with_manners(StaffForm, self.form)

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """The address of the page that readers see of a stored row; by default the
        one that the row itself names. Asked for stored rows only."""
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
    """Of inlines, however their rows are laid out."""

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
    """Rows of a row, one below the other."""


# == The row itself ==


class ModelAdmin[M: models.Model](StaffOptions, admin.ModelAdmin[M]):
    """A model admin with everything that is promised above."""

    # A list may have millions of rows, and nobody waits until they are counted.
    paginator = CappedPaginator
    show_full_result_count = False

    # -- the form --

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> M | None:
        """Of two who save the same row, the second begins with what the first left; a
        form writes all columns, those that it does not show, too."""
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
        """Django's answer wherever a row is not there. What was typed into its form
        would be lost with it."""
        from core.admin import form_recovery  # which needs the admin

        if request.method == "POST" and "post" not in request.POST:
            name = f"admin:{opts.app_label}_{opts.model_name}_changelist"
            return form_recovery.removed(request, reverse(name))
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
        """An address fills in no field, whoever made it up."""
        return {}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The form. What the database refuses when it is saved is undone, and the form
        shown again with the sentence."""
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
        """Save it once, however often it is sent."""
        sent = arrived(request)
        request.sent = sent  # type: ignore[attr-defined]
        earlier = saves.of_form(request, sent)
        if earlier is not None:
            if sent.content in earlier.change_message:
                return self.answer_again(request, earlier)
            sent.again = None if object_id else earlier
        if object_id:
            sent.who = saves.meanwhile(self.model, object_id, sent.opened)
        return super().changeform_view(request, object_id, *options)

    def answer_again(self, request: HttpRequest, earlier: Any) -> HttpResponse:
        """Of a button that was pressed twice, the browser shows the second answer."""
        row = self.get_object(request, earlier.object_id)
        if row is None:
            raise Http404
        messages.info(
            request,
            gettext("This form came twice. It was saved once: “%(row)s”.")
            % {"row": row},
        )
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return redirect(name, earlier.object_id)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        return super().log_addition(
            request, obj, saves.with_signature(request, message)
        )

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        saves.say_kept(request, getattr(request, "sent", None))
        return super().log_change(request, obj, saves.with_signature(request, message))

    def addressed(self, refusal: Refusal) -> Refusal:
        """As it is, where it is about one of the form's tables; else about the row."""
        tables = {inline.model._meta.db_table for inline in self.inlines}
        if refusal.table in tables:
            return refusal
        fields = refusal.fields if refusal.table == self.opts.db_table else ()
        return Refusal(refusal.sentence, self.opts.db_table, fields)

    def construct_change_message(self, *args: Any, **kwargs: Any) -> Any:
        """When all is written: what is checked at the end of a transaction is checked
        now, before anybody is told that it was saved."""
        connection.check_constraints()
        return super().construct_change_message(*args, **kwargs)

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: M | None = None,
    ) -> HttpResponse:
        """Around a refused form, and in what is only shown, stands the stored row: of
        the typed one nobody knows what can be said."""
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
        # Django's own line would say the same once more, without a way there.
        context["mistakes"], context["errors"] = context.get("errors"), None
        return super().render_change_form(request, context, add, change, form_url, obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What goes with them; both ways of deleting ask for it, before they do it."""
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
        """Back to where it was tried, with the sentence."""
        if connection.needs_rollback:
            raise error
        messages.error(request, refusal_of(error).sentence)
        return HttpResponseRedirect(request.get_full_path())

    # -- lists --

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Headed by what it lists; Django's heading asks for a choice of one."""
        title = capfirst(str(self.opts.verbose_name_plural))
        return super().changelist_view(
            request, {"title": title, **(extra_context or {})}
        )

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """What links of a list ask. Django takes anything about a row's own columns,
        and most of it fails or is dear."""
        _column, _parted, ending = lookup.rpartition("__")
        known = ending in LOOKUPS or "__" not in lookup
        return known and super().lookup_allowed(lookup, value, request)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Filters that cannot be answered lead to the list without them."""
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
        """Those of lists, which say what they showed. The page of a row offers none: it
        has buttons that ask, and knows what was read there."""
        if action_location is not ActionLocation.CHANGE_LIST:
            return {}
        return super().get_actions(request, action_location)

    def response_action(
        self, request: HttpRequest, queryset: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Of chosen rows, only numbers that rows may have; all or nothing is done."""
        number = self.opts.pk
        for chosen in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                number.run_validators(number.to_python(chosen))
            except ValidationError as error:
                raise BadRequest("That is no row") from error
        try:
            with transaction.atomic():
                return super().response_action(request, queryset, *args, **kwargs)
        except REFUSED as error:
            return self.refuse(request, error)


def show_stored_rows(formset: Any, parent: models.Model) -> None:
    """Beside what was typed into rows, what is stored of them."""
    formset.instance = parent
    rows = formset.model._default_manager.in_bulk(
        [form.instance.pk for form in formset.initial_forms]
    )
    for form in formset.initial_forms:
        form.instance = rows.get(form.instance.pk, form.instance)
    # Django goes through both at once.
    formset._queryset = [form.instance for form in formset.initial_forms]


def problems(adminform: Any, formsets: list[Any]) -> Iterator[tuple[str, str]]:
    """Each field that has to be corrected: its label, and the id that leads there."""
    forms = [adminform.form, *(form for formset in formsets for form in formset.forms)]
    for form in forms:
        for name in form.errors:
            if name in form.fields:
                yield str(form[name].label), form[name].id_for_label
