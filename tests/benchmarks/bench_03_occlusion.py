"""Lesson 03's occlusion beside captum's and xplique's: VGG16 at 224 x 224, the same mask at the same positions.

``make bench LESSON=03``, or with options ``.venv/bin/python tests/benchmarks/bench_03_occlusion.py --stride 8``. Each
program runs alone, one after the other, on all cores, with random weights (they do not change the work), and with the
batch size that was fastest for it on a coarse grid of positions. Nothing is asserted here; unit tests hold the two ways
of ours equal.

xplique asks for older versions of what the course uses, so it is put into .venv-peers/xplique without its
dependencies and runs on the course's own TensorFlow, on the very same Keras model.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from utils import commands, results, runtime

ROOT = runtime.repo_root()
HERE = Path(__file__).resolve().parent
CONTESTANTS = ("plain", "incremental", "captum", "xplique")
BATCHES = (8, 16, 32, 64)
COARSE = 32  # stride of the grid on which the batch size is chosen
WARM = 96  # stride of the grid to warm up on
XPLIQUE = ("xplique==2.0.2", "tensorflow-probability==0.25.0", "tf-keras==2.21.0", "dm-tree==0.1.9", "decorator==5.2.1")
XPLIQUE += ("einops==0.8.1", "deprecated==1.2.18", "cloudpickle==3.1.1", "opencv-python-headless==4.12.0.88")
XPLIQUE += ("scikit-image==0.25.2", "lazy-loader==0.4", "networkx==3.5", "imageio==2.37.0", "tifffile==2025.6.11")


def image() -> np.ndarray:
    """Noise with a mean like a photo's; which image does not change the work."""
    return np.random.default_rng(0).uniform(0, 255, (224, 224, 3)).astype(np.float32)


def best_batch(run, warm: int, batches=BATCHES) -> tuple[int, dict[int, float]]:
    """Batch size with the least time per position on the coarse grid, each after one call to warm up."""
    per_position = {}
    for batch in batches:
        run(batch, warm)
        began = time.perf_counter()
        count = run(batch, COARSE)
        per_position[batch] = (time.perf_counter() - began) / count
    return min(per_position, key=per_position.get), per_position


def ours(method: str, mask: int, stride: int) -> dict:
    """Time of one map by our plain or incremental way."""
    from utils.vision import pretrained
    from utils.vision.occlusion import occlusion_map

    model = pretrained._build_application("VGG16", None).model
    picture = image()

    def run(batch: int, step: int) -> int:
        options = {"class_index": 0, "mask": mask, "stride": step, "borders": "inside", "method": method}
        return occlusion_map(model, picture, batch_size=batch, progress=False, **options).drop.size

    return timed(run, stride)


def timed(run, stride: int, warm: int = WARM) -> dict:
    """Choose a batch size, then time the whole map once."""
    batch, tried = best_batch(run, warm)
    began = time.perf_counter()
    positions = run(batch, stride)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "positions": positions, "batch": batch, "tried": tried, "peak_mb": peak}


