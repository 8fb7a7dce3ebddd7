"""A model run by transformers from a folder; a tiny one with random weights is made here."""

import pytest

from rag.chat_messages import ChatMessage, Limits
from rag.errors import SettingsInvalid
from rag.llm_local import TransformersChat

ASKED = [ChatMessage("system", "Answer."), ChatMessage("user", "the bridge is long")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    words = "<pad> <unk> </s> the bridge is long and old system user assistant Answer . :".split()
    tokenizer = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token=words[1]))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    marks = {"unk_token": "<unk>", "eos_token": "</s>", "pad_token": "<pad>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **marks).save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        eos_token_id=2,
        bos_token_id=None,
        pad_token_id=0,
    )
    # The same weights each time, which do not begin with the end.
    with torch.random.fork_rng():
        torch.manual_seed(3)
        LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.mark.model
def test_a_folder_with_a_model_writes_and_stops_at_its_tokens(folder):
    model = TransformersChat(folder, limits=Limits(30, 30, 12))
    assert model.name == f"local:{folder.name}"
    text = "".join(model.stream(ASKED))
    assert 0 < len(text.split()) <= 12


@pytest.mark.model
def test_a_reply_that_nobody_reads_on_is_stopped_and_the_next_one_is_written(folder):
    model = TransformersChat(folder, limits=Limits(30, 30, 10_000))
    for _ in range(2):
        pieces = model.stream(ASKED)
        next(pieces)
        pieces.close()


def test_a_folder_without_safetensors_is_refused(tmp_path):
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(SettingsInvalid, match="no folder with safetensors"):
        TransformersChat(tmp_path)
