"""What surrounds the engine: silence, a missing package, and sentences for scenes that mean nothing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simgen.errors import Rejected, SimulationError
from simgen.physics import simulate
from simgen.scene.meshes import MESHES
from simgen.scene.spec import Body, Shape
from tests.physics.scenes import GROUND, ball, scene


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)


def test_the_engine_is_silent() -> None:
    """PyBullet writes its build date when imported; nothing of it may reach a user."""
    answer = python(
        "import sys\n"
        "from simgen.physics import simulate\n"
        "from tests.physics.scenes import GROUND, ball, scene\n"
        "assert 'pybullet' not in sys.modules\n"
        "simulate(scene(GROUND, ball(), seconds=0.1))\n"
        "assert 'pybullet' in sys.modules\n"
        "print('kept', file=sys.stderr)\n"
    )
    assert answer.stdout == ""
    assert answer.stderr == "kept\n"


def test_a_missing_engine_is_named_with_its_remedy() -> None:
    answer = python(
        "import sys\n"
        "sys.modules['pybullet'] = None\n"
        "from simgen.errors import MissingDependencyError\n"
        "from simgen.physics import simulate\n"
        "from tests.physics.scenes import ball, scene\n"
        "for version in [(3, 11, 9), (3, 13, 1)]:\n"
        "    sys.version_info = version\n"
        "    try:\n"
        "        simulate(scene(ball()))\n"
        "    except MissingDependencyError as error:\n"
        "        print(error)\n"
    )
    lines = answer.stdout.splitlines()
    assert len(lines) == 2
    assert all(
        line.startswith("simulating needs the package pybullet, which cannot be imported") for line in lines
    )
    assert lines[0].endswith("install it with `pip install 'pybullet>=3.2.7'`")
    assert lines[1].endswith(
        "it has no wheel for Python 3.13: simulate with Python 3.10 or 3.11 (datasets are read on any Python)"
    )


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"mass_kg": 0.0}, "body 'ball': its mass must be above 0, not 0.0"),
        ({"mass_kg": float("nan")}, "body 'ball': its mass must be above 0, not nan"),
        ({"friction": -0.1}, "body 'ball': its friction must not be negative, not -0.1"),
        ({"friction": 11.0}, "body 'ball': friction 11.0 is above 10"),
        ({"elasticity": 1.5}, "body 'ball': elasticity 1.5 is above 1"),
        ({"elasticity": -1.0}, "body 'ball': its elasticity must not be negative, not -1.0"),
        ({"inertia_kg_m2": (1.0, 1.0, 0.0)}, "body 'ball': its inertia must be above 0, not 0.0"),
        ({"position_m": (0.0, float("inf"), 0.0)}, "body 'ball': its pose or velocity is not finite"),
        ({"orientation_xyzw": (0.0, 0.0, 0.0, 2.0)}, "body 'ball': its orientation is not a unit quaternion"),
        ({"shape": Shape("sphere", (0.1, 0.2))}, "body 'ball': a sphere does not have 2 sizes"),
        ({"shape": Shape("box", (0.1, 0.2, -1.0))}, "body 'ball': its size must be above 0, not -1.0"),
        (
            {"shape": Shape("mesh", (1.0, 1.0, 1.0), "blob")},
            f"there is no mesh 'blob'; there are {', '.join(MESHES)}",
        ),
        (
            {"fixed": True, "velocity_m_s": (1.0, 0.0, 0.0)},
            "body 'ball' is fixed but has a velocity; a fixed body never moves",
        ),
        ({"name": "ground"}, "two bodies are named 'ground'; give each a name of its own"),
    ],
)
def test_bodies_that_mean_nothing(change: dict[str, Any], text: str) -> None:
    with pytest.raises(SimulationError) as error:
        simulate(scene(GROUND, replace(ball(height=1.0), **change), seconds=0.1))
    assert str(error.value) == text


def test_fixed_bodies_never_move() -> None:
    post = Body("post", Shape("box", (0.1, 0.1, 0.1)), (0.0, 0.0, 0.5), fixed=True)
    trace = simulate(scene(GROUND, post, ball(height=1.0, mass_kg=50.0, elasticity=0.5), seconds=1.0))
    assert (trace.state[:, :2] == trace.state[0, :2]).all()
    assert (trace.velocity_m_s[:, :2] == 0).all()
    assert ((trace.contacts.a == 1) & (trace.contacts.b == 2)).any()


def test_one_frame_is_the_start() -> None:
    spec = scene(GROUND, ball(height=1.0, velocity_m_s=(1.0, 2.0, 3.0)), seconds=0.0)
    trace = simulate(spec)
    assert trace.time_s.tolist() == [0.0]
    assert trace.state[0, 1].tolist() == [0, 0, 1.1, 0, 0, 0, 1, 1, 2, 3, 0, 0, 0]
    assert len(trace.contacts) == 0


@pytest.mark.parametrize("fps", [7.0, 29.97, 240.0, 960.0, 5000.0])
def test_frames_fall_on_steps_at_any_frame_rate(fps: float) -> None:
    trace = simulate(scene(GROUND, ball(height=0.05, elasticity=0.5), fps=fps, seconds=max(0.3, 2 / fps)))
    steps = trace.time_s / trace.step_s
    assert steps == pytest.approx(np.round(steps), abs=1e-6)
    assert trace.step_s <= 1 / 960
    assert trace.contacts.time_s[0] == pytest.approx((0.1 / 9.81) ** 0.5, abs=1e-6)


def test_bodies_that_overlap_at_the_start() -> None:
    with pytest.raises(Rejected) as verdict:
        simulate(scene(GROUND, ball("a"), ball("b", position_m=(0.0, 0.0, 0.27))))
    assert verdict.value.reason == "overlap"
    assert verdict.value.detail == "bodies 'a' and 'b' overlap by 0.03 m at the start"


def test_energy_out_of_nothing() -> None:
    """A rod that spins at 500 rad/s, five times in a step."""
    rod = Body(
        "rod", Shape("box", (0.01, 0.01, 0.5)), (0.0, 0.0, 0.0), angular_velocity_rad_s=(400.0, 300.0, 200.0)
    )
    with pytest.raises(SimulationError, match=r"gain .* J out of nothing"):
        simulate(scene(rod, seconds=0.5))


def test_too_fast_for_the_step() -> None:
    with pytest.raises(Rejected) as verdict:
        simulate(scene(GROUND, ball(radius=0.01, height=1.0, velocity_m_s=(30.0, 0.0, 0.0)), seconds=0.1))
    assert verdict.value.reason == "too-fast"
    assert "body 'ball' reaches 30 m/s; above 4.8 m/s" in verdict.value.detail
