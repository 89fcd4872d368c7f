"""Our recommenders beside myFM and scikit-surprise: same ratings, same folds, one run; prints, asserts nothing.

make bench LESSON=07                                                          # peers in .venv-peers
python tests/benchmarks/bench_07_movielens_recommender.py --peers PYTHON      # peers of another environment
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from results_07_movielens_recommender import MODELS, measure

from utils import commands, runtime
from utils.datasets.movielens import MovieLens, load_movielens
from utils.recommender import splits

HERE = Path(__file__).resolve().parent


def peers(data: MovieLens, python: Path, names: list[str]) -> list[dict]:
    """What myFM and scikit-surprise reach on our folds; empty if there is no environment for them."""
    if not python.exists():
        print(f"No peers: {python} is missing; `make bench` builds it.")
        return []
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ratings.npz"
        columns = {"users": data.users, "movies": data.movies, "ratings": data.ratings, "genres": data.genre_matrix}
        np.savez(path, folds=splits.fold_numbers(len(data)), **columns)
        for library in ("myfm", "surprise"):
            command = [str(python), str(HERE / f"peer_07_{library}.py"), str(path), *names]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"{library} failed:", done.stderr.strip()[-500:])
            rows += [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=Path, default=runtime.repo_root() / ".venv-peers" / "bin" / "python")
    parser.add_argument("--only", nargs="*", default=[], help="peers to run; all if none is named")
    parser.add_argument("--ours", nargs="*", default=["biases", "biased_mf", "best"], choices=list(MODELS))
    options = parser.parse_args()
    runtime.start()
    data = load_movielens()
    print(f"{data.edition}: {len(data):,} ratings, five folds")
    rows = peers(data, options.peers, options.only)
    for name, (errors, seconds) in measure(data, options.ours).items():
        rows.append({"name": f"ours: {MODELS[name][1]}", "rmse": errors, "seconds": seconds})
    print(f"\n{'model':72} {'RMSE':>7} {'±':>7} {'s a fold':>9}")
    for row in sorted(rows, key=lambda row: np.mean(row["rmse"])):
        spread = np.std(row["rmse"], ddof=1)
        print(f"{row['name']:72} {np.mean(row['rmse']):7.4f} {spread:7.4f} {np.mean(row['seconds']):9.1f}")


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
