"""Networks that look back while they write, the column network and the memory cells; and the notebook's own."""

from __future__ import annotations

import dataclasses

import keras
import nbformat
import numpy as np
import pytest
from keras import layers, ops

from utils import runtime
from utils.sequences import addition, decoders, memory, sums

NOTEBOOK = runtime.repo_root() / "notebooks" / "06_lstm_addition.ipynb"
SMALL = {"feedback": {"units": 8}, "attention": {"units": 8}, "transformer": {"width": 8, "heads": 2, "blocks": 1}}
ONE_DIGIT = addition.AdditionConfig(digits=1, units=8, samples=512, chunk=256, batch=64)


def _inputs(count: int = 3, digits: int = 1) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    questions = sums.TABLE.one_hot(rng.integers(0, 12, (count, 2 * digits + 1)))
    return [questions, decoders.shifted(rng.integers(0, 12, (count, digits + 1)))]


def _small(name: str, digits: int = 1) -> keras.Model:
    return decoders.BUILDERS[name](digits, **SMALL[name])


def test_what_is_written_is_one_place_behind():
    rows = decoders.shifted(np.array([[4, 8, 11], [1, 0, 1]]))
    assert rows.dtype == np.float32 and not rows[:, 0].any()
    assert sums.TABLE.decode(rows[0, 1:]) == "48" and sums.TABLE.decode(rows[1, 1:]) == "10"


@pytest.mark.parametrize("name", list(SMALL))
def test_a_character_depends_on_what_is_before_it_alone(name):
    keras.utils.set_random_seed(1)
    model = _small(name)
    questions, written = _inputs()
    assert model.output_shape == (None, 2, 12)
    before = ops.convert_to_numpy(model([questions, written]))
    np.testing.assert_allclose(before.sum(axis=-1), 1, rtol=1e-5)
    written[:, 1] = np.roll(written[:, 1], 1, axis=-1)
    after = ops.convert_to_numpy(model([questions, written]))
    np.testing.assert_allclose(before[:, 0], after[:, 0], atol=1e-6)
    assert np.abs(before[:, 1] - after[:, 1]).max() > 1e-6
    questions[:, 0] = np.roll(questions[:, 0], 1, axis=-1)
    assert np.abs(ops.convert_to_numpy(model([questions, written])) - after).max() > 1e-6


class _Copier:
    """Writes 0 first, then always the number after the one it wrote last."""

    output_shape = (None, 4, 12)

    def predict(self, inputs, **_):
        _, written = inputs
        following = np.where(written.any(axis=-1), written.argmax(axis=-1) + 1, 0)
        return sums.TABLE.one_hot(following)


def test_writing_reads_what_was_written():
    answers = decoders.write(_Copier(), np.zeros((2, 7, 12)))
    assert answers.tolist() == [[0, 1, 2, 3]] * 2


@pytest.mark.parametrize("teacher", [True, False])
def test_training_takes_networks_that_look_back(teacher):
    model, history = addition.train_adder(ONE_DIGIT, None, None, lambda digits: _small("feedback", digits), teacher)
    assert [record["samples"] for record in history] == [256, 512]
    assert history[-1]["cpu_seconds"] > history[0]["cpu_seconds"] > 0
    found = addition.score(model, *sums.PairSplit(1).held_out("validation", 1000), 1)
    assert found.answers == pytest.approx(max(record["answers"] for record in history))
    assert len(addition.ask(model, ["3+4", "9+9"], 1)) == 2


def test_numbers_may_be_shorter_than_their_places():
    config = dataclasses.replace(ONE_DIGIT, digits=2, samples=256)
    model, _ = addition.train_adder(config, sums.PairSplit(1))
    assert model.input_shape == (None, 5, 12)


def test_columns_are_those_of_squared_paper():
    x, y = decoders.in_columns(np.array([95]), np.array([7]), 2)
    assert x.shape == (1, 3, 20) and y.tolist() == [[2, 0, 1]]
    assert x[0, :, :10].argmax(axis=-1).tolist() == [5, 9, 0] and x[0, :, 10:].argmax(axis=-1).tolist() == [7, 0, 0]
    assert decoders.build_columns(4).output_shape == (None, None, 10)


def test_forget_gates_start_where_they_are_told():
    layer = memory.lstm(3, forget_bias=5.0)
    layer.build((None, None, 2))
    assert layer.get_weights()[2].tolist() == [0.0] * 3 + [5.0] * 3 + [0.0] * 6
    assert memory.build_recall(memory.plain, units=4).output_shape == (None, 10)


