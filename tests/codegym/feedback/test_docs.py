from pathlib import Path

from codegym.feedback.interpretation import VERDICTS
from codegym.feedback.kind import EXCEPTIONS, RULES, STATUSES, Kind
from codegym.rewards import PRESETS, make_reward

DOCS = Path(__file__).parents[3] / "docs"


def test_the_table_of_kinds_is_the_codes():
    text = (DOCS / "feedback.md").read_text()
    table = text[text.index("<!-- kinds: begin") : text.index("<!-- kinds: end")]
    rows = {line for line in table.splitlines() if line.startswith("| `")}
    expected = {f"| `{name}` | `{m.kind}` | `{m.scope}` |" for name, m in {**EXCEPTIONS, **RULES}.items()}
    expected |= {f"| `{name}` | `{VERDICTS[name]}` | `{m.kind}` | `{m.scope}` |" for name, m in STATUSES.items()}
    assert rows == expected


def test_every_kind_comes_from_a_table_or_is_explained():
    text = (DOCS / "feedback.md").read_text()
    for kind in set(Kind) - {Kind.NONE}:
        assert f"`{kind}`" in text, kind


def test_every_reward_is_documented_with_its_parts():
    text = (DOCS / "rewards.md").read_text()
    for name in PRESETS:
        assert f"| `{name}` |" in text
        own = set(make_reward(name).components) - {"coarse", "fine", "adaptive"}
        assert all(f"`{part}`" in text for part in own)
