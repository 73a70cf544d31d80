"""Segmentation by onnxruntime: a model is loaded when its turn comes, and stays while there is room."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lambdas.image_processor import sessions
from lambdas.image_processor.closer_look import adopt, surroundings
from lambdas.image_processor.domain import Critique, Mask, Photo
from lambdas.image_processor.errors import WeightsError
from lambdas.image_processor.lean_imports import without_numpys_extras
from lambdas.image_processor.memory import LARGE_PX
from lambdas.image_processor.recipes import ModelSpec
from lambdas.image_processor.tensors import COLOURS, preprocess, squeezed, to_alpha
from lambdas.image_processor.weight_files import preferred


class Segmenter:
    """Runs models over photos. Holds the sessions of the models that ran last; safe to prefetch from.

    Args:
        weights_dir: the folder of the downloaded weights; embedded models are found beside this module.
        threads: that one inference uses; 0: as many as this process may run on.
        resident_models: how many downloaded ones stay in memory; a further one takes the place of the one
            unused longest. Embedded ones are small, and stay.

    """

    def __init__(self, weights_dir: Path, threads: int = 0, resident_models: int = 1) -> None:
        self._weights_dir = weights_dir
        self._threads = threads or len(os.sched_getaffinity(0))
        self._resident_models = resident_models
        self._lock = threading.Lock()
        #: By model, the one unused longest first.
        self._sessions: dict[str, Future[Any]] = {}
        self._embedded: set[str] = set()

    def has_weights(self, spec: ModelSpec) -> bool:
        """Return whether the model's file is there."""
        return self._path(spec).is_file()

    def prefetch(self, spec: ModelSpec) -> None:
        """Begin to load a model in the background; its errors wait for `segment`."""
        self._session(spec)

    def segment(self, spec: ModelSpec, photo: Photo) -> Mask:
        """Run one model.

        Args:
            spec: the model.
            photo: (height, width, 3) uint8.

        Returns:
            The mask at the photo's size, and the raw (S, S) float32 probability.

        Raises:
            WeightsError: naming the file that is missing or is not the model.

        """
        session = self._session(spec).result()
        is_large = photo.pixels.shape[0] * photo.pixels.shape[1] > LARGE_PX
        options = sessions.return_memory() if is_large else sessions.keep_memory()
        look = partial(self._look, session, options)
        mask = look(spec, photo.pixels)
        if not spec.is_finished:
            return mask
        # Here, for scipy takes as long to import as a network takes to load (see renderer.py).
        from lambdas.image_processor.finishing import finished  # noqa: PLC0415

        return finished(spec, mask, photo, look, self.criticise)

    def criticise(self, spec: ModelSpec, part: Photo, alpha: NDArray[np.uint8]) -> Critique:
        """Ask a critic about a mask.

        Args:
            spec: the critic.
            part: (height, width, 3) uint8, the photo around the mask.
            alpha: (h, w) uint8, the mask there, of any size.

        Raises:
            WeightsError: naming the file that is missing or is not the model.

        """
        session = self._session(spec).result()
        shape = session.get_inputs()[0].shape
        if list(shape[1:]) != [COLOURS + 1, spec.input_side_px, spec.input_side_px]:
            raise self._another_model(spec, f"its input is {shape}")
        plane = squeezed(alpha, spec.input_side_px) / np.float32(127.5) - 1
        tensor = np.concatenate([preprocess(spec, part.pixels), plane[None, None]], 1)
        outputs = sessions.run_all(session, tensor, sessions.keep_memory())
        if [output.size for output in outputs] != [plane.size, 1]:
            raise self._another_model(spec, f"its outputs are {[output.shape for output in outputs]}")
        return Critique(outputs[0].reshape(plane.shape), float(outputs[1].item()))

    def _look(self, session: Any, options: Any, spec: ModelSpec, pixels: NDArray[np.uint8]) -> Mask:
        """Return the mask of a picture, (height, width, 3) uint8: by all of it, then by the part found."""
        size = pixels.shape[1], pixels.shape[0]
        probability = self._probability(session, spec, pixels, options)
        alpha = to_alpha(spec, probability, size)
        box = surroundings(alpha) if spec.looks_closer else None
        if box is not None:
            part = np.ascontiguousarray(pixels[box])
            closer = self._probability(session, spec, part, options)
            alpha = adopt(alpha, to_alpha(spec, closer, (part.shape[1], part.shape[0])), box)
        return Mask(alpha, probability)

    def _probability(
        self, session: Any, spec: ModelSpec, pixels: NDArray[np.uint8], options: Any
    ) -> NDArray[np.float32]:
        tensor = preprocess(spec, pixels)
        probability = self._infer(session, spec, tensor, options)
        if spec.averages_mirror:
            mirrored = self._infer(session, spec, np.ascontiguousarray(tensor[..., ::-1]), options)
            probability = np.asarray((probability + mirrored[:, ::-1]) / 2, np.float32)
        if not spec.keeps_main_parts:
            return probability
        # Here, for scipy takes as long to import as a network takes to load (see renderer.py).
        with without_numpys_extras():
            from lambdas.image_processor.main_parts import keep_main_parts  # noqa: PLC0415

        return keep_main_parts(probability)

    def _infer(
        self, session: Any, spec: ModelSpec, tensor: NDArray[np.float32], options: Any
    ) -> NDArray[np.float32]:
        source = session.get_inputs()[0]
        # The last two; a dimension that the file leaves open has a name instead of a number.
        sides = {side for side in source.shape[-2:] if isinstance(side, int)}
        if not sides <= {spec.input_side_px}:
            raise self._another_model(spec, f"its input is {source.shape}")
        output = sessions.run(session, tensor, options)
        probability = output.squeeze()
        if probability.shape != tensor.shape[2:]:
            raise self._another_model(spec, f"its output is {output.shape}")
        return probability

    def _another_model(self, spec: ModelSpec, what: str) -> WeightsError:
        return WeightsError(
            f"{self._path(spec)} is not {spec.name}: {what}; run `image-processor models pull`"
        )

    def _session(self, spec: ModelSpec) -> Future[Any]:
        with self._lock:
            future = self._sessions.pop(spec.name, None)
            if future is None or (future.done() and future.exception() is not None):
                # Room is made first: one more than agreed never stands in memory.
                while not spec.is_embedded and len(large := self._large()) >= self._resident_models:
                    del self._sessions[large[0]]
                future = Future()
                threading.Thread(target=self._load, args=(spec, future), daemon=True).start()
            self._sessions[spec.name] = future
            if spec.is_embedded:
                self._embedded.add(spec.name)
            return future

    def _large(self) -> list[str]:
        """Return the names of the downloaded models in memory, the one unused longest first."""
        return [name for name in self._sessions if name not in self._embedded]

    def _load(self, spec: ModelSpec, future: Future[Any]) -> None:
        try:
            # A second thread would save the small network a fifth of the wait for a sixth more CPU time.
            threads = 1 if spec.is_embedded else self._threads
            future.set_result(sessions.open_session(self._path(spec), threads))
        except Exception as exc:  # noqa: BLE001 (carried to whoever asks for the session)
            future.set_exception(exc)

    def _path(self, spec: ModelSpec) -> Path:
        return preferred(spec, self._weights_dir, sessions.VERSION)
