"""The whole state of a training, saved so that it goes on as if it had never stopped."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from training.network import BookNet, Widths, built

_EMA_DECAY: Final = 0.999
_WEIGHT_DECAY: Final = 0.02
_BETAS: Final = (0.9, 0.99)


@dataclass
class State:
    """Everything that changes while training."""

    network: BookNet
    #: Exponential moving average of the weights: what is evaluated and shipped.
    average: BookNet
    optimiser: torch.optim.Optimizer
    #: Steps taken.
    step: int = 0
    #: Number of the next sample to render.
    next_sample: int = 0
    #: Seconds trained, all runs together.
    seconds: float = 0.0
    #: Of them, in the closing phase, where the learning rate falls.
    finish_seconds: float = 0.0

    @classmethod
    def fresh(cls, seed: int, inputs: int = 3, widths: Widths | None = None, device: str = "cpu") -> State:
        """Return the state of a training that has not begun, of a network with so many input channels."""
        torch.manual_seed(seed)
        network = BookNet(widths, inputs).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        average = copy.deepcopy(network).requires_grad_(requires_grad=False)
        matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
        vectors = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
        groups = [
            {"params": matrices, "weight_decay": _WEIGHT_DECAY},
            {"params": vectors, "weight_decay": 0.0},
        ]
        return cls(network, average, torch.optim.AdamW(groups, lr=1e-3, betas=_BETAS, fused=True))

    @classmethod
    def after(cls, other: State, seed: int, device: str = "cpu") -> State:
        """Return a training that has not begun, of another one's average."""
        weights = other.average.state_dict()
        inputs, widths = built(weights)
        state = cls.fresh(seed, inputs, widths, device)
        state.network.load_state_dict(weights)
        state.restart_average()
        return state

    def restart_average(self) -> None:
        """Make the average equal the network."""
        self.average.load_state_dict(self.network.state_dict())

    def follow(self) -> None:
        """Move the average a little towards the network; faster while there is little to average."""
        decay = min(_EMA_DECAY, (1 + self.step) / (10 + self.step))
        _move(self.average, self.network, 1 - decay)

    def meet(self, other: State) -> None:
        """Move the average half way to another one's: two runs from the same weights know more together.

        M. Wortsman et al., "Model soups", 2022.
        """
        _move(self.average, other.average, 0.5)

    def save(self, path: Path) -> None:
        """Write the state; a crash leaves the old file whole."""
        body: dict[str, Any] = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": torch.get_rng_state(),
            "counters": {
                "step": self.step,
                "next_sample": self.next_sample,
                "seconds": self.seconds,
                "finish_seconds": self.finish_seconds,
            },
        }
        partial = path.with_suffix(".partial")
        torch.save(body, partial)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path, device: str = "cpu") -> State:
        """Read a state back, wherever it was saved."""
        body = torch.load(path, weights_only=True, map_location="cpu")
        inputs, widths = built(body["network"])
        state = cls.fresh(0, inputs, widths, device)
        state.network.load_state_dict(body["network"])
        state.average.load_state_dict(body["average"])
        state.optimiser.load_state_dict(body["optimiser"])
        torch.set_rng_state(body["random"])
        for name, value in body["counters"].items():
            setattr(state, name, value)
        return state


def _move(network: nn.Module, towards: nn.Module, share: float) -> None:
    """Move a network's weights and statistics a share of the way to another's."""
    with torch.no_grad():
        torch._foreach_lerp_(_floats(network), _floats(towards), share)


def _floats(network: nn.Module) -> list[torch.Tensor]:
    return [tensor for tensor in network.state_dict().values() if tensor.dtype.is_floating_point]
