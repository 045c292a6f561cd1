"""Details of the model: which features are in use, in words, for every choice that there is."""

from labeling.screens.pool_map import POOL_MAPS, in_use
from labeling.screens.setup import pool_map_options
from labeling.settings import Settings
from tests.conftest import OpenSession
from tests.learning.test_learner import teach


def test_it_is_said_which_features_are_in_use_and_since_when(open_session: OpenSession) -> None:
    session = open_session(pool_map="never")
    teach(session, 4)
    assert "Not in use" in in_use(session)
    session.change(pool_map="always")
    teach(session, 6)
    newest = session.store.rounds.all()
    first = next(record for record in newest if "map" in record.metrics)
    assert f"since round {first.id} (" in in_use(session)
    assert first.metrics["labels"] == 5


def test_every_choice_has_a_title_and_words() -> None:
    assert Settings().pool_map == next(iter(POOL_MAPS)) == "auto"
    for title, words, method in pool_map_options().values():
        assert title and words.endswith(".") and "whitening" in method
