"""python -m deploy.local up|down|status|wipe"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deploy.local import LocalStackError, ServerStatus, Stack, down, status, up, wipe

EXAMPLES = """\
examples:
  python -m deploy.local up                  start both, wait until they answer
  python -m deploy.local up --verify         the same, and check every jar against its recorded sum
  python -m deploy.local status              a line for each server; exit code 0 only if both are up
  python -m deploy.local down                stop both, keep their data
  python -m deploy.local wipe --yes          stop both, delete their data
  python -m deploy.local up --kafka-port 19192 --engine-port 9260 --data /tmp/second
                                             a second stack beside the first (give `down` the same --data)

exit codes: 0 done, 1 not done (the reason is on stderr), 2 wrong usage
"""


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--kafka-port", type=int, metavar="PORT", help="NEWS_LOCAL_KAFKA_PORT, else 19092")
    where.add_argument("--engine-port", type=int, metavar="PORT", help="NEWS_LOCAL_ENGINE_PORT, else 9250; below 9300")
    where.add_argument("--data", type=Path, metavar="FOLDER", help="NEWS_LOCAL_DATA, else .data/local in the checkout")
    root = argparse.ArgumentParser(
        prog="python -m deploy.local",
        description="Apache Kafka and OpenSearch on this machine, listening on loopback only.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="up|down|status|wipe")
    start = commands.add_parser("up", parents=[where], help="start both servers and wait until they answer")
    start.add_argument("--verify", action="store_true", help="compute the sums of all jars, not only of changed files")
    commands.add_parser("down", parents=[where], help="stop both servers, keep their data")
    commands.add_parser("status", parents=[where], help="print a line for each server")
    delete = commands.add_parser("wipe", parents=[where], help="stop both servers and delete their data")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return run(options)
    except LocalStackError as error:
        print(f"local stack: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; python -m deploy.local down stops what was started", file=sys.stderr)
        return 130


def chosen(options: argparse.Namespace) -> Stack:
    """Return the stack that the options and, where they say nothing, the environment describe."""
    given = {
        name: value for name in ("kafka_port", "engine_port", "data") if (value := getattr(options, name)) is not None
    }
    return replace(Stack.from_environment(), **given)


def run(options: argparse.Namespace) -> int:
    stack = chosen(options)
    match options.command:
        case "up":
            up(stack, verify=options.verify)
        case "down":
            down(stack)
        case "status":
            servers = status(stack)
            print("\n".join(map(line, servers)))
            return 0 if all(server.state == "up" for server in servers) else 1
        case "wipe":
            if not (options.yes or agreed(f"Delete all data in {stack.data}? [y/N] ")):
                print("nothing deleted")
                return 1
            wipe(stack)
    return 0


def agreed(question: str) -> bool:
    """Return whether a person says yes; nobody being there to answer means no."""
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def line(server: ServerStatus) -> str:
    """Return a server's state for people."""
    found = f"{server.name:<7} {server.state:<14} 127.0.0.1:{server.port:<6}"
    if server.pid is not None:
        minutes, seconds = divmod(int(server.uptime), 60)
        found += f" pid {server.pid:<8} {server.memory / 1e6:.0f} MB   {minutes} min {seconds} s "
    return f"{found} log {server.log}" + (f"\n        {server.missing}" if server.missing else "")


if __name__ == "__main__":
    sys.exit(main())
