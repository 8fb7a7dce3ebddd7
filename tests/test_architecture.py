"""The house: what may import what, and how large a room may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("embeddings", "rag", "eval")
MOST_LINES = 300

# A module imports only from lower floors of its package; the same floor is forbidden, so a circle cannot be written.
FLOORS = {
    "embeddings": [
        {"protocols", "errors", "checked_folder"},
        {"model_folder"},
        {"hashed", "sentence", "faiss_index", "onnx_session"},
        {"onnx", "ivf_index"},
        {"onnx_quantize"},
        {"onnx_export"},
        {"__init__"},
    ],
    "rag": [
        {
            "records",
            "errors",
            "exits",
            "schema",
            "cjk",
            "word_index",
            "joining_words",
            "version",
            "chat_messages",
            "listening",
        },
        {
            "protocols",
            "settings",
            "text",
            "tokens",
            "dates",
            "identity",
            "database",
            "answer_json",
            "scope_sql",
            "numerals",
            "chats",
            "accounts",
            "admission",
            "archives",
            "problems",
            "cross_origin",
            "pdf_text",
            "turns",
            "page_text",
        },
        {
            "question",
            "masthead",
            "datelines",
            "timescope",
            "chunking",
            "store",
            "leaning",
            "confidence",
            "terminal",
            "figures",
            "language",
            "rows",
            "embedders",
            "word_reader",
            "word_terms",
            "vector_rows",
            "readings",
            "prompts",
            "chat_api",
            "llm_local",
            "conversations",
            "feedback",
            "documents",
            "page_sources",
            "transcript",
            "page_library",
        },
        {
            "wanted",
            "omissions",
            "llm",
            "abstention",
            "stories",
            "topics",
            "statements",
            "store_reader",
            "word_build",
            "page_actions",
            "page_conversations",
        },
        {"probes", "support", "placing", "page_turn", "question_forms"},
        {"citations", "extractive", "markup", "followups", "conflicts", "word_search", "index_snapshot"},
        {"article_text", "store_index", "store_info", "writing", "receipts", "completions", "page_plain"},
        {"articles", "library"},
        {"indexing", "retrievers", "rerank", "partwise", "timed_search", "spelling"},
        {"upload_batch"},
        {"uploads"},
        {"upload_fates"},
        {"search"},
        {"pipeline"},
        {"suggestions", "asynchronous", "found"},
        {"chat"},
        {"wiring", "timing"},
        {
            "login",
            "wall",
            "metrics",
            "rest_requests",
            "rest_rows",
            "mcp_tools",
            "widget",
            "langchain_retriever",
            "llamaindex_retriever",
        },
        {"rest_route"},
        {"rest_ask", "rest_articles", "rest_health", "openai_api", "mcp_server"},
        {"rest"},
        {"routes"},
        {"__init__", "doors"},
        {"server"},
        {"app_theme", "app_events", "gradio_chat"},
        {"app_chat", "app_library"},
        {"app"},
        {"cli_serving"},
        {"cli_store", "cli_ask", "cli_chat", "cli_user", "cli_feedback", "cli_mcp", "cli_serve", "cli_verify"},
        {"cli"},
        {"__main__"},
    ],
    "eval": [
        {
            "rows",
            "metrics",
            "machine",
            "plots",
            "vector_cache",
            "measures",
            "intervals",
            "spans",
            "wording",
            "bench_launch",
            "bench_systems",
            "bench_encoder",
            "growth",
        },
        {"bench_bare", "bench_langchain", "bench_llamaindex", "bench_haystack", "bench_txtai"},
        {"questions", "significance", "trec", "bench_figures", "bench_txtai_hybrid"},
        {"run", "answers", "squad", "bench_ours", "bench_turns"},
        {"answer_scores", "question_sets", "set_checks", "drafts", "calibration", "bench_growth", "bench_report"},
        {"rank_scores"},
        {"scoring"},
        {"outcomes"},
        {"compare"},
        {"guard", "sweep"},
        {"run_folder"},
        {"report", "sweep_runs", "run_command", "set_command", "compare_command"},
        {"guard_command", "report_page"},
        {"report_command", "sweep_command", "located"},
        {"bench_child", "bench_plot"},
        {"bench_process"},
        {"bench_run"},
        {"bench_cli", "peers_command"},
        {"commands"},
        {"run_commands"},
        {"cli"},
        {"__init__"},
    ],
}
BELOW = {"embeddings": set(), "rag": {"embeddings"}, "eval": {"embeddings", "rag"}}

# Heavy libraries belong to the one module that owns them.
OWNERS = {
    "torch": {"embeddings/sentence.py", "embeddings/onnx_export.py", "rag/llm_local.py"},
    # Those of the benchmark run in processes of their own.
    "sentence_transformers": {"eval/bench_encoder.py", "embeddings/sentence.py", "embeddings/onnx_export.py"},
    "transformers": {"embeddings/sentence.py", "rag/llm_local.py"},
    "openai": {"rag/chat_api.py"},
    "anthropic": {"rag/chat_api.py"},
    "httpx2": {"rag/chat_api.py"},
    "onnxruntime": {"embeddings/onnx_session.py", "embeddings/onnx_quantize.py", "eval/bench_bare.py"},
    "onnx": {"embeddings/onnx_quantize.py"},
    "tokenizers": {"embeddings/onnx_session.py", "eval/bench_bare.py"},
    "faiss": {"embeddings/faiss_index.py", "embeddings/ivf_index.py", "eval/bench_bare.py", "eval/bench_llamaindex.py"},
    "langchain_community": {"eval/bench_langchain.py"},
    "langchain_core": {"rag/langchain_retriever.py"},
    "llama_index": {"rag/llamaindex_retriever.py", "eval/bench_llamaindex.py"},
    "haystack": {"eval/bench_haystack.py"},
    "txtai": {"eval/bench_txtai.py"},
    "matplotlib": {"eval/bench_plot.py"},
    "gradio": {
        "rag/app.py",
        "rag/app_chat.py",
        "rag/app_library.py",
        "rag/app_events.py",
        "rag/app_theme.py",
        "rag/gradio_chat.py",
    },
    "fastapi": {
        "rag/__init__.py",  # a type alone
        "rag/server.py",
        "rag/login.py",
        "rag/app.py",
        "rag/doors.py",
        "rag/openai_api.py",
        "rag/mcp_server.py",
        "rag/widget.py",
        "rag/routes.py",
        "rag/rest.py",
        "rag/rest_route.py",
        "rag/rest_ask.py",
        "rag/rest_articles.py",
        "rag/rest_health.py",
    },
    "prometheus_client": {"rag/metrics.py"},
    "uvicorn": {"rag/server.py"},
    "mcp": {"rag/mcp_server.py"},
    "tiktoken": {"rag/tokens.py"},
    "trafilatura": {"rag/markup.py"},
    "pdfminer": {"rag/pdf_text.py"},
    "mammoth": {"rag/documents.py"},
    "argon2": {"rag/accounts.py", "rag/cli_user.py"},
    "sqlite3": {
        "rag/schema.py",
        "rag/chats.py",
        "rag/database.py",
        "rag/store.py",
        "rag/store_reader.py",
        "rag/word_terms.py",
        "rag/vector_rows.py",
        "eval/bench_bare.py",
    },
}
FORBIDDEN_NAMES = {"utils", "helpers", "common", "base", "manager", "types", "token", "queue"}

MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imports_of(path):
    """Return every imported module's dotted name, late imports and those for type checking included."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.append(node.module)
            # `from rag import x` may name a module.
            found += [f"{node.module}.{alias.name}" for alias in node.names if node.module in PACKAGES]
    return found


