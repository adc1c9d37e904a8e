"""Helpers for the tests of a petition's life in the admin: its form and its dates."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from petitions.models import Petition
from petitions.states import State
from tests.petitions.admin.helpers import form as any_form

LIST = "/admin/petitions/petition/"


DAY = timedelta(days=1)


def change(petition: Petition) -> str:
    return f"{LIST}{petition.pk}/change/"


def form(petition: Petition, **changes: Any) -> dict[str, Any]:
    """Return the petition's form as a browser would send it; a draft's has its
    organisation."""
    if petition.state == State.DRAFT:
        changes = {"organization": petition.organization_id, **changes}
    return any_form(petition, **changes)


def typed(name: str, moment: datetime | None) -> dict[str, str]:
    """Return a date as it is typed into the two fields."""
    if moment is None:
        return {f"{name}_0": "", f"{name}_1": ""}
    local = timezone.localtime(moment)
    return {f"{name}_0": f"{local:%Y-%m-%d}", f"{name}_1": f"{local:%H:%M:%S}"}
