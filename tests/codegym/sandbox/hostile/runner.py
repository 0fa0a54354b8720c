"""Runs the hostile suite in one mode and prints what became of each program, as JSON.

    python runner.py [--uid N] [--no-namespaces] [--only NAME ...] [--without LAYER ...]

As root the suite runs inside PID, mount and IPC namespaces of its own: a hole in the judge then kills, fills or leaves
something there and not on the machine, and whatever is left can be told from other people's things. ``--uid`` gives root
away before the judge starts; ``--no-namespaces`` makes the kernel refuse namespaces to the judge.
"""

from __future__ import annotations

import argparse
import ctypes
import faulthandler
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
_SUBREAPER = 36
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/vda", "/dev/kmsg")


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uid", type=int, default=os.getuid())
    parser.add_argument("--no-namespaces", action="store_true")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs the programs")
    parser.add_argument("--only", nargs="*", help="programs or groups; all without this")
    parser.add_argument("--first", action="store_true", help="each program in the first of its places only")
    parser.add_argument("--without", nargs="*", default=[], help="layers to switch off")
    parser.add_argument(
        "--demonstrate", action="store_true", help="each program with the layers that hold it switched off"
    )
    parser.add_argument("--die", action="store_true", help="the judge's process is killed while a program runs")
    parser.add_argument(
        "--patience", type=float, default=420, help="seconds after which a judge that hangs is given up"
    )
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--stage", choices=("contain", "watch", "run"), default="contain")
    return parser.parse_args(argv)


# -- first stage: containment ------------------------------------------------------------------------------------------


def contain(argv: Sequence[str]) -> int:
    """Root: into namespaces of our own. Anybody else: as it is."""
    inner = [sys.executable, str(Path(__file__).resolve()), *argv, "--stage", "watch"]
    if os.getuid() == 0:
        inner = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--ipc", "--mount-proc", "--", *inner]
    return subprocess.run(inner).returncode


# -- second stage: the watcher, above the judge ------------------------------------------------------------------------


def watch(options: argparse.Namespace, argv: Sequence[str]) -> int:
    """Starts the run as the user that was asked for, and looks at what it left behind."""
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    if os.getuid() == 0:
        _private_devices()
        if options.uid or options.no_namespaces:
            interpreters = (sys.base_prefix, sys.prefix, Path(options.python).resolve().parents[1])
            _make_reachable(sorted({Path(path).resolve() for path in (*interpreters, ROOT)}))
    with tempfile.TemporaryDirectory(prefix="hostile-") as scratch:
        os.chmod(scratch, 0o1777)
        before = _remains(scratch)
        command = [sys.executable, str(Path(__file__).resolve()), *argv, "--stage", "run"]
        identity: dict[str, Any] = {}
        if os.getuid() != options.uid:
            identity = {"user": options.uid, "group": options.uid, "extra_groups": []}
        with tempfile.TemporaryFile() as out:
            environment = {**os.environ, "TMPDIR": scratch, "HOME": scratch}
            process = subprocess.Popen(command, env=environment, stdout=out, **identity)
            code = _reap_until(process.pid)
            out.seek(0)
            text = out.read()
        if code != (-signal.SIGKILL if options.die else 0):
            return 1
        after = _remains(scratch)
        report = {} if options.die else json.loads(text)
        report["remains"] = {what: sorted(set(after[what]) - set(before[what])) for what in after}
    json.dump(report, sys.stdout)
    return 0


def _reap_until(pid: int) -> int:
    """Waits for a child, and for every orphan that comes to us meanwhile; returns the child's exit code."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def _private_devices() -> None:
    """A /dev with nodes of its own, so that a changed mode or owner is not the machine's."""
    known = {path: path.stat() for path in map(Path, _DEVICES) if path.exists()}
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/dev"], check=True)
    for path, was in known.items():
        os.mknod(path, was.st_mode, was.st_rdev)
        path.chmod(was.st_mode & 0o777)
    for folder, mode in (("/dev/shm", 0o1777), ("/dev/mqueue", 0o1777)):
        os.mkdir(folder)
        os.chmod(folder, mode)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        os.symlink(f"/proc/self/fd/{number}", f"/dev/{name}")
    os.symlink("/proc/self/fd", "/dev/fd")


def _make_reachable(paths: Sequence[Path]) -> None:
    """Lets an ordinary user reach interpreters that lie in a closed home (only in this mount namespace)."""
    closed = {path: next((up for up in reversed(path.parents) if not up.stat().st_mode & 1), None) for path in paths}
    aside = {path: tempfile.mkdtemp(prefix="hostile-aside-") for path in paths if closed[path]}
    for path, place in aside.items():
        subprocess.run(["mount", "--bind", str(path), place], check=True)
    for home in {closed[path] for path in aside}:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", str(home)], check=True)
    for path, place in aside.items():
        path.mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "--move", place, str(path)], check=True)
        os.rmdir(place)


