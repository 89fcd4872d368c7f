"""Photos of every kind that a person may bring, and what is none."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from utils.datasets import download
from utils.vision import photos
from utils.vision.photos import PhotoError, load_pixels, open_photo


def noise(*shape) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_photos_of_all_kinds_become_rgb(tmp_path):
    pixels = noise(20, 30, 3)
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


def test_sixteen_bits_and_floats_look_as_they_should(tmp_path):
    grey = noise(20, 30)
    expected = np.repeat(grey[..., None], 3, axis=2)
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "wide.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "wide.tiff")
    Image.fromarray(grey.astype(np.int32)).save(tmp_path / "whole.tiff")
    Image.fromarray(grey.astype(np.float32)).save(tmp_path / "float255.tiff")
    Image.fromarray(grey.astype(np.float32) / 255).save(tmp_path / "float1.tiff")
    for name in ("wide.png", "wide.tiff", "whole.tiff", "float255.tiff", "float1.tiff"):
        np.testing.assert_array_equal(open_photo(tmp_path / name), expected, err_msg=name)
    # A dark photo of 16 bits stays dark.
    Image.fromarray(np.full((4, 4), 200, dtype=np.uint16)).save(tmp_path / "dark.png")
    assert open_photo(tmp_path / "dark.png").max() <= 1
    for bad in (np.nan, np.inf, -3.0, 1e6):
        Image.fromarray(np.full((4, 4), bad, dtype=np.float32)).save(tmp_path / "bad.tiff")
        with pytest.raises(PhotoError, match="0 to 255"):
            open_photo(tmp_path / "bad.tiff")


def test_what_is_transparent_is_white(tmp_path):
    pixels = np.zeros((4, 4, 4), dtype=np.uint8)
    pixels[:2, :, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "half.png")
    opened = open_photo(tmp_path / "half.png")
    assert (opened[:2] == 0).all() and (opened[2:] == 255).all()


def test_arrays_and_pictures_are_photos_too():
    pixels = noise(20, 30, 3)
    for given in (pixels, Image.fromarray(pixels), pixels / 255, pixels.astype(np.uint16) * 257, pixels.astype(int)):
        np.testing.assert_array_equal(open_photo(given), pixels)
    assert open_photo(pixels[..., 0]).shape == open_photo(pixels[..., :1]).shape == (20, 30, 3)
    assert open_photo(np.full((4, 4, 4), 255, np.uint8), 8).shape == (8, 8, 3)
    assert open_photo(np.eye(4, dtype=bool)).max() == 255


@pytest.mark.parametrize("given", [None, 3, [], noise(4, 4, 2), noise(2, 4, 4, 3), np.zeros((0, 4, 3)), {"a": 1}])
def test_what_is_no_photo_at_all_is_refused_in_one_sentence(given):
    with pytest.raises(PhotoError, match="Expected the path of one photo"):
        open_photo(given)


def test_files_that_are_no_photo_are_refused_in_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "text.jpg").write_text("I am a cat.")
    (tmp_path / "empty.png").write_bytes(b"")
    Image.fromarray(noise(64, 64, 3)).save(tmp_path / "whole.png")
    content = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    for name, message in (
        ("text.jpg", "no image"),
        ("empty.png", "is empty"),
        ("cut.png", "damaged"),
        ("missing.jpg", "does not exist"),
        (".", "is a folder"),
        ("a\0b.jpg", "cannot be looked at|does not exist"),
    ):
        with pytest.raises(PhotoError, match=message):
            open_photo(tmp_path / name)
        with pytest.raises(PhotoError, match=message):
            open_photo(str(tmp_path / name))
    monkeypatch.setattr(photos, "MAX_PIXELS", 1000)
    with pytest.raises(PhotoError, match="64 × 64"):
        open_photo(tmp_path / "whole.png")


def test_a_huge_picture_is_called_huge_not_damaged(tmp_path, recwarn):
    for side in (10_100, 15_000):  # the second is beyond what Pillow opens at all
        Image.new("1", (side, side)).save(tmp_path / "huge.png")
        with pytest.raises(PhotoError, match="is larger than 100,000,000 pixels; make it smaller"):
            open_photo(tmp_path / "huge.png")
    assert not recwarn.list


def test_a_photo_is_fetched_from_its_address(monkeypatch, tmp_path):
    buffer = io.BytesIO()
    Image.fromarray(noise(20, 30, 3)).save(buffer, "PNG")
    asked = []

    def fetch(address, part, name, size, resumable):
        asked.append(address)
        if "missing" in address:
            raise download.Refused("the server answered 404 Not Found")
        part.write_bytes(b"" if "nothing" in address else b"<html>" if "page" in address else buffer.getvalue())

    monkeypatch.setattr(photos, "download", fetch)
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    np.testing.assert_array_equal(open_photo("https://example.org/cat.png?size=1"), noise(20, 30, 3))
    for name, message in (("missing", "404"), ("nothing", "answered with nothing"), ("page", "is no image")):
        with pytest.raises(PhotoError, match=message) as error:
            open_photo(f"http://example.org/{name}")
        assert f"http://example.org/{name}" in str(error.value)
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    with pytest.raises(PhotoError, match="COURSE_OFFLINE is set; save the photo beside"):
        open_photo("https://example.org/cat.png")
    assert len(asked) == 4


def test_an_address_where_nobody_answers_costs_no_minutes(monkeypatch):
    monkeypatch.delenv("COURSE_OFFLINE", raising=False)
    with pytest.raises(PhotoError, match=r"could not be fetched .*; save the photo"):
        open_photo("http://127.0.0.1:9/cat.jpg")


def test_a_file_that_may_not_be_read_says_so(tmp_path, monkeypatch):
    """The refusal is played: an administrator, who runs the tests in a container, may read everything."""

    def refused(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    Image.fromarray(noise(4, 4, 3)).save(tmp_path / "secret.png")
    monkeypatch.setattr(Image, "open", refused)
    with pytest.raises(PhotoError, match=r"secret\.png may not be read"):
        open_photo(tmp_path / "secret.png")