def test_carries_go_into_the_next_column():
    into = sums.carries_into(np.array([95, 34, 999]), np.array([7, 14, 1]), 3)
    assert into.astype(int).tolist() == [[0, 1, 1, 0], [0, 0, 0, 0], [0, 1, 1, 1]]


# ---------------------------------------------------------------------------------------------------------------------
# What the notebook writes itself


def _defined_in_the_notebook(*names: str) -> dict:
    """The functions and classes of these names as the cells define them."""
    space = {"keras": keras, "layers": layers, "ops": ops, "np": np, "sums": sums}
    cells = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    for name in names:
        heads = (f"def {name}(", f"class {name}")
        (source,) = [source for source in cells if any(f"\n{head}" in f"\n{source}" for head in heads)]
        start = next(source.index(head) for head in heads if head in source)
        exec(source[start:].split("\n\n\n")[0], space)
    return space


def _shape_of(model: keras.Model) -> list:
    return [(type(layer).__name__, [weight.shape for weight in layer.weights]) for layer in model.layers]


@pytest.mark.parametrize("name", list(SMALL))
def test_notebook_shows_the_networks_that_were_measured(name):
    space = _defined_in_the_notebook("two_inputs", "Position", f"build_{name}")
    theirs, ours = space[f"build_{name}"](3), decoders.BUILDERS[name](3)
    assert _shape_of(theirs) == _shape_of(ours)
    theirs.set_weights(ours.get_weights())
    inputs = _inputs(digits=3)
    np.testing.assert_allclose(theirs.predict(inputs, verbose=0), ours.predict(inputs, verbose=0), atol=1e-6)


def test_notebook_writes_and_shifts_as_was_measured():
    space = _defined_in_the_notebook("shifted", "write", "in_columns", "build_columns")
    answers = np.array([[4, 8, 11], [1, 0, 1]])
    np.testing.assert_array_equal(space["shifted"](answers), decoders.shifted(answers))
    np.testing.assert_array_equal(space["write"](_Copier(), np.zeros((2, 7, 12))), [[0, 1, 2, 3]] * 2)
    numbers = np.array([95, 3]), np.array([7, 4])
    for theirs, ours in zip(space["in_columns"](*numbers, 2), decoders.in_columns(*numbers, 2)):
        np.testing.assert_array_equal(theirs, ours)
    assert _shape_of(space["build_columns"]()) == _shape_of(decoders.build_columns())


def test_notebook_remembers_with_the_cells_that_were_measured():
    space = _defined_in_the_notebook("plain", "lstm", "lstm_open")
    for theirs, ours in ((space["plain"], memory.plain), (space["lstm"], memory.lstm)):
        keras.utils.set_random_seed(1)
        mine = theirs(4)
        mine.build((None, None, 3))
        keras.utils.set_random_seed(1)
        other = ours(4)
        other.build((None, None, 3))
        assert type(mine) is type(other)
        for one, two in zip(mine.get_weights(), other.get_weights()):
            np.testing.assert_allclose(one, two)
    opened = space["lstm_open"](4)
    opened.build((None, None, 3))
    assert opened.get_weights()[2][4:8].tolist() == [5.0] * 4


def test_notebook_has_the_same_table_of_characters():
    theirs = _defined_in_the_notebook("CharacterTable")["CharacterTable"](sums.CHARACTERS)
    for text in ("12+89", "  5+7", ""):
        np.testing.assert_array_equal(theirs.encode(text), sums.TABLE.encode(text))
        assert theirs.decode(theirs.encode(text)) == text
    for table in (theirs, sums.TABLE):
        with pytest.raises(ValueError, match="not in the alphabet"):
            table.encode("12*89")


def test_notebook_steps_as_keras_does():
    space = _defined_in_the_notebook("sigmoid", "lstm_step")
    layer = layers.LSTM(4, return_state=True)
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    expected = [ops.convert_to_numpy(state)[0] for state in layer(x[None])]
    h = c = np.zeros(4)
    for row in x:
        h, c = space["lstm_step"](row, h, c, *layer.get_weights())
    np.testing.assert_allclose(h, expected[1], atol=1e-6)
    np.testing.assert_allclose(c, expected[2], atol=1e-6)
