"""``python -m envs_registry.suites.core``: generates seed 0 and writes the files that the suite is read from."""

from envs_registry.suites.core import frozen
from envs_registry.suites.core.generation import generate

if __name__ == "__main__":
    for split, exercises in generate(0).items():
        print(f"{len(exercises)} exercises -> {frozen.write(split, exercises)}")
