"""Errors of the import.

KibanaError
├── Unreachable   no answer, or Kibana is not ready: run it again
└── Refused       Kibana answered no: the message says what and what to do
"""


class KibanaError(Exception):
    """The import did not do all of its work. The message is for the person who ran it."""


class Unreachable(KibanaError):
    """No answer, or Kibana is not ready."""


class Refused(KibanaError):
    """Kibana answered no."""
