"""What the doctor says of a sound installation and of broken ones, and the check of the GPU."""

from __future__ import annotations

from collections import namedtuple
from types import SimpleNamespace

import pytest

from utils import doctor, runtime
from utils.doctor import Finding


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    return tmp_path


def test_the_doctor_finds_this_installation_sound(empty_cache, capsys):
    assert doctor.doctor() == 0
    output = capsys.readouterr().out
    for word in ("Python", "packages", "Keras", "GPU", "memory", "disk", "browser", "mnist.npz: not here", "make data"):
        assert word in output
    assert "The course can run" in output and "!!" not in output


def test_every_gap_has_a_remedy(empty_cache, monkeypatch):
    monkeypatch.setattr(doctor.shutil, "which", lambda name: None)
    monkeypatch.setattr(doctor, "MAC_BROWSERS", ())
    monkeypatch.delenv("COURSE_BROWSER", raising=False)
    monkeypatch.setattr(doctor, "_playwright_browser", lambda: None)
    findings = doctor._check_programs() + doctor._check_data() + doctor._check_gpu()
    gaps = [finding for finding in findings if finding.state == "gap"]
    assert len(gaps) > 5 and all(gap.remedy for gap in gaps)
    assert any(finding.what == "browser" and finding.state == "gap" for finding in findings)


def test_something_unusable_gives_a_bad_exit_status(monkeypatch, capsys):
    findings = [Finding("ok", "Python", "3.12"), Finding("broken", "Keras", "cannot start", "Reinstall.")]
    monkeypatch.setattr(doctor, "diagnose", lambda: findings)
    assert doctor.main(["doctor"]) == 1
    output = capsys.readouterr().out
    assert "!!  Keras" in output and "-> Reinstall." in output and "1 thing must be repaired" in output


def test_an_old_python_and_a_missing_package_are_broken(monkeypatch):
    from importlib import metadata

    monkeypatch.setattr(doctor.sys, "version_info", (3, 10, 4, "final", 0))
    assert doctor._check_python()[0].state == "broken"
    monkeypatch.undo()
    requires = ["numpy>=2", "nothing-like-this>=1", "keras>=99; python_version > '3'", "torch; extra == 'dev'"]
    monkeypatch.setattr(metadata, "requires", lambda name: requires)
    (finding,) = doctor._check_packages()
    assert finding.state == "broken" and "make" in finding.remedy
    assert "nothing-like-this is missing" in finding.found and "keras is 3" in finding.found
    assert "torch" not in finding.found and "numpy" not in finding.found


def test_a_backend_that_does_not_load_is_broken(monkeypatch):
    def fail(**_):
        raise ImportError("no such library")

    monkeypatch.setattr(runtime, "start", fail)
    (finding,) = doctor._check_keras()
    assert finding.state == "broken" and "no such library" in finding.found and finding.remedy


def test_a_driver_without_a_gpu_in_the_framework_is_a_gap(monkeypatch):
    monkeypatch.setattr(runtime, "list_gpus", list)
    monkeypatch.setattr(doctor.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    (finding,) = doctor._check_gpu()
    assert finding.state == "gap" and "driver" in finding.found and "make gpu-check" in finding.remedy
    monkeypatch.setattr(runtime, "list_gpus", lambda: ["GPU:0"])
    assert doctor._check_gpu()[0].state == "ok"


def test_little_memory_and_a_full_disk_are_gaps(empty_cache, monkeypatch):
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=4e9, available=1e9))
    assert doctor._check_memory()[0].state == "gap"
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(1, 1, 1))
    assert doctor._check_disk()[0].state == "gap"
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    assert "COURSE_DATA" in doctor._check_disk()[0].remedy


def test_a_mirror_that_is_not_there_is_told_before_class(empty_cache, monkeypatch):
    monkeypatch.setenv("COURSE_MIRROR", str(empty_cache / "stick"))
    settings, mirror = doctor._check_settings()
    assert settings.state == "ok" and (mirror.what, mirror.state) == ("mirror", "gap")
    assert "stick has no readable registry.txt" in mirror.found and "make mirror" in mirror.remedy
    (empty_cache / "stick").mkdir()
    (empty_cache / "stick" / "registry.txt").write_text(f"mnist.npz {'0' * 64}\n")
    mirror = doctor._check_settings()[1]
    assert mirror.state == "ok" and "1 files listed" in mirror.found


def test_missing_data_and_no_network_have_a_remedy_that_works(empty_cache, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    (mnist,) = [finding for finding in doctor._check_data() if finding.found.startswith("mnist.npz")]
    assert "COURSE_OFFLINE=0 make data" in mnist.remedy and "lessons 01, 02, 05 fetch it" in mnist.found


def test_damaged_data_is_told(empty_cache):
    (empty_cache / "mnist.npz").write_bytes(b"half a download")
    damaged = [finding for finding in doctor._check_data() if "damaged" in finding.found]
    assert len(damaged) == 1 and damaged[0].found.startswith("mnist.npz") and "Delete" in damaged[0].remedy


# gpu-check


def test_gpu_check_without_a_gpu(monkeypatch, capsys):
    monkeypatch.setattr(runtime, "list_gpus", list)
    monkeypatch.setattr(doctor, "_step_seconds", lambda device: 0.2)
    assert doctor.main(["gpu-check"]) == 0
    output = capsys.readouterr().out
    assert "200.0 ms on the CPU" in output and "cpu" in output.splitlines()[1].lower() and "cpu budget" in output


@pytest.mark.parametrize(("place", "status"), [("GPU:0", 0), ("cuda:0", 0), ("CPU:0", 1)])
def test_gpu_check_with_a_gpu(monkeypatch, capsys, place, status):
    monkeypatch.setattr(runtime, "list_gpus", lambda: ["/physical_device:GPU:0"])
    monkeypatch.setattr(doctor, "_device_of", lambda tensor: place)
    monkeypatch.setattr(doctor, "_step_seconds", lambda device: {"cpu:0": 0.2, "gpu:0": 0.01}[device])
    assert doctor.gpu_check() == status
    output = capsys.readouterr().out
    assert "20.0 times as fast" in output and ("not used" in output) == bool(status)


def test_a_training_step_is_timed():
    assert 0 < doctor._step_seconds("cpu:0", steps=1) < 60
