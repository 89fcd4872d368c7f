"""Every check accepts the reference and three other right answers, and rejects the stub and at least eight mistakes.

Reference solutions are in solutions/NN_topic.py; other answers in answers_NN_topic.py beside this file:
``ALTERNATIVES`` and ``WRONG``, dictionaries from exercise to a list of functions.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from utils.exercises import engine

ROOT = Path(__file__).resolve().parents[3]


def _load(path: Path):
    spec = importlib.util.spec_from_file_location(path.stem.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _one(pattern: str, folder: Path) -> Path:
    found = sorted(folder.glob(pattern))
    assert len(found) == 1, f"expected one {pattern} in {folder.name}, found {len(found)}"
    return found[0]


EXERCISES = engine.load_checks()
LESSONS = sorted({identifier[:2] for identifier in EXERCISES})
_modules: dict[tuple[str, str], object] = {}


def _answers(kind: str, lesson: str):
    if (kind, lesson) not in _modules:
        if kind == "solutions":
            path = _one(f"{lesson}_*.py", ROOT / "solutions")
        else:
            path = _one(f"answers_{lesson}_*.py", Path(__file__).parent)
        _modules[kind, lesson] = _load(path)
    return _modules[kind, lesson]


@pytest.mark.parametrize("identifier", EXERCISES)
def test_reference_is_correct(identifier):
    solution = getattr(_answers("solutions", identifier[:2]), EXERCISES[identifier].name)
    verdict = engine.evaluate(identifier, solution)
    assert verdict.status == engine.CORRECT, verdict.as_text()


@pytest.mark.parametrize("identifier", EXERCISES)
def test_other_right_answers_are_correct(identifier):
    alternatives = _answers("answers", identifier[:2]).ALTERNATIVES[identifier]
    assert len(alternatives) >= 3
    for attempt in alternatives:
        verdict = engine.evaluate(identifier, attempt)
        assert verdict.status == engine.CORRECT, f"{attempt.__name__}: {verdict.as_text()}"


@pytest.mark.parametrize("identifier", EXERCISES)
def test_mistakes_are_rejected_with_a_reason(identifier):
    mistakes = _answers("answers", identifier[:2]).WRONG[identifier]
    assert len(mistakes) >= 8
    for attempt in mistakes:
        verdict = engine.evaluate(identifier, attempt)
        assert verdict.status == engine.NOT_YET, f"{getattr(attempt, '__name__', attempt)} passed {identifier}"
        assert verdict.details.get("hint") or verdict.details.get("error"), verdict.as_text()


@pytest.mark.parametrize("identifier", EXERCISES)
def test_stub_is_not_attempted(identifier):
    assert engine.evaluate(identifier, lambda *args, **kwargs: ...).status == engine.NOT_ATTEMPTED


@pytest.mark.parametrize("lesson", LESSONS)
def test_three_to_six_exercises_a_lesson(lesson):
    numbers = [int(i[3:]) for i in EXERCISES if i[:2] == lesson]
    assert numbers == list(range(1, len(numbers) + 1))
    assert 3 <= len(numbers) <= 6


@pytest.mark.parametrize("lesson", LESSONS)
def test_module_is_named_after_its_notebook(lesson):
    notebook = _one(f"{lesson}_*.ipynb", ROOT / "notebooks").stem
    assert (ROOT / "utils" / "exercises" / f"checks_{notebook}.py").exists()
    assert (ROOT / "solutions" / f"{notebook}.py").exists()
