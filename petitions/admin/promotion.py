"""The promotion of a petition: the next step after signing, tagged links, paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.admin import saves
from core.admin.edit_conflicts import (
    ConflictAwareForm,
    arrived,
    told,
)
from core.audit import entries
from core.db import guards
from core.i18n.languages import name_in_reader_language
from core.mail.address_fields import AddressField
from core.text.fields import (
    LineField,
    TextField,
    URLField,
    formfield,
)
from organizations.rights import Right
from petitions.channels import clean_tag
from petitions.models import Letter, NextStep, Petition, TaggedLink
from petitions.models.next_steps import MAILTO_MOST, NextStepKind, mailto
from petitions.sharing import lettering, previews
from petitions.sharing.links import share_url
from petitions.states import PUBLIC_STATES, State

if TYPE_CHECKING:
    from petitions.admin.petitions import PetitionAdmin


# How many petitions, the newest, are offered as the next step; beside these, the one
# that is chosen now.
CHOICES = 300


class NextStepForm(ConflictAwareForm, forms.Form):
    """The form for what signers can do next; only the chosen kind of step is kept."""

    kind = forms.ChoiceField(
        label=_("After signing, suggest"),
        choices=[("", _("Nothing")), *NextStepKind.choices],
        widget=forms.RadioSelect,
        required=False,
    )
    other = forms.ModelChoiceField(
        label=_("Other petition"),
        help_text=_("One of your organisation’s 300 newest that are open or drafts."),
        queryset=Petition.objects.none(),
        required=False,
    )
    url = URLField(
        label=_("Your page for donations"),
        help_text=_("Its address begins with https://."),
        max_length=500,
        assume_scheme="https",
        required=False,
    )
    address = AddressField(
        label=_("The letter goes to"),
        help_text=_("The public e-mail address of the person petitioned."),
        ascii_only=True,
        required=False,
    )

    def __init__(
        self, petition: Petition, data: Any = None, *, editable: bool = True
    ) -> None:
        self.petition = petition
        step = NextStep.objects.filter(petition=petition).first()
        letters = (
            {letter.language: letter for letter in step.letters.all()} if step else {}
        )
        initial = {
            "kind": step.kind if step else "",
            "other": step.other_id if step else None,
            "url": step.url if step else "",
            "address": step.address if step else "",
        }
        super().__init__(data, initial=initial)
        others = Petition.objects.filter(organization=petition.organization_id)
        others = others.filter(state__in=(State.DRAFT, State.OPEN, State.PAUSED))
        choice = self.fields["other"]
        assert isinstance(choice, forms.ModelChoiceField)
        newest = others.exclude(pk=petition.pk).order_by("-pk").values("pk")[:CHOICES]
        offered = Q(pk__in=newest) | Q(pk=step.other_id if step else None)
        # Without their texts, which are most of a petition's row.
        choice.queryset = others.filter(offered).only("title").order_by("-pk")
        self.languages = list(dict.fromkeys([*petition.languages, *letters]))
        for code in self.languages:
            self.add_letter(code, letters.get(code))
        for field in self.fields.values():
            field.disabled = not editable

    def add_letter(self, code: str, letter: Letter | None) -> None:
        """Add the fields of a letter in one language."""
        name = name_in_reader_language(code)
        self.fields[f"subject_{code}"] = LineField(
            label=_("Subject (%(language)s)") % {"language": name},
            max_length=Letter._meta.get_field("subject").max_length,
            required=False,
            initial=letter.subject if letter else "",
        )
        self.fields[f"body_{code}"] = TextField(
            label=_("Letter (%(language)s)") % {"language": name},
            max_length=Letter._meta.get_field("body").max_length,
            required=False,
            initial=letter.body if letter else "",
            widget=forms.Textarea(attrs={"rows": 10, "cols": 80, "dir": "auto"}),
        )

    # -- checking --

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        match given.get("kind"):
            case NextStepKind.PETITION:
                self.require("other", _("Choose the other petition."))
            case NextStepKind.DONATION:
                self.require("url", _("Enter the address of your page for donations."))
                if given.get("url", "https://")[:8].lower() != "https://":
                    self.add_error("url", _("The page’s address begins with https://."))
            case NextStepKind.LETTER:
                self.require("address", _("Enter who the letter goes to."))
                self.clean_letters()
        return given

    def require(self, name: str, sentence: Any) -> None:
        """Add `sentence` as the error of a field that is empty, unless it has one."""
        if name not in self.errors and not self.cleaned_data.get(name):
            self.add_error(name, sentence)

    def clean_letters(self) -> None:
        """Require subject and text of each letter that was begun, and at least one
        letter."""
        for code in self.languages:
            subject, body = self.letter(code)
            if body and not subject:
                self.add_error(f"subject_{code}", _("Give the letter a subject."))
            if subject and not body:
                self.add_error(f"body_{code}", _("Write the letter."))
        if not any(all(self.letter(code)) for code in self.languages):
            self.require(f"body_{self.languages[0]}", _("Write the letter."))

    def letter(self, code: str) -> tuple[str, str]:
        """Return subject and text in one language, each "" unless it has visible
        characters."""
        subject, body = (
            self.cleaned_data.get(f"{part}_{code}", "") for part in ("subject", "body")
        )
        return subject * guards.is_visible(subject), body * guards.is_visible(body)

    # -- saving --

    def save(self) -> None:
        """Save the chosen step and delete the one before it."""
        given, petition = self.cleaned_data, self.petition
        kind = given["kind"]
        with transaction.atomic():
            NextStep.objects.filter(petition=petition).delete()
            if not kind:
                return
            step = NextStep(petition=petition, kind=kind)
            if kind == NextStepKind.PETITION:
                step.other = given["other"]
            elif kind == NextStepKind.DONATION:
                step.url = "https" + given["url"][5:]
            else:
                step.address = given["address"]
            step.full_clean()
            step.save()
            if kind == NextStepKind.LETTER:
                for code in self.languages:
                    subject, body = self.letter(code)
                    if body:
                        step.letters.create(language=code, subject=subject, body=body)

    def too_long(self) -> Iterator[str]:
        """Yield the languages whose letter is too long for some mail programs, so that
        signers are asked to copy it."""
        for code in self.languages:
            subject, body = self.letter(code)
            if len(mailto(self.cleaned_data["address"], subject, body)) > MAILTO_MOST:
                yield name_in_reader_language(code)


class TaggedLinkForm(forms.ModelForm[TaggedLink]):
    class Meta:
        model = TaggedLink
        fields = ["tag"]
        formfield_callback = formfield
        labels = {"tag": _("Tag of a new link")}
        help_texts = {
            "tag": _("Small letters, digits and hyphens, at most 20: autumn-letter.")
        }

    def clean_tag(self) -> str:
        return str(self.cleaned_data["tag"]).lower()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        try:
            self.instance.tag = self.cleaned_data.get("tag", "")
            self.instance.validate_constraints()
        except ValidationError as error:
            self.add_error("tag", error.messages)
        return cleaned


@transaction.atomic
def spread(
    model_admin: PetitionAdmin, request: HttpRequest, petition: Petition
) -> HttpResponse:
    """Show the promotion page; on POST, do what one of its forms asks."""
    editable = model_admin.holds(request, Right.WRITE, petition)
    posted = request.POST.get("form", "") if editable else ""
    if posted:
        # When a button is pressed twice, the second request waits here, and then finds
        # what the first has done.
        get_object_or_404(
            Petition.objects.select_for_update(no_key=True), pk=petition.pk
        )
    step = NextStepForm(
        petition, request.POST if posted == "step" else None, editable=editable
    )
    link = TaggedLinkForm(
        request.POST if posted == "link" else None,
        instance=TaggedLink(petition=petition),
    )
    step.sent = arrived(request)
    step.sent.who = saves.meanwhile(Petition, str(petition.pk), step.sent.opened)
    if posted == "step" and step.is_valid():
        step.save()
        saves.say_kept(request, step.sent)
        entries.note(petition, gettext("Next step after signing"))
        messages.success(request, gettext("The next step was saved."))
        if step.cleaned_data["kind"] == NextStepKind.LETTER:
            warn_of_length(request, list(step.too_long()))
        return redirect(request.path)
    if posted == "link" and link.is_valid():
        link.save()
        entries.note(petition, gettext("Link with a tag"))
        messages.success(request, gettext("The link was made."))
        return redirect(request.path)
    if posted == "remove":
        tag = clean_tag(request.POST.get("tag", ""))
        gone, _rows = petition.tagged_links.filter(tag=tag).delete()
        if gone:
            entries.note(petition, gettext("Link with a tag removed"))
            messages.success(request, gettext("The link was removed."))
        return redirect(request.path)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": gettext("Spreading"),
        "subtitle": str(petition),
        "opts": model_admin.opts,
        "petition": petition,
        "editable": editable,
        "is_public": petition.state in PUBLIC_STATES,
        # A petition that has ended has no poster.
        "can_print": petition.state in PUBLIC_STATES and not petition.has_ended,
        "step": step,
        "seen": told(step),
        "link": link,
        "links": links_of(petition),
        "card": previews.picture_of_petition(petition).url,
        "undrawn": not lettering.drawable(petition.words.title),
        "media": model_admin.media,
    }
    template = "admin/petitions/petition/spread.html"
    return TemplateResponse(request, template, context)


def warn_of_length(request: HttpRequest, languages: list[str]) -> None:
    if languages:
        messages.warning(
            request,
            gettext(
                "Too long for some mail programs: %(languages)s. Supporters are asked "
                "to copy the words; a letter of 1,000 characters opens everywhere."
            )
            % {"languages": ", ".join(languages)},
        )


def links_of(petition: Petition) -> list[dict[str, Any]]:
    """Return the links that staff made, each with its tag, its URL, and how many
    confirmed signatures it has brought."""
    brought = dict(
        petition.channel_tallies.values_list("via").annotate(sum=Sum("confirmed"))
    )
    return [
        {
            "tag": link.tag,
            "url": share_url(petition, link.tag),
            "brought": brought.get(link.tag, 0),
        }
        for link in petition.tagged_links.all()
    ]
