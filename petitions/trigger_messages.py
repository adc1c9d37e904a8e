"""Messages of database triggers that refuse something, listed for translators:
core.db.refusals looks a trigger's own sentence up in the catalogue."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

SENTENCES = (
    _("A correction is permanent: correct it with another one."),
    _("A count entry is permanent: correct it with another one."),
    _("The count log is permanent: another line corrects a mistake."),
    _("A counted signature must be withdrawn before it is erased."),
    _("An entry of the audit trail stays as it is."),
    _("An import stays on record: take it back."),
    _("A request that was answered stays on record as it is."),
    _("An update that was published keeps its address."),
    _("Choose a petition of the same organisation."),
    _("A link that was given to an office is only revoked."),
    _("How many were handed over does not change afterwards."),
    _("It stays with its answer."),
    _("It stays with its petition."),
    _("Its own text is in this language."),
    _("Nobody has stated that people of this file agreed to be named."),
    _("People have signed since this text was there: its words are frozen."),
    _("People have signed this petition: it cannot be a draft again."),
    _("People have signed this petition: its words are frozen."),
    _("People have signed this petition: their names are not kept for longer."),
    _("People have signed this petition: whom it petitions is frozen."),
    _("Revisions of answers are written by the database alone."),
    _("That an answer was withdrawn is recorded for good."),
    _("That a list was exported is recorded for good."),
    _("The names of this petition are not erased yet: it can be called off."),
    _("The names of this petition were erased."),
    _("The names of this petition were erased: it takes no signatures."),
    _("The passage that is corrected is not in the text."),
    _("The petition has another text in this language."),
    _("The petition’s own text is in this language."),
    _("This person or body is not petitioned here."),
    _("This petition has ended for good."),
    _("What an office wrote stays as it was sent, until it is erased."),
    _("What people of this file agreed to stays as it was stated."),
    _("What was counted and entered stays as it is: correct it by a count entry."),
    _("What was made for delivery stays on record as it was made."),
    _("What was mailed stays on record as it was ordered."),
    _("What was published stays readable."),
    _(
        "Who has unsubscribed elsewhere is not written to: only their own yes changes "
        "that."
    ),
    _("Whose signature this was is erased: nothing more is written into it."),
)
