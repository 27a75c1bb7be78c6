"""Who may try a log that failed, and when; the time is in the test's hand."""

from services.ingest.accepting.breaker import Breaker


def opened(at=0.0):
    breaker = Breaker(first=1.0, longest=30.0)
    breaker.record_failure(breaker.ask(at), at)
    return breaker


def test_everybody_tries_while_it_is_closed():
    breaker = Breaker()
    assert all(breaker.ask(0.0) is not None for _ in range(10))


def test_nobody_tries_while_it_is_open():
    breaker = opened(at=5.0)
    assert [breaker.ask(5.0), breaker.ask(5.99)] == [None, None]


def test_then_one_at_a_time_probes():
    breaker = opened()
    assert breaker.ask(1.0) is not None
    assert [breaker.ask(1.0), breaker.ask(100.0)] == [None, None]


def test_a_probe_that_succeeds_closes_it():
    breaker = opened()
    breaker.record_success(breaker.ask(1.0))
    assert all(breaker.ask(1.0) is not None for _ in range(3))


def test_each_probe_that_fails_doubles_the_wait_up_to_the_bound():
    breaker, now, waits = opened(), 0.0, []
    for _ in range(8):
        begun = now
        while (number := breaker.ask(now)) is None:
            now += 0.5
        waits.append(now - begun)
        breaker.record_failure(number, now)
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]


def test_the_wait_begins_short_again_after_a_success():
    breaker = opened()
    breaker.record_failure(breaker.ask(1.0), 1.0)
    breaker.record_success(breaker.ask(3.0))
    breaker.record_failure(breaker.ask(4.0), 4.0)
    assert breaker.ask(4.9) is None
    assert breaker.ask(5.0) is not None


def test_calls_from_before_it_opened_that_fail_late_lengthen_nothing_and_end_no_probe():
    breaker = Breaker(first=1.0)
    early, late = breaker.ask(0.0), breaker.ask(0.0)
    breaker.record_failure(early, 0.0)
    probe = breaker.ask(1.0)
    breaker.record_failure(late, 1.0)
    assert breaker.ask(1.5) is None, "the probe is still under way"
    breaker.record_failure(probe, 2.0)
    assert breaker.ask(3.9) is None
    assert breaker.ask(4.0) is not None


def test_a_late_success_from_before_does_not_close_it():
    breaker = Breaker(first=1.0)
    early, late = breaker.ask(0.0), breaker.ask(0.0)
    breaker.record_failure(early, 0.0)
    breaker.record_success(late)
    assert breaker.ask(0.5) is None


def test_a_probe_that_was_abandoned_leaves_its_place_to_the_next():
    breaker = opened()
    breaker.release_probe(breaker.ask(1.0))
    assert breaker.ask(1.0) is not None
