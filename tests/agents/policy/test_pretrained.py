from __future__ import annotations

from pathlib import Path

import pytest
import torch

from agents.policy.pretrained import find_device, find_dtype, load_model, load_tokenizer
from codegym.errors import DataError, InvalidSettingError


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"cannot load the model '{tmp_path}'.*one of tiny, nano"):
        load_model(str(tmp_path), torch.float32)
    with pytest.raises(DataError, match="cannot load the model"):
        load_tokenizer(tmp_path)


def test_devices_by_name() -> None:
    assert find_device("cpu") == torch.device("cpu")
    assert find_device("auto").type in ("cpu", "cuda")
    with pytest.raises(InvalidSettingError, match="'cuda:99' does not exist"):
        find_device("cuda:99")
    with pytest.raises(InvalidSettingError, match="got 'gpu'"):
        find_device("gpu")


def test_dtypes_by_name() -> None:
    assert find_dtype("auto", torch.device("cpu")) == torch.float32
    assert find_dtype("auto", torch.device("cuda")) == torch.bfloat16
    assert find_dtype("float16", torch.device("cpu")) == torch.float16
    with pytest.raises(InvalidSettingError, match="got 'floaty'"):
        find_dtype("floaty", torch.device("cpu"))
