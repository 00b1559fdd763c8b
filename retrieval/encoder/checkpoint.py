"""The tuned encoder as something to train on: its layers in half precision beside the ONNX file.

Word pieces are never trained, so they stay those of the genuine package that the extra `train` installs; what differs
is 21 MB, not 91.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from retrieval.encoder.export import source_folder
from retrieval.errors import EncoderError

if TYPE_CHECKING:
    from pathlib import Path

LAYERS: Final = "layers.fp16.safetensors"
_WEIGHTS: Final = "model.safetensors"
_FROZEN: Final = "embeddings."


def save_layers(checkpoint: Path, target: Path) -> Path:
    """Write the layers of a checkpoint of the trainer to `target / LAYERS`, float16; return the file."""
    import torch
    from safetensors.torch import load_file, save_file

    layers = {
        name: value.to(torch.float16)
        for name, value in load_file(checkpoint / _WEIGHTS).items()
        if value.is_floating_point() and not _bare(name).startswith(_FROZEN)
    }
    save_file(layers, target / LAYERS)
    (target / LAYERS).chmod(0o644)
    return target / LAYERS


def restore(weights: Path, target: Path) -> Path:
    """Make a float32 checkpoint to train on in `target`: the genuine one with the layers of `weights`; return it.

    Weights without layers of their own are the untuned ones.

    Raises:
        EncoderError: The genuine package is missing, or the layers are not those of this architecture.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save_file

    genuine = source_folder()
    shutil.copytree(genuine, target, dirs_exist_ok=True)
    if not (weights / LAYERS).is_file():
        return target
    state = load_file(genuine / _WEIGHTS)
    names = {_bare(name): name for name in state}
    try:
        for name, value in load_file(weights / LAYERS).items():
            state[names[_bare(name)]] = value.to(state[names[_bare(name)]].dtype)
    except (SafetensorError, KeyError) as error:
        msg = f"{str(weights / LAYERS)!r} holds no layers of this encoder ({error!r}); restore the file"
        raise EncoderError(msg) from error
    save_file(state, target / _WEIGHTS, metadata={"format": "pt"})
    return target


def _bare(name: str) -> str:
    """Return a parameter's name without the prefix that some versions of transformers save with."""
    return name.removeprefix("bert.").removeprefix("0.auto_model.")
