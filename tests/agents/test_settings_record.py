"""Settings: plain data in, checked records out, whatever group a setting is in and whatever it was called before."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import ClassVar, Literal

import numpy as np
import pytest

from agents.codedpo.config import CodeDPOConfig
from agents.codedpo.focus import Focus
from agents.rltf.config import RLTFConfig
from agents.settings import SettingsRecord
from agents.training.settings import LearnerConfig
from codegym.errors import InvalidSettingError, UnknownNameError


class Colour(StrEnum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Wheels(SettingsRecord):
    """A group."""

    wheels: int = 4
    tyres: tuple[Literal["wide", "narrow"], ...] = ("wide",)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least(1, "wheels")


@dataclass(frozen=True, kw_only=True)
class Car(SettingsRecord):
    """A record with a group, and with a past."""

    RENAMED: ClassVar[Mapping[str, str]] = {"tint": "colour", "rims": "wheels"}
    REMOVED: ClassVar[Mapping[str, str]] = {"spoiler": "leave it out."}

    colour: Colour = Colour.RED
    fuel: Literal["petrol", "battery"] = "petrol"
    speed: float = 1.0
    under: Wheels = field(default_factory=Wheels)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_above(0, "speed")


def test_a_setting_is_named_with_or_without_its_group() -> None:
    expected = Car(speed=2.0, under=Wheels(wheels=3, tyres=("narrow", "wide")))
    assert Car.of({"speed": 2.0, "wheels": 3, "tyres": ["narrow", "wide"]}) == expected
    assert Car.of({"speed": 2.0, "under": {"wheels": 3, "tyres": ["narrow", "wide"]}}) == expected
    assert Car(speed=2.0).changed({"under": Wheels(wheels=3), "tyres": ("narrow", "wide")}) == expected
    assert expected.names() == ("colour", "fuel", "speed", "wheels", "tyres")
    assert (expected.value("wheels"), expected.value("speed")) == (3, 2.0)


@pytest.mark.parametrize("record", [Car(colour=Colour.BLUE, under=Wheels(tyres=())), RLTFConfig.paper()])
def test_what_json_makes_of_a_record_is_read_back(record: SettingsRecord) -> None:
    assert type(record).of(json.loads(json.dumps(asdict(record)))) == record


def test_a_whole_number_is_a_number() -> None:
    assert Car.of({"speed": 2}).speed == Car.of({"speed": np.float64(2)}).speed == 2


def test_what_is_not_named_stays() -> None:
    before = Car(speed=2.0, under=Wheels(wheels=3))
    assert before.changed({"tyres": ()}) == Car(speed=2.0, under=Wheels(wheels=3, tyres=()))
    assert before.changed({}) == before


def test_old_names_are_understood_and_removed_ones_refused() -> None:
    assert Car.of({"tint": "blue", "rims": 3}) == Car(colour=Colour.BLUE, under=Wheels(wheels=3))
    with pytest.raises(InvalidSettingError, match="Car has no setting 'spoiler' any more: leave it out"):
        Car.of({"spoiler": True})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"sped": 1}, "unknown setting of Car 'sped'. Did you mean 'speed'"),
        ({"wheel": 1}, "Did you mean 'wheels'"),
        ({"fuel": "steam"}, "unknown Car.fuel 'steam'. Known: petrol, battery"),
        ({"colour": "blu"}, "unknown Car.colour 'blu'. Did you mean 'blue'"),
        ({"tyres": ["wid"]}, "unknown Wheels.tyres 'wid'. Did you mean 'wide'"),
        ({"under": {"tires": []}}, "unknown setting of Wheels 'tires'. Did you mean 'tyres'"),
    ],
)
def test_unknown_names_and_values_are_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        Car.of(values)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"speed": 0}, "Car.speed must be above 0, got 0."),
        ({"wheels": 0}, "Wheels.wheels must be at least 1, got 0."),
        ({"speed": "fast"}, "Car.speed must be of type float, got 'fast'."),
        ({"speed": True}, "Car.speed must be of type float, got True."),
        ({"wheels": 2.5}, "Wheels.wheels must be of type int, got 2.5."),
    ],
)
def test_bad_values_are_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        Car.of(values)
    assert str(caught.value) == words


@pytest.mark.parametrize("name", ["learning_rate", "norm_lr_multiplier", "max_grad_norm", "micro_batch_size"])
def test_every_learner_checks_its_numbers(name: str) -> None:
    for kind in (LearnerConfig, RLTFConfig, CodeDPOConfig):
        with pytest.raises(InvalidSettingError, match=f"{kind.__name__}.{name} must be"):
            kind.of({name: 0})


@pytest.mark.parametrize("kind", [RLTFConfig, CodeDPOConfig])
def test_settings_have_names_of_their_own_and_old_names_lead_somewhere(kind: type[LearnerConfig]) -> None:
    names = kind().names()
    assert len(set(names)) == len(names)
    assert set(kind.RENAMED.values()) <= set(names)
    assert not {*kind.RENAMED, *kind.REMOVED} & set(names)


@pytest.mark.parametrize("kind", [RLTFConfig, CodeDPOConfig])
def test_top_level_settings_are_few(kind: type[LearnerConfig]) -> None:
    assert len(fields(kind)) <= 20


def test_the_learning_rate_of_norms_was_called_gain_factor() -> None:
    assert CodeDPOConfig.of({"gain_factor": 100.0}).norm_lr_multiplier == 100.0
    assert RLTFConfig.of({"gain_factor": 100.0}).norm_lr_multiplier == 100.0


def test_an_enum_may_be_given_by_its_value() -> None:
    assert CodeDPOConfig().changed({"focus": "target"}).focus is Focus.TARGET
