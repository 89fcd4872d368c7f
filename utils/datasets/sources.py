"""Where files come from: a mirror (``COURSE_MIRROR``) or the official addresses. The store asks in this order."""

from __future__ import annotations

import functools
import os
import re
import shutil
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from utils import runtime, settings
from utils.datasets import cache, download
from utils.datasets.archives import DataError
from utils.datasets.download import Refused, Unreachable
from utils.datasets.registry import Entry, Outcome

CHUNK = 1 << 18


def anything_to_try(entry: Entry) -> bool:
    return bool(os.environ.get("COURSE_MIRROR")) or (bool(entry.addresses) and not offline())


def offline() -> bool:
    return os.environ.get("COURSE_OFFLINE") == "1"


# ---------------------------------------------------------------------------------------------------------------------
# The mirror


def mirror_place() -> str | Path | None:
    """The mirror as an URL (ending in /) or a folder."""
    text = os.environ.get("COURSE_MIRROR", "").strip()
    if not text:
        return None
    if re.match(r"https?://", text):
        return text.rstrip("/") + "/"
    if text.startswith("file://"):
        text = urllib.parse.unquote(urllib.parse.urlsplit(text).path)
    return runtime.repo_root() / text


@functools.lru_cache(maxsize=8)
def _mirror_registry(mirror: str | Path) -> dict[str, str]:
    """``{name: sha256}`` of a mirror.

    Raises:
        Unreachable, Refused: no such list, or not in the format.
    """
    if isinstance(mirror, Path):
        try:
            text = (mirror / "registry.txt").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"the mirror {mirror} has no readable registry.txt; correct COURSE_MIRROR") from error
    else:
        text = download.get_text(mirror + "registry.txt")
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    bad = [line for line in lines if len(line) < 2 or not re.fullmatch(r"[0-9a-fA-F]{64}", line[1])]
    if bad:
        raise Refused(f"the mirror's registry.txt has a line that is not `name sha256`: {' '.join(bad[0])!r:.80}")
    return {line[0]: line[1].lower() for line in lines}


def mirror_listing() -> dict[str, str]:
    """Name to sha256 of the files that ``COURSE_MIRROR`` offers; empty without a mirror.

    Raises:
        DataError: the mirror cannot be reached, or has no list.
    """
    mirror = mirror_place()
    try:
        return {} if mirror is None else dict(_mirror_registry(mirror))
    except (Unreachable, Refused) as error:
        raise DataError(f"{error}") from error


def mirror_hash(entry: Entry, outcome: Outcome) -> tuple[str | Path, str] | None:
    """The mirror and the hash under which it lists the entry, or None."""
    mirror = mirror_place()
    if mirror is None:
        return None
    try:
        wanted = _mirror_registry(mirror).get(entry.mirror)
    except Unreachable as error:
        outcome.problems.append(f"the mirror cannot be reached: {error}.")
        return None
    except Refused as error:
        outcome.problems.append(f"{error}.")
        outcome.failed = True
        return None
    return None if wanted is None else (mirror, wanted)


def from_mirror_in_place(entry: Entry, outcome: Outcome) -> bool:
    """Where the cache cannot be written, a folder's file is used where it lies."""
    if not isinstance(mirror_place(), Path) or settings.writable(cache.cache_folder()):
        return False
    found = mirror_hash(entry, outcome)
    if found is None:
        return False
    path = found[0] / entry.mirror
    if not path.is_file() or not cache.matches(path, f"sha256:{found[1]}"):
        return False
    outcome.path, outcome.source = path, "mirror"
    return True


def from_mirror(entry: Entry, outcome: Outcome) -> bool:
    found = mirror_hash(entry, outcome)
    if found is None:
        return False
    mirror, wanted = found
    target = cache.cache_folder() / entry.name
    part = cache.part_of(target, wanted)

    def check() -> None:
        if not cache.matches(part, f"sha256:{wanted}"):
            raise Refused("it is not the file that the mirror's registry.txt promises (checksum)")

    try:
        if isinstance(mirror, Path):
            _copy(mirror / entry.mirror, part)
        else:
            _download_checked(mirror + urllib.parse.quote(entry.mirror), part, entry, True, check)
        check()
    except Unreachable as error:
        outcome.problems.append(f"{entry.mirror} did not come from the mirror: {error}.")
        return False
    except Refused as error:
        part.unlink(missing_ok=True)
        outcome.problems.append(f"{entry.mirror} did not come from the mirror: {error}.")
        outcome.failed = True
        return False
    except OSError:
        part.unlink(missing_ok=True)
        raise
    cache.move_in(part, target, "mirror", "")
    outcome.path, outcome.source, outcome.failed = target, "mirror", False
    return True


def _copy(original: Path, part: Path) -> None:
    try:
        source_file = open(original, "rb")  # noqa: SIM115
    except OSError as error:
        raise Refused(f"it cannot be read there ({error.strerror})") from error
    with source_file, open(part, "wb") as sink:
        shutil.copyfileobj(source_file, sink, CHUNK)


# ---------------------------------------------------------------------------------------------------------------------
# The official address


def from_official(entry: Entry, outcome: Outcome) -> bool:
    target = cache.cache_folder() / entry.name
    part = cache.part_of(target, entry.known_hash.partition(":")[2] or "unknown")
    for address in entry.addresses:
        try:
            check = functools.partial(_check_official, part, entry)
            _download_checked(address, part, entry, bool(entry.known_hash), check)
        except Unreachable as error:
            outcome.problems.append(f"{entry.name} could not be downloaded: {error}.")
            continue
        except Refused as error:
            part.unlink(missing_ok=True)
            outcome.problems.append(f"{entry.name} from {download.host_of(address)} was refused: {error}.")
            outcome.failed = True
            continue
        except OSError:
            part.unlink(missing_ok=True)
            raise
        cache.move_in(part, target, "official", address)
        outcome.path, outcome.source, outcome.failed = target, "official", False
        return True
    return False


def _download_checked(address: str, part: Path, entry: Entry, resumable: bool, check: Callable[[], None]) -> None:
    """Download and check; where a part of unknown beginning was continued in vain, once more from scratch."""
    continued = resumable and part.exists()
    try:
        download.download(address, part, entry.name, entry.size, resumable)
        check()
    except Refused:
        if not continued:
            raise
        part.unlink(missing_ok=True)
        download.download(address, part, entry.name, entry.size, resumable)
        check()


def _check_official(part: Path, entry: Entry) -> None:
    if entry.known_hash and not cache.matches(part, entry.known_hash):
        raise Refused("it is not the file that mldata/registry.toml describes (checksum)")
    if entry.fixed_size and part.stat().st_size != entry.size:
        raise Refused(f"it has {part.stat().st_size:,} bytes instead of {entry.size:,}")
