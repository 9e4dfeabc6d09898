"""A master with two replicas that three Sentinels watch, on loopback."""

import contextlib
from pathlib import Path
from typing import Final

import redis

from tests.cluster.redis.node import Node, free_ports, wait_for
from tests.cluster.redis.programs import program_of
from tests.faults.servers import RedisServer

SERVICE: Final = "deals"
REPLICAS, SENTINELS, QUORUM = 2, 3, 2
DOWN_AFTER_MS: Final = 800


class Sentinel(Node):
    """One Sentinel, which writes what it learns into its own file."""

    def __init__(self, program: str, folder: Path, port: int, master: Node) -> None:
        super().__init__(program, folder, port, {})
        self._conf = folder / "sentinel.conf"
        self._conf.write_text(
            f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {master.port} {QUORUM}\n"
            f"sentinel down-after-milliseconds {SERVICE} {DOWN_AFTER_MS}\n"
            f"sentinel failover-timeout {SERVICE} 4000\n"
        )

    def _words(self) -> list[str]:
        return [str(self._conf), "--sentinel"]


class SentinelServer(RedisServer):
    """In the place of the stage's one Redis: whoever is the master now."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        program = program_of()
        ports = free_ports(1 + REPLICAS + SENTINELS)
        place = folder / "sentinel"
        first = ports[0]
        self.nodes = [
            Node(
                program,
                place / str(port),
                port,
                {} if port == first else {"replicaof": f"127.0.0.1 {first}"},
            )
            for port in ports[: 1 + REPLICAS]
        ]
        self.sentinels = [
            Sentinel(program, place / str(port), port, self.nodes[0]) for port in ports[1 + REPLICAS :]
        ]

    @property
    def url(self) -> str:
        """The address by two of the Sentinels."""
        places = ",".join(f"127.0.0.1:{each.port}" for each in self.sentinels[:2])
        return f"redis+sentinel://{places}/{SERVICE}"

    def start(self) -> None:
        """Start all; return once the Sentinels know each other and the replicas."""
        for node in (*self.nodes, *self.sentinels):
            node.start()
        self.wait_well(1 + REPLICAS)

    def wait_well(self, servers: int) -> None:
        """Return once every Sentinel sees so many servers, and all replicas have the data."""

        def is_well() -> bool:
            running = [node for node in self.nodes if node.is_running]
            replicas = [info for info in (node.info() for node in running) if info["role"] == "slave"]
            return (
                len(running) == servers
                and len(replicas) == servers - 1
                and all(info["master_link_status"] == "up" for info in replicas)
                and all(
                    len(each.ask("SENTINEL", "REPLICAS", SERVICE)) >= servers - 1
                    and len(each.ask("SENTINEL", "SENTINELS", SERVICE)) == SENTINELS - 1
                    for each in self.sentinels
                )
            )

        wait_for(is_well, "Sentinels to see all servers")

    @property
    def master(self) -> Node:
        """The server that the Sentinels name."""
        _, port = self.sentinels[0].ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(node for node in self.nodes if node.port == int(port))

    def fail_over(self, *, crash: bool) -> Node:
        """Let a replica take over, because the master died or in good order; return the former master."""
        former = self.master
        if crash:
            former.kill()
        else:
            self.sentinels[0].ask("SENTINEL", "FAILOVER", SERVICE)
        wait_for(
            lambda: self.master is not former and self.master.info()["role"] == "master",
            "another master",
        )
        return former

    def client(self) -> redis.Redis:
        """Return a client of the master."""
        return self.master.client()

    def kill(self) -> None:
        """End all."""
        for node in (*self.nodes, *self.sentinels):
            with contextlib.suppress(ProcessLookupError):
                node.kill()
