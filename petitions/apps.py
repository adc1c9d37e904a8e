from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PetitionsConfig(AppConfig):
    name = "petitions"
    verbose_name = _("Petitions")

    def ready(self) -> None:
        from config.loops import WORKER_LOOPS
        from config.retention import declare
        from petitions import checks, probes, retention  # noqa: F401 - registers them
        from petitions.keys import make_first_version
        from petitions.loops import LOOPS

        WORKER_LOOPS[:] = LOOPS
        declare(retention.RULES, retention.NOT_PERSONAL, retention.PEOPLE)
        post_migrate.connect(make_first_version, sender=self)
        if settings.MAIL_WEBHOOKS:
            from petitions import webhooks  # noqa: F401 - listens to them
