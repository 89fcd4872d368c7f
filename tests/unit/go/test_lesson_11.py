"""What lesson 11 shows in its cells computes what utils/ computes faster."""

import nbformat
import numpy as np
import pytest
from keras import layers

from utils import runtime
from utils.go import features, networks, rollouts
from utils.go.board import Board
from utils.go.lecture_search import LectureSearch
from utils.go.tree import utility
from utils.go.vertices import BLACK, WHITE


def cells(tag: str, **names) -> dict:
    """The names that the cells with this tag define."""
    notebook = nbformat.read(runtime.repo_root() / "notebooks" / "11_alphago_go.ipynb", as_version=4)
    sources = [cell.source for cell in notebook.cells if tag in cell.metadata.get("tags", ())]
    assert sources
    scope = {"np": np, "BLACK": BLACK, "WHITE": WHITE, **names}
    exec("\n".join(sources), scope)
    return scope


@pytest.mark.parametrize("seed", range(4))
def test_the_search_on_the_page_is_that_of_the_package(seed):
    rng = np.random.default_rng(seed)
    table = {}

    def evaluate(planes):
        key = planes.tobytes()
        if key not in table:
            table[key] = rng.dirichlet(np.ones(26)), rng.uniform(-1, 1)
        prior, value = table[key]
        return prior[None], np.array([value])

    def judge(position):
        if position.is_over:
            return {}, utility(position.score(), position.to_play, 5)
        prior, value = evaluate(features.planes_of(position)[None])
        mask = position.sensible_mask()
        weights = np.where(mask, prior[0], 0) + 1e-9 * mask
        return {int(a): weights[a] / weights.sum() for a in np.flatnonzero(mask)}, float(value[0])

    board = Board(5, 0.5)
    for _ in range(int(rng.integers(8))):
        board.play(int(rng.choice(np.flatnonzero(board.sensible_mask()))))
    ours = cells("search")["search"](board, judge, 150)
    theirs = LectureSearch(evaluate).run(board, 150)
    assert ours.N == theirs.N
    assert ours.total == pytest.approx(theirs.value_sum)
    assert [ours.Q(a) for a in ours.N] == pytest.approx([theirs.Q(a) for a in theirs.N])


def test_the_tower_on_the_page_is_that_of_the_package():
    import keras

    shown = cells("tower", keras=keras, layers=layers)["policy_network"](27, 8, 4, 9)
    built = networks.build(networks.Architecture(filters=8, blocks=4))
    rng = np.random.default_rng(0)
    weights = [rng.uniform(0.1, 0.4, w.shape).astype("float32") for w in built.get_weights()]
    assert [w.shape for w in shown.get_weights()] == [w.shape for w in weights]
    for model in (shown, built):
        model.set_weights(weights)
    planes = rng.random((3, 9, 9, 27)).astype("float32")
    np.testing.assert_allclose(
        np.asarray(shown(planes, training=False)), np.asarray(built(planes, training=False)), rtol=1e-4
    )


def test_the_shape_on_the_page_is_one_of_the_fast_policys():
    names = cells("fast-policy", chain_and_liberties=None)
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(400):
        board = Board(5, 0.5)
        for _ in range(int(rng.integers(4, 16))):
            board.play(int(rng.choice(np.flatnonzero(board.sensible_mask()))))
        for row, column in np.argwhere(board.stones == 0).tolist():
            if names["is_hane"](board.stones, row, column):
                found += 1
                assert rollouts.matches_shape(board.s, (row + 1) * 7 + column + 1)
    assert found > 50
