"""Three brokers under load: each is restarted, then each loses its disk and is replaced by an empty one, one by one."""

from tests.maintenance.fleet import TendedFleet
from tests.parts.kafka_cluster import KafkaCluster

BOUND = 30.0


class ClusterFleet(TendedFleet):
    """Each record is on all three brokers, and on two before it is acknowledged."""

    def __init__(self, edits=()):
        cluster = KafkaCluster(self.kafka_flags)
        super().__init__(edits, bootstrap=cluster.bootstrap)
        self.kafka = cluster

    def settings(self):
        return {"STAFETT_KAFKA_REPLICATION_FACTOR": "3", "STAFETT_KAFKA_MIN_INSYNC_REPLICAS": "2"}


def steps(fleet):
    def then_wait(do):
        def run():
            do()
            fleet.kafka.wait_in_sync()

        return run

    nodes = fleet.kafka.nodes
    return [
        *((f"broker {node.number} restarted", then_wait(node.restart)) for node in nodes),
        *((f"broker {node.number} replaced by an empty one", then_wait(node.replace)) for node in nodes),
    ]
