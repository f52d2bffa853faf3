"""Apache Kafka and OpenSearch on a machine that has Python and nothing else: `python -m deploy.local --help`.

For tests, demo and benchmarks:

    stack = Stack.on_free_ports(folder)
    up(stack)                      # both answer: stack.bootstrap_servers, stack.engine_url
    kill(stack, "kafka")           # a crash
    start(stack, "kafka")
    wipe(stack)                    # stops both and deletes their data
"""

from deploy.local.control import ServerStatus, down, kill, pid, start, status, stop, up, wipe
from deploy.local.errors import LocalStackError
from deploy.local.stack import SERVERS, ServerName, Stack

__all__ = (
    "SERVERS",
    "LocalStackError",
    "ServerName",
    "ServerStatus",
    "Stack",
    "down",
    "kill",
    "pid",
    "start",
    "status",
    "stop",
    "up",
    "wipe",
)
