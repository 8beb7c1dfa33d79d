"""Two processes and many threads over one home: no answer is wrong, and none is an error."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from codex_rpc.rollout.stored_thread import ThreadQuery
from tests.unit.rollout.stored_home import StoredHome, append, found, listed, numbers, talk

OTHER_SERVER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    import anyio
    from codex_rpc.rollout.stored_thread import ThreadQuery
    from codex_rpc.rollout.thread_store import ThreadStore

    async def main(home, rounds):
        async with ThreadStore(home) as store:
            for round in range(rounds):
                for order in ("created_at", "updated_at"):
                    page = await store.list(ThreadQuery(order=order, limit=100))
                    assert len(page.threads) >= 40, len(page.threads)
                matches = (await store.search("zebra", ThreadQuery(limit=100))).matches
                assert len(matches) >= 40, len(matches)
                if round % 3 == 2:
                    await store.reindex()

    anyio.run(main, Path(sys.argv[1]), int(sys.argv[2]))
    """
)


def other_server(home: StoredHome, rounds: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", OTHER_SERVER, str(home.path), str(rounds)],
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_two_servers_share_an_index_that_one_of_them_keeps_making_anew(
    tmp_path: Path,
) -> None:
    """No `database is locked` reaches a client, and no thread is ever missing."""
    home = StoredHome(tmp_path)
    for number in range(40):
        home.thread(number, f"zebra {number}")
    with other_server(home, rounds=40) as other:
        async with home.store() as store:
            number = 40
            while other.poll() is None:
                path = home.thread(number, f"zebra {number}")
                expected = list(range(number, -1, -1))
                assert await listed(store, limit=1000) == expected
                append(path, *talk("more of the zebra"))
                assert await found(store, "zebra", limit=1000) == expected
                number += 1
        assert other.wait() == 0, other.stderr and other.stderr.read()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_fifty_thousand_stored_threads_are_listed_and_found(tmp_path: Path) -> None:
    """Pages, filters and searches are right however much is stored."""
    home = StoredHome(tmp_path)
    count = 50_000
    for number in range(count):
        home.thread(number * 20, f"thread {number}", cwd=f"/p/{number % 100}")
    async with home.store() as store:
        first = await store.list(ThreadQuery(limit=50))
        assert numbers(first) == [number * 20 for number in range(count - 1, count - 51, -1)]
        second = await store.list(ThreadQuery(limit=50, cursor=first.next_cursor))
        assert numbers(second)[0] == (count - 51) * 20
        assert await listed(store, order="updated_at", limit=3) == numbers(first)[:3]
        home.change_at(home.file(20), 2 * 20 * count)
        await store.touched(home.file(20))
        assert await listed(store, order="updated_at", limit=1) == [20]
        assert len(await listed(store, cwds=["/p/7"], limit=1000)) == count // 100
    async with home.store() as store:
        assert await listed(store, limit=50) == numbers(first)
        assert (await store.find(first.threads[7].thread_id)).preview == f"thread {count - 8}"
