"""The checking engine: it never raises, says what is wrong, and shows nothing unescaped."""

from __future__ import annotations

import itertools
import sys
from fractions import Fraction

import keras
import numpy as np
import pytest

from utils.exercises import engine


@pytest.fixture
def square(monkeypatch):
    """An exercise that lives for one test only."""
    monkeypatch.setattr(engine, "REGISTRY", dict(engine.REGISTRY))
    monkeypatch.setattr(engine, "load_checks", lambda lesson=None: engine.REGISTRY)

    @engine.exercise("99.1", name="square", title="Square numbers", minutes=1)
    def check_square(attempt):
        engine.expect_close(attempt(np.array([1.0, -2.0])), [1, 4], shown="x = [1, -2]", hint="x times x")
        engine.expect(attempt(3), 9, shown="x = 3", hint="x times x")

    return "99.1"


def test_right_answer_is_correct(square):
    assert engine.evaluate(square, lambda x: x * x).status == engine.CORRECT
    assert bool(engine.evaluate(square, lambda x: x**2))


@pytest.mark.parametrize("attempt", [lambda x: ..., ...])
def test_ellipsis_is_not_attempted(square, attempt):
    assert engine.evaluate(square, attempt).status == engine.NOT_ATTEMPTED


def test_wrong_answer_shows_input_expectation_and_hint(square):
    verdict = engine.evaluate(square, lambda x: 2 * x)
    assert verdict.status == engine.NOT_YET
    assert verdict.details["with"] == "x = [1, -2]"
    assert "4" in verdict.details["expected"]
    assert "-4" in verdict.details["got"]
    assert verdict.details["hint"] == "x times x"


def test_wrong_shape_names_both_shapes(square):
    verdict = engine.evaluate(square, lambda x: np.sum(x * x))
    assert verdict.details["expected"] == "shape (2,)"
    assert verdict.details["got"] == "shape ()"


def endless(x):
    return endless(x)


def exits(x):
    sys.exit(3)


@pytest.mark.parametrize(
    ("attempt", "word"),
    [
        (lambda x: x / 0 if np.ndim(x) == 0 else 1 / 0, "ZeroDivisionError"),
        (lambda: 1, "TypeError"),
        (lambda x: undefined_name, "NameError"),  # noqa: F821
        (endless, "without end"),
        (exits, "SystemExit"),
        (42, "TypeError"),
        (None, "TypeError"),
    ],
)
def test_exceptions_become_verdicts(square, attempt, word):
    verdict = engine.evaluate(square, attempt)
    assert verdict.status == engine.NOT_YET
    assert word in verdict.details["error"]


def test_the_students_own_line_is_shown(square):
    def attempt(x):
        return x.no_such_method()

    assert "no_such_method" in engine.evaluate(square, attempt).details["in your line"]


def test_nothing_returned_is_told(square):
    assert "return" in engine.evaluate(square, lambda x: None).details["hint"]


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize("answer", ["text", [[1], [1, 2]], Unprintable(), {"a": 1}, float("nan")])
def test_odd_answers_are_not_yet(square, answer):
    assert engine.evaluate(square, lambda x: answer).status == engine.NOT_YET


def test_unknown_exercise_is_named():
    verdict = engine.evaluate("00.9", lambda: 1)
    assert verdict.status == engine.NOT_YET
    assert "no such exercise" in verdict.details["problem"]
    assert engine.evaluate(17, lambda: 1).status == engine.NOT_YET


def test_headless_prints_plain_text(square, capsys, monkeypatch):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    verdict = engine.check(square, lambda x: 0 * x)
    text = capsys.readouterr().out
    assert "not yet" in text
    assert "hint: x times x" in text
    assert "<" not in text
    assert isinstance(verdict, engine.Verdict)


def test_html_is_escaped(square):
    class Markup:
        def __repr__(self):
            return "<script>alert(1)</script>"

    page = engine.evaluate(square, lambda x: Markup()).as_html()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("backend_tensor", [lambda keras, x: keras.ops.convert_to_tensor(x)])
def test_tensors_are_accepted(square, backend_tensor):
    import keras

    verdict = engine.evaluate(square, lambda x: backend_tensor(keras, np.square(x)))
    assert verdict.status == engine.CORRECT


def test_tolerance_forgives_rounding_but_not_mistakes():
    engine.expect_close(1.0000001, 1.0, shown="", hint="")
    with pytest.raises(engine.AttemptFails):
        engine.expect_close(1.01, 1.0, shown="", hint="")


