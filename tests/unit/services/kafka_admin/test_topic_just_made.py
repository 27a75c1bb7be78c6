"""A topic that one broker has and another has not heard of yet is not there yet."""

from aiokafka.errors import UnknownTopicOrPartitionError

from services.kafka_admin.topics import _Admin


class Client:
    async def describe_topics(self, names):
        return [{"topic": name, "error_code": 0, "partitions": [{"replicas": [1, 2, 3]}]} for name in names]

    async def describe_configs(self, _):
        raise UnknownTopicOrPartitionError


async def test_it_is_not_found_and_nothing_fails():
    admin = _Admin.__new__(_Admin)
    admin._client = Client()
    assert await admin.find_topics(["t"]) == {"t": None}
