"""Small text encoders for tests: a tokenizer of a few words, and a BERT with random weights."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def word_tokenizer(words: Sequence[str]) -> Tokenizer:
    """One token for each of some words; [UNK] for others."""
    ids = {word: place for place, word in enumerate([*SPECIAL, *words])}
    tokenizer = Tokenizer(WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def small_bert(folder: Path, words: Sequence[str], **config: Any) -> Path:
    """A folder as transformers saves it: two layers, 16 wide, with random weights."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    sizes |= {"intermediate_size": 32, "max_position_embeddings": 32}
    sizes |= {"vocab_size": len(SPECIAL) + len(words), "initializer_range": 0.5}
    BertModel(BertConfig(**{**sizes, **config})).save_pretrained(folder)
    word_tokenizer(words).save(str(folder / "tokenizer.json"))
    return folder
