"""Transactions: what waits for the disk, and what waits for nobody."""

from concurrent.futures import ThreadPoolExecutor

from labeling.store import Offer, Store
from labeling.store.sql.database import Database


def test_answers_wait_for_the_disk_and_leases_do_so_where_a_crash_could_lose_them(
    store: Store,
) -> None:
    ask, firm, loose = "PRAGMA synchronous", 2, 1
    if store.path is None:
        ask, firm, loose = "SHOW synchronous_commit", "on", "on"
    database = Database(store.engine)
    for passing, care in ((False, firm), (True, loose), (False, firm)):
        with database.write(passing=passing) as connection:
            assert connection.exec_driver_sql(ask).scalar() == care


def test_forty_writers_whose_offers_read_do_not_wait_for_each_other_for_ever(
    store: Store, ids: list[str]
) -> None:
    def slow_offers():
        for key in ids:
            store.setting("settings")  # reads on a second connection while the first writes
            yield Offer(key, "margin")

    with ThreadPoolExecutor(40) as pool:
        parts = list(pool.map(lambda n: store.leases.claim(f"tab{n}", slow_offers(), 1), range(40)))
    assert len({offer.sample_id for part in parts for offer in part}) == 40
