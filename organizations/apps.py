from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.utils.translation import gettext_lazy as _


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = _("Organisations")

    def ready(self) -> None:
        from core.admin.logins import begin_session
        from core.retention import declare
        from organizations import logins, retention

        user_logged_in.connect(begin_session)
        user_logged_in.connect(logins.entered)
        user_logged_out.connect(logins.left)
        declare(retention.RULES, retention.NOT_PERSONAL, retention.PEOPLE)
