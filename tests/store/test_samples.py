"""Samples: files as they come, change and go; answers stay."""

from labeling.store import Store
from labeling.store.samples import FileRecord, Unreadable
from tests.conftest import label, standing


def test_identical_files_are_one_sample_with_all_paths(store: Store) -> None:
    key = "a" * 64
    store.samples.add([FileRecord("b.png", key, 1, 1), FileRecord("a.png", key, 1, 1)])
    sample = store.samples.get(key)
    assert sample is not None
    assert sample.paths == ("a.png", "b.png")
    assert store.samples.ids() == [key]


def test_samples_keep_the_order_in_which_they_were_found(store: Store, ids: list[str]) -> None:
    store.samples.add([FileRecord("new.png", "f" * 64), FileRecord("again.png", ids[3])])
    assert store.samples.ids() == [*ids, "f" * 64]
    assert store.samples.count() == len(ids) + 1


def test_a_changed_file_is_another_sample_and_the_old_one_keeps_its_answers(
    store: Store, ids: list[str], cat: int
) -> None:
    path = store.samples.many([ids[0]])[ids[0]].paths[0]
    store.answers.append("ann", [label(ids[0], cat)])
    store.samples.add([FileRecord(path, "f" * 64, 2, 2)])
    assert ids[0] not in store.samples.ids()
    assert "f" * 64 in store.samples.ids()
    assert standing(store)[ids[0]].class_id == cat
    assert store.samples.get(ids[0]).paths == ()  # type: ignore[union-attr]


def test_forgotten_files_take_their_samples_out_of_the_pool_and_not_the_answers(
    store: Store, ids: list[str], cat: int
) -> None:
    store.answers.append("ann", [label(ids[0], cat)])
    store.samples.forget_files(list(store.samples.files()))
    assert store.samples.ids() == []
    assert ids[0] in standing(store)


def test_an_unreadable_sample_is_left_out_by_name_until_it_gets_another_chance(
    store: Store, ids: list[str]
) -> None:
    store.samples.mark_unreadable(ids[0], "it is damaged")
    store.samples.add([FileRecord("text.jpg", None, 1, 1, "it is not an image")])
    path = store.samples.many([ids[0]])[ids[0]].paths[0]
    assert store.samples.problems() == [(path, "it is damaged"), ("text.jpg", "it is not an image")]
    assert store.samples.left_out() == Unreadable(2, (path, "text.jpg"))
    assert ids[0] not in store.samples.ids()
    store.samples.clear_problems()
    assert store.samples.ids() == ids
    assert store.samples.left_out() == Unreadable(1, ("text.jpg",))


def test_a_file_whose_label_is_left_out_is_in_the_pool_all_the_same(
    store: Store, ids: list[str]
) -> None:
    (path,) = store.samples.many([ids[0]])[ids[0]].paths
    store.samples.add([FileRecord(path, ids[0], 1, 1, "its label is left out")])
    assert store.samples.problems() == [(path, "its label is left out")]
    assert store.samples.left_out() == Unreadable(0, ())


def test_nothing_to_add_is_fine(store: Store) -> None:
    store.samples.add([])
    store.samples.forget_files([])
    assert (store.samples.ids(), store.samples.many(), store.samples.get("x")) == ([], {}, None)
