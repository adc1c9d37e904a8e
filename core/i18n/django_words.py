"""Sentences of Django's admin that locale/fr translates anew, because Django's French
is not Canada's or fits one gender only. Naming them here puts them into the catalogue,
which goes before Django's own."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

WORDS = (
    _("Change"),
    _("Add %s"),
    _("Change %s"),
    _("Add another %(verbose_name)s"),
    _("Add another %(model)s"),
    _("Select %s to change"),
    _("Select %s to view"),
    _("None available"),
    _("Delete?"),
    _("Email address:"),
    _("The {name} “{obj}” was added successfully."),
    _("The {name} “{obj}” was changed successfully."),
    _("The {name} “{obj}” was changed successfully. You may edit it again below."),
    _("The {name} “{obj}” was added successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    _("The %(name)s “%(obj)s” was deleted successfully."),
    _("%(name)s with ID “%(key)s” doesn’t exist. Perhaps it was deleted?"),
    _(
        "Are you sure you want to delete the %(object_name)s “%(escaped_object)s”? All "
        "of the following related items will be deleted:"
    ),
    _(
        "Are you sure you want to delete the selected %(objects_name)s? All of the "
        "following objects and their related items will be deleted:"
    ),
    _(
        "Forgotten your password? Enter your email address below, and we’ll email "
        "instructions for setting a new one."
    ),
)
