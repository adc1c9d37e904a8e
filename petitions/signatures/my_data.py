"""All that is stored about one person: shown, handed out and erased, whoever asks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from core.db.database import repeatable
from organizations.models import Organization
from petitions.addresses import address_spellings
from petitions.channels import ASKED_BY_MAIL
from petitions.identity import (
    key_ring,
    same_person,
)
from petitions.models import (
    AskedMailbox,
    Bounce,
    Consent,
    CountReceipt,
    ImportedSignature,
    LeftOut,
    LeftOutElsewhere,
    MailingRecipient,
    MergedSignature,
    OutgoingMail,
    Report,
    Signature,
    UnsubscribedMailbox,
)
from petitions.models.imports import ImportedSignatureQuerySet
from petitions.models.mails import MailKind, MailState
from petitions.models.reports import ReportQuerySet
from petitions.signature_fields import OPTIONAL
from petitions.signatures.consent import forget_answers
from petitions.signatures.withdrawing import withdraw
from petitions.states import Delivery, SignatureState

# == Whose data ==


@dataclass(frozen=True)
class DataSubject:
    """A person whose data is asked for, and how much of it the answer may touch."""

    addresses: Callable[[], list[str]]
    """The spellings of the address under which something is stored."""
    signatures: QuerySet[Signature]
    consents: QuerySet[Consent]
    reports: ReportQuerySet
    imported: ImportedSignatureQuerySet
    unsubscribed: QuerySet[UnsubscribedMailbox]
    """What lists of those who unsubscribed elsewhere have of them. It is shown, and
    stays when all else is erased."""
    asked: QuerySet[AskedMailbox]
    """Where they were asked because of an import: shown, and stays, likewise."""

    @classmethod
    def owner(cls, address: str) -> Self:
        """Return whoever reads the mail of this very address: all on the site that was
        entered with it, and nothing of another spelling."""
        ring = key_ring.current_keyring()
        return cls(
            lambda: [address],
            same_person.of_address(Signature.objects.all(), address),
            same_person.of_address(Consent.objects.all(), address),
            Report.objects.legible().filter(email__in=address_spellings(address)),
            ImportedSignature.objects.of_address(address, ring),
            on_unsubscribe_lists(ring.all_keys(address)),
            asked_to_confirm(ring.all_keys(address)),
        )

    @classmethod
    def supporter(
        cls, address: str, organization: Organization, *, exact: bool = False
    ) -> Self:
        """Return the owner of the mailbox with this address, in any spelling, as an
        organisation knows them: all that is stored under it, and nothing of another
        organisation. With `exact`, of this spelling alone: the rule that makes two of
        them one mailbox may be wrong about somebody."""
        signatures: QuerySet[Signature] = Signature.objects.filter(
            petition__organization=organization
        )
        consents = Consent.objects.filter(organization=organization)
        reports = Report.objects.legible().received_by(organization.pk)
        imported = ImportedSignature.objects.filter(petition__organization=organization)
        ring = key_ring.current_keyring()
        if exact:
            imported = imported.of_address(address, ring)
            signatures = same_person.of_address(signatures, address)
            consents = same_person.of_address(consents, address)
            reports = reports.filter(email__in=address_spellings(address))
        else:
            imported = imported.of_mailbox(address, ring)
            known = key_ring.keys_of(address)
            signatures = signatures.filter(email_key__in=known)
            consents = consents.filter(email_key__in=known)
            reports = reports_of(reports, address)

        def addresses() -> list[str]:
            rows: tuple[QuerySet[Any], ...] = (signatures, consents, reports)
            return sorted({email for row in rows for email in emails_of(row)})

        every_key = ring.all_keys(address)
        unsubscribed = on_unsubscribe_lists(every_key, organization)
        asked = asked_to_confirm(every_key, organization)
        return cls(
            addresses, signatures, consents, reports, imported, unsubscribed, asked
        )

    @classmethod
    def of_key(cls, email_key: UUID, organization: Organization) -> Self:
        """Return the owner of the mailbox with this key, as an organisation knows them,
        where no address is known: messages, which have none, are not found."""
        signatures: QuerySet[Signature] = Signature.objects.filter(
            petition__organization=organization, email_key=email_key
        )
        consents = Consent.objects.filter(
            organization=organization, email_key=email_key
        )
        return cls(
            lambda: sorted(emails_of(signatures) | emails_of(consents)),
            signatures,
            consents,
            Report.objects.none(),
            ImportedSignature.objects.filter(
                petition__organization=organization, email_key=email_key
            ),
            on_unsubscribe_lists([email_key], organization),
            asked_to_confirm([email_key], organization),
        )

    @property
    def is_unknown(self) -> bool:
        """Whether nothing is stored about them."""
        return not (
            any(place.rows(self).exists() for place in PLACES)
            or self.unsubscribed.exists()
            or self.asked.exists()
        )


def on_unsubscribe_lists(
    keys: Iterable[UUID], organization: Organization | None = None
) -> QuerySet[UnsubscribedMailbox]:
    """Return what lists of those who unsubscribed elsewhere have of a mailbox: those of
    one organisation, or of all."""
    rows = UnsubscribedMailbox.objects.in_force().filter(email_key__in=keys)
    if organization is not None:
        rows = rows.filter(unsubscribe_list__organization=organization)
    return rows.select_related("unsubscribe_list__organization").order_by("pk")


def asked_to_confirm(
    keys: Iterable[UUID], organization: Organization | None = None
) -> QuerySet[AskedMailbox]:
    """Return where a mailbox was asked to confirm here that somebody signed elsewhere:
    for petitions of one organisation, or for all."""
    rows = AskedMailbox.objects.filter(email_key__in=keys)
    if organization is not None:
        rows = rows.filter(petition__organization=organization)
    return rows.select_related("petition").order_by("pk")


def emails_of(rows: QuerySet[Any]) -> set[str]:
    return set(rows.order_by().values_list("email", flat=True))


def reports_of(reports: ReportQuerySet, address: str) -> ReportQuerySet:
    """Return those of `reports` whose sender gave an address of the same mailbox. They
    have no key, so each one's is made: there are few, and they are kept for months."""
    version = key_ring.current_keyring().newest
    key = version.key(address)
    given = reports.exclude(email="").values_list("pk", "email")
    return reports.filter(
        pk__in=[pk for pk, email in given if version.key(email) == key]
    )


