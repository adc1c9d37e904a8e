from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class PetitionsConfig(AppConfig):
    name = "petitions"
    verbose_name = _("Petitions")

    def ready(self) -> None:
        from config.loops import WORKER_LOOPS
        from config.retention import declare
        from petitions import probes, retention  # noqa: F401 - registers the probes
        from petitions.loops import LOOPS

        WORKER_LOOPS[:] = LOOPS
        declare(retention.RULES, retention.NOT_PERSONAL, retention.PEOPLE)
        if settings.MAIL_WEBHOOKS:
            from petitions import webhooks  # noqa: F401 - listens to them
