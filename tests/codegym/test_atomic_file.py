from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from codegym.atomic_file import atomic_file, naming


def test_a_file_is_there_once_it_is_whole(tmp_path: Path) -> None:
    place = tmp_path / "new" / "f.txt"
    with atomic_file(place) as file:
        file.write("é\n")
        assert not place.exists()
    assert place.read_text("utf-8") == "é\n"
    assert os.listdir(place.parent) == ["f.txt"]


def test_what_goes_wrong_leaves_what_was_there(tmp_path: Path) -> None:
    place = tmp_path / "f.txt"
    place.write_text("before")

    def interrupted() -> None:
        with atomic_file(place) as file:
            file.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert place.read_text() == "before"
    assert os.listdir(tmp_path) == ["f.txt"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    def written() -> None:
        with atomic_file(tmp_path / "f.txt"), open("/dev/full", "w") as full:
            full.write("x")

    with pytest.raises(OSError, match=r"No space left on device: .*f\.txt") as caught:
        written()
    assert caught.value.errno == errno.ENOSPC
    assert os.listdir(tmp_path) == []


def test_an_error_that_names_its_file_keeps_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, naming("other"):
        (tmp_path / "nothing").read_text()
    assert caught.value.filename == str(tmp_path / "nothing")
