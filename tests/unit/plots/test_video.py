"""Videos: whole files or none, small in a notebook, clear sentences for wrong frames."""

import base64

import numpy as np
import pytest

from utils.plots import video


def moving_square(count=12, height=30, width=41):
    """A white square that moves two pixels a frame over grey; odd width on purpose."""
    for index in range(count):
        frame = np.full((height, width, 3), 60, np.uint8)
        frame[10:18, 2 * index : 2 * index + 8] = 255
        yield frame


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_what_is_saved_can_be_read_back(tmp_path, suffix):
    path = video.save_video(moving_square(), tmp_path / f"deep/er/square{suffix}", fps=10)
    frames, fps = video.read_video(path)
    frames = list(frames)
    assert len(frames) == 12 and fps == pytest.approx(10)
    assert frames[0].shape == (30, 42, 3), "the odd width is padded to an even one"
    for got, sent in zip(frames, moving_square()):
        assert np.abs(got[:, :41].astype(int) - sent).mean() < 6
    assert list(path.parent.iterdir()) == [path], "no temporary file is left"


def test_enlarging_is_by_whole_pixels(tmp_path):
    frame = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    frames, _ = video.read_video(video.save_video([frame], tmp_path / "big.gif", scale=4))
    first = next(frames)
    assert first.shape == (12, 16, 3)
    assert np.abs(first[::4, ::4, 0].astype(int) - frame).max() <= 2


@pytest.mark.parametrize(
    "frame, value",
    [
        (np.ones((2, 2), bool), 255),
        (np.full((2, 2, 1), 0.5, np.float32), 128),
        (np.full((2, 2, 4), 7, np.uint8), 7),
        (np.full((2, 2), 200, np.int64), 200),
    ],
)
def test_frames_of_many_kinds_become_rgb(frame, value):
    rgb = video.as_rgb(frame)
    assert rgb.shape == (2, 2, 3) and rgb.dtype == np.uint8 and (rgb == value).all()


@pytest.mark.parametrize(
    "frame, sentence",
    [
        (np.zeros((3, 4, 2), np.uint8), "shape"),
        (np.zeros((0, 4), np.uint8), "shape"),
        (np.full((2, 2), 255.0), "scale it"),
        (np.full((2, 2), -3), "scale it"),
    ],
)
def test_wrong_frames_are_refused_with_a_sentence(frame, sentence):
    with pytest.raises(ValueError, match=sentence):
        video.as_rgb(frame)


def test_unequal_frames_leave_nothing_behind(tmp_path):
    frames = [np.zeros((8, 8), np.uint8), np.zeros((8, 9), np.uint8)]
    for suffix in video.SUFFIXES:
        with pytest.raises(ValueError, match="Frame 1"):
            video.save_video(iter(frames), tmp_path / f"x{suffix}")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments, sentence",
    [({"path": "x.avi"}, ".mp4 or .gif"), ({"fps": 0}, "fps"), ({"scale": 0}, "scale"), ({"frames": []}, "no frames")],
)
def test_wrong_arguments_are_refused(tmp_path, arguments, sentence):
    arguments = {"frames": moving_square(2), "path": "x.mp4"} | arguments
    arguments["path"] = tmp_path / arguments["path"]
    with pytest.raises(ValueError, match=sentence):
        video.save_video(**arguments)


def test_a_failed_overwrite_keeps_the_old_file(tmp_path):
    path = video.save_video(moving_square(3), tmp_path / "x.mp4")
    before = path.read_bytes()

    def breaks():
        yield from moving_square(2)
        raise RuntimeError("the game crashed")

    with pytest.raises(RuntimeError, match="crashed"):
        video.save_video(breaks(), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_reading_what_is_not_there_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="no video at"):
        video.read_video(tmp_path / "none.mp4")


def test_a_clip_carries_the_whole_video_and_a_strip(tmp_path):
    path = video.save_video(moving_square(), tmp_path / "x.mp4", fps=10)
    bundle, metadata = video.show_video(path, caption="a < b")._repr_mimebundle_()
    assert metadata == {"image/png": {"alt": "a < b"}}
    page = bundle["text/html"]
    assert base64.b64encode(path.read_bytes()).decode() in page
    assert "a &lt; b" in page and "controls" in page and "<script" not in page
    assert "aria-label='a &lt; b'" in page
    assert base64.b64decode(bundle["image/png"]).startswith(b"\x89PNG")


def test_a_gif_is_shown_as_an_image(tmp_path):
    path = video.save_video(moving_square(4), tmp_path / "x.gif")
    assert "data:image/gif;base64" in video.show_video(path).as_html()


def test_a_large_video_is_compressed_then_shortened():
    noise = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    whole = video.show_video(noise, fps=10)
    small = video.show_video(noise, fps=10, max_bytes=4_500, caption="noise")
    assert len(small.data) <= 4_500 < len(whole.data)
    assert "noise (the first" in small.caption and "of 4 seconds" in small.caption


def test_a_strip_has_its_frames_in_rows():
    import io

    from PIL import Image

    strip = video.film_strip(list(moving_square(5)), columns=3, gap=4)
    assert Image.open(io.BytesIO(strip)).size == (3 * 41 + 2 * 4, 2 * 30 + 4)
    with pytest.raises(ValueError, match="no frames"):
        video.film_strip([])
