"""Three brokers of Apache Kafka, each a controller as well (KRaft), on this machine; each may be restarted, or replaced by an empty one."""

import asyncio
import shutil
import time

from aiokafka.admin import AIOKafkaAdminClient

from tests.parts.kafka import SWIFT, KafkaBroker, new_cluster_id

NODES = 3


class _Node(KafkaBroker):
    """One of them. `voters` are all."""

    heap = "256m"

    def __init__(self, number, cluster, flags):
        super().__init__(flags)
        self.number, self._cluster, self.voters = number, cluster, ""

    @property
    def voter(self):
        return f"{self.number}@127.0.0.1:{self._controller}"

    def _properties(self):
        text = super()._properties()
        changes = {
            "node.id": str(self.number),
            "controller.quorum.voters": self.voters,
            "offsets.topic.replication.factor": "3",
            "transaction.state.log.replication.factor": "3",
            "share.coordinator.state.topic.replication.factor": "3",
        }
        lines = [line for line in text.splitlines() if line.partition("=")[0] not in changes]
        return "\n".join([*lines, *(f"{name}={value}" for name, value in changes.items())]) + "\n"

    def replace(self):
        """It dies with its disk, and an empty one begins in its place."""
        self.stop(kill=True)
        shutil.rmtree(self.folder / "data")
        self.format(self._cluster)
        self.start()


class KafkaCluster:
    """A `KafkaBroker` to whoever starts, asks and closes. `bootstrap` names all brokers."""

    def __init__(self, flags=SWIFT):
        cluster = new_cluster_id()
        self.nodes = [_Node(number, cluster, flags) for number in range(1, NODES + 1)]
        for node in self.nodes:
            node.voters = ",".join(other.voter for other in self.nodes)

    @property
    def bootstrap(self):
        return ",".join(node.bootstrap for node in self.nodes)

    def start(self):
        # None of them answers before there are two.
        for node in self.nodes:
            node.begin()
        for node in self.nodes:
            node.wait()
        return self

    def wait_in_sync(self, seconds=120):
        """Until every partition of every topic has all its replicas in sync. Raises AssertionError."""
        until = time.monotonic() + seconds
        while (behind := asyncio.run(self._behind())) != 0:
            assert time.monotonic() < until, f"{behind} partitions are not in sync"
            time.sleep(0.5)

    async def _behind(self):
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
        try:
            await admin.start()
            described = await admin.describe_topics()
        except Exception:
            return None
        finally:
            await admin.close()
        parts = [part for topic in described for part in topic["partitions"]]
        return sum(len(part["isr"]) < NODES for part in parts)

    def close(self):
        for node in self.nodes:
            node.close()
