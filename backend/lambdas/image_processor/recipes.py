"""Models and recipes as data: a new model is one `ModelSpec` and one `Recipe` line, here and only here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Stretch(StrEnum):
    """What is done to a model's raw output before it becomes a mask."""

    #: (p - min) / (max - min), as rembg does for u2net and isnet.
    MIN_MAX = "min_max"
    #: Nothing: the output is a probability, and an empty mask stays empty.
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """The facts about one segmentation network."""

    name: str
    filename: str
    #: Side of the square input in pixels; the photo's aspect is squeezed into it.
    input_side_px: int
    #: Per channel, after division by the photo's maximum.
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    stretch: Stretch
    size_bytes: int
    sha256: str
    #: Where `download_models.py` fetches it; None: packaged with the worker (an embedded model).
    url: str | None
    #: Whether the output is the mean over the photo and its mirror image (docs/model-card.md).
    averages_mirror: bool = False
    #: Whether small components are dropped and holes filled (main_parts.py).
    keeps_main_parts: bool = False
    #: Whether the subject's surroundings are looked at once more, on their own (closer_look.py).
    looks_closer: bool = False
    #: Whether a mask that its critic has seen is compared with a look from farther away (farther_look.py).
    looks_farther: bool = False
    #: Whether straight sides of the mask are put on the photo's edges (straighten.py).
    straightens_sides: bool = False
    #: The critic that may correct the mask (correction.py).
    corrected_by: ModelSpec | None = None
    #: Whether it is asked about a mask, its input's fourth channel, instead of for one (critic.py).
    is_critic: bool = False

    @property
    def is_embedded(self) -> bool:
        """Whether the weights are packaged with the worker."""
        return self.url is None

    @property
    def is_finished(self) -> bool:
        """Whether anything is made of its mask afterwards (finishing.py)."""
        return self.straightens_sides or self.corrected_by is not None

    def asked_once(self) -> ModelSpec:
        """Return the same model with one pass over the photo, and nothing made of its mask afterwards."""
        return replace(
            self,
            averages_mirror=False,
            looks_closer=False,
            looks_farther=False,
            straightens_sides=False,
            corrected_by=None,
        )


@dataclass(frozen=True, slots=True)
class Matting:
    """Trimap thresholds of alpha matting; the names are rembg's."""

    #: Mask values above this are surely subject.
    foreground_threshold: int = 240
    #: Mask values below this are surely background.
    background_threshold: int = 10
    #: Side, in pixels, of the square by which both sure regions are eroded.
    erode_size_px: int = 10
    #: Farther inside the outline than this, as a share of the longest side, a pixel is subject whatever its
    #: value; None: as rembg, for whom grey is unknown anywhere.
    solid_share: float | None = None
    #: Whether background between the subject and the frame stays so where it is too narrow to be eroded.
    keeps_frame_strips: bool = False


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way to cut a book out."""

    name: str
    model: ModelSpec
    #: None: the mask itself is the opacity.
    matting: Matting | None

    def ran_as(self, *, is_matted: bool) -> str:
        """Return the name that is recorded: the recipe's, or another where matting was impossible."""
        return self.name if is_matted or self.matting is None else f"{self.model.name}-unmatted"


_RELEASE: Final = "https://github.com/danielgatis/rembg/releases/download/v0.0.0/"
_IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
_IMAGENET_STD: Final = (0.229, 0.224, 0.225)

U2NET: Final = ModelSpec(
    name="u2net",
    filename="u2net.onnx",
    input_side_px=320,
    mean=_IMAGENET_MEAN,
    std=_IMAGENET_STD,
    stretch=Stretch.MIN_MAX,
    size_bytes=175_997_641,
    sha256="8d10d2f3bb75ae3b6d527c77944fc5e7dcd94b29809d47a739a7a728a912b491",
    url=_RELEASE + "u2net.onnx",
)
ISNET: Final = ModelSpec(
    name="isnet-general-use",
    filename="isnet-general-use.onnx",
    input_side_px=1024,
    mean=(0.5, 0.5, 0.5),
    std=(1.0, 1.0, 1.0),
    stretch=Stretch.MIN_MAX,
    size_bytes=178_648_008,
    sha256="60920e99c45464f2ba57bee2ad08c919a52bbf852739e96947fbb4358c0d964a",
    url=_RELEASE + "isnet-general-use.onnx",
)
#: Asked by the judge about a mask in its photo: no recipe's model.
CRITIC: Final = ModelSpec(
    name="critic-v6",
    filename="critic-v6.onnx",
    input_side_px=192,
    mean=_IMAGENET_MEAN,
    std=_IMAGENET_STD,
    stretch=Stretch.NONE,
    size_bytes=2_230_667,
    sha256="8aa2043cfbbe82dcd8b83a1220af6b182bef12f85a113e0305ff4cfdc5c6513a",
    url=None,
    is_critic=True,
)
#: Corrects the embedded model's own masks. It knows fewer solids than the judge's critic, and takes less of a
#: table for a side of one (docs/model-card.md).
CORRECTOR: Final = replace(
    CRITIC,
    name="critic-v5",
    filename="critic-v5.onnx",
    size_bytes=2_230_663,
    sha256="8de50f681a84af05f293aafb16018ecd8399161cc002c95c927e637160bba8ae",
)
BOOK: Final = ModelSpec(
    name="book-v2",
    filename="book-v2.onnx",
    input_side_px=256,
    mean=_IMAGENET_MEAN,
    std=_IMAGENET_STD,
    stretch=Stretch.NONE,
    size_bytes=4_231_116,
    sha256="13a5ec6def4057983f2b02a29a2f01052cb72801f0bf2ff40677b5a78cc94342",
    url=None,
    averages_mirror=True,
    keeps_main_parts=True,
    looks_closer=True,
    looks_farther=True,
    straightens_sides=True,
    corrected_by=CORRECTOR,
)

MODELS: Final[Mapping[str, ModelSpec]] = MappingProxyType(
    {spec.name: spec for spec in (U2NET, ISNET, BOOK, CRITIC, CORRECTOR)}
)

#: In the order they are tried; the first accepted one wins.
RECIPES: Final[tuple[Recipe, ...]] = (
    Recipe("u2net-alpha", U2NET, Matting()),
    Recipe("isnet-general-use", ISNET, None),
)
#: The last resort, only where EMBEDDED_MODEL_FALLBACK allows it.
EMBEDDED_RECIPE: Final = Recipe("book-v2", BOOK, Matting(solid_share=0.025, keeps_frame_strips=True))
