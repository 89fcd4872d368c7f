"""Experiments of lesson 11 that take longer than a lesson: each answers one question, and writes one curve or entry.

    python tests/benchmarks/results_11_experiments.py [--only trap targets ways levels policies formulas overrules]

``trap``: when does a value network learn games by heart? ``targets``: what does each thing that a position teaches buy?
``ways``: Gumbel's root against some deep and many shallow searches in self-play, at equal time. ``levels``: opponents
for students, a ladder down from GNU Go. ``policies``: all players without search against each other. ``formulas``: PUCT
against the lecture's formula, in matches. ``overrules``: how often does a search overrule its policy, and who is right
then? Games that others played are read from runs/, where a match continues after a kill.
"""

from __future__ import annotations

import argparse
import itertools

import numpy as np
from results_11_alphago_go import MASTER, POLICY, RL, VALUE, play, record_match
from results_11_value import half_interval, positions

from utils import commands, results, runtime
from utils.go.value import Stream

PARTS = ("trap", "targets", "ways", "levels", "policies", "formulas", "overrules")
COMMAND = "python tests/benchmarks/results_11_experiments.py --only"
SEEDS = 3
FEW, EPOCHS = 96, 16  # games of which all positions are learned from; epochs
TARGETS = {  # weights of the losses beside that of who won
    "who won": {"policy": 0.0, "owner": 0.0, "margin": 0.0},
    "and by how much": {"policy": 0.0, "owner": 0.0},
    "and who owns each point": {"policy": 0.0, "margin": 0.0},
    "and the expert's moves": {"owner": 0.0, "margin": 0.0},
    "all of these": {},
}
TARGET_UNITS, TARGET_TIMES = 24, 16  # 3,072 games for each seed; games from each position that is judged
WAYS = {  # of self-play: few simulations and every move a target, or some moves searched deeply and only they
    "Gumbel": {"considered": 8, "playouts": 24, "steps": 64},
    "playout cap": {"playouts": 96, "fast_playouts": 20, "full_share": 0.25, "batch_leaves": 8, "steps": 16},
}
OF_ALL_WAYS = {"size": 9, "planes": 27, "filters": 64, "blocks": 5, "start": VALUE, "owner": 1.0, "margin": 0.5}
OF_ALL_WAYS |= {"komi": 7.0, "komi_rise": 0.0, "score_weight": 0.0, "games": 128, "window": 40_000, "batch": 256}
OF_ALL_WAYS |= {"rate": 1e-3, "final_rate": 1e-3, "average": 0.99, "half": True, "reference_games": 0}
WAY_SECONDS, WAY_GAMES = 600, 200  # CPU seconds of each training; games of the match between them
LADDER = (0.25, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)  # temperatures of the supervised policy, each a little weaker
LADDER_GAMES = 1000
GNUGO_RATING = 1200  # 9 kyu, as GNU Go's manual says of version 3.6
POLICY_GAMES = 400
POLICY_TEMPERATURE = 0.25
AGAINST_GNUGO = {  # the ledger's own matches: file and games
    POLICY: ("supervised_vs_gnugo", 100),
    RL: ("policy_vs_gnugo", 100),
    MASTER: ("final_policy_vs_gnugo", 200),
}
FORMULA_PLAYOUTS, FORMULA_GAMES = 200, 100
OVERRULED, STUDIED, CONTINUED = 720, 400, 64  # positions; simulations; games by which each move is judged
JUDGES = {"rl": RL, "own": MASTER}  # whose policy plays these games


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
                options = {"values": values, "n": len(values), "spread": np.std(values, ddof=1), "unit": "MSE"}
                results.record(f"go.trap.{kind}.{where}", np.mean(values), note=note, **options)


# ---------------------------------------------------------------------------------------------------------------------
# Targets


class OtherGames(Stream):
    """Its games are those of another folder, and no two seeds share one."""

    def games_of(self, unit: int):
        from utils.go.value import ValueSettings, kept_unit

        shift = TARGET_UNITS * (self.settings.seed - 1)
        return kept_unit(
            self.before, self.after, ValueSettings(), runtime.repo_root() / "runs" / "value9", shift + unit
        )


