"""Sign each night how many lines the count log of a petition has, and the hash of all
of them, in the format of https://c2sp.org/tlog-checkpoint. Copies with others then show
whether the site has changed a line since."""

from __future__ import annotations

import hashlib
import logging
from base64 import b64encode
from datetime import datetime, time, timedelta
from functools import cache
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from petitions.counts import tree
from petitions.models import Checkpoint, Total

logger = logging.getLogger(__name__)

# After midnight, so that what was counted before it has been folded.
WAIT = timedelta(minutes=5)
IN_A_ROUND = 20
TILES_IN_A_ROUND = 500

# A petition whose supporters were folded before there was a log: a line for each day
# and source.
BEGIN = """
INSERT INTO petitions_countleaf (petition_id, number, day, source, delta, nonce_hash)
SELECT petition_id, row_number() OVER (ORDER BY day, source) - 1, day, source, number,
       sha256(uuid_send(gen_random_uuid()))
  FROM petitions_dailytotal WHERE petition_id = %s AND number <> 0
"""


def advance_logs(now: datetime) -> bool:
    """Begin logs and sign checkpoints, some at a time, for the worker; return whether
    more are waiting."""
    return begin_logs() | sign_due(now)


# == Beginning ==


def begin_logs() -> bool:
    """Begin the log of petitions that have a total but no log; return whether more may
    be waiting."""
    rows = Total.objects.filter(log_size=None).order_by("pk")
    waiting = list(rows.values_list("pk", flat=True)[:IN_A_ROUND])
    for petition in waiting:
        begin_log(petition)
    return len(waiting) == IN_A_ROUND


def begin_log(petition: int) -> None:
    """Write the first lines of a log, which stand for all that was folded so far."""
    with transaction.atomic():
        # Folding takes the same lock first.
        total = Total.objects.select_for_update().get(pk=petition)
        if total.log_size is not None:
            return
        with connection.cursor() as cursor:
            cursor.execute(BEGIN, [petition])
            total.log_size = cursor.rowcount
        total.save(update_fields=["log_size"])


# == Signing ==


def sign_due(now: datetime) -> bool:
    """Sign checkpoints of petitions whose log has grown since the last one, once a day;
    return whether more may be waiting. Without a CHECKPOINT_KEY nothing is signed."""
    if not settings.CHECKPOINT_KEY:
        return False
    due = due_at(now)
    unfinished = broken = 0
    for petition in due:
        try:
            unfinished += sign_checkpoint(petition, now=now) is None
        except tree.LogBroken:
            broken += 1
            logger.exception("The count log of petition %s is not whole", petition)
    # One that is broken is looked at again in the next round, not at once.
    return not broken and (len(due) == IN_A_ROUND or unfinished > 0)


def due_at(now: datetime) -> list[int]:
    """Return petitions whose next checkpoint is due, IN_A_ROUND of them at most: after
    midnight, in the site's time zone, or at once if there is none yet."""
    local = timezone.localtime(now - WAIT)
    midnight = timezone.make_aware(datetime.combine(local.date(), time()))
    last = signed_now().filter(petition=OuterRef("petition")).order_by("-size")
    rows = Total.objects.annotate(
        signed=Coalesce(Subquery(last.values("size")[:1]), 0),
        signed_at=Subquery(last.values("made_at")[:1]),
    ).filter(Q(signed_at=None) | Q(signed_at__lt=midnight), log_size__gt=F("signed"))
    return list(rows.order_by("pk").values_list("pk", flat=True)[:IN_A_ROUND])


def sign_checkpoint(petition: int, *, now: datetime) -> Checkpoint | None:
    """Sign the petition's log as it is now and return the checkpoint; the one that is
    there if the log has not grown. Return None if there is nothing to sign, no key to
    sign with, or so much to hash that another round is needed."""
    size = Total.objects.values_list("log_size", flat=True).filter(pk=petition).first()
    if not size or not settings.CHECKPOINT_KEY:
        return None
    if known := signed_now().filter(petition=petition, size=size).first():
        return known
    if not tree.store_tiles(petition, size, most=TILES_IN_A_ROUND):
        return None
    root = tree.Tree(petition, size).root
    checkpoint, _is_new = Checkpoint.objects.get_or_create(
        petition_id=petition,
        size=size,
        key=public_key(),
        defaults={
            "root": root,
            "note": signed_note(f"{origin(petition)}\n{size}\n{base64_text(root)}\n"),
            "made_at": now,
        },
    )
    return checkpoint


def origin(petition: int) -> str:
    """Return the name of the petition's log. It stays when the petition gets another
    address."""
    return f"{key_name()}/{petition}"


def key_name() -> str:
    return f"{urlsplit(settings.SITE_URL).netloc}/log"


def base64_text(data: bytes) -> str:
    return b64encode(data).decode("ascii")


@cache
def private_key(secret: str) -> Ed25519PrivateKey:
    seed = hashlib.sha256(b"petitions.checkpoint\n" + secret.encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def key_id_and_data(name: str) -> tuple[bytes, bytes]:
    """Return what https://c2sp.org/signed-note calls the key ID, and the public key
    with the byte 1 before it, which says that it is one of Ed25519."""
    key = private_key(settings.CHECKPOINT_KEY).public_key()
    data = b"\x01" + key.public_bytes_raw()
    return hashlib.sha256(name.encode() + b"\n" + data).digest()[:4], data


def public_key() -> str:
    """Return the key that outsiders verify checkpoints with, as NAME+ID+KEY; "" without
    a CHECKPOINT_KEY."""
    if not settings.CHECKPOINT_KEY:
        return ""
    number, data = key_id_and_data(key_name())
    return f"{key_name()}+{number.hex()}+{base64_text(data)}"


def signed_note(text: str) -> str:
    """Return the text with its signature (https://c2sp.org/signed-note)."""
    number, _data = key_id_and_data(key_name())
    signature = private_key(settings.CHECKPOINT_KEY).sign(text.encode())
    return f"{text}\n\u2014 {key_name()} {base64_text(number + signature)}\n"


def signed_now() -> QuerySet[Checkpoint]:
    """Return what the present key has signed: after another key is set, everything is
    signed anew."""
    return Checkpoint.objects.filter(key=public_key())


def newest_checkpoint(petition: int) -> Checkpoint | None:
    return signed_now().filter(petition=petition).order_by("-size").first()


def signed_at(petition: int, moment: datetime) -> Checkpoint | None:
    """Return the newest checkpoint of a petition as of `moment`; None if there was
    none."""
    rows = Checkpoint.objects.filter(petition=petition, made_at__lte=moment)
    return rows.order_by("-made_at", "-size").first()
