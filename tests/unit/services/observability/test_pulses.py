"""A role whose loop stands still is found."""

from datetime import timedelta

from services.observability.pulses import Pulses


def test_a_loop_is_well_while_it_takes_steps_and_found_when_it_stands_still():
    now = [0.0]
    pulses = Pulses(lambda: now[0])
    router = pulses.of("router")
    pulses.of("delivery", timedelta(seconds=30))
    now[0] = 59
    assert pulses.states() == {"delivery": "ok", "router": "ok"}
    router()
    now[0] = 80
    assert pulses.states() == {"delivery": "ok", "router": "ok"}
    now[0] = 125
    assert pulses.states() == {"delivery": "no step for 125 s", "router": "no step for 66 s"}
    router()
    assert pulses.states()["router"] == "ok"
