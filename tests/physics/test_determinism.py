"""A trace depends on its scene alone, to the bit."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simgen.errors import Rejected, SimulationError
from simgen.physics import simulate
from simgen.physics.engine import load_pybullet
from simgen.physics.trace import Trace
from simgen.scene.json import scene_from_json, scene_to_json
from simgen.scene.spec import Body, Camera, Force, Joint, SceneSpec, Shape, Video
from tests.physics.scenes import GROUND, ball, scene
from tests.physics.test_joints import double_pendulum


def digest(trace: Trace) -> str:
    table = trace.contacts
    arrays = (
        trace.time_s,
        trace.state,
        table.frame,
        table.time_s,
        table.a,
        table.b,
        table.position_m,
        table.normal,
        table.impulse_n_s,
    )
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()


def pile(profile: str) -> SceneSpec:
    """Six bodies of all shapes that fall on each other: chaotic, so that a last bit shows."""
    shapes = [
        Shape("sphere", (0.1,)),
        Shape("box", (0.2, 0.15, 0.1)),
        Shape("cylinder", (0.08, 0.2)),
        Shape("capsule", (0.06, 0.1)),
        Shape("tube", (0.1, 0.1, 0.02)),
    ]
    bodies = [
        Body(
            f"body{i}",
            shapes[i % 5],
            (0.03 * (i % 3), 0.02 * (i % 4), 0.2 + 0.3 * i),
            velocity_m_s=(0.1 * i, 0.0, 0.0),
            angular_velocity_rad_s=(1.0, 0.5 * i, 0.0),
            elasticity=0.0 if profile == "resting" else 0.5,
            friction=0.6,
        )
        for i in range(6)
    ]
    return scene(GROUND, *bodies, profile=profile, seconds=0.5)


SCENES = {
    "universal": pile("universal"),
    "resting": pile("resting"),
    "restitution": pile("restitution"),
    "joints": double_pendulum(1.0),
    "spring": scene(
        GROUND,
        ball(height=0.3, elasticity=0.5),
        forces=(
            Force(
                "spring", "ball", anchor_m=(0.1, 0.0, 1.0), stiffness_n_m=40.0, length_m=0.5, damping_kg_s=0.1
            ),
            Force("drag", "ball", quadratic_kg_m=0.1, wind_m_s=(1.0, 0.0, 0.0)),
        ),
        seconds=1.0,
    ),
    "moon": replace(scene(GROUND, ball(height=0.3), fps=30.0, seconds=1.0), gravity_m_s2=(0.0, 0.1, -1.62)),
}


def test_the_same_after_any_other_scene() -> None:
    alone = {name: digest(simulate(spec)) for name, spec in SCENES.items()}
    assert len(set(alone.values())) == len(SCENES)
    for before in SCENES.values():
        for name, spec in SCENES.items():
            simulate(before)
            assert digest(simulate(spec)) == alone[name]


def test_the_same_after_others_have_used_the_engine() -> None:
    """Another client in the process, with other settings, some of which are global to it."""
    expected = digest(simulate(SCENES["universal"]))
    bullet = load_pybullet()
    client = bullet.connect(bullet.DIRECT)
    bullet.setPhysicsEngineParameter(
        fixedTimeStep=0.01, numSubSteps=7, contactBreakingThreshold=0.5, physicsClientId=client
    )
    bullet.stepSimulation(physicsClientId=client)
    assert digest(simulate(SCENES["universal"])) == expected
    bullet.disconnect(physicsClientId=client)
    assert digest(simulate(SCENES["universal"])) == expected


def test_the_same_after_a_scene_that_failed() -> None:
    expected = digest(simulate(SCENES["universal"]))
    with pytest.raises((SimulationError, Rejected)):
        simulate(
            scene(ball("a"), ball("b", position_m=(0.0, 0.0, 0.15)), ball("c", position_m=(0.01, 0.0, 0.2)))
        )
    assert digest(simulate(SCENES["universal"])) == expected


def test_the_same_in_another_process() -> None:
    program = (
        "import json, sys\n"
        "from simgen.physics import simulate\n"
        "from simgen.scene.json import scene_from_json\n"
        "from tests.physics.test_determinism import digest\n"
        "print(json.dumps([digest(simulate(scene_from_json(text))) for text in json.load(sys.stdin)]))\n"
    )
    texts = [scene_to_json(spec) for spec in SCENES.values()]
    answer = subprocess.run(
        [sys.executable, "-c", program], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    assert json.loads(answer.stdout) == [digest(simulate(spec)) for spec in SCENES.values()]


number = st.floats(-2, 2)
positive = st.floats(0.05, 0.3)
vectors = st.tuples(number, number, number)
shapes = st.one_of(
    st.builds(lambda r: Shape("sphere", (r,)), positive),
    st.builds(lambda *size: Shape("box", size), positive, positive, positive),
    st.builds(lambda *size: Shape("cylinder", size), positive, positive),
    st.builds(lambda *size: Shape("cone", size), positive, positive),
)


@st.composite
def scenes(draw: st.DrawFn) -> SceneSpec:
    """Some bodies in the air above the ground, apart from each other; now and then one on a hinge."""
    profile = draw(st.sampled_from(["universal", "resting", "restitution", "joints"]))
    bodies = [
        Body(
            f"body{i}",
            draw(shapes),
            (1.0 * i, draw(number), 1.0 + draw(positive)),
            velocity_m_s=draw(vectors),
            angular_velocity_rad_s=draw(vectors),
            mass_kg=draw(positive),
            friction=draw(positive),
            elasticity=draw(positive),
        )
        for i in range(draw(st.integers(1, 3)))
    ]
    joints: tuple[Joint, ...] = ()
    if profile == "joints":
        still = replace(bodies[0], velocity_m_s=(0.0, 0.0, 0.0), angular_velocity_rad_s=(0.0, 0.0, 0.0))
        bodies[0] = still
        joints = (Joint("hinge", "hinge", "", "body0", (draw(number), 0.0, 2.0), (0.0, 1.0, draw(number))),)
    forces = (Force("spring", "body0", stiffness_n_m=draw(positive), length_m=draw(positive)),) * draw(
        st.integers(0, 1)
    )
    return SceneSpec(
        bodies=(GROUND, *bodies),
        video=Video(width=32, height=32, fps=draw(st.floats(10, 60)), frame_count=draw(st.integers(1, 8))),
        cameras=(Camera(),),
        joints=joints,
        forces=forces,
        gravity_m_s2=draw(vectors),
        profile=profile,
    )


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(scenes())
def test_the_same_from_json(spec: SceneSpec) -> None:
    again = scene_from_json(scene_to_json(spec))
    assert again == spec
    assert digest(simulate(again)) == digest(simulate(spec))
