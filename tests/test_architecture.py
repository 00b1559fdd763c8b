"""Who may import whom, and what must stay lazy: the walls of the house."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("prompts", "retrieval", "assistant", "eval", "ui")

# package -> packages it may import
ALLOWED: dict[str, set[str]] = {
    "prompts": set(),
    "retrieval": set(),
    "assistant": {"prompts", "retrieval"},
    "eval": {"prompts", "retrieval", "assistant"},
    "ui": {"prompts", "retrieval", "assistant", "eval"},
}

# room of the assistant -> level; a room imports rooms of its own level or lower, never higher
LEVELS = {
    "errors": 0, "dialogue": 0, "reply": 1, "llm": 1, "history": 1, "commerce": 1,
    "nlu": 2, "recommender": 2, "service": 2, "sample": 2,
    "nlg": 3, "settings": 0, "tracing": 0, "turn": 4, "shopfront": 5, "assistant": 5, "bootstrap": 6, "": 7,
}  # fmt: skip

# heavy module -> the files that may import it (any depth of function)
HEAVY = {
    "torch": {
        "assistant/nlu/train", "assistant/llm/embedded/", "assistant/llm/hf", "retrieval/encoder/export",
        "retrieval/encoder/train", "retrieval/encoder/checkpoint",
    },
    "llguidance": {"assistant/llm/hf"},
    "httpx": {"assistant/llm/openai_server"},
    "transformers": {"retrieval/encoder/", "assistant/llm/", "assistant/nlu/train"},
    "sentence_transformers": {"retrieval/encoder/"},
    "accelerate": {"assistant/nlu/train", "assistant/llm/", "retrieval/encoder/train"},
    "chromadb": {"retrieval/index/chroma"},
    "datasets": {"retrieval/encoder/train"},
    "ir_measures": {"eval/retrieval_eval"},
    "tantivy": {"retrieval/index/lexical"},
    "pyarrow": {"retrieval/feeds/parquet"},
    "gradio": {"ui/app", "ui/shop/", "ui/agent/", "ui/report/"},
    "onnxruntime": {"retrieval/encoder/", "assistant/llm/embedded/"},
}  # fmt: skip


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            found[name.removesuffix(".__init__")] = path
    return found


def imports(path: Path, *, runtime_only: bool = False) -> set[str]:
    names: set[str] = set()
    tree = ast.parse(path.read_text("utf-8"))
    skipped = _type_checking_nodes(tree) if runtime_only else set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def _type_checking_nodes(tree: ast.Module) -> set[int]:
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            skipped.update(id(child) for body in node.body for child in ast.walk(body))
    return skipped


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_downwards(package: str) -> None:
    for name, path in modules().items():
        if name.split(".")[0] != package:
            continue
        for used in imports(path):
            top = used.split(".")[0]
            assert top not in PACKAGES or top == package or top in ALLOWED[package], f"{name} imports {used}"
            assert top != "tests", f"{name} imports the tests"
            assert used != "eval" or package == "eval", f"{name}: write `from eval.x import y`"


def test_rooms_of_the_assistant_import_only_downwards() -> None:
    for name, path in modules().items():
        if not name.startswith("assistant."):
            continue
        for used in imports(path):
            if used.startswith("assistant.") and room(used) in LEVELS:
                assert LEVELS[room(used)] <= LEVELS[room(name)], f"{name} imports {used}"


def test_no_cycles() -> None:
    known = modules()
    graph = {name: {u for u in imports(path, runtime_only=True) if u in known} - {name} for name, path in known.items()}
    order = list(TopologicalSorter(graph).static_order())
    assert set(known) <= set(order)


@pytest.mark.parametrize("heavy", sorted(HEAVY))
def test_heavy_libraries_stay_behind_their_wrapper(heavy: str) -> None:
    for name, path in modules().items():
        if any(used.split(".")[0] == heavy for used in imports(path)):
            where = path.relative_to(ROOT).as_posix()
            assert any(where.startswith(allowed) for allowed in HEAVY[heavy]), f"{name} imports {heavy}"


def test_every_module_is_short_enough_to_read() -> None:
    for name, path in modules().items():
        assert len(path.read_text("utf-8").splitlines()) <= 400, f"{name} has more than 400 lines"


def test_the_command_line_answers_help_without_heavy_imports() -> None:
    code = (
        "import sys; from ui.cli import app; "
        "heavy = {'torch','transformers','sentence_transformers','chromadb','gradio','onnxruntime','tantivy',"
        "'sqlalchemy','fastapi','numpy','pyarrow'} & set(sys.modules); print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