SAME = [
    ([1, 2], (1, 2)),
    (np.array([1, 2]), (1, 2)),
    (range(1, 3), [1, 2]),
    ((n for n in (1, 2)), [1, 2]),
    (reversed([2, 1]), [1, 2]),
    ({1: "a", 2: "b"}.keys(), [1, 2]),
    (np.float32(0.5), 0.5),
    (Fraction(1, 2), 0.5),
    (np.array([0.5]), 0.5),
    (np.int64(3), 3),
    (3.0, 3),
    (np.True_, True),
    ([[1], [2, 3]], ((1,), (2, 3))),
    ([np.array([1]), np.array([2, 3])], [[1], [2, 3]]),
    (["a", "b"], ("a", "b")),
    (np.array(["a", "b"]), ["a", "b"]),
    ([], ()),
    (np.array([]), []),
    (np.zeros((0, 3)), np.zeros((0, 3))),
    ({"a": np.array(1.0)}, {"a": 1}),
    ({2, 1}, {1, 2}),
    (None, None),
    (float("nan"), np.nan),
    (keras.ops.convert_to_tensor([1.0, 2.0]), [1, 2]),
    ([keras.ops.convert_to_tensor(1.0), 2.0], [1, 2]),
    (0.1 + 0.2, 0.3),
]
DIFFERENT = [
    ("a", "b"),
    (np.array([1, 3]), [1, 2]),
    ([1, 2, 3], [1, 2]),
    ([[1, 2]], [1, 2]),
    ("3", 3),
    (["1", "2"], [1, 2]),
    (2.9, 2),
    (138_357_545, 138_357_544),
    (None, 0),
    (0, None),
    (float("nan"), 0.0),
    (0.0, float("nan")),
    ([[1], [2, 3]], [[1], [2, 4]]),
    ([[1], [2]], [[1], [2, 3]]),
    ({"a": 1}, {"b": 1}),
    ([], [1]),
    (np.zeros((3, 0)), np.zeros((0, 3))),
    (1 + 2j, 1.0),
    (b"a", "a"),
    (object(), 1),
    (float, 1.0),
]


@pytest.mark.parametrize(("got", "expected"), SAME, ids=lambda value: f"{type(value).__name__}")
def test_the_form_of_an_answer_does_not_count(got, expected):
    assert engine.same(got, expected)


@pytest.mark.parametrize(("got", "expected"), DIFFERENT, ids=lambda value: f"{type(value).__name__}")
def test_another_answer_is_another(got, expected):
    assert not engine.same(got, expected)
    with pytest.raises(engine.AttemptFails):
        engine.expect_close(got, expected, shown="", hint="")


def test_expect_is_exact():
    engine.expect([1, 2], (1, 2), shown="", hint="")
    with pytest.raises(engine.AttemptFails):
        engine.expect(0.3000001, 0.3, shown="", hint="")


def test_an_answer_without_end_is_cut(monkeypatch):
    monkeypatch.setattr(engine, "LONGEST", 1000)
    assert not engine.same(itertools.count(), [0, 1])


def test_types_are_told_where_nothing_else_differs():
    class One(float):
        def __eq__(self, other):
            return False

        __hash__ = None

    with pytest.raises(engine.AttemptFails) as finding:
        engine.fail(shown="", expected=1.0, got=One(1), hint="")
    assert finding.value.details["expected"] == "1 (float)" and finding.value.details["got"] == "1 (One)"


def test_an_ellipsis_inside_an_answer_is_not_attempted(square):
    assert engine.evaluate(square, lambda x: (..., 1)).status == engine.NOT_ATTEMPTED


def test_identifiers_are_guarded():
    with pytest.raises(ValueError, match=r"08\.2"):
        engine.exercise("8.2", name="f", title="t", minutes=1)


def test_a_verdict_at_the_end_of_a_cell_is_not_shown_twice(square):
    from IPython.core.interactiveshell import InteractiveShell

    verdict = engine.evaluate(square, lambda x: x * x)
    formats, _ = InteractiveShell.instance().display_formatter.format(verdict)
    assert formats == {}


def test_numbers_of_numpy_are_shown_as_numbers():
    assert engine.short((np.int64(3), [np.float64(0.5), np.array(2.0), None])) == "(3, [0.5, 2.0, None])"
