"""Measure lesson 11 for the ledger: held-out accuracy, matches, the solved 5x5 board.

Matches write one line a game to runs/matches and continue after a kill, so this script may be stopped at any time.
``--only NAME ...`` measures a part: policy, large, rl, search, gnugo, zero, zero_elo, master_elo, elo.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path

from utils import commands, results, runtime
from utils.go.vertices import BLACK, WHITE

PARTS = ("policy", "large", "rl", "search", "gnugo", "zero", "zero_elo", "master_elo", "elo")
POLICY, RAW, RL, VALUE, ZERO = "go_sl9", "go_sl9raw", "go_rl9", "go_value9", "go_zero5"
MASTER = "go_master9"
LARGE, NINE_DAN, NINE_DAN_GAMES = "go_sl19", "go_19x19_9dan_2016-07.sgf.gz", 1400  # as many as it was trained with
ROLLOUTS = "rollouts=8,tactics=1"
FULL_PLAYOUTS = 1400
ELO_PLAYOUTS, ELO_GAMES = 200, 24  # of each of 45 pairs: 216 games a player
SEARCH = f"playouts={ELO_PLAYOUTS},half=1"
PLAYERS = {  # the paper's figure 4b: what is left of the first one when an ingredient is taken away
    "all": f"search:{MASTER},{SEARCH},lambda=0.5,{ROLLOUTS}",
    "no rollouts": f"search:{MASTER},{SEARCH}",
    "no value": f"search:{MASTER}+-,{SEARCH},lambda=1,{ROLLOUTS}",
    "no policy": f"search:-+{MASTER},{SEARCH},lambda=0.5,{ROLLOUTS}",
    "no search": f"policy:{MASTER},temperature=0.25",
    "no self-play": f"search:{VALUE},{SEARCH},lambda=0.5,{ROLLOUTS}",
    "AlphaGo's networks": f"search:{POLICY}+{VALUE},{SEARCH},lambda=0.5,{ROLLOUTS}",
    "rollouts only": f"search:-+-,{SEARCH},lambda=1,{ROLLOUTS}",
    "supervised policy": f"policy:{POLICY},temperature=0.25",
    "GNU Go level 10": "gnugo:10",
}


def full_search() -> str:
    """Description of the strongest player, at about half a second a move on one core, and never more than one."""
    return f"search:{MASTER},playouts={FULL_PLAYOUTS},seconds=0.9,batch=16,half=1,lambda=0.5,{ROLLOUTS}"


def readable(player: str) -> str:
    """A player's description that a table may break into lines."""
    return player.replace(",", ", ")


def half_width(interval) -> float:
    return (interval[1] - interval[0]) / 2


def have(*names: str) -> bool:
    """Are the networks there? Says which are not."""
    from utils.go.networks import weights_folder

    missing = [name for name in names if not (weights_folder() / f"{name}.npz").exists()]
    if missing:
        print(f"skipped: {', '.join(missing)} not trained yet")
    return not missing


