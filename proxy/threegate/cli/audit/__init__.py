"""`threegate audit …`."""

from threegate.cli.audit.commands import arguments as arguments
