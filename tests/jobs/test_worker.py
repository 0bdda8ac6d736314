"""A worker stays in the queue's register for as long as it lives."""

from __future__ import annotations

import pytest
from redis import Redis
from rq import Queue, Worker

from config import LIGHT, RUNS
from jobs.worker import HouseWorker


@pytest.fixture
def queues(valkey):
    """The queue server, emptied, and a worker of each queue that has just begun."""
    valkey.clear()
    connection = Redis.from_url(valkey.url)
    born = []
    for name in (RUNS, LIGHT):
        worker = HouseWorker([Queue(name, connection=connection, serializer="json")], connection=connection, serializer="json")
        worker.register_birth()
        worker.set_state("idle")
        born.append(worker)
    return connection, born


def known(connection: Redis) -> list[list[str]]:
    """What /salud and the page Producción are told: queues, for each worker of the register."""
    return sorted(worker.queue_names() for worker in Worker.all(connection=connection))


@pytest.mark.parametrize("within_a_job", [False, True])
def test_a_worker_that_was_thought_dead_is_in_the_register_again_at_its_next_sign_of_life(queues, within_a_job):
    """A machine that slept, or a queue server that came back empty: the record has gone, and whoever looks strikes the name off."""
    connection, (runs, light) = queues
    connection.delete(runs.key)
    assert known(connection) == [[LIGHT]]
    if within_a_job:
        with connection.pipeline() as pipeline:
            runs.heartbeat(75, pipeline=pipeline)
            pipeline.execute()
    else:
        runs.heartbeat()
    assert known(connection) == [[LIGHT], [RUNS]]
    (again,) = Worker.all(queue=Queue(RUNS, connection=connection))
    assert (again.pid, again.get_state()) == (runs.pid, "idle")
    assert 0 < connection.ttl(runs.key) <= runs.worker_ttl + 60
