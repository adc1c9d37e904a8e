"""The limits and mail providers that a new site begins with; staff change them. The
rules for addresses come with the first key: petitions.identity.key_ring."""

from django.db import migrations

# Generous: offices, schools and mobile networks bring thousands through one address.
LIMITS = [
    ("address", 10, 60),
    ("network", 300, 60),
    ("domain", 500, 60),
    ("ceiling", 6000, 60),
]

# Providers whose customers are many, and strangers to each other.
PROVIDERS = """
gmail.com googlemail.com outlook.com hotmail.com live.com msn.com outlook.fr
hotmail.fr live.fr hotmail.ca live.ca yahoo.com yahoo.ca yahoo.fr ymail.com
icloud.com me.com mac.com aol.com gmx.com gmx.de gmx.net web.de mail.com
protonmail.com proton.me pm.me videotron.ca sympatico.ca bell.net rogers.com
shaw.ca telus.net orange.fr wanadoo.fr free.fr sfr.fr laposte.net bbox.fr
"""


def write_defaults(apps, schema_editor):
    limit = apps.get_model("petitions", "Limit")
    limit.objects.bulk_create(
        limit(scope=scope, most=most, minutes=minutes)
        for scope, most, minutes in LIMITS
    )
    listed = apps.get_model("petitions", "ListedDomain")
    listed.objects.bulk_create(
        listed(domain=domain, listing="allow") for domain in PROVIDERS.split()
    )


class Migration(migrations.Migration):
    dependencies = [("petitions", "0004_search")]

    operations = [migrations.RunPython(write_defaults, migrations.RunPython.noop)]
