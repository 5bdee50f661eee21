"""Distillation: `python -m kb_index.distill.train DATA TEACHER --minutes 70 --benchmarks FOLDER`.

The student learns to give a French, German or English sentence the vector that the teacher gives its English original
(Reimers & Gurevych 2020), and to see the other sentences of the batch as near as the teacher sees them (contrastive,
with the teacher's similarities as soft targets, so that near-duplicates are not torn apart). Batches hold sentences of
like length, in runs from one document: their neighbours are hard negatives.
Two processes of one thread each train on half the data and average their weights every few steps.
Writes DATA/checkpoint/ (transformer folder with tokenizer.json) and DATA/progress.jsonl.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch.nn import functional
from transformers import BertModel

from .evaluate import figures
from .sentences import Corpus, Ragged, encoded, padded, prepare

SCALE = 20.0
AVERAGE_EVERY = 8
WARM_UP = 30
RATE, ROW_RATE = 3e-4, 8e-4


def pooled(model: BertModel, mask: torch.Tensor, **inputs: torch.Tensor) -> torch.Tensor:
    """(n, dim) unit vectors: mean over the mask, in bfloat16 inside the transformer."""
    with torch.autocast("cpu", torch.bfloat16):
        hidden = model(attention_mask=mask, **inputs).last_hidden_state
    weight = mask.unsqueeze(-1).float()
    return functional.normalize((hidden.float() * weight).sum(1) / weight.sum(1), dim=-1)


def load(folder: Path) -> BertModel:
    """A transformer without dropout (distillation needs none) and with eager attention (fast for short rows on CPU)."""
    return BertModel.from_pretrained(
        folder,
        add_pooling_layer=False,
        attn_implementation="eager",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )


class RowAdam:
    """Adam for the rows of the word table that a batch uses; the table is far larger than what a step touches."""

    def __init__(self, table: torch.Tensor) -> None:
        self.table = table
        self.mean, self.square = torch.zeros_like(table), torch.zeros_like(table)
        self.steps = torch.zeros(len(table), 1)

    def step(self, rows: torch.Tensor, gradient: torch.Tensor, rate: float) -> None:
        """Updates `rows` (unique) with their gradient."""
        steps = self.steps[rows] + 1
        mean = self.mean[rows].lerp_(gradient, 0.1)
        square = self.square[rows].lerp_(gradient.square(), 0.01)
        self.steps[rows], self.mean[rows], self.square[rows] = steps, mean, square
        scaled = (mean / (1 - 0.9**steps)) / ((square / (1 - 0.99**steps)).sqrt() + 1e-7)
        self.table[rows] -= rate * scaled


class Teacher:
    """Vectors of the English originals, computed once each when first needed."""

    def __init__(self, folder: Path, ids: Ragged) -> None:
        self.model = load(folder).eval()
        self.ids = ids
        self.known = np.zeros(len(ids), bool)
        self.vectors = torch.zeros(len(ids), self.model.config.hidden_size, dtype=torch.float16)

    def __call__(self, wanted: NDArray[np.int64]) -> torch.Tensor:
        missing = np.unique(wanted[~self.known[wanted]])
        missing = missing[np.argsort([len(self.ids[number]) for number in missing], kind="stable")]
        for start in range(0, len(missing), 128):
            part = missing[start : start + 128]
            ids, mask = padded([self.ids[number] for number in part])
            with torch.inference_mode():
                self.vectors[torch.from_numpy(part)] = pooled(self.model, mask, input_ids=ids).half()
        self.known[missing] = True
        return self.vectors[torch.from_numpy(wanted)].float()


def loss_of(student: torch.Tensor, teacher: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """(contrastive with soft targets, 1 − cosine) of a batch."""
    with torch.no_grad():
        targets = torch.softmax(SCALE * teacher @ teacher.T, dim=1)
    guess = torch.log_softmax(SCALE * student @ teacher.T, dim=1)
    divergence = -(targets * guess).sum(1).mean() + (targets * targets.clamp(min=1e-9).log()).sum(1).mean()
    return divergence, (1 - (student * teacher).sum(1)).mean()


def report(model: BertModel, tokenizer: Tokenizer, benchmarks: Path | None) -> dict[str, float]:
    """Figures of the model as it stands."""
    if benchmarks is None:
        return {}

    def encode(texts: list[str]) -> NDArray[np.float32]:
        rows = encoded(tokenizer, texts)
        out = np.zeros((len(texts), model.config.hidden_size), np.float32)
        order = np.argsort([len(row) for row in rows], kind="stable")
        for start in range(0, len(order), 64):
            part = order[start : start + 64]
            ids, mask = padded([rows[number] for number in part])
            with torch.no_grad():
                out[part] = pooled(model, mask, input_ids=ids).numpy()
        return out

    return figures(encode, benchmarks)


def save(model: BertModel, tokenizer: Path, target: Path) -> None:
    """A transformer folder with its tokenizer."""
    model.save_pretrained(target)
    shutil.copyfile(tokenizer, target / "tokenizer.json")


def average(model: BertModel, world: int) -> None:
    """The mean of the processes' weights, in all of them."""
    for weight in model.parameters():
        dist.all_reduce(weight.data)
        weight.data /= world


