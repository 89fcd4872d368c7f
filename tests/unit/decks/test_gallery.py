"""The lecture's gallery: every piece is there with its provenance, and a run makes only what is missing."""

import json

import numpy as np
import pytest

from utils.decks import gallery


def names():
    classes = [f"magpie_{way}" for way in gallery.ascents()] + ["snake_plain", "snake_all"]
    carpets = [f"carpet_{layer}_{number}" for layer in gallery.CARPETS for number in range(gallery.PER_DEPTH)]
    return classes + carpets + [f"climb_{number}" for number in gallery.CLIMB]


@pytest.mark.parametrize("name", names())
def test_every_picture_is_shipped_with_its_provenance(name):
    image = gallery.picture(name)
    assert image.dtype == np.uint8 and image.ndim == 3 and image.shape[0] == image.shape[1]
    told = gallery.facts(name)
    assert told["network"] == "EfficientNet-Lite0" and told["date"] and told["command"]


def test_the_climb_goes_up():
    heights = [gallery.facts(f"climb_{steps}")["activation"] for steps in gallery.CLIMB]
    assert heights == sorted(heights) and heights[-1] > 2 * abs(heights[0])


def test_certainties_are_what_the_slides_say():
    plain, firm = gallery.facts("magpie_plain"), gallery.facts("magpie_all")
    assert plain["probability"] > 0.9 and firm["probability"] > 0.9
    assert plain["recognised"] < 0.5 < 0.8 < min(firm["recognised"], gallery.facts("snake_all")["recognised"])
    assert all(0 <= gallery.facts(name)["shifted_least"] <= 1 for name in names() if name.startswith(("mag", "snake")))


def test_filter_banks_and_occlusion_maps():
    assert gallery.array("bank_grey").shape == (256, 16, 16, 1)
    assert gallery.array("bank_colour").shape == (128, 12, 12, 3)
    for name in gallery.PHOTOS:
        heat, told = gallery.array(f"occlusion_{name}"), gallery.facts(f"occlusion_{name}")
        assert heat.shape == (224, 224) and np.isfinite(heat).all()
        assert told["positions"] == (224 // gallery.STRIDE) ** 2
        assert heat.min() < 0 < heat.max() <= told["largest"] + 1e-2


@pytest.mark.parametrize("name", gallery.PHOTOS)
def test_photos_come_with_installed_packages(name):
    assert gallery.photo(name).shape == (224, 224, 3)
    assert gallery.photo(name, size=64).dtype == np.uint8


def test_missing_pieces_name_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "folder", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"utils\.decks\.gallery"):
        gallery.picture("magpie_plain")
    with pytest.raises(FileNotFoundError, match=r"utils\.decks\.gallery"):
        gallery.array("bank_grey")


def test_the_shelf_keeps_what_is_there(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "folder", lambda: tmp_path)
    shelf = gallery._Shelf(force=False)
    assert shelf.wants("dot")
    dot = np.zeros((4, 4, 3), np.uint8)
    dot[1, 2] = 200
    shelf.put("dot", dot, network="none")
    shelf.put("map", np.eye(3, dtype=np.float32))
    again = gallery._Shelf(force=False)
    assert not again.wants("dot") and gallery._Shelf(force=True).wants("dot")
    np.testing.assert_array_equal(gallery.picture("dot"), dot)
    np.testing.assert_array_equal(gallery.array("map"), np.eye(3))
    assert json.loads((tmp_path / "lesson03.json").read_text())["dot"]["network"] == "none"