# == What is stored, place by place ==


class Detail(NamedTuple):
    """Something that is stored: its key in the download, its label for people, and its
    value; `words` say the value where it is a code."""

    key: str
    label: StrOrPromise
    value: Any
    words: StrOrPromise = ""


@dataclass(frozen=True)
class Place:
    """A table with a person's data. What is listed and what is erased are the same
    `rows`."""

    key: str
    heading: StrOrPromise
    rows: Callable[[DataSubject], QuerySet[Any]]
    details: Callable[[Any], Iterator[Detail]]


def signature_details(row: Signature) -> Iterator[Detail]:
    petition = row.petition
    title = petition.words_in(row.text_language).title
    yield Detail("petition", _("Petition"), title)
    address = settings.SITE_URL + petition.get_absolute_url()
    yield Detail("address", _("Its page"), address)
    yield Detail("organization", _("Organisation"), petition.organization.display_name)
    yield Detail("state", _("State"), row.state, row.get_state_display())
    yield Detail("name", _("Name"), row.name)
    yield Detail("email", _("E-mail address"), row.email)
    for field in OPTIONAL:
        yield Detail(field.name, field.heading, getattr(row, field.name))
    yield Detail("comment", _("Comment"), row.comment)
    yield Detail("name_shown", _("Name shown on the page"), row.show_name)
    yield Detail("updates", _("Wants updates"), row.wants_updates)
    yield Detail("language", _("Language"), row.language)
    language = row.text_language or petition.language
    yield Detail("text_language", _("Language of the text"), language)
    yield Detail("network", _("Network"), row.network)
    yield Detail("came_by_link", _("Came by the link"), row.via)
    delivery = Delivery(row.delivery).label
    yield Detail(
        "agreed_to_hand_over", _("Agreed to hand over"), row.delivery, delivery
    )
    yield Detail("signed_at", _("Signed at"), row.created_at)
    yield Detail("confirmed_at", _("Confirmed"), row.confirmed_at)
    yield Detail("withdrawn_at", _("Withdrawn"), row.withdrawn_at)
    invalidated = row.invalidation and row.invalidation.made_at
    yield Detail("invalidated_at", _("Removed from the count"), invalidated)
    yield Detail(
        "withdrawn_because", _("Withdrawn because"), row.withdrawn_because,
        row.get_withdrawn_because_display(),
    )  # fmt: skip
    yield Detail("erased_on", _("Will be erased"), row.erased_on)


