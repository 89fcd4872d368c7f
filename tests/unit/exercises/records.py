"""Records of open experiments as students hand them in, right ones in other forms and wrong ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Attempt = Callable[[], object]


def varied(found: dict) -> Callable[..., Attempt]:
    """``varied(found)("seeds", best=1)`` hands the record in without its entry seeds, and with another best."""

    def handed_in(*without: str, **changed) -> Attempt:
        return lambda: {name: value for name, value in (found | changed).items() if name not in without}

    return handed_in


def forms(record: dict) -> list[Attempt]:
    """The same record in arrays and tuples, reckoned by NumPy, rounded to three digits, with a note of one's own."""
    difference = np.subtract(record["after"], record["before"])
    reckoned = {"effect": difference.mean(), "doubt": difference.std(ddof=1) / len(difference) ** 0.5}
    arrays = {key: np.array(value) if isinstance(value, list) else value for key, value in record.items()}
    tuples = {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}
    return [
        _named("reckoned_by_numpy", {**arrays, **reckoned}),
        _named("rounded", {**tuples, **{key: round(float(value), 3) for key, value in reckoned.items()}}),
        _named("no_effect_expected", {**record, "predicted": 0, "note": "I did not expect anything."}),
    ]


def mistakes(record: dict) -> list[Attempt]:
    """What can be wrong with any experiment, made from a record that is right."""
    before, after = np.array(record["before"]), np.array(record["after"])
    difference = after - before
    n = len(before)
    return [
        _named("only_the_effect", record["effect"]),
        _named("no_prediction", {key: value for key, value in record.items() if key != "predicted"}),
        _named("prediction_in_words", {**record, "predicted": "it gets worse"}),
        _named("prediction_is_nothing", {**record, "predicted": float("nan")}),
        _named("prediction_impossible", {**record, "predicted": -40}),
        _named("prediction_copied", {**record, "predicted": difference.mean() + 1e-15, "effect": difference.mean()}),
        _named("change_not_said", {**record, "change": ""}),
        _named("one_run_each", {**record, "before": [before[0]], "after": [after[0]], "effect": difference[0]}),
        _named("means_only", {**record, "before": before.mean(), "after": after.mean()}),
        _named("a_seed_is_missing", {**record, "after": after[:-1]}),
        _named("in_percent", {**record, "before": 100 * before, "after": 100 * after}),
        _named("lost_run", {**record, "after": [*after[:-1], float("nan")]}),
        _named("wrong_sign", {**record, "effect": -difference.mean()}),
        _named("effect_is_the_sum", {**record, "effect": difference.sum()}),
        _named("doubt_is_the_deviation", {**record, "doubt": difference.std(ddof=1)}),
        _named("doubt_over_n", {**record, "doubt": difference.std(ddof=1) / n}),
        _named("doubt_forgotten", {**record, "doubt": 0.0}),
        _named("doubt_is_negative", {**record, "doubt": -record["doubt"]}),
    ]


def _named(name: str, record: object) -> Attempt:
    attempt = lambda: record  # noqa: E731
    attempt.__name__ = name
    return attempt
