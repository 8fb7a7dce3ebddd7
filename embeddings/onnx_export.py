"""Exports a sentence-transformers model to ONNX, once: `python -m embeddings.onnx_export FOLDER TARGET PRECISION`.

A process of its own, so that torch's memory is gone with it. Nothing is trusted that does not give the original's
vectors for the sample texts.
"""

import json
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from embeddings.errors import ExportFailed
from embeddings.onnx import ABOUT_FILE, CANNOT, Precision
from embeddings.onnx_quantize import quantize
from embeddings.onnx_session import MODEL_FILE, TOKENIZER_FILE, OnnxSession, optimize
from embeddings.protocols import Matrix

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# The newest that torch's TorchScript exporter writes without a warning; every ONNX Runtime since 1.15 reads it.
_OPSET = 17
# Rounding alone: measured 3e-7 for the shipped model. An exported dropout, a lost pooling or a cut mask is .01 or more.
_MOST_FP32_OFF = 1e-4
# Experiment 21: at .992 the open sets lose up to two points, at .997 they hold.
_LEAST_INT8_COSINE = 0.997

SAMPLES = (
    "Rain.",
    "Who opened the new bridge over the river, and when?",
    "how much did the company pay for its rival",
    "The council approved a budget of 3.5 million euros on Tuesday, two days after the vote was put off.",
    "“We did not expect so many visitors,” said the director of the museum, which reopened in May 2024 after a fire.",
    "Shares in the carmaker fell 7.2% to $41.10 after it cut its forecast for the second time this year.",
    "In the final, the home side came back from two goals down and won on penalties; their captain scored twice.",
    "Researchers found that patients who took the drug for 12 weeks slept 40 minutes longer; some had side effects.",
    "新桥于三月开放,市长出席了仪式。",
    "Die Brücke wurde im März eröffnet; près de 2 000 personnes y étaient.",
    "The series, adapted from a novel of the same name, has 24 episodes and can be watched free.\nFilming ended.",
    "Trains ran late all day, and some 30,000 households were without power until the evening. " * 6,
)
"""Texts of several lengths and scripts: an exported model is compared with the original on them, and smoothed."""


def main(folder: str, target: str, precision: Precision) -> int:
    """Write model, tokenizer and what is to be known of them into the target folder.

    On failure the reason goes to stderr; the code is CANNOT, or 1 where it may work another time.
    """
    try:
        about = export(Path(folder), Path(target), precision)
        (Path(target) / ABOUT_FILE).write_text(json.dumps(about), "utf-8")
    except (OSError, MemoryError, ImportError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    except Exception as error:  # noqa: BLE001 - the edge of a process: whatever a foreign model does, it says why
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return CANNOT
    return 0


def export(folder: Path, target: Path, precision: Precision) -> dict[str, str]:
    """Return precision, dim and max_tokens of what was written; int8 that strays too far is given up for fp32.

    Raises ExportFailed where the result does not give the original's vectors, and whatever the exporter raises.
    """
    os.environ["HF_HUB_OFFLINE"] = "1"
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    model = _load(folder)
    model.tokenizer.backend_tokenizer.save(str(target / TOKENIZER_FILE))
    _write_fp32(model, target / MODEL_FILE)
    max_tokens = int(model.max_seq_length or 512)
    original = model.encode(list(SAMPLES), normalize_embeddings=True, show_progress_bar=False)
    _check(target, max_tokens, original)
    if precision == "int8":
        precision = _try_int8(target, max_tokens)
    optimize(target / MODEL_FILE)
    return {"precision": precision, "dim": str(original.shape[1]), "max_tokens": str(max_tokens)}


def _load(folder: Path) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - only an export needs it

    # Attention written out: its fused kernel has no counterpart among ONNX's operators.
    return SentenceTransformer(
        str(folder),
        device="cpu",
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "attn_implementation": "eager"},
    )


def _write_fp32(model: "SentenceTransformer", path: Path) -> None:
    import torch  # noqa: PLC0415 - as above

    names = [n for n in model.tokenizer.model_input_names if n in {"input_ids", "attention_mask", "token_type_ids"}]

    class Pooled(torch.nn.Module):
        """The whole of the model, its pooling and the normalisation, as one graph."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: Any) -> Any:
            features = dict(zip(names, inputs, strict=True))
            for module in self.model:
                features = module(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)

    example = model.tokenizer([SAMPLES[1], SAMPLES[0]], padding=True, return_tensors="pt")
    axes = {name: {0: "texts", 1: "tokens"} for name in names} | {"embedding": {0: "texts"}}
    # Of torch's two exporters the one that needs no other package than onnx.
    torch.onnx.export(
        Pooled().eval(),
        tuple(example[name] for name in names),
        str(path),
        input_names=names,
        output_names=["embedding"],
        dynamic_axes=axes,
        opset_version=_OPSET,
        dynamo=False,
    )


def _try_int8(target: Path, max_tokens: int) -> Precision:
    """Put int8 in the place of fp32 where its vectors are near enough, and return what is there now."""
    model = target / MODEL_FILE

    def vectors(path: Path) -> Matrix:
        return OnnxSession(target, max_tokens, model=path.name).embed_passages(SAMPLES)

    def activations(path: Path) -> dict[str, NDArray[np.float32]]:
        return OnnxSession(target, max_tokens, model=path.name).largest_outputs(SAMPLES)

    cosine = quantize(model, model, vectors, activations, _LEAST_INT8_COSINE)
    return "int8" if cosine >= _LEAST_INT8_COSINE else "fp32"


def _check(target: Path, max_tokens: int, original: Matrix) -> None:
    found = OnnxSession(target, max_tokens).embed_passages(SAMPLES)
    least = float(np.sum(found * original, axis=1).min())
    if not least >= 1 - _MOST_FP32_OFF:
        raise ExportFailed(f"the exported model's vectors have a cosine of {least:.4f} to the original's")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], "int8" if sys.argv[3] == "int8" else "fp32"))
