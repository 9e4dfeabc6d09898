"""A real Redis Cluster on loopback: three masters with a replica each, started here and ended by id."""

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import redis
from redis.crc import key_slot

from tests.cluster.redis.node import Node, free_ports, wait_for

MASTERS: Final = 3
SLOTS: Final = 16_384
NODE_TIMEOUT_MS: Final = 1_000
FAIL_OVER_SECONDS: Final = 6.0


class Cluster:
    """Its nodes, and what can be done to them."""

    def __init__(self, program: str, folder: Path, options: Mapping[str, str], **client: Any) -> None:
        own = {
            "cluster-enabled": "yes",
            "cluster-config-file": "nodes.conf",
            "cluster-node-timeout": str(NODE_TIMEOUT_MS),
            # A replica that was cut off for long is promoted too: it is what these tests are about.
            "cluster-replica-validity-factor": "0",
            "cluster-migration-barrier": "1",
            **options,
        }
        self._open = lambda port: Node(program, folder / str(port), port, own, **client)
        self.nodes = [self._open(port) for port in free_ports(2 * MASTERS)]

    def start(self) -> None:
        """Start all nodes and make one cluster of them."""
        for node in self.nodes:
            node.start()
        first = self.nodes[0]
        for number, node in enumerate(self.nodes):
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in self.nodes[1:]:
            node.ask("CLUSTER", "MEET", "127.0.0.1", first.port)
        for number, node in enumerate(self.nodes[:MASTERS]):
            begin, end = (SLOTS * part // MASTERS for part in (number, number + 1))
            node.ask("CLUSTER", "ADDSLOTSRANGE", begin, end - 1)
        for number, node in enumerate(self.nodes[MASTERS:]):
            master = self.id_of(self.nodes[number])
            wait_for(lambda node=node, master=master: master in self._known_to(node), "the nodes to meet")
            node.ask("CLUSTER", "REPLICATE", master)
        self.wait_well()

    def close(self) -> None:
        """End all nodes."""
        for node in self.nodes:
            with contextlib.suppress(ProcessLookupError):
                node.kill()

    @property
    def running(self) -> list[Node]:
        """The nodes that are there."""
        return [node for node in self.nodes if node.is_running]

    def wait_well(self) -> None:
        """Return once all that run agree that all is well, and each master has its replica up to date."""
        wait_for(self._is_well, "the cluster to be well")

    def _is_well(self) -> bool:
        try:
            if not self.is_ok():
                return False
            views = [self.owners(node) for node in self.running]
            links = [node.info() for node in self.running]
        except redis.RedisError:
            return False
        replicas = [each for each in links if each["role"] == "slave"]
        return (
            all(view == views[0] for view in views)
            and len(replicas) == len(self.running) - MASTERS
            and all(each["master_link_status"] == "up" for each in replicas)
        )

    def is_ok(self) -> bool:
        """Return whether all that run say that all slots are served."""
        return all(b"cluster_state:ok" in _raw(node.ask("CLUSTER", "INFO")) for node in self.running)

    def owners(self, seen_by: Node) -> dict[int, int]:
        """Return the port of each slot's master, as a node has it."""
        found = {}
        for begin, end, (_, port, *_), *_ in seen_by.ask("CLUSTER", "SLOTS"):
            found |= dict.fromkeys(range(begin, end + 1), int(port))
        return found

    def at(self, port: int) -> Node:
        """Return the node of a port."""
        return next(node for node in self.nodes if node.port == port)

    def masters(self) -> list[Node]:
        """Return the masters that serve slots."""
        return [self.at(port) for port in sorted(set(self.owners(self.running[0]).values()))]

    def master_of(self, key: str) -> Node:
        """Return who serves a key."""
        return self.at(self.owners(self.running[0])[key_slot(key.encode())])

    def other_than(self, master: Node) -> Node:
        """Return another master."""
        return next(node for node in self.masters() if node is not master)

    def replica_of(self, master: Node) -> Node:
        """Return a replica of a master."""
        wait_for(lambda: self._replicas(master), "a replica")
        return self._replicas(master)[0]

    def _replicas(self, master: Node) -> list[Node]:
        infos = [(node, node.info()) for node in self.running]
        return [
            node
            for node, info in infos
            if info["role"] == "slave"
            and info["master_port"] == master.port
            and info["master_link_status"] == "up"
        ]

    def id_of(self, node: Node) -> str:
        """Return what the cluster calls a node."""
        return _raw(node.ask("CLUSTER", "MYID")).decode()

    def kill(self, master: Node) -> None:
        """Kill a master and return when its replica has been promoted."""
        master.kill()
        wait_for(lambda: self._serves_without(master), "a replica to be promoted")

    def _serves_without(self, gone: Node) -> bool:
        views = [self.owners(node) for node in self.running]
        served = all(len(view) == SLOTS and gone.port not in view.values() for view in views)
        return served and self.is_ok()

    def take_over(self, replica: Node, behind_seconds: float) -> int:
        """Keep a replica from what is written for some time, and then promote it without asking anybody.

        Returns how many bytes of its master's writes it never got.
        """
        master = self.at(replica.info()["master_port"])
        password = replica.ask("CONFIG", "GET", "masterauth")
        # With a wrong password it gets nothing more from its master, and keeps what it has.
        replica.ask("CONFIG", "SET", "masterauth", "wrong")
        master.ask("CLIENT", "KILL", "TYPE", "replica")
        time.sleep(behind_seconds)
        lost = master.info()["master_repl_offset"] - replica.info()["slave_repl_offset"]
        replica.ask("CLUSTER", "FAILOVER", "TAKEOVER")
        wait_for(lambda: replica.info()["role"] == "master", "the replica to take over")
        replica.ask("CONFIG", "SET", "masterauth", password[1])
        return int(lost)

    def fail_over(self, replica: Node) -> None:
        """Let a replica take over in good order; return once it is a master for all others.

        Redis gives it up if the master is busy for five seconds: then it is asked for again.
        """
        asked = -FAIL_OVER_SECONDS

        def has_taken_over() -> bool:
            nonlocal asked
            if all(replica.port in self.owners(each).values() for each in self.running):
                return True
            if time.monotonic() - asked > FAIL_OVER_SECONDS:
                asked = time.monotonic()
                # It may just have become a master.
                with contextlib.suppress(redis.ResponseError):
                    replica.ask("CLUSTER", "FAILOVER")
            return False

        wait_for(has_taken_over, "it to take over")

    def join(self) -> Node:
        """Start another node and return it, once it is a master without slots for all others."""
        new, first = self._open(free_ports(1)[0]), self.nodes[0]
        new.start()
        new.ask("CLUSTER", "MEET", "127.0.0.1", first.port)
        name = self.id_of(new)
        self.nodes.append(new)
        wait_for(lambda: all(name in self._known_to(node) for node in self.running), "the new node to be met")
        wait_for(lambda: b"cluster_state:ok" in _raw(new.ask("CLUSTER", "INFO")), "the new node to be well")
        return new

    def leave(self, node: Node) -> None:
        """End a node without slots, and let the others forget it."""
        name = self.id_of(node)
        self.nodes.remove(node)
        node.kill()
        for each in self.running:
            each.ask("CLUSTER", "FORGET", name)

    def move(self, slot: int, to: Node, pause_seconds: float = 0.0) -> int:
        """Move a slot as redis-cli does, with pauses while its keys are on two nodes; return how many."""
        with self.moving(slot, to) as source:
            return 0 if source is to else self.take_keys(slot, source, to, pause_seconds)

    def take_keys(self, slot: int, source: Node, to: Node, pause_seconds: float = 0.0) -> int:
        """Move the keys of a slot, a few at a time; return how many."""
        moved = 0
        while keys := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 3):
            source.ask("MIGRATE", "127.0.0.1", to.port, "", 0, 5_000, "KEYS", *keys)
            moved += len(keys)
            time.sleep(pause_seconds)
        return moved

    @contextmanager
    def moving(self, slot: int, to: Node) -> Iterator[Node]:
        """Yield the node that a slot moves away from; afterwards it has moved."""
        source = self.at(self.owners(to)[slot])
        if source is to:
            yield source
            return
        source_id, to_id = self.id_of(source), self.id_of(to)
        to.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source_id)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", to_id)
        try:
            yield source
        finally:
            for node in (to, source, *(each for each in self.masters() if each not in {to, source})):
                try:
                    node.ask("CLUSTER", "SETSLOT", slot, "NODE", to_id)
                except redis.ResponseError as error:
                    # A master that has given its last slot away may be a replica by now.
                    if node is to or "only with masters" not in str(error):
                        raise

    def _known_to(self, node: Node) -> str:
        return _raw(node.ask("CLUSTER", "NODES")).decode()

    def url(self, scheme: str = "redis+cluster", login: str = "", options: str = "") -> str:
        """Return the address of the cluster by two of its nodes."""
        places = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])
        return f"{scheme}://{login}{places}{options}"


@contextmanager
def open_cluster(
    program: str, folder: Path, options: Mapping[str, str] | None = None, **client: Any
) -> Iterator[Cluster]:
    """Start a cluster in a folder; all of it is ended afterwards."""
    cluster = Cluster(program, folder, options or {}, **client)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.close()


def _raw(reply: Any) -> bytes:
    if isinstance(reply, dict):
        return "\r\n".join(f"{name}:{value}" for name, value in reply.items()).encode()
    return reply if isinstance(reply, bytes) else str(reply).encode()