def consent_details(row: Consent) -> Iterator[Detail]:
    yield Detail("email", _("E-mail address"), row.email)
    yield Detail("updates", _("Wants updates"), row.wants_updates)
    yield Detail("asked_by", _("Asked by"), row.sender)
    yield Detail("wording", _("Wording of the question"), row.wording_version)
    yield Detail("language", _("Language"), row.language)
    yield Detail("given_at", _("Answered"), row.given_at)


def mail_details(row: OutgoingMail) -> Iterator[Detail]:
    yield Detail("kind", _("What for"), row.kind, MailKind(row.kind).label)
    yield Detail("state", _("State"), row.state, MailState(row.state).label)
    yield Detail("created_at", _("Caused"), row.created_at)
    yield Detail("finished_at", _("Finished"), row.finished_at)
    yield Detail("reply", _("Answer of the mail server"), row.reply)


def merged_details(row: MergedSignature) -> Iterator[Detail]:
    yield Detail("number", _("Number"), row.pk)
    yield Detail("merged_into", _("Merged into"), row.into_id)


def report_details(row: Report) -> Iterator[Detail]:
    about = row.petition.title if row.petition else ""
    yield Detail("petition", _("Petition"), about)
    yield Detail("reason", _("What it is about"), row.reason, row.get_reason_display())
    yield Detail("text", _("Message"), row.text)
    yield Detail("email", _("E-mail address"), row.email)
    yield Detail("language", _("Language"), row.language)
    yield Detail("created_at", _("Came"), row.created_at)
    yield Detail("handled_at", _("Handled"), row.handled_at)


def left_out_details(row: LeftOut | LeftOutElsewhere) -> Iterator[Detail]:
    pack = row.pack
    yield Detail("petition", _("Petition"), pack.petition.title)
    yield Detail("for", _("For"), pack.target.label_with_office)
    yield Detail("prepared_at", _("Prepared"), pack.made_at)


def news_details(row: MailingRecipient) -> Iterator[Detail]:
    yield Detail("update", _("Update"), row.update.title)
    yield Detail("state", _("State"), row.state, MailState(row.state).label)
    yield Detail("finished_at", _("Finished"), row.finished_at)
    yield Detail("unsubscribed_at", _("Unsubscribed"), row.unsubscribed_at)
    yield Detail("reply", _("Answer of the mail server"), row.reply)


def receipt_details(row: CountReceipt) -> Iterator[Detail]:
    yield Detail("petition", _("Petition"), row.signature.petition.title)
    yield Detail("line", _("Line of the count log"), row.number + 1)
    yield Detail("secret", _("Secret number"), bytes(row.nonce).hex())


