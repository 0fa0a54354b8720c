"""The log of a run: Stable-Baselines3's logger, with TensorBoard and CSV files in one folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from stable_baselines3.common.logger import (
    HParam,
    HumanOutputFormat,
    KVWriter,
    Logger,
    TensorBoardOutputFormat,
    make_output_format,
)
from stable_baselines3.common.utils import get_latest_run_id

from agents.training.tensorboard_layout import Layout

TEXT_ONLY = ("stdout", "log", "json", "csv")
"""Formats of the log that cannot show what TensorBoard can: texts, histograms and settings."""


def open_run_log(
    tensorboard_log: str | None, name: str, verbose: int, num_timesteps: int, layout: Layout | None = None
) -> Logger:
    """Opens the logger of a run.

    A new run gets a new folder ``name_1``, ``name_2``, ... A resumed run stays in its folder. Its CSV file is then
    named by the step it resumes from, so that the earlier file is kept.

    Args:
        tensorboard_log: Folder of all runs; None writes no files.
        name: Name of the run.
        verbose: 1 prints as well.
        num_timesteps: Completions learned from so far.
        layout: Charts of TensorBoard's page of custom scalars.
    """
    formats: list[KVWriter] = [HumanOutputFormat(sys.stdout)] if verbose else []
    if tensorboard_log is None:
        return Logger(folder=None, output_formats=formats)
    # SB3 counts the runs of a name; one that has learned something already is the latest of them.
    number = get_latest_run_id(tensorboard_log, name) + (num_timesteps == 0)
    folder = os.path.join(tensorboard_log, f"{name}_{max(number, 1)}")
    os.makedirs(folder, exist_ok=True)
    board = make_output_format("tensorboard", folder)
    # make_output_format is typed as any writer; only this one has custom scalars.
    assert isinstance(board, TensorBoardOutputFormat)
    if layout is not None:
        board.writer.add_custom_scalars(layout)
    files: list[KVWriter] = [
        board,
        make_output_format("csv", folder, f"_{num_timesteps}" if num_timesteps else ""),
    ]
    return Logger(folder=folder, output_formats=formats + files)


def log_settings(logger: Logger, settings: Mapping[str, Any], metrics: Sequence[str]) -> None:
    """Records the settings of a run, for TensorBoard's table of runs.

    Args:
        logger: The logger of the run.
        settings: Settings by name. Values that are neither numbers nor texts are written as texts.
        metrics: Keys of the log that the table shows beside the settings.
    """
    plain = {
        name: value if isinstance(value, bool | int | float | str) else str(value) for name, value in settings.items()
    }
    logger.record("settings", HParam(plain, dict.fromkeys(metrics, 0.0)), exclude=TEXT_ONLY)