def on_every_core(command: list, name: str) -> None:
    """Run a command that takes ``--share K/N`` once for each core, on one thread each.

    Raises:
        SystemExit: one of the processes failed; what it wrote to its standard error is on the screen.
    """
    workers = os.cpu_count() or 1
    one_thread = os.environ | {"TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen([*command, "--share", f"{k}/{workers}"], env=one_thread, stdout=subprocess.DEVNULL)
        for k in range(workers)
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        raise SystemExit(f"{name} broke off; what was played is kept in {match_file('*')}.")


def match_file(name: str) -> Path:
    return runtime.repo_root() / "runs" / "matches" / f"{name}.jsonl"


def play(name: str, first: str, second: str, games: int) -> tuple[list, dict]:
    """A resumable match between two described players, shared by as many processes as there are cores."""
    from utils.go import arena

    path = match_file(name)
    if len(arena.read_results(path)) < games:
        command = [sys.executable, "-m", "utils.go.arena", "match", first, second, "--games", str(games), "--out", path]
        on_every_core(command, f"The match {name}")
    found = sorted(arena.read_results(path), key=lambda result: result.number)[:games]
    return found, arena.summary(found, first)


def record_match(identifier: str, report: dict, note: str) -> None:
    note += "; half a 95 % Wilson interval"
    if "slowest_move" in report:  # of a match in the arena, which looks at the clock
        colors = (
            f"as {color} {'-'.join(map(str, report[f'as_{color.lower()}'].values()))}" for color in ("Black", "White")
        )
        note += f"; won-drawn-lost {', '.join(colors)}; {report['distinct_games']} distinct games"
        note += f"; slowest move {report['slowest_move']:.2f} s; ends {report['ends']}"
    rate = results.record(
        identifier,
        report["win_rate"],
        unit="fraction",
        spread=half_width(report["interval"]),
        n=report["games"],
        note=note,
    )
    print(identifier, results.format_value(rate), note)


def measure_policy() -> None:
    from utils.go import examples, networks, supervised

    if not have(POLICY):
        return
    held = examples.positions_of(examples.load_games("heldout"))
    report = supervised.accuracy(networks.Evaluator.from_file(POLICY), held)
    phases = ", ".join(f"{key[5:]} {value:.3f}" for key, value in report.items() if key.startswith("top1 "))
    note = f"500 held-out games; by phase: {phases}; top-5 {report['top5']:.3f}"
    results.record("go.sl9.top1", report["top1 all"], unit="fraction", n=report["positions"], note=note)
    print("go.sl9.top1", report["top1 all"], note)
    if have(RAW):
        raw = supervised.accuracy(networks.Evaluator.from_file(RAW), held, raw=True)["top1 all"]
        note = "stones and recent moves only as input; the same games, network and recipe"
        results.record("go.sl9.raw.top1", raw, unit="fraction", n=report["positions"], note=note)
        print("go.sl9.raw.top1", raw)


def measure_large() -> None:
    from utils.go import examples, networks, supervised

    if not have(LARGE):
        return
    try:
        held = examples.positions_of(examples.split_games(Path(NINE_DAN), NINE_DAN_GAMES)[2])
    except FileNotFoundError as error:
        print(f"skipped: {error}")
        return
    report = supervised.accuracy(networks.Evaluator.from_file(LARGE), held)
    note = f"19x19, held-out games between nine-dan players; top-5 {report['top5']:.3f}"
    results.record("go.sl19.top1", report["top1 all"], unit="fraction", n=report["positions"], note=note)
    print("go.sl19.top1", report["top1 all"], note)


def measure_rl() -> None:
    from utils.go import networks, reinforce

    if not have(POLICY, RL):
        return
    report = reinforce.compare(networks.Evaluator.from_file(RL), networks.Evaluator.from_file(POLICY), 400, seed=999)
    record_match("go.rl_vs_sl.win_rate", report, "REINFORCE policy against the supervised one, both sampling")


def measure_search() -> None:
    if have(RL, MASTER):
        first, second = full_search(), f"policy:{RL},temperature=0.25"  # takes about ten minutes
        report = play("search_vs_policy", first, second, 100)[1]
        record_match("go.search_vs_policy.win_rate", report, f"{readable(first)} against {readable(second)}")


def measure_gnugo() -> None:
    """The full search, the same with 200 simulations, and the policies alone against GNU Go."""
    matches = (
        ("vs", "search_vs_gnugo", full_search(), 200, "9x9, komi 7, area scoring, through GTP"),
        ("search200_vs", "search200_vs_gnugo", f"search:{MASTER},playouts=200,half=1", 200, "no clock"),
        ("final_policy_vs", "final_policy_vs_gnugo", f"policy:{MASTER},temperature=0.25", 200, "no search"),
        ("policy_vs", "policy_vs_gnugo", f"policy:{RL},temperature=0.25", 100, "REINFORCE policy, no search"),
        ("supervised_vs", "supervised_vs_gnugo", f"policy:{POLICY},temperature=0.25", 100, "supervised, no search"),
    )
    for name, file, player, games, note in matches:
        if have(player.partition(":")[2].partition(",")[0]):
            report = play(file, player, "gnugo:10", games)[1]
            record_match(f"go.{name}_gnugo_level10.win_rate", report, f"{readable(player)}; {note}")


def measure_zero() -> None:
    from utils.go import networks, zero_games

    if not have(ZERO):
        return
    model, _ = networks.load(ZERO)
    settings = zero_games.ZeroSettings(playouts=200)
    scores = zero_games.duel(model.get_weights(), None, settings, 100, BLACK, seed=177)
    report = {"win_rate": float((scores > 0).mean()), "games": 100}
    from utils.statistics import wilson_interval

    report["interval"] = wilson_interval(int((scores > 0).sum()), 100)
    note = "5x5, Black, komi 24.5, 200 playouts a move against rollout search with 2,000"
    record_match("go.zero5.win_rate_black", report, note)


def measure_zero_elo() -> None:
    rate_snapshots(ZERO, batch_leaves=4)


def measure_master_elo() -> None:
    rate_snapshots(MASTER, batch_leaves=4)


def rate_snapshots(name: str, **search) -> None:
    """Elo of the snapshots of a training by self-play, from games among neighbours and next
    neighbours with as many simulations as in training."""
    from utils.go import arena, networks, zero_games

    paths = sorted((runtime.repo_root() / "runs" / f"{name}_snapshots").glob("*.npz"))
    paths = paths[:1] + paths[1::2]  # the first and every second: ten minutes of games
    if len(paths) < 2:
        print(f"skipped: no snapshots of {name}'s training in runs/")
        return
    trained = json.loads((networks.weights_folder() / f"{name}.json").read_text(encoding="utf-8"))["settings"]
    settings, games = zero_games.ZeroSettings(**trained | search | {"considered": 0}), 10
    weights = {path.stem: networks.load(path)[0].get_weights() for path in paths}
    found = []
    for distance in (1, 2, 4):
        for first, second in zip(paths, paths[distance:]):
            for color in (BLACK, WHITE):
                mine, theirs = weights[first.stem], weights[second.stem]
                scores = zero_games.duel(mine, theirs, settings, games, color, seed=1000 * distance + color)
                black, white = (first, second) if color == BLACK else (second, first)
                found += [
                    arena.GameResult(number, black.stem, white.stem, float(score), "passes", "")
                    for number, score in enumerate(scores)
                ]
    ratings, intervals = (rate(found, anchor=paths[0].stem) for rate in (arena.elo, arena.elo_intervals))
    rows = [{"games": int(path.stem) * settings.games * settings.units} for path in paths]
    for row, path in zip(rows, paths):
        row |= {"elo": round(ratings[path.stem]), "interval": [round(end) for end in intervals[path.stem]]}
    part = {ZERO: "zero_elo", MASTER: "master_elo"}[name]
    command = f"python tests/benchmarks/results_11_alphago_go.py --only {part}"
    results.write_curve(results.curve_path(f"{name}_elo"), rows, command)
    print(json.dumps(rows))


def elo_pairs() -> list[tuple[str, str, Path]]:
    """Every two of PLAYERS, and the file of their games."""
    return [
        (first, second, match_file(f"elo_{first}_{second}".replace(" ", "_")))
        for first, second in combinations(PLAYERS, 2)
    ]


def play_elo_share(share: tuple[int, int]) -> None:
    """One process's part of all the matches; it builds each player once, and pairs take turns in who plays more."""
    from utils.go import arena

    players = {name: arena.make_player(player) for name, player in PLAYERS.items()}
    for number, (first, second, path) in enumerate(elo_pairs()):
        mine = ((share[0] + number) % share[1], share[1])
        arena.match(players[first], players[second], ELO_GAMES, path, share=mine)


def measure_elo() -> None:
    from utils.go import arena

    if not have(POLICY, VALUE, MASTER):
        return
    if any(len(arena.read_results(path)) < ELO_GAMES for _, _, path in elo_pairs()):
        on_every_core([sys.executable, __file__], "The matches for the Elo table")
    found = []
    for first, second, path in elo_pairs():
        back = {PLAYERS[first]: first, PLAYERS[second]: second}
        for game in arena.read_results(path):
            if game.number < ELO_GAMES:
                game.black, game.white = back[game.black], back[game.white]
                found.append(game)
    anchor = "GNU Go level 10"
    ratings, intervals = arena.elo(found, anchor), arena.elo_intervals(found, anchor)
    from_all = arena.elo_intervals(found, "all")  # of the difference, which the same games measure more closely
    rows = []
    for name, rating in ratings.items():
        ends = {"interval": intervals[name], "from_all": from_all[name]}
        rows.append({"name": name, "elo": round(rating), "player": PLAYERS[name]})
        rows[-1] |= {key: [round(end) for end in interval] for key, interval in ends.items()}
    command = "python tests/benchmarks/results_11_alphago_go.py --only elo"
    results.write_curve(results.curve_path("go_elo"), rows, command)
    print(f"{len(found)} games", json.dumps(rows, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument(
        "--share", metavar="K/N", help="play a part of the Elo table's games, as --only elo does itself"
    )
    options = parser.parse_args()
    runtime.start(quiet=True)
    if options.share:
        play_elo_share(tuple(int(part) for part in options.share.split("/")))
        return
    for part in options.only:
        globals()[f"measure_{part}"]()


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
