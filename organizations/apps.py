from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.utils.translation import gettext_lazy as _


class OrganizationsConfig(AppConfig):
    name = "organizations"
    verbose_name = _("Organisations")

    def ready(self) -> None:
        from core.admin.logins import begin_session
        from core.audit import tables
        from core.http import gate
        from core.retention import declare_retention
        from organizations import (  # noqa: F401 - registers them
            audited,
            checks,
            confirming,
            logins,
            retention,
            sessions,
        )

        # Who looks at a supporter may have to give the password again.
        gate.WORKS_ALWAYS.update({"admin:login_code", "admin:confirm"})
        user_logged_in.connect(begin_session)
        user_logged_in.connect(confirming.note_identity_at_login)
        user_logged_in.connect(sessions.note_login)
        user_logged_in.connect(logins.record_login)
        user_logged_out.connect(logins.left)
        tables.declare_audited(audited.CHOICES)
        declare_retention(retention.RULES, retention.NOT_PERSONAL, retention.PEOPLE)
