"""A quantile is numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from lambdas.image_processor.quantiles import quantile


@given(
    hnp.arrays(np.float32, hnp.array_shapes(max_dims=2), elements=st.floats(-1e3, 1e3, width=32)),
    st.floats(0, 1),
)
def test_it_is_as_numpy_says(values: NDArray[np.float32], share: float) -> None:
    """Whatever the shape, the order and the ties."""
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-5, abs=1e-5)
