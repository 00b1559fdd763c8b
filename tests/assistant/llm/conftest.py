"""Chat models that are made on the spot (real files, a real tokenizer, weights at random) and a server that greets."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from assistant.llm.chat.messages import messages_for
from assistant.llm.chat.offer import offer_of
from assistant.nlu import language

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
GREETING = '{"intents": ["greet"]}'
SPECIAL = ["<|im_start|>", "<|im_end|>", "<pad>"]


@pytest.fixture(scope="session")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a chat model of random weights: what it says is nonsense, how it is loaded is not."""
    folder = tmp_path_factory.mktemp("models") / "babbler"
    model = network(write_tokenizer(folder))
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def greeter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a chat model that answers `GREETING` to everything, without being held to a schema.

    Its layers pass nothing on, so that the next token depends on the last one alone, and that much it learns here.
    """
    import torch
    from transformers import AutoTokenizer

    folder = tmp_path_factory.mktemp("models") / "greeter"
    model = network(write_tokenizer(folder))
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(f"assistant\n{GREETING}<|im_end|>", return_tensors="pt")["input_ids"]
    trained = [model.lm_head.weight]
    optimizer = torch.optim.Adam(trained, lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def chat_url() -> Iterator[str]:
    """The address of a server on loopback that answers `GREETING` to everything."""

    class Greeter(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            body = json.dumps({"choices": [{"message": {"content": GREETING}}]}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Greeter) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


def network(n_tokens: int) -> Any:  # noqa: ANN401  transformers is untyped here
    """Return a random Qwen2 of two layers of width 64."""
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    torch.manual_seed(7)
    config = Qwen2Config(
        vocab_size=n_tokens + 13,  # models often have more rows than their tokenizer has tokens
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=8_192,
        initializer_range=0.6,
        tie_word_embeddings=False,
        eos_token_id=SPECIAL.index("<|im_end|>"),
        bos_token_id=None,
    )
    return Qwen2ForCausalLM(config)


def write_tokenizer(folder: Path) -> int:
    """Train a byte-level tokenizer on the prompt itself and save it with its chat template; return its size."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    prompt = language.present("a red kettle under 40, not plastic", shown=["Kettle"])
    texts = [message["content"] for message in messages_for(prompt, offer_of(prompt, language.CommandGrammar()))]
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1_000,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=SPECIAL,
        show_progress=False,
    )
    made.train_from_iterator([*texts, json.dumps(texts)], trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|im_end|>", pad_token="<pad>", chat_template=TEMPLATE
    )
    fast.save_pretrained(folder)
    return len(fast)
