from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = _("Organisations")

    def ready(self) -> None:
        from config.retention import declare
        from organizations import retention

        declare(retention.RULES, retention.NOT_PERSONAL, retention.PEOPLE)
