"""Turns a BERT-like sentence encoder (sentence-transformers folder) into the shipped int8 ONNX files.

The graph does all that follows the tokenizer: transformer, mean over the attended tokens, L2 normalisation.
Inputs `input_ids`, `attention_mask` int64 (n, tokens); output `embedding` float32 (n, dim), each row of length 1.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions
from tokenizers import Tokenizer
from transformers import BertModel

OPSET = 17


class SentenceEncoder(torch.nn.Module):
    """Transformer, masked mean and L2 normalisation as one module, so that callers need no pooling code."""

    def __init__(self, transformer: torch.nn.Module) -> None:
        super().__init__()
        self.transformer = transformer

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """(n, tokens) ids and mask → (n, dim) unit vectors."""
        hidden = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weight = attention_mask.unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1.0)
        unit: torch.Tensor = torch.nn.functional.normalize(mean, dim=-1)
        return unit


def load_transformer(folder: Path) -> BertModel:
    """The transformer of a sentence-transformers folder, ready to export (eager attention, no dropout)."""
    model: BertModel = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")
    return model.eval()


def export_model(transformer: BertModel, target: Path) -> None:
    """Writes the fused, int8 ONNX file of a transformer to `target`."""
    with tempfile.TemporaryDirectory() as scratch:
        plain, fused = Path(scratch, "plain.onnx"), Path(scratch, "fused.onnx")
        sample = torch.ones((2, 8), dtype=torch.int64)
        torch.onnx.export(
            SentenceEncoder(transformer).eval(),
            (sample, sample),
            str(plain),
            input_names=["input_ids", "attention_mask"],
            output_names=["embedding"],
            dynamic_axes={
                "input_ids": {0: "n", 1: "tokens"},
                "attention_mask": {0: "n", 1: "tokens"},
                "embedding": {0: "n"},
            },
            opset_version=OPSET,
            dynamo=False,
        )
        options = FusionOptions("bert")
        options.enable_embed_layer_norm = False  # its quantised form has one scale for the whole vocabulary
        config = transformer.config
        optimized = optimizer.optimize_model(
            str(plain),
            model_type="bert",
            num_heads=config.num_attention_heads,
            hidden_size=config.hidden_size,
            optimization_options=options,
        )
        optimized.save_model_to_file(str(fused))
        quantize_dynamic(
            str(fused),
            str(target),
            op_types_to_quantize=["MatMul", "Attention"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},  # fused operators have no shape inference
        )
    model = onnx.load(str(target))
    quantize_word_embeddings(model, transformer.get_input_embeddings().weight.detach().numpy())
    onnx.checker.check_model(model)
    onnx.save_model(model, str(target))


def quantize_word_embeddings(model: onnx.ModelProto, table: np.ndarray[Any, Any]) -> None:
    """Replaces the float word table of the graph by int8 rows with a scale each (in place).

    One scale per row keeps rare, short vectors exact where one scale for all would flatten them.
    """
    graph = model.graph
    weight = next(tensor for tensor in graph.initializer if list(tensor.dims) == list(table.shape))
    values = numpy_helper.to_array(weight)
    scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12).astype(np.float32) / 127.0
    rows = np.rint(values / scale).astype(np.int8)
    gather = next(node for node in graph.node if node.op_type == "Gather" and node.input[0] == weight.name)
    position = list(graph.node).index(gather)
    ids, output = gather.input[1], gather.output[0]
    graph.initializer.remove(weight)
    graph.node.remove(gather)
    graph.initializer.extend(
        [numpy_helper.from_array(rows, "word_rows"), numpy_helper.from_array(scale, "word_scales")]
    )
    nodes = [
        helper.make_node("Gather", ["word_rows", ids], ["word_rows_taken"], name="take_rows"),
        helper.make_node("Gather", ["word_scales", ids], ["word_scales_taken"], name="take_scales"),
        helper.make_node("Cast", ["word_rows_taken"], ["word_rows_float"], name="rows_to_float", to=TensorProto.FLOAT),
        helper.make_node("Mul", ["word_rows_float", "word_scales_taken"], [output], name="scale_rows"),
    ]
    for offset, node in enumerate(nodes):
        graph.node.insert(position + offset, node)


def write_tokenizer(source: Path, target: Path, max_tokens: int) -> None:
    """Copies a tokenizer.json with truncation at `max_tokens` and padding to the longest of a batch."""
    tokenizer = Tokenizer.from_file(str(source))
    tokenizer.enable_truncation(max_tokens)
    pad = tokenizer.token_to_id("[PAD]")
    if pad is None:
        raise ValueError(f"{source}: expected a WordPiece tokenizer with a [PAD] token, found none")
    tokenizer.enable_padding(pad_id=pad, pad_token="[PAD]")
    target.write_text(tokenizer.to_str(pretty=False), encoding="utf-8")


def write_bundle(
    transformer: BertModel, tokenizer: Path, target: Path, *, name: str, max_tokens: int, licence: str
) -> None:
    """Writes model.onnx, tokenizer.json and encoder.json (what they are, with their SHA-256) into `target`."""
    target.mkdir(parents=True, exist_ok=True)
    export_model(transformer, target / "model.onnx")
    write_tokenizer(tokenizer, target / "tokenizer.json", max_tokens)
    sums = {file: hashlib.sha256((target / file).read_bytes()).hexdigest() for file in ("model.onnx", "tokenizer.json")}
    about = {
        "name": name,
        "dim": transformer.config.hidden_size,
        "max_tokens": max_tokens,
        "licence": licence,
        "sha256": sums,
    }
    (target / "encoder.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
