"""How an exported model gets into the product, and how it is cut down for an ablation."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import pytest

from lambdas.image_processor import recipes
from training.mix import INGREDIENTS, Mix, mix_without
from training.ship import ship, with_facts


def test_the_facts_of_a_model_are_rewritten(tmp_path: Path) -> None:
    """Name, file, size and checksum follow; other models and the old file do not stay behind."""
    source = Path(recipes.__file__).read_text()
    (tmp_path / "recipes.py").write_text(source)
    weights = tmp_path / "weights"
    weights.mkdir()
    (weights / recipes.BOOK.filename).write_bytes(b"old")
    (weights / recipes.CRITIC.filename).write_bytes(b"another")
    (tmp_path / "new.onnx").write_bytes(b"new weights")
    ship(tmp_path / "new.onnx", "book-v9", tmp_path)
    written = (tmp_path / "recipes.py").read_text()
    ast.parse(written)
    assert f'sha256="{hashlib.sha256(b"new weights").hexdigest()}"' in written
    assert "size_bytes=11," in written
    assert 'Recipe("book-v9", BOOK' in written
    assert recipes.BOOK.sha256 not in written
    assert recipes.U2NET.sha256 in written
    assert recipes.CRITIC.sha256 in written
    assert {path.name for path in weights.iterdir()} == {"book-v9.onnx", recipes.CRITIC.filename}


@pytest.mark.parametrize("spec", [recipes.BOOK, recipes.CRITIC], ids=lambda spec: spec.name)
def test_shipping_what_is_shipped_changes_nothing(spec: recipes.ModelSpec) -> None:
    """An embedded file and its facts agree."""
    source = Path(recipes.__file__)
    data = (source.parent / "weights" / spec.filename).read_bytes()
    assert source.read_text() == with_facts(source.read_text(), spec.name, data)


def test_the_critic_is_replaced_alone(tmp_path: Path) -> None:
    """The book model, its recipe and its file stay."""
    (tmp_path / "recipes.py").write_text(Path(recipes.__file__).read_text())
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / recipes.CRITIC.filename).write_bytes(b"old")
    (tmp_path / "new.onnx").write_bytes(b"new weights")
    ship(tmp_path / "new.onnx", "critic-v9", tmp_path)
    written = (tmp_path / "recipes.py").read_text()
    assert 'name="critic-v9"' in written
    assert recipes.CRITIC.sha256 not in written
    assert recipes.BOOK.sha256 in written
    assert f'Recipe("{recipes.BOOK.name}", BOOK' in written
    assert [path.name for path in (tmp_path / "weights").iterdir()] == ["critic-v9.onnx"]


def test_a_text_without_a_model_is_refused() -> None:
    """Nothing is written by guess."""
    with pytest.raises(ValueError, match="no BOOK"):
        with_facts("U2NET = 1\n", "book-v9", b"")


def test_ingredients_can_be_left_out() -> None:
    """One or several, by name; a wrong name is named."""
    mix = mix_without("hand_behind", "slab")
    assert (dict(mix.hand_behind), mix.slab, mix.pen) == ({}, 0, Mix().pen)
    assert mix_without() == Mix()
    assert {"negatives", "cropped", "filling"} <= set(INGREDIENTS)
    with pytest.raises(ValueError, match="cats is no ingredient"):
        mix_without("cats")
