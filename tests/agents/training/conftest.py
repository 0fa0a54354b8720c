"""The environment without a sandbox of RLTF's tests, for what agents have in common."""

from tests.agents.rltf.conftest import env, judge, make_policy, problems

__all__ = ["env", "judge", "make_policy", "problems"]