def imported_details(row: ImportedSignature) -> Iterator[Detail]:
    yield Detail("petition", _("Petition"), row.petition.title)
    yield Detail("counted", _("Counted"), row.counted)
    yield Detail("brought_in_at", _("Brought in"), row.signature_import.made_at)
    if row.name:
        yield Detail("name", _("Name"), row.name)
        yield Detail("place", _("Place"), row.place)
        yield Detail("region", _("Region"), row.region)
        yield Detail("country", _("Country"), row.country)
        stated = row.signature_import.stated_consents.all()
        agreed = "\n".join(f"{one.place}: “{one.words}”" for one in stated)
        yield Detail("agreed", _("Agreed there, as the organisation states"), agreed)


def signatures_of(subject: DataSubject) -> QuerySet[Signature]:
    """Return the signatures, newest first, including every pending form for the same
    petition."""
    return (
        subject.signatures.select_related(
            "petition__organization", "invalidation", "removal"
        )
        .prefetch_related(
            "petition__translations", "petition__organization__descriptions"
        )
        .order_by("-created_at", "-pk")
    )


def consents_of(subject: DataSubject) -> QuerySet[Consent]:
    return subject.consents.order_by("given_at", "pk")


def mails_of(subject: DataSubject) -> QuerySet[OutgoingMail]:
    of_theirs = subject.signatures.order_by().values("pk")
    return OutgoingMail.objects.filter(signature__in=of_theirs).order_by("pk")


def news_of(subject: DataSubject) -> QuerySet[MailingRecipient]:
    of_theirs = subject.signatures.order_by().values("pk")
    rows = MailingRecipient.objects.filter(signature__in=of_theirs)
    return rows.select_related("update").order_by("pk")


def receipts_of(subject: DataSubject) -> QuerySet[CountReceipt]:
    of_theirs = subject.signatures.order_by().values("pk")
    rows = CountReceipt.objects.filter(signature__in=of_theirs)
    return rows.select_related("signature__petition").order_by("signature", "number")


def merged_of(subject: DataSubject) -> QuerySet[MergedSignature]:
    of_theirs = subject.signatures.order_by().values("pk")
    return MergedSignature.objects.filter(into__in=of_theirs).order_by("pk")


def left_outs_of(subject: DataSubject) -> QuerySet[LeftOut]:
    of_theirs = subject.signatures.order_by().values("pk")
    rows = LeftOut.objects.filter(signature__in=of_theirs).order_by("pk")
    return rows.select_related("pack__petition", "pack__target")


def left_outs_elsewhere_of(subject: DataSubject) -> QuerySet[LeftOutElsewhere]:
    of_theirs = subject.imported.order_by().values("pk")
    rows = LeftOutElsewhere.objects.filter(person__in=of_theirs).order_by("pk")
    return rows.select_related("pack__petition", "pack__target")


def imported_of(subject: DataSubject) -> QuerySet[ImportedSignature]:
    return subject.imported.select_related("petition", "signature_import").order_by(
        "pk"
    )


def messages_of(subject: DataSubject) -> QuerySet[Report]:
    return subject.reports.select_related("petition").order_by("pk")


PLACES = (
    Place("signatures", _("Signatures"), signatures_of, signature_details),
    Place(
        "answers_about_updates", _("Answers about updates"), consents_of,
        consent_details,
    ),
    Place("receipts", _("Receipts"), receipts_of, receipt_details),
    Place("mails", _("Mails"), mails_of, mail_details),
    Place("news", _("News by mail"), news_of, news_details),
    Place("merged_forms", _("Copies of a form"), merged_of, merged_details),
    Place("left_out", _("Left out of a list"), left_outs_of, left_out_details),
    Place(
        "left_out_elsewhere", _("Left out of a list"), left_outs_elsewhere_of,
        left_out_details,
    ),
    Place("signed_elsewhere", _("Signed elsewhere"), imported_of, imported_details),
    Place("messages", _("Messages to the organisation"), messages_of, report_details),
)  # fmt: skip


