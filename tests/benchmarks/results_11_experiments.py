"""Experiments of lesson 11 that take longer than a lesson: each answers one question, and writes one curve or entry.

    python tests/benchmarks/results_11_experiments.py [--only trap policies formulas overrules]

``trap``: when does a value network learn games by heart? ``policies``: all players without search against each
other. ``formulas``: PUCT against the lecture's formula, in matches. ``overrules``: how often does a search overrule its
policy, and who is right then? Games that others played are read from runs/, where a match continues after a kill.
"""

from __future__ import annotations

import argparse

import numpy as np
from results_11_alphago_go import MASTER, POLICY, RL, play, record_match
from results_11_value import half_interval, positions

from utils import commands, results, runtime

PARTS = ("trap", "policies", "formulas", "overrules")
COMMAND = "python tests/benchmarks/results_11_experiments.py --only"
SEEDS = 3
FEW, EPOCHS = 96, 16  # games of which all positions are learned from; epochs
POLICY_GAMES = 400
FORMULA_PLAYOUTS, FORMULA_GAMES = 200, 200
OVERRULED, STUDIED, CONTINUED = 240, 400, 64  # positions; simulations; games by which each move is judged


# ---------------------------------------------------------------------------------------------------------------------
# The trap


def trap_positions(seed: int):
    """As many positions of few games, all of each, and of many, one of each; from games of the RL policy."""
    from utils.go import networks, value
    from utils.go.examples import concatenate

    settings = value.ValueSettings()
    players = [networks.Evaluator.from_file(name) for name in (POLICY, RL)]
    folder = runtime.repo_root() / "runs" / "value9"
    few, parts = value.play_unit(*players, value.ValueSettings(games=FEW), 5_000_000 + seed), []
    while sum(map(len, parts)) < len(few):  # other units of the stream for each seed
        unit = value.kept_unit(*players, settings, folder, len(parts) + 100 * seed)
        parts.append(unit.subset(np.flatnonzero(unit.moves == 0)))
    return few, concatenate(parts).subset(slice(0, len(few)))


def trap_curve(data, planes: np.ndarray, outcomes: np.ndarray, seed: int) -> list[tuple[float, float]]:
    """Errors after each epoch: on the positions learned from and on others, both as the network plays."""
    import keras

    from utils.go import features, networks
    from utils.go.value import mean_squared_error

    keras.utils.set_random_seed(seed)
    source, shape = networks.load(POLICY)
    shape = networks.Architecture(filters=shape.filters, blocks=shape.blocks, policy=False, value=True)
    model, rng = networks.build(shape), np.random.default_rng(seed)
    networks.copy_tower(source, model)
    model.compile(keras.optimizers.Adam(3e-4), loss="mse")
    seen, rows = data.planes(np.arange(len(data))), []
    for _ in range(EPOCHS):
        turned = features.transform(seen, rng.integers(0, 8, len(seen)))
        model.fit(turned, data.outcomes, batch_size=64, verbose=0)
        evaluator = networks.Evaluator(model, shape)
        said = np.concatenate([evaluator(part)[1] for part in np.array_split(planes, 4)])
        rows.append((mean_squared_error(evaluator, data), float(np.mean((said - outcomes) ** 2))))
    return rows


def measure_trap() -> None:
    games, which, outcomes, _ = positions(runtime.repo_root() / "runs")
    planes, rows, ends = games.planes(which), [], {}
    for seed in range(1, SEEDS + 1):
        for kind, data in zip(("few", "many"), trap_positions(seed)):
            for epoch, (learned, tested) in enumerate(trap_curve(data, planes, outcomes[:, 0], seed), 1):
                rows.append({"games": kind, "seed": seed, "epoch": epoch})
                rows[-1] |= {"learned_from": round(learned, 4), "others": round(tested, 4)}
            ends.setdefault(kind, []).append((learned, tested))
            print(kind, seed, len(data), "positions", rows[-1], flush=True)
    results.write_curve(results.curve_path("go_trap"), rows, f"{COMMAND} trap")
    with results.together():
        for kind, told in (("few", f"all positions of {FEW} games"), ("many", "as many, one of each game")):
            for place, where in enumerate(("learned_from", "others")):
                values = [end[place] for end in ends[kind]]
                note = f"{told} of the RL policy, {EPOCHS} epochs; error on {where.replace('_', ' ')}"
                told = {"values": values, "n": len(values), "spread": np.std(values, ddof=1), "unit": "MSE"}
                results.record(f"go.trap.{kind}.{where}", np.mean(values), note=note, **told)


# ---------------------------------------------------------------------------------------------------------------------
# Players without search