def measure_targets() -> None:
    """The stream of step 3, shorter, with each set of targets: error above the noise floor, on games of the seed's own.

    All sets see the same games and take as many steps; what a position costs is the tower, so the time is equal, too.
    """
    from utils.go import networks, value

    folder, alone = runtime.repo_root() / "runs", None
    games, which, outcomes, _ = positions(folder, TARGET_TIMES)
    planes, told = games.planes(which), outcomes.mean(axis=1)
    unfair = outcomes.var(axis=1, ddof=1) / outcomes.shape[1]  # of the mean of these games themselves
    players = [networks.Evaluator.from_file(name) for name in (POLICY, RL)]
    rows = []
    for seed in range(1, SEEDS + 1):
        for name, weights in TARGETS.items():
            settings = value.ValueSettings(units=TARGET_UNITS, seed=seed, **weights)
            stream = OtherGames(settings, *players, folder / "targets" / f"{name} {seed}", networks.load(POLICY)[0])
            for unit in range(settings.units):
                stream.games_of(unit)  # played before its clock runs: the sets are compared by what learning takes
            while stream.unit < settings.units:
                stream.iterate()
            evaluator = stream.learner.evaluator()
            said = np.concatenate([evaluator(part)[1] for part in np.array_split(planes, 4)])
            excess = (said - told) ** 2 - unfair
            alone = excess if name == "who won" else alone  # the first of each seed, with which the others are compared
            row = {"above_floor": excess.mean(), "half_interval": half_interval(excess)}
            row |= {"minus_alone": (excess - alone).mean(), "minus_half_interval": half_interval(excess - alone)}
            rows.append({"targets": name, "seed": seed} | {key: round(float(value), 4) for key, value in row.items()})
            rows[-1]["cpu_seconds"] = round(stream.cpu_seconds)
            print(rows[-1], flush=True)
    results.write_curve(results.curve_path("go_targets"), rows, f"{COMMAND} targets")


# ---------------------------------------------------------------------------------------------------------------------
# Ways of self-play


def measure_ways() -> None:
    """Two networks that went on from the same one for as many CPU seconds of self-play, and a match between them."""
    from utils.go.selfplay import Loop, write
    from utils.go.zero_games import ZeroSettings

    folder, paths, games = runtime.repo_root() / "runs" / "ways", [], []
    for name, settings in WAYS.items():
        path = folder / f"{name.replace(' ', '_')}.npz"
        loop = Loop(ZeroSettings(**OF_ALL_WAYS | settings), path.with_suffix(".checkpoint.npz"))
        while loop.cpu_seconds < WAY_SECONDS:
            print(name, loop.iterate(), flush=True)
            loop.save()
        write(loop, path, folder)
        paths.append(path)
        games.append(loop.iteration * loop.settings.games)
    first, second = (f"search:{path},playouts={FORMULA_PLAYOUTS}" for path in paths)
    report = play("ways", first, second, WAY_GAMES)[1]
    told = " against ".join(f"{name} ({count} games)" for name, count in zip(WAYS, games))
    note = f"{told} of self-play from {VALUE}, {WAY_SECONDS} CPU s each; {FORMULA_PLAYOUTS} simulations a move"
    record_match("go.gumbel_vs_playout_cap.win_rate", report, note)


# ---------------------------------------------------------------------------------------------------------------------
# Levels for students


def ranks_apart(share: float, rating: float) -> float:
    """Points of the European Go Federation's scale by which a player who wins ``share`` lies below one of ``rating``.

    Its formula: a player ``d`` points below wins a share of 1 / (1 + exp(d / a)), where a falls from 200 at 20 kyu (100
    points) to 70 at 7 dan (2,700), and a rank is 100 points.
    """
    return (205 - rating / 20) * float(np.log((1 - share) / share))


