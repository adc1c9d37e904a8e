"""A petition that was public and that anybody has signed is no draft again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from petitions.models import Petition, Signature
from petitions.signatures.tokens import TokenPurpose
from petitions.states import SignatureState, State
from tests.factories import make_entry, make_pending, make_petition, make_signature
from tests.petitions.views.helpers import page_of


def written_as_draft(petition: Petition) -> None:
    """Write past the forms and the verbs of the model."""
    Petition.objects.filter(pk=petition.pk).update(state=State.DRAFT)


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.OPEN, State.PAUSED])
@pytest.mark.parametrize("sign", [make_signature, make_pending, make_entry])
def test_what_was_signed_is_no_draft_again_however_it_is_written(
    state: State, sign: object
) -> None:
    petition = make_petition(state=state)
    assert callable(sign)
    sign(petition, 3) if sign is make_entry else sign(petition)

    sentence = "People have signed this petition: it cannot be a draft again"
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():
        written_as_draft(petition)


@pytest.mark.django_db
def test_what_nobody_signed_or_is_to_come_is(petition: Petition) -> None:
    to_come = make_petition(opens_at=timezone.now() + timedelta(days=1))
    make_entry(to_come, 3)

    for row in (petition, to_come):
        written_as_draft(row)

    assert set(Petition.objects.filter(state=State.DRAFT)) == {petition, to_come}


@pytest.mark.django_db
def test_a_form_that_arrives_in_that_moment_counts_nobody(
    petition: Petition, visitor: Client
) -> None:
    petition.unpublish(now=timezone.now())
    late = make_pending(petition)

    visitor.post(page_of(TokenPurpose.CONFIRM, late))

    assert not Signature.objects.exclude(state=SignatureState.PENDING).exists()
    assert Petition.objects.with_counts().get(pk=petition.pk).supporters == 0
