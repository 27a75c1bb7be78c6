"""`python -m tests.bench`: what it carries, against a bare baseline in the same run, on real Apache Kafka and PostgreSQL."""

import argparse
import sys

import uvloop

from tests.bench.machine import BARE, PARTITIONS, Machine, padding
from tests.bench.pipeline import OURS, Done, drain, end_to_end, intake
from tests.bench.table import table

PARTS = ("drain", "pipeline", "embedded", "clocks", "up")


async def run(given):
    wanted = given.only or PARTS
    rounds, count = (2, 4_000) if given.quick else (5, 20_000)
    rows = []
    if "drain" in wanted:
        rows += await on_servers(lambda machine: drain(machine, rounds, count, given.profile))
    if "pipeline" in wanted:
        rows += await on_servers(lambda machine: pipeline(machine, rounds, count))
    print(f"\n{table(rows)}")


async def on_servers(measure):
    machine = Machine()
    try:
        await machine.begin_servers()
        return await measure(machine)
    except BaseException:
        print(machine.said(), file=sys.stderr)
        raise
    finally:
        machine.close()


async def pipeline(machine, rounds, count):
    await machine.begin_web(padding())
    rows = await intake(machine, rounds, count)
    machine.begin("router-1")
    machine.begin("relay")
    given = {"bootstrap": machine.kafka.bootstrap, "topic": BARE, "partitions": PARTITIONS}
    machine.begin_bare("consumer", host=machine.postgres.folder, **given)
    await caught_up(machine)
    return rows + await end_to_end(machine, rounds, count)


async def caught_up(machine):
    """The backlog of the intake is routed, published and stored."""
    import asyncio

    from aiokafka import AIOKafkaConsumer, TopicPartition

    client = AIOKafkaConsumer(bootstrap_servers=machine.kafka.bootstrap)
    await client.start()
    for topic, database, statement in (
        ("stafett.signals.v1", "postgres", OURS),
        (BARE, "bare", OURS.replace("EXISTS (SELECT FROM outbox)", "false")),
    ):
        ends = await client.end_offsets([TopicPartition(topic, p) for p in range(PARTITIONS)])
        while True:
            try:
                done = await Done.at(machine, statement, machine.dsn(database))
                done._from = 0
                await done.wait(sum(ends.values()), 600)
                break
            except Exception as error:  # the table is not there yet
                if "does not exist" not in str(error):
                    raise
                await asyncio.sleep(0.5)
    await client.stop()


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small rounds: whether it runs, not what it carries")
    parser.add_argument("--only", action="append", choices=PARTS)
    parser.add_argument("--profile", help="file for the profile of the router's last drain")
    uvloop.run(run(parser.parse_args()))


main()