def floor_of(package, module):
    for number, floor in enumerate(FLOORS[package]):
        if module in floor:
            return number
    return None


def name_of(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_has_a_floor_and_imports_only_from_lower_ones(path):
    package, module = path.relative_to(ROOT).parts[0], path.stem
    own = floor_of(package, module)
    assert own is not None, f"{name_of(path)} has no floor"
    for imported in imports_of(path):
        top, _, rest = imported.partition(".")
        if top not in PACKAGES:
            continue
        if top != package:
            assert top in BELOW[package], f"{name_of(path)} imports {imported}, which stands above it"
            continue
        target = rest.split(".")[0] or "__init__"
        floor = floor_of(package, target)
        if floor is None:  # a name out of the package's __init__, whose modules are checked by themselves
            floor = floor_of(package, "__init__")
        assert floor < own, f"{name_of(path)} (floor {own}) imports {imported} (floor {floor})"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_file_stays_under_three_hundred_lines(path):
    assert len(path.read_text("utf-8").splitlines()) < MOST_LINES


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_heavy_library_is_imported_by_its_owner_alone(path):
    for imported in imports_of(path):
        owners = OWNERS.get(imported.split(".")[0])
        assert owners is None or name_of(path) in owners, f"{name_of(path)} imports {imported}"


def test_no_module_has_a_name_that_says_nothing():
    assert not [name_of(path) for path in MODULES if path.stem in FORBIDDEN_NAMES]


def test_nothing_imports_the_package_eval_by_its_bare_name():
    """`import eval.x` would hide the builtin of that name."""
    for path in [*MODULES, *(ROOT / "tests").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert not [a.name for a in node.names if a.name.split(".")[0] == "eval"], name_of(path)


def test_the_top_level_holds_what_the_design_names():
    allowed = set(PACKAGES) | {
        "seeds",
        "tests",
        "docs",
        ".ci",
        ".git",
        ".gitignore",
        "pyproject.toml",
        "constraints.txt",
    }
    allowed |= {"README.md", "CHANGELOG.md", "LICENSE", "NOTICE"}
    ignored = {
        ".venv",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".hypothesis",
        "build",
        "dist",
        "__pycache__",
        "runs",
    }
    found = {path.name for path in ROOT.iterdir()}
    assert found - ignored - allowed == set()


def test_the_code_knows_none_of_the_shipped_articles():
    """No name, place or title of the shipped articles stands in the code: what only fits them is a loss elsewhere."""
    names = (
        "dongxing",
        "yibin",
        "shaanxi",
        "huace",
        "lingshui",
        "yancheng",
        "haizhu",
        "libo",
        "geng ya",
        "mini series",
    )
    for path in MODULES:
        text = path.read_text("utf-8").lower()
        assert not [name for name in names if name in text], name_of(path)