def measure_policies() -> None:
    """Every two of the policies, and each of them against GNU Go."""
    from utils.go import networks, reinforce

    names = (POLICY, RL, MASTER)
    networks_of = {name: networks.Evaluator.from_file(name) for name in names}
    rows = []
    for number, first in enumerate(names):
        for second in names[:number]:
            report = reinforce.compare(networks_of[first], networks_of[second], POLICY_GAMES, seed=999)
            rows.append({"player": first, "opponent": second, "temperature": 1.0})
            rows[-1] |= {key: report[key] for key in ("win_rate", "interval", "games")}
        for temperature in (1.0, 0.25):
            described = f"policy:{first}" + (f",temperature={temperature}" if temperature < 1 else "")
            report = play(f"policies_{first}_{temperature}_gnugo", described, "gnugo:10", 100)[1]
            rows.append({"player": first, "opponent": "GNU Go level 10", "temperature": temperature})
            rows[-1] |= {key: report[key] for key in ("win_rate", "interval", "games", "as_black", "as_white")}
            print(rows[-1], flush=True)
    results.write_curve(results.curve_path("go_policies"), rows, f"{COMMAND} policies")


# ---------------------------------------------------------------------------------------------------------------------
# Formulas


def measure_formulas() -> None:
    player = f"search:{MASTER},playouts={FORMULA_PLAYOUTS}"
    report = play("formulas", player, f"{player},formula=lecture", FORMULA_GAMES)[1]
    note = f"PUCT against the lecture's formula, {MASTER}, {FORMULA_PLAYOUTS} simulations a move"
    record_match("go.puct_vs_lecture.win_rate", report, f"{note}; {report['distinct_games']} distinct games")


# ---------------------------------------------------------------------------------------------------------------------
# Overruling


def worth(games, which: int, actions: list[int], policy, seed: int) -> list[np.ndarray]:
    """Outcomes of games that ``policy`` plays on after each of two moves, for the side that makes the move."""
    from utils.go.batch import Games
    from utils.go.value import continued

    after = Games(len(actions), games.size, games.komi, games.limit)
    for name in ("states", "past", "counts"):
        setattr(after, name, np.repeat(getattr(games, name)[[which]], len(actions), axis=0))
    after.play(np.arange(len(actions)), np.array(actions))
    running = after.running
    outcomes = np.zeros((len(actions), CONTINUED))
    mover = 1 if games.to_play[which] == 1 else -1
    outcomes[:] = (np.sign(after.scores()) * mover)[:, None]  # of games that the move has ended
    if len(running):
        outcomes[running] = -continued(after, running, CONTINUED, policy, seed)
    return list(outcomes)


def measure_overrules() -> None:
    """Positions of other people's games: where a search does not play the policy's favourite, both moves are judged."""
    from utils.go import mcts, networks

    games, which, _, _ = positions(runtime.repo_root() / "runs")
    chosen = which[:: max(1, len(which) // OVERRULED)][:OVERRULED]
    master, judge = networks.Evaluator.from_file(MASTER, symmetry=1), networks.Evaluator.from_file(RL)
    settings = mcts.SearchSettings(playouts=STUDIED, batch=8)
    differences, priors = [], []
    for g in chosen:
        forest = mcts.Forest([_board_of(games, g)], master, settings, int(g))
        forest.run()
        prior, action = forest.trees.prior[0, 0], int(forest.policy(0, 0).argmax())
        if action != prior.argmax():
            first, second = worth(games, g, [action, int(prior.argmax())], judge, int(g))
            differences.append(first.mean() - second.mean())
            priors.append(float(prior[action]))
    share, better = len(differences) / len(chosen), np.array(differences)
    note = f"{STUDIED} simulations with {MASTER}, {len(chosen)} positions of games of the RL policy"
    results.record("go.overrules.share", share, unit="fraction", n=len(chosen), note=f"another move first; {note}")
    told = f"by how much its move is worth more, judged by {CONTINUED} games of the RL policy after each; {note}"
    options = {"unit": "of -1 to 1", "spread": half_interval(better), "n": len(better)}
    results.record("go.overrules.gain", float(better.mean()), note=told, **options)
    results.record(
        "go.overrules.right",
        float((better > 0).mean() + (better == 0).mean() / 2),
        unit="fraction",
        n=len(better),
        note=f"cases in which its move is worth more (equal ones half); {note}",
    )
    print(share, better.mean(), half_interval(better), np.median(priors))


def _board_of(games, g: int):
    """The position of one of the games, with its past."""
    from utils.go.board import Board

    board = Board(games.size, games.komi)
    board.s[:] = games.states[g]
    board.past = games.past[g].copy()
    board.past_count = int(games.counts[g])
    return board


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    options = parser.parse_args()
    runtime.start(quiet=True)
    for part in options.only:
        globals()[f"measure_{part}"]()


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
