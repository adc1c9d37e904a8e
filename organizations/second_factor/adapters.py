"""The answers of this site to django-allauth: how secrets are kept, what the site is
called, and where a request comes from."""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest

from core.security import encryption
from core.security.client_network import network_of

NOWHERE = "0.0.0.0"  # noqa: S104 - stored where no network is known


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the first address of the visitor's network; never a whole address."""
        network = network_of(request)
        return str(network.network_address) if network is not None else NOWHERE


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text)

    def _get_site_name(self) -> str:
        """Return the name by which authenticator apps list the account: the host of
        SITE_URL, whatever host a visitor names."""
        return str(settings.SITE_HOST)

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return what a passkey is bound to: the host of SITE_URL."""
        host = urlsplit(settings.SITE_URL).hostname or ""
        return {"id": host, "name": str(settings.SITE_HOST)}
