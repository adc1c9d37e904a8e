#!/usr/bin/env python
"""Django's command line for this site."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.db import Error


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from core.audit.actors import acting

    try:
        # Everything that the command writes is on record as its doing.
        with acting(f"command: {' '.join(sys.argv[1:2])}"):
            execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("Interrupted.")
    except Error as error:
        from core.db.connecting import explain_error

        if sentence := explain_error(error, migrating=sys.argv[1] == "migrate"):
            sys.exit(sentence)
        raise


if __name__ == "__main__":
    main()