def everything_about(subject: DataSubject) -> dict[str, Any]:
    """Return all that is stored about a person, for that person to download."""
    data: dict[str, Any] = {
        place.key: [
            {detail.key: json_value(detail.value) for detail in place.details(row)}
            for row in place.rows(subject)
        ]
        for place in PLACES
    }
    data["time_zone"] = settings.TIME_ZONE
    addresses = subject.addresses()
    data["never_written_to"] = sorted(key_ring.suppressed(addresses))
    data["unsubscribed_elsewhere"] = [
        {
            "organization": row.unsubscribe_list.organization.name,
            "since": json_value(row.unsubscribe_list.taken_in_at),
        }
        for row in subject.unsubscribed.all()
    ]
    data["asked_to_confirm"] = [
        {"petition": row.petition.title, "asked_at": json_value(row.asked_at)}
        for row in subject.asked.all()
    ]
    data["mail_comes_back"] = sorted(key_ring.silenced(Bounce.objects.all(), addresses))
    return data


def json_value(value: Any) -> Any:
    """Return a value as JSON has it: a moment in the site's zone, with its distance
    from UTC."""
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    return value


def signatures_of_address(address: str) -> QuerySet[Signature]:
    """Return all signatures with this exact address, newest first, including every
    pending form for the same petition."""
    return signatures_of(DataSubject.owner(address))


# == Erasing ==


@repeatable
def erase_all(subject: DataSubject, *, now: datetime) -> None:
    """Erase all that PLACES list of a person; counted signatures are withdrawn
    first."""
    with transaction.atomic():
        for signature in subject.signatures.select_related("petition").order_by("pk"):
            if Signature.objects.filter(pk=signature.pk).exists():
                erase_signature(signature, now=now)
        subject.consents.delete()
        subject.imported.take_away(now=now)
        subject.reports.erase_words()


@repeatable
def erase_signature(signature: Signature, *, now: datetime) -> None:
    """Erase one person's data on one petition. A counted signature is withdrawn first,
    so that the count falls; then every row with the address is deleted, or, where two
    people may share it, every row of this person. Mails in which the petition could be
    signed with one press do not sign it again: they may have been forwarded."""
    # Links never lead to a signature that was anonymised.
    assert signature.email_key is not None
    with transaction.atomic():
        theirs = erased_with(signature)
        for row in theirs.select_for_update(of=("self",)).order_by("pk"):
            if row.state == SignatureState.CONFIRMED:
                withdraw(row, now=now)
            same_person.delete_signatures(Signature.objects.filter(pk=row.pk))
        at_address = same_person.of_address(
            Signature.objects.filter(petition=signature.petition_id), signature.email
        )
        ring = key_ring.current_keyring()
        imported = ImportedSignature.objects.of_address(signature.email, ring)
        imported.filter(petition=signature.petition_id).take_away(now=now)
        if not at_address.exclude(state=SignatureState.PENDING).exists():
            # A consent is the mailbox's: the other person there may have given it.
            forget_answers(signature)
        theirs = same_person.of_address(Signature.objects.all(), signature.email)
        MailingRecipient.objects.filter(
            mailing__next_petition=signature.petition_id, signature__in=theirs
        ).exclude(state=MailState.DUE).update(signature=None)


@repeatable
def erase_entered(signature: Signature, *, now: datetime) -> None:
    """Erase the pending signatures of an address under a petition, for its owner, who
    did not ask for them. Where an import says that they signed elsewhere, and this asks
    them to confirm it, that does not count them any more either."""
    ring = key_ring.current_keyring()
    with transaction.atomic():
        same_person.erase_pending(signature)
        if signature.via == ASKED_BY_MAIL:
            imported = ImportedSignature.objects.of_address(signature.email, ring)
            imported.filter(petition=signature.petition_id).take_away(now=now)


def erased_with(signature: Signature) -> QuerySet[Signature]:
    """Return the rows that go when this signature is erased, itself among them."""
    at_address = same_person.of_address(
        Signature.objects.filter(petition=signature.petition_id), signature.email
    )
    theirs = Q(person=signature.person)
    if not signature.petition.shared_addresses:
        theirs |= Q(state=SignatureState.PENDING)
    return at_address.filter(theirs)