def _remains(scratch: str) -> dict[str, list[str]]:
    """Everything that a program could have left, by kind."""
    deadline = time.monotonic() + 30
    while (processes := list(_descendants(os.getpid()))) and time.monotonic() < deadline:
        time.sleep(0.05)
    tables = [Path(f"/proc/sysvipc/{kind}").read_text().splitlines()[1:] for kind in ("shm", "sem", "msg")]
    shared = [line for table in tables for line in table]
    return {
        "processes": processes,
        "mounts": [line.split(" ", 2)[2] for line in Path("/proc/self/mountinfo").read_text().splitlines()],
        "files": [str(path) for path in _marked(Path("/tmp"), Path("/var/tmp"), Path("/run"), Path("/"))]
        + [str(path) for path in Path(scratch).iterdir()],
        "shared_memory": [str(path) for path in Path("/dev/shm").iterdir()] if os.getuid() == 0 else [],
        "system_v": shared if os.getuid() == 0 else [],
        "dev_null": [oct(os.stat("/dev/null").st_mode)],
        "host_name": [os.uname().nodename],
    }


def _marked(*folders: Path) -> Iterable[Path]:
    for folder in folders:
        if os.access(folder, os.R_OK):
            yield from (
                path for path in folder.iterdir() if path.name.startswith(("codegym-hostile", "codegym-daemon"))
            )


def _descendants(pid: int) -> Iterable[str]:
    """All living processes below ours, as ``number command`` (orphans come back to us: we are a subreaper)."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                head, _, tail = (entry / "stat").read_text().rpartition(")")
            except OSError:
                continue
            state, above = tail.split()[:2]
            if state != "Z":
                parents[int(entry.name)] = (int(above), head.partition("(")[2])
    for number, (parent, command) in parents.items():
        while parent not in (0, pid) and parent in parents:
            parent = parents[parent][0]
        if parent == pid:
            yield f"{number} {command}"


# -- third stage: the judge and its guests -----------------------------------------------------------------------------


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Judges everything and returns the report."""
    sys.path[:0] = [str(ROOT), str(HERE.parent)]
    from hostile.lures import lures
    from hostile.refusal import refuse_namespaces

    if options.no_namespaces:
        refuse_namespaces()
    if options.die:
        _die()
    if options.uid:
        resource.setrlimit(resource.RLIMIT_NPROC, (2000, 2000))
    threading.Thread(target=_give_up, args=(options.patience,), daemon=True).start()
    faulthandler.dump_traceback_later(options.patience + 5, exit=True)  # also where something holds the interpreter
    with lures() as marks:
        return demonstrate(options, marks) if options.demonstrate else suite(options, marks)


_AT_WORK: set[str] = set()
"""Names of the programs that are being judged."""


def _give_up(patience: float) -> None:
    """Says what hangs, and ends the run."""
    time.sleep(patience)
    print(f"given up after {patience:g} s; being judged: {sorted(_AT_WORK)}", file=sys.stderr)
    faulthandler.dump_traceback()
    os._exit(1)


def _die() -> None:
    """The judge's process is killed while two programs are at work."""
    from hostile.record import Target
    from hostile.victims import problem

    from codegym import Judge

    sleeper = (problem(Target.CALL), "import time\nopen('left', 'w').close()\ntime.sleep(10)\n")
    judge = Judge(workers=2)
    threading.Thread(target=judge.judge_many, args=([sleeper] * 2,), daemon=True).start()
    deadline = time.monotonic() + 60
    while len(list(_descendants(os.getpid()))) < 4:  # for each worker a server and a program's process
        if time.monotonic() > deadline:
            sys.exit("no program was at work")
        time.sleep(0.05)
    time.sleep(0.7)
    os.kill(os.getpid(), signal.SIGKILL)


def suite(options: argparse.Namespace, marks: dict[str, str]) -> dict[str, Any]:
    """The whole suite under one judge."""
    from codegym import Judge
    from codegym.judge_settings import JudgeSettings

    descriptors = len(os.listdir("/proc/self/fd"))
    judge = Judge.of(JudgeSettings(workers=options.workers, python=options.python, without=tuple(options.without)))
    with judge:
        layers = {layer.name: layer.active for layer in judge.isolation}
        _refuse_to_harm(options, layers)

        report: dict[str, Any] = {"layers": layers, **_judged(judge, options.only, marks, options.first)}
        if not options.only:
            report["honest"] = _honest(judge)
            report["timing"] = _timing(judge)
            report["together"] = _together(judge)
    report["descriptors_kept"] = len(os.listdir("/proc/self/fd")) - descriptors
    report["pairs"] = _pairs(options) if not options.only else {}
    return report


def _refuse_to_harm(options: argparse.Namespace, layers: dict[str, bool]) -> None:
    """As real root, with nothing in force, these programs would set clocks and unmount the machine."""
    if os.getuid() == 0 and not options.only and not any(layers.values()):
        sys.exit("no layer is in force: the hostile suite is not run as root")


