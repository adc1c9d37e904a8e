from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PetitionsConfig(AppConfig):
    name = "petitions"
    verbose_name = _("Petitions")

    def ready(self) -> None:
        from core.audit import tables
        from core.http import gate, sent_forms
        from core.retention import declare_retention
        from core.worker.loops import WORKER_LOOPS
        from petitions import (  # noqa: F401 - registers them
            audited,
            checks,
            probes,
        )
        from petitions.identity.key_ring import make_first_version
        from petitions.loops import LOOPS
        from petitions.privacy import rules
        from petitions.signature_fields import LABELS

        WORKER_LOOPS[:] = LOOPS
        sent_forms.LABELS.update(LABELS)
        gate.SIGNS.update({"petitions:sign", "petitions:one_press"})
        gate.WORKS_ALWAYS.add("operation_switch")
        tables.declare_audited(audited.CHOICES)
        declare_retention(rules.RULES, rules.NOT_PERSONAL, rules.PEOPLE)
        post_migrate.connect(make_first_version, sender=self)
        if settings.MAIL_WEBHOOKS:
            from petitions.mail import webhooks  # noqa: F401 - listens to them
