"""What lesson 09's long measurement trains: section 6's recipes, and the better one with one ingredient less each."""

import dataclasses

import nbformat

import results_09_dqn_breakout as measured

PLAIN = {"n_step", "bins", "mirror", "dueling", "normalise"}


def test_each_recipe_lacks_what_its_name_says():
    recipes = {name: config for name, (config, _) in measured.recipes().items()}
    better = dataclasses.asdict(recipes["better"])
    lacks = {
        name: {key for key, value in dataclasses.asdict(config).items() if value != better[key]}
        for name, config in recipes.items()
    }
    assert lacks == {
        "better": set(),
        "one_step": {"n_step"},
        "no_histogram": {"bins"},
        "no_mirror": {"mirror"},
        "no_dueling": {"dueling"},
        "no_norm": {"normalise"},
        "lecture": PLAIN,
        "plain_slower": PLAIN | {"learning_rate"},
        "plain_faster": PLAIN | {"learning_rate"},
    }
    assert recipes["lecture"].n_step == 1 and recipes["better"].n_step == 3


def test_it_trains_as_long_as_the_notebook():
    cells = nbformat.read(measured.NOTEBOOK, as_version=4).cells
    assert sum(f"cpu={measured.STEPS:_}" in cell.source for cell in cells if cell.cell_type == "code") == 1


def test_a_kept_outcome_is_not_trained_again(tmp_path, monkeypatch):
    trained = []
    monkeypatch.setattr(measured, "FOLDER", tmp_path)
    monkeypatch.setattr(
        measured, "train_and_play", lambda config, seed: trained.append(seed) or {"scores": [1, 3], "cpu_seconds": 5.0}
    )
    config, _ = measured.recipes()["better"]
    assert [measured.measure_small("better", config, seed) for seed in (1, 2, 1)] == [2, 2, 2] and trained == [1, 2]
    measured.measure_small("better", dataclasses.replace(config, n_step=2), 1)
    measured.measure_small("better", config, 2, fresh=True)
    assert trained == [1, 2, 1, 2]


def test_agents_are_judged_in_what_the_second_knows_and_in_what_neither_does(monkeypatch):
    from utils.rl.variety import FILTERS, UNSEEN

    names = measured.conditions()
    views = [condition["view"] for condition, _ in names.values() if "view" in condition]
    assert set(UNSEEN) < set(views) and set(views) - set(UNSEEN) <= set(FILTERS) and "score_sticky" in names
    played, kept = [], []
    monkeypatch.setattr(measured, "play", lambda agent, quick, games, **how: played.append((games, how)) or [1.0, 3.0])
    monkeypatch.setattr(measured, "note_scores", lambda name, scores, note, keep: kept.append((name, keep)))
    monkeypatch.setattr(measured, "at_one_million", lambda: None)
    measured.record_agents(None, False, ["score_blurred"], 7)
    assert played == [(7, {"view": "blurred"})] * 2
    assert kept == [("breakout.dqn.score_blurred", True), ("breakout.varied.score_blurred", True)]