def xplique(mask: int, stride: int) -> dict:
    """The same of xplique (TensorFlow); the masks of all positions are part of its call."""
    import tensorflow as tf
    from xplique.attributions import Occlusion

    from utils.vision import pretrained

    model = pretrained._build_application("VGG16", None).model
    picture, target = image()[None], np.eye(1000, dtype=np.float32)[:1]

    def run(batch: int, step: int) -> int:
        explainer = Occlusion(model, batch_size=batch, patch_size=mask, patch_stride=step, occlusion_value=127.5)
        explainer(tf.constant(picture), tf.constant(target))
        return (-(-(224 - mask + 1) // step)) ** 2

    return timed(run, stride)


def captum(mask: int, stride: int) -> dict:
    """The same of captum (PyTorch), on the same architecture; runs in .venv-peers."""
    import torch
    from captum.attr import Occlusion

    torch.set_num_threads(os.cpu_count())
    layers, channels = [], 3
    for repeats, filters in ((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)):
        for _ in range(repeats):
            layers += [torch.nn.Conv2d(channels, filters, 3, padding=1), torch.nn.ReLU()]
            channels = filters
        layers.append(torch.nn.MaxPool2d(2))
    layers += [torch.nn.Flatten(), torch.nn.Linear(25088, 4096), torch.nn.ReLU(), torch.nn.Linear(4096, 4096)]
    layers += [torch.nn.ReLU(), torch.nn.Linear(4096, 1000), torch.nn.Softmax(dim=1)]
    explainer = Occlusion(torch.nn.Sequential(*layers).eval())
    picture = torch.from_numpy(image().transpose(2, 0, 1)[None].copy())

    def run(batch: int, step: int) -> int:
        with torch.inference_mode():
            explainer.attribute(
                picture,
                sliding_window_shapes=(3, mask, mask),
                strides=(3, step, step),
                baselines=127.5,
                target=0,
                perturbations_per_eval=batch,
            )
        return (1 + -(-(224 - mask) // step)) ** 2

    return timed(run, stride, warm=min(mask, WARM))  # captum refuses a stride larger than the mask


def install_xplique(python: Path) -> Path | None:
    """Folder with xplique, filled on first use; None if that is not possible."""
    folder = python.parent.parent / "xplique"
    if (folder / "xplique").is_dir():
        return folder
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *XPLIQUE]
    return folder if subprocess.run(command, check=False).returncode == 0 else None


def in_process(name: str, python: Path, options: argparse.Namespace, extra: Path | None = None) -> dict | str:
    """Run one contestant in a process of its own; its result, or why there is none."""
    environment = os.environ | ({"PYTHONPATH": f"{extra}{os.pathsep}{ROOT}"} if extra else {"PYTHONPATH": str(ROOT)})
    command = [str(python), str(HERE / "bench_03_occlusion.py"), "--contestant", name]
    command += ["--mask", str(options.mask), "--stride", str(options.stride)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        return f"did not run: {done.stderr.strip().splitlines()[-1]}"
    return json.loads(done.stdout.strip().splitlines()[-1])


def contestants(options: argparse.Namespace) -> dict[str, dict | str]:
    found: dict[str, dict | str] = {}
    for name in options.only:
        print(f"{name} ...", flush=True)
        if name in ("captum", "xplique") and not options.peers.exists():
            found[name] = f"missing ({options.peers.relative_to(ROOT)}); `make bench` installs it"
        elif name == "xplique":
            folder = install_xplique(options.peers)
            found[name] = in_process(name, Path(sys.executable), options, folder) if folder else "not installed"
        else:
            found[name] = in_process(name, options.peers if name == "captum" else Path(sys.executable), options)
    return found


def show(found: dict[str, dict | str]) -> None:
    plain = found.get("plain")
    print(f"\n{'':12s} positions   batch   seconds   per position   against plain   peak memory")
    for name, outcome in found.items():
        if isinstance(outcome, str):
            print(f"{name:12s} {outcome}")
            continue
        each = 1000 * outcome["seconds"] / outcome["positions"]
        ratio = plain["seconds"] / outcome["seconds"] if isinstance(plain, dict) else float("nan")
        print(
            f"{name:12s} {outcome['positions']:9d} {outcome['batch']:7d} {outcome['seconds']:9.1f} {each:11.1f} ms "
            f"{ratio:12.2f} x {outcome['peak_mb']:10.0f} MB"
        )


def record(found: dict[str, dict | str]) -> None:
    """Write the speedup to the ledger, if every program ran."""
    if set(found) != set(CONTESTANTS) or any(isinstance(outcome, str) for outcome in found.values()):
        return
    seconds = {name: outcome["seconds"] for name, outcome in found.items()}
    others = ", ".join(f"{name} {seconds[name]:.0f} s" for name in CONTESTANTS if name != "incremental")
    note = f"one map of {found['plain']['positions']:,} positions in {seconds['incremental']:.0f} s; {others}; "
    note += "each with its best batch size, random weights"
    speedup = seconds["plain"] / seconds["incremental"]
    results.record("occlusion.vgg16.speedup", speedup, unit="times the plain way", note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--mask", type=int, default=32)
    parser.add_argument("--stride", type=int, default=4)
    parser.add_argument("--peers", type=Path, default=ROOT / ".venv-peers" / "bin" / "python")
    parser.add_argument("--only", nargs="+", choices=CONTESTANTS, default=CONTESTANTS, help="some of the programs")
    parser.add_argument("--contestant", choices=CONTESTANTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.contestant:
        if options.contestant != "captum":
            runtime.start(quiet=True)
        run = {"captum": captum, "xplique": xplique}.get(options.contestant)
        outcome = run(options.mask, options.stride) if run else ours(options.contestant, options.mask, options.stride)
        print(json.dumps(outcome))
        return
    print(f"{results.hardware_name()}; load before the start {os.getloadavg()[0]:.1f}")
    print(f"VGG16, 224 x 224, mask {options.mask}, stride {options.stride}")
    found = contestants(options)
    show(found)
    if (options.mask, options.stride) == (32, 4):
        record(found)


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