def measure_levels() -> None:
    """A ladder of temperatures below GNU Go; the ratings add up along it, and so do the uncertainties."""
    from utils.go import networks
    from utils.go.batch import Games, play_policies

    report = play("supervised_vs_gnugo", f"policy:{POLICY},temperature={LADDER[0]}", "gnugo:10", 100)[1]
    shares, rows, rating, variance = [(report["win_rate"], report["games"])], [], GNUGO_RATING, 0.0
    network = networks.Evaluator.from_file(POLICY)
    for number, (upper, lower) in enumerate(itertools.pairwise(LADDER)):
        black, rng = np.arange(LADDER_GAMES) % 2, np.random.default_rng(1000 + number)
        sides = [lambda x, t=t: network(x)[0].astype(np.float64) ** (1 / t) for t in (lower, upper)]
        scores = play_policies(sides, black, Games(LADDER_GAMES, 9, 7.0), rng)
        points = np.sign(np.where(black == 0, scores, -scores))
        shares.append((float((1 + points).mean() / 2), LADDER_GAMES))
    for temperature, (share, games) in zip(LADDER, shares):
        scale = 205 - rating / 20
        rating -= ranks_apart(share, rating)
        variance += scale**2 / (games * share * (1 - share))
        kyu, half = 21 - rating / 100, 1.96 * np.sqrt(variance) / 100
        rows.append({"temperature": temperature, "share": round(share, 4), "games": games})
        rows[-1] |= {"kyu": round(kyu, 1), "half_interval": round(half, 1)}
        print(rows[-1], flush=True)
    results.write_curve(results.curve_path("go_levels"), rows, f"{COMMAND} levels")


# ---------------------------------------------------------------------------------------------------------------------
# Players without search


def measure_policies() -> None:
    """Every two of the policies, and each of them against GNU Go."""
    from utils.go import networks, reinforce

    networks_of, rows = {name: networks.Evaluator.from_file(name) for name in AGAINST_GNUGO}, []
    keys = ("win_rate", "interval", "games")
    for second, first in itertools.combinations(networks_of, 2):
        players = networks_of[first], networks_of[second]
        report = reinforce.compare(*players, POLICY_GAMES, seed=999, temperature=POLICY_TEMPERATURE)
        rows.append({"player": first, "opponent": second} | {key: report[key] for key in keys})
    for name, (file, games) in AGAINST_GNUGO.items():
        report = play(file, f"policy:{name},temperature={POLICY_TEMPERATURE}", "gnugo:10", games)[1]
        rows.append({"player": name, "opponent": "GNU Go level 10"} | {key: report[key] for key in keys})
    for row in rows:
        print(row, flush=True)
    results.write_curve(results.curve_path("go_policies"), rows, f"{COMMAND} policies")


# ---------------------------------------------------------------------------------------------------------------------
# Formulas


def measure_formulas() -> None:
    player = f"search:{MASTER},playouts={FORMULA_PLAYOUTS},half=1"
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
    master = networks.Evaluator.from_file(MASTER, symmetry=1)
    judges = {name: networks.Evaluator.from_file(network) for name, network in JUDGES.items()}
    settings, gains = mcts.SearchSettings(playouts=STUDIED, batch=8), {name: [] for name in judges}
    for g in chosen:
        forest = mcts.Forest([_board_of(games, g)], master, settings, int(g))
        forest.run()
        prior, action = forest.trees.prior[0, 0], int(forest.policy(0, 0).argmax())
        if action != prior.argmax():
            for name, judge in judges.items():
                first, second = worth(games, g, [action, int(prior.argmax())], judge, int(g))
                gains[name].append(first.mean() - second.mean())
    count = len(gains["rl"])
    note = f"{STUDIED} simulations with {MASTER}, {len(chosen)} positions just after a random move, one a game"
    with results.together():
        results.record(
            "go.overrules.share",
            count / len(chosen),
            unit="fraction",
            n=len(chosen),
            note=f"another move first; {note}",
        )
        for name, gained in gains.items():
            better, judge = np.array(gained), f"judged by {CONTINUED} games of {JUDGES[name]}'s policy after each"
            told = f"by how much the search's move is worth more than the policy's favourite, {judge}; {note}"
            options = {"unit": "in z (-1 lost, 1 won)", "spread": half_interval(better), "n": count}
            print(results.record(f"go.overrules.gain_{name}", float(better.mean()), note=told, **options))
            right = float((better > 0).mean() + (better == 0).mean() / 2)
            told = f"cases in which the search's move is worth more (equal ones half), {judge}; {note}"
            print(results.record(f"go.overrules.right_{name}", right, unit="fraction", n=count, note=told))


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