def _judged(judge: Any, only: Sequence[str] | None, marks: dict[str, str], first: bool) -> dict[str, Any]:
    from hostile.catalogue import PROGRAMS
    from hostile.record import Target
    from hostile.victims import case_of, honest_program, problem

    names, pairs, about = [], [], []
    has_namespaces = all(judge.isolation[name].active for name in ("pid", "mount", "root"))
    for program in PROGRAMS.values():
        if only and not {program.name, program.group} & set(only):
            continue
        for target in program.targets[: 1 if first else None]:
            victim, source = case_of(program, target, marks)
            names.append(f"{program.name}/{target}")
            applies = has_namespaces or not program.needs_namespaces
            about.append({"name": program.name, "group": program.group, "layers": program.layers, "applies": applies})
            pairs.append((victim, source))
            kind = Target.CALL if target is Target.TEST else target
            pairs.append((problem(kind), honest_program(kind)))
    doubled = [word for name in names for word in (name, f"honest program after {name}")]
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(lambda name, pair: _judged_alone(judge, name, *pair), doubled, pairs))
    return {
        "programs": {
            name: {**said, **outcome} for name, said, outcome in zip(names, about, outcomes[::2], strict=True)
        },
        "neighbours": {
            name: other for name, other in zip(names, outcomes[1::2], strict=True) if other["verdict"] != "pass"
        },
    }


def _judged_alone(judge: Any, name: str, problem: Any, source: str) -> dict[str, Any]:
    start = time.monotonic()
    _AT_WORK.add(name)
    try:
        outcome = _outcome(judge.judge(problem, source))
    except Exception as error:
        outcome = {"verdict": f"raised {error!r}", "kind": "", "passed": 0, "actual": ""}
    _AT_WORK.discard(name)
    return {**outcome, "seconds": time.monotonic() - start}


def _outcome(feedback: Any) -> dict[str, Any]:
    return {
        "verdict": str(feedback.verdict),
        "kind": str(feedback.kind),
        "passed": feedback.tests_passed,
        "trust": str(feedback.trust),
        "seconds": max((test.seconds for test in feedback.tests), default=0.0),
        "actual": feedback.tests[0].actual[:200],
    }


def _honest(judge: Any) -> dict[str, Any]:
    from hostile.catalogue import HONEST_PROGRAMS

    feedbacks = judge.judge_many([(honest.problem, honest.source) for honest in HONEST_PROGRAMS])
    return {honest.name: _outcome(feedback) for honest, feedback in zip(HONEST_PROGRAMS, feedbacks, strict=True)}


def _timing(judge: Any) -> dict[str, Any]:
    from hostile.catalogue import FAKERS
    from hostile.record import Target
    from hostile.victims import problem

    feedbacks = judge.judge_many([(problem(Target.CALL), faker.source) for faker in FAKERS])
    return {
        faker.name: {**_outcome(feedback), "cpu_seconds": feedback.cpu_seconds}
        for faker, feedback in zip(FAKERS, feedbacks, strict=True)
    }


def _pair_source(text: str) -> str:
    from hostile.record import HONEST

    return text + "\nif not won:\n    raise RuntimeError('nothing was left')\n" + HONEST + "solve = honest\n"


def _pairs(options: argparse.Namespace) -> dict[str, Any]:
    """The second program comes right after the first, on the same worker."""
    from hostile.catalogue import PAIRS
    from hostile.record import Target
    from hostile.victims import problem

    from codegym import Judge
    from codegym.judge_settings import JudgeSettings

    outcomes = {}
    with Judge.of(JudgeSettings(workers=1, python=options.python, without=tuple(options.without))) as judge:
        for pair in PAIRS:
            judge.judge(problem(Target.CALL), pair.first + "\nraise RuntimeError('done')\n")
            outcomes[pair.name] = _outcome(judge.judge(problem(Target.CALL), _pair_source(pair.second)))
    return outcomes


def _together(judge: Any) -> dict[str, Any]:
    """The second program runs while the first one does."""
    from hostile.leftovers import TOGETHER
    from hostile.record import Target
    from hostile.victims import problem

    outcomes = {}
    for pair in TOGETHER:
        with ThreadPoolExecutor(1) as threads:
            first = threads.submit(judge.judge, problem(Target.CALL), pair.first)
            outcomes[pair.name] = _outcome(judge.judge(problem(Target.CALL), _pair_source(pair.second)))
            first.result()
    return outcomes


def demonstrate(options: argparse.Namespace, marks: dict[str, str]) -> dict[str, Any]:
    """Each program that names its layers, with these layers off."""
    from hostile.catalogue import PROGRAMS
    from hostile.victims import case_of

    from codegym import Judge
    from codegym.judge_settings import JudgeSettings

    outcomes = {}
    for program in PROGRAMS.values():
        asked = not options.only or program.name in options.only
        if program.layers and asked and program.opened_as_root == (options.uid == 0):
            victim, source = case_of(program, program.targets[0], marks)
            with Judge.of(JudgeSettings(workers=1, without=tuple(program.layers))) as judge:
                outcomes[program.name] = _outcome(judge.judge(victim, source))
    return {"opened": outcomes}


def main(argv: Sequence[str]) -> int:
    options = arguments(argv)
    if options.stage == "contain":
        return contain(argv)
    if options.stage == "watch":
        return watch(options, [word for word in argv if word not in ("--stage", "watch")])
    json.dump(run(options), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
