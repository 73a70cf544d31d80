"""How onnxruntime opens a network and runs it: its threads, and whose memory its layers take."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from lambdas.image_processor import memory
from lambdas.image_processor.errors import WeightsError

#: The runtime's version: a graph that was optimised ahead belongs to one.
VERSION: Final[str] = ort.__version__
#: The arena grows by powers of two from this on; this chunk stays when the rest is given back. Of 24 to
#: 256 MiB it needs the least memory for both networks in turn (56 MiB: 90 MiB more).
_FIRST_CHUNK_BYTES: Final = 44 << 20
_POWERS_OF_TWO: Final = 0
_SPIN_MICROSECONDS: Final = "50"
#: What may stay unused behind a layer. By default 128 MiB: chunks are given away whole, and isnet takes a
#: seventh more.
_DEAD_BYTES: Final = 1 << 20


def open_session(path: Path, threads: int) -> Any:
    """Load a network.

    Args:
        path: of its graph.
        threads: that one inference uses.

    Raises:
        WeightsError: the file is missing or damaged.

    """
    if not path.is_file():
        raise WeightsError(f"the weights {path} are missing; run `image-processor models pull`")
    _share_arena()
    options = ort.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    # Weights stay out of the arena: they come and go with their session.
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    # The pattern would plan for every output at once.
    options.enable_mem_pattern = False
    options.intra_op_num_threads = threads
    # Between layers a thread waits some microseconds: woken each time, it costs a twentieth of an inference;
    # spinning without end, it burns a sixth and takes it from others.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.intra_op.spin_duration_us", _SPIN_MICROSECONDS)
    options.log_severity_level = 4
    try:
        with memory.kept_while_loading():
            return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as exc:
        raise WeightsError(f"the weights {path} are damaged; run `image-processor models pull`") from exc


def keep_memory() -> Any:
    """Return options of a run after which the arena stays as it is, for the next one."""
    return ort.RunOptions()


def return_memory() -> Any:
    """Return options of a run after which the arena goes back to the system, but for its first chunk.

    The next inference pays for it with fresh pages: a tenth of a CPU-second for u2net, a quarter for isnet.
    """
    options = ort.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def run(session: Any, tensor: NDArray[np.float32], options: Any) -> NDArray[np.float32]:
    """Return a network's first output.

    Args:
        session: from `open_session`.
        tensor: its one input.
        options: from `keep_memory` or `return_memory`.

    """
    return _answers(session, tensor, options, [session.get_outputs()[0].name])[0]


def run_all(session: Any, tensor: NDArray[np.float32], options: Any) -> list[NDArray[np.float32]]:
    """Return all outputs of a network, in its order; arguments as in `run`."""
    return _answers(session, tensor, options, [output.name for output in session.get_outputs()])


def _answers(
    session: Any, tensor: NDArray[np.float32], options: Any, names: list[str]
) -> list[NDArray[np.float32]]:
    found = session.run(names, {session.get_inputs()[0].name: tensor}, options)
    return [np.asarray(output, np.float32) for output in found]


@cache
def _share_arena() -> None:
    """Give all networks of this process one arena: only one of them runs at a time.

    Layers that ask the system for memory get fresh pages each time: a sixth of u2net's CPU time, a quarter of
    isnet's.
    """
    place = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    arena = ort.OrtArenaCfg(0, _POWERS_OF_TWO, _FIRST_CHUNK_BYTES, _DEAD_BYTES)
    ort.create_and_register_allocator(place, arena)
