from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from codegym.atomic_file import atomic_file, atomic_folder, naming


def test_a_file_is_there_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "f.txt"
    with atomic_file(path) as file:
        file.write("é\n")
        assert not path.exists()
    assert path.read_text("utf-8") == "é\n"
    assert os.listdir(path.parent) == ["f.txt"]


def test_a_file_of_bytes(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "f.bin", "wb") as file:
        file.write(b"\xff\x00")
    assert (tmp_path / "f.bin").read_bytes() == b"\xff\x00"


def test_what_goes_wrong_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    path.write_text("before")

    def interrupted() -> None:
        with atomic_file(path) as file:
            file.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["f.txt"]


def test_two_writers_of_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "f.txt"
    with atomic_file(path) as first, atomic_file(path) as second:
        first.write("first")
        second.write("second")
    assert path.read_text() == "first"  # the last to close
    assert os.listdir(tmp_path) == ["f.txt"]


def test_others_may_read_a_file_and_a_folder_as_far_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with atomic_folder(tmp_path / "folder") as folder, atomic_file(folder / "f.txt") as file:
            file.write("x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "folder").stat().st_mode) == 0o755
    assert stat.S_IMODE((tmp_path / "folder" / "f.txt").stat().st_mode) == 0o644


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    def written() -> None:
        with atomic_file(tmp_path / "f.txt"), open("/dev/full", "w") as full:
            full.write("x")

    with pytest.raises(OSError, match=r"No space left on device: .*f\.txt") as caught:
        written()
    assert caught.value.errno == errno.ENOSPC
    assert os.listdir(tmp_path) == []


def test_a_folder_is_there_once_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    with atomic_folder(path) as folder:
        (folder / "a").write_text("1")
        assert not path.exists()
    assert os.listdir(path) == ["a"]
    assert os.listdir(path.parent) == ["folder"]


def test_a_folder_replaces_an_older_one_with_all_its_files(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("0")
    with atomic_folder(path) as folder:
        (folder / "new").write_text("1")
    assert os.listdir(path) == ["new"]
    assert os.listdir(tmp_path) == ["folder"]


def test_what_goes_wrong_leaves_the_old_folder(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("0")

    def interrupted() -> None:
        with atomic_folder(path) as folder:
            (folder / "new").write_text("1")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert os.listdir(path) == ["old"]
    assert os.listdir(tmp_path) == ["folder"]


def test_an_old_folder_comes_back_if_the_new_one_vanished(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir()
    (path / "old").write_text("0")

    def vanished() -> None:
        with atomic_folder(path) as folder:
            folder.rmdir()

    with pytest.raises(FileNotFoundError):
        vanished()
    assert os.listdir(path) == ["old"]
    assert os.listdir(tmp_path) == ["folder"]


def test_an_error_that_names_its_file_keeps_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, naming("other"):
        (tmp_path / "nothing").read_text()
    assert caught.value.filename == str(tmp_path / "nothing")


def test_an_error_with_a_text_of_its_own_keeps_it() -> None:
    """As libraries raise it; a file's name beside it would hide the text."""
    with pytest.raises(OSError, match="no more room"), naming("other"):
        raise OSError("no more room")
