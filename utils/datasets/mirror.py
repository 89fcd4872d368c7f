"""``make mirror OUT=folder``: what `make data` fetched, laid out as a mirror for a classroom without network.

The folder, on a class server or a USB stick, serves everybody who sets ``COURSE_MIRROR`` to it (see store.py).
"""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from utils import commands
from utils.checkpoints import write_atomically
from utils.datasets.archives import DataError
from utils.datasets.cache import cache_folder
from utils.datasets.inventory import inventory


def write_mirror(folder: Path) -> tuple[list[str], list[str]]:
    """Copy every file of the cache under its mirror's name and list them with their sha256 in ``registry.txt``.

    Returns:
        The names copied, and the names of the registry that are not in the cache (the large ones are not missed).

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines, copied, missing = [], [], []
    for entry, state in inventory():
        if not state.startswith("cache"):
            missing += [] if state == "shipped" or entry.large else [entry.name]
            continue
        source, target = cache_folder() / entry.name, folder / entry.mirror
        if not target.exists() or target.stat().st_size != source.stat().st_size:
            with source.open("rb") as file:
                write_atomically(target, lambda sink, file=file: shutil.copyfileobj(file, sink, 1 << 20))
        with target.open("rb") as file:
            lines.append(f"{entry.mirror} {hashlib.file_digest(file, 'sha256').hexdigest()}")
        copied.append(entry.mirror)
    text = "".join(f"{line}\n" for line in sorted(set(lines)))
    write_atomically(folder / "registry.txt", lambda file: file.write(text.encode()))
    return copied, missing


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if len(arguments) != 1:
        print("Name the mirror's folder: make mirror OUT=folder", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    try:
        copied, missing = write_mirror(folder)
    except (OSError, DataError) as error:
        print(f"The mirror could not be written: {commands.sentence(error) or error}", file=sys.stderr)
        return 2
    print(f"{len(copied)} files are in {folder}: {', '.join(copied) or 'none'}.")
    if missing:
        print(f"Not in the cache, so not in the mirror: {', '.join(missing)}. `make data` fetches what it can.")
    print(f"In the classroom: COURSE_MIRROR={folder.resolve()} make lab")
    return 0 if copied else 1


if __name__ == "__main__":
    raise SystemExit(commands.run(main))
