"""Files of figures: photographs as JPEG, drawings as they are."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from utils.decks import pictures, slides

pytestmark = pytest.mark.usefixtures("slide_style")


def shown(array):
    figure, axes = slides.blank(400, 400)
    axes.imshow(array, extent=(0, 400, 0, 400))
    return figure


@pytest.fixture
def photograph():
    """Smooth colours with a little noise, as a lens and a sensor make them."""
    soft = np.random.default_rng(1).uniform(0, 1, (8, 8, 3)).repeat(100, axis=0).repeat(100, axis=1)
    return np.clip(soft + np.random.default_rng(2).normal(0, 0.03, soft.shape), 0, 1)


def test_a_photograph_becomes_a_jpeg_of_the_same_size(photograph):
    suffix, data = pictures.drawn(shown(photograph), png=True)
    with Image.open(io.BytesIO(data)) as image:
        assert (suffix, image.format, image.size) == ("jpg", "JPEG", (800, 800))


def test_a_drawing_stays_a_png():
    suffix, data = pictures.drawn(shown(np.indices((8, 8)).sum(axis=0) % 2), png=True)
    assert suffix == "png"
    assert data.startswith(b"\x89PNG")


def test_a_photograph_inside_a_drawing_becomes_a_jpeg(photograph):
    suffix, data = pictures.drawn(shown(photograph), png=False)
    assert suffix == "svg"
    assert b"data:image/jpeg;base64," in data
    assert b"data:image/png" not in data


def test_transparency_is_kept(photograph):
    buffer = io.BytesIO()
    clear = np.dstack([photograph, np.full((800, 800), 0.5)])
    Image.fromarray((clear * 255).astype("uint8")).save(buffer, "PNG")
    assert pictures.smaller(buffer.getvalue()) == ("png", buffer.getvalue())
