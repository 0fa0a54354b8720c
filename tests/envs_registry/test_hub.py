from __future__ import annotations

import hashlib
import json
import multiprocessing
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from codegym.errors import DataError
from envs_registry import catalogue
from envs_registry.hub import HubFiles
from envs_registry.loading import is_at_hand, load_suite

pytestmark = pytest.mark.slow

pytest.importorskip("huggingface_hub")

REVISION = "0123456789abcdef0123456789abcdef01234567"
ROW = {
    "task_id": "HumanEval/0",
    "prompt": 'def f(x):\n    """Adds one."""\n',
    "entry_point": "f",
    "canonical_solution": "    return x + 1\n",
    "test": "def check(candidate):\n    assert candidate(1) == 2\n",
}
CONTENT = (json.dumps(ROW) + "\n").encode()


@dataclass
class Hub:
    """A hub of one dataset, on this machine."""

    files: dict[str, bytes]
    cut_off: bool = False
    """Whether downloads break off in the middle."""
    asked: list[str] = field(default_factory=list)

    def handler(hub) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_HEAD(self) -> None:
                self.answer(body=False)

            def do_GET(self) -> None:
                self.answer(body=True)

            def answer(self, body: bool) -> None:
                hub.asked.append(f"{self.command} {self.path}")
                is_listing = self.path.startswith(f"/api/datasets/own/data/tree/{REVISION}")
                if is_listing:
                    entries = [{"type": "file", "path": name, "oid": "0", "size": 1} for name in hub.files]
                    content = json.dumps(entries).encode()
                    self.send_response(200)
                else:
                    name = self.path.split(f"/resolve/{REVISION}/")[-1]
                    content = hub.files.get(name, b"")
                    asked_from = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
                    self.send_response(404 if name not in hub.files else 206 if asked_from else 200)
                    self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
                    self.send_header("X-Repo-Commit", REVISION)
                    content = content[asked_from:]
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if body:
                    self.wfile.write(content[: len(content) // 2] if hub.cut_off and not is_listing else content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(
        {"data/test.jsonl": CONTENT, "data/train-00000-of-00002.jsonl": b"{}", "data/train-00001-of-00002.jsonl": b"{}"}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), hub.handler())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("CODEGYM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name in ("CODEGYM_DATA", "HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    yield hub
    server.shutdown()
    server.server_close()
    thread.join()


def files(**changes: object) -> HubFiles:
    known = {"data/test.jsonl": hashlib.sha256(CONTENT).hexdigest()}
    names = {"test": ("data/test.jsonl",), "train": ("data/train-*.jsonl",)}
    return HubFiles(**{"repo": "own/data", "revision": REVISION, "files": names, "sha256": known, **changes})  # type: ignore[arg-type]


def test_fetches_once_and_then_needs_no_network(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = files().fetch("test", True, "*.jsonl")
    assert path.read_bytes() == CONTENT
    count = len(hub.asked)
    assert files().fetch("test", True, "*.jsonl") == [path]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert files().fetch("test", True, "*.jsonl") == [path]
    assert len(hub.asked) == count
    assert files().fetch("test", True, "*.parquet") == files().fetch("validation", True, "*") == []


def test_shards_are_looked_up_and_must_be_complete(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [path.name for path in files().fetch("train", True, "*.jsonl")] == [
        "train-00000-of-00002.jsonl",
        "train-00001-of-00002.jsonl",
    ]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = files().fetch("train", True, "*.jsonl")
    assert len(found) == 2
    found[1].unlink()
    with pytest.raises(DataError, match=r"HF_HUB_OFFLINE is set.*hf download own/data"):
        files().fetch("train", True, "*.jsonl")


def test_a_download_with_a_wrong_checksum_is_refused_and_removed(hub: Hub) -> None:
    sound = hub.files["data/test.jsonl"]
    hub.files["data/test.jsonl"] = sound + b"tampered"
    for _ in range(2):
        with pytest.raises(DataError, match=r"has the SHA-256 .*, expected .*It was removed; fetch it again"):
            files().fetch("test", True, "*.jsonl")
    hub.files["data/test.jsonl"] = sound
    (path,) = files().fetch("test", True, "*.jsonl")
    assert path.read_bytes() == CONTENT


def test_a_file_that_the_repository_lacks_is_named(hub: Hub) -> None:
    absent = files(files={"test": ("data/absent.jsonl", "data/test.jsonl")})
    with pytest.raises(DataError, match=r"data/absent\.jsonl of the dataset own/data .*could not be fetched"):
        absent.fetch("test", True, "*.jsonl")


def test_an_interrupted_download_leaves_nothing_half_done(hub: Hub) -> None:
    hub.cut_off = True
    with pytest.raises(DataError, match="could not be fetched"):
        files().fetch("test", True, "*.jsonl")
    hub.cut_off = False
    (path,) = files().fetch("test", True, "*.jsonl")
    assert path.read_bytes() == CONTENT


def fetched(_: int) -> bytes:
    return files().fetch("test", True, "*.jsonl")[0].read_bytes()


def test_processes_may_fetch_at_the_same_time(hub: Hub) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert pool.map(fetched, range(3)) == [CONTENT] * 3


def test_load_suite_turns_to_the_hub(hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(hub.files, "data/HumanEval.jsonl", CONTENT)
    own = files(files={"test": ("data/HumanEval.jsonl",)}, sha256={})
    entry = catalogue.SuiteEntry(
        title="", loader="envs_registry.suites.humaneval:load", splits=("test",), default_split="test", hub=own
    )
    monkeypatch.setitem(catalogue.CATALOGUE, "humaneval", entry)
    assert not is_at_hand("humaneval", "test")
    assert hub.asked == []
    with pytest.raises(DataError, match="no file HumanEval"):
        load_suite("humaneval", data_dir=tmp_path)  # a place that was named is the only one
    assert load_suite("humaneval").task_ids == ("HumanEval/0",)
    assert is_at_hand("humaneval", "test")


def test_every_missing_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("CODEGYM_DATA", raising=False)
    named = "test.jsonl test2.jsonl test3.jsonl test4.jsonl test5.jsonl test6.jsonl"
    with pytest.raises(DataError, match=f"hf download livecodebench/code_generation_lite {named} --repo-type"):
        load_suite("livecodebench")


def test_without_a_network_the_error_comes_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.invalid")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    for name in ("CODEGYM_DATA", "HF_HUB_OFFLINE", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(
        DataError,
        match=r"neither data_dir.*hf download openai/openai_humaneval openai_humaneval/.*parquet --repo-type dataset",
    ):
        load_suite("humaneval")
