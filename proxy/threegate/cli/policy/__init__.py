"""`threegate policy …`."""

from threegate.cli.policy.commands import arguments as arguments