def work(rank: int, options: argparse.Namespace) -> None:
    """One training process."""
    torch.set_num_threads(1)
    os.nice(options.nice)
    dist.init_process_group(
        "gloo",
        init_method=f"file://{options.data.resolve()}/rendezvous",
        rank=rank,
        world_size=options.processes,
        timeout=timedelta(minutes=60),
    )
    torch.manual_seed(rank)
    tokenizer = Tokenizer.from_file(str(options.start / "tokenizer.json"))
    corpus = Corpus(options.data)
    teacher = Teacher(options.teacher, corpus.teacher_ids)
    model = load(options.start).train()
    table = model.get_input_embeddings().weight.data
    rest = [value for name, value in model.named_parameters() if "word_embeddings" not in name]
    model.get_input_embeddings().weight.requires_grad_(False)
    optimizer = torch.optim.AdamW(rest, lr=RATE, betas=(0.9, 0.99), weight_decay=0.01)
    row_optimizer = RowAdam(table)
    dist.barrier()
    began, checked = time.monotonic(), time.monotonic()
    generator = np.random.default_rng(1)
    step, sentences, sums = 0, 0, np.zeros(2)
    done = 0.0
    epoch = 0
    while done < 1.0:
        for number, batch in enumerate(corpus.batches(generator)):
            if number % options.processes != rank:
                continue
            share = min(1.0, (step + 1) / WARM_UP) * max(0.03, 1.0 - done)
            ids, mask = padded([corpus.ids[row] for row in batch])
            rows, place = torch.unique(ids, return_inverse=True)
            vectors = table[rows].requires_grad_()
            target = teacher(corpus.original[batch])
            divergence, distance = loss_of(pooled(model, mask, inputs_embeds=vectors[place]), target)
            (divergence + options.cosine * distance).backward()
            torch.nn.utils.clip_grad_norm_(rest, 5.0)
            for group in optimizer.param_groups:
                group["lr"] = RATE * share * options.rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            assert vectors.grad is not None
            row_optimizer.step(rows, vectors.grad, ROW_RATE * share * options.rate)
            step += 1
            sentences += len(batch)
            sums += (divergence.item(), distance.item())
            if step % AVERAGE_EVERY == 0:
                average(model, options.processes)
                clock = torch.tensor([(time.monotonic() - began) / 60 / options.minutes])
                dist.broadcast(clock, 0)
                done = float(clock)
                if rank == 0 and (time.monotonic() - checked > options.check * 60 or done >= 1.0):
                    line: dict[str, Any] = {
                        "minutes": round((time.monotonic() - began) / 60, 1),
                        "step": step,
                        "epoch": epoch,
                        "sentences": sentences * options.processes,
                        "loss": [round(x, 4) for x in sums / step],
                    }
                    save(model, options.start / "tokenizer.json", options.data / "checkpoint")
                    line |= {
                        name: round(value, 4) for name, value in report(model, tokenizer, options.benchmarks).items()
                    }
                    with (options.data / "progress.jsonl").open("a", encoding="utf-8") as log:
                        log.write(json.dumps(line, ensure_ascii=False) + "\n")
                    print(json.dumps(line, ensure_ascii=False), flush=True)
                    checked = time.monotonic()
                elif rank == 0 and step % (AVERAGE_EVERY * 10) == 0:
                    print(step, epoch, f"{done:.3f}", sentences * options.processes, sums / step, flush=True)
                if done >= 1.0:
                    break
        epoch += 1
    dist.barrier()
    dist.destroy_process_group()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("teacher", type=Path)
    parser.add_argument("--start", type=Path, help="transformer folder to start from (default DATA/student)")
    parser.add_argument("--benchmarks", type=Path, help="outside sets to measure on now and then")
    parser.add_argument("--minutes", type=float, default=70.0)
    parser.add_argument("--check", type=float, default=10.0, help="minutes between checkpoints")
    parser.add_argument("--cosine", type=float, default=4.0, help="weight of the cosine term")
    parser.add_argument("--rate", type=float, default=1.0, help="factor on the learning rates")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--nice", type=int, default=0)
    options = parser.parse_args()
    options.start = options.start or options.data / "student"
    (options.data / "rendezvous").unlink(missing_ok=True)
    if not (options.data / "place.npy").exists():
        student, teacher = (
            Tokenizer.from_file(str(folder / "tokenizer.json")) for folder in (options.start, options.teacher)
        )
        prepare(options.data, student, teacher)
    mp.spawn(work, (options,), nprocs=options.processes)


if __name__ == "__main__":
    main()
