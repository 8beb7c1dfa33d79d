from codex_rpc.model.retry import jitter, request_delay, stream_delay


def test_each_attempt_waits_twice_as_long_up_to_a_minute() -> None:
    assert [request_delay(attempt, 1.0) for attempt in (1, 2, 3, 4)] == [0.2, 0.4, 0.8, 1.6]
    assert request_delay(100, 1.0) == 60.0


def test_jitter_stays_near_one() -> None:
    assert all(0.9 <= jitter() <= 1.1 for _ in range(100))


def test_a_requested_wait_is_kept_exactly() -> None:
    assert stream_delay(3, 7.0, 0.9) == 7.0
    assert stream_delay(3, None, 1.0) == 0.8
