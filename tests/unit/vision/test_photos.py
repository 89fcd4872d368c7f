"""Photos of every kind that a person may bring, and files that are none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from utils.vision import photos
from utils.vision.photos import PhotoError, load_pixels, open_photo


def test_photos_of_all_kinds_become_rgb(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(open_photo(tmp_path / "a.png"), pixels)
    for mode in ("L", "RGBA", "P", "1", "CMYK"):
        name = tmp_path / f"{mode}.{'tiff' if mode == 'CMYK' else 'png'}"
        Image.fromarray(pixels).convert(mode).save(name)
        opened = open_photo(name)
        assert opened.shape == (20, 30, 3)
        assert opened.dtype == np.uint8
    assert open_photo(tmp_path / "a.png", 16).shape == (16, 16, 3)
    assert load_pixels([tmp_path / "a.png", tmp_path / "L.png"], 8).shape == (2, 8, 8, 3)


def test_a_camera_held_upright_is_turned(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees
    Image.new("RGB", (40, 20)).save(tmp_path / "turned.jpg", exif=exif)
    assert open_photo(tmp_path / "turned.jpg").shape == (40, 20, 3)


def test_what_is_no_photo_is_refused_in_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "text.jpg").write_text("I am a cat.")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    for name, message in (
        ("text.jpg", "no image"),
        ("empty.png", "no image"),
        ("cut.png", "damaged"),
        ("missing.jpg", "does not exist"),
        (".", "is a folder"),
    ):
        with pytest.raises(PhotoError, match=message):
            open_photo(tmp_path / name)
    monkeypatch.setattr(photos, "MAX_PIXELS", 1000)
    with pytest.raises(PhotoError, match="64 × 64"):
        open_photo(tmp_path / "whole.png")
