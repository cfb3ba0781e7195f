"""A ball, cylinder or hoop rolls down a ramp or along a table, leaves its edge, flies and lands.

It leaves the edge in the direction of the slope, horizontally from a table (angle 0). For that it must be fast
enough that gravity does not pull it round the edge: v² > g r cos θ. The documented ranges all are.
"""

from __future__ import annotations

import math

import numpy as np

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.trace import Trace
from simgen.recipe.distributions import choice, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios import lane, ramps
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    MATERIAL,
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    material,
    solid,
)
from simgen.scene.spec import Body, SceneSpec, Video

RAMP_WIDTH_M = 0.9
BEHIND_M = 0.9  # of the ramp's surface behind where the body starts
EDGE_M = 0.7  # of the edge from the middle of the picture, on the side it comes from

STEEPNESS = ((15.0, "gentle"), (28.0, "moderately steep"), (math.inf, "steep"))
HEIGHTS = ((0.7, "low"), (1.0, "high"), (math.inf, "very high"))


class RampJump(Scenario):
    name = "ramp_jump"
    summary = "A ball, cylinder or hoop rolls off the edge of a ramp or a table, flies and lands."
    parameters = (
        Parameter(
            "angle_deg",
            choice(0, 8, 16, 24, 32),
            "deg",
            "slope of the ramp down to its edge; 0 is a table",
            (0, 40),
            "causal",
        ),
        Parameter(
            "speed_m_s",
            uniform(1.8, 3),
            "m/s",
            "speed along the ramp at the start",
            (1.8, 3.5),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "height_m", uniform(0.6, 1.2), "m", "height of the edge above the ground", (0.5, 1.2), "causal"
        ),
        Parameter("run_m", uniform(0.5, 0.9), "m", "way along the ramp to the edge", (0.4, 1), "causal"),
        Parameter(
            "shape",
            choice("sphere", "cylinder", "hoop"),
            "",
            "what rolls",
            ("sphere", "cylinder", "hoop"),
            "causal",
        ),
        lane.mass(600),
        Parameter("radius_m", uniform(0.19, 0.24), "m", "radius of the body", (0.185, 0.24), "causal"),
        Parameter(
            "friction",
            uniform(0.1, 0.7),
            "1",
            "coefficient of friction; too little and it slips",
            (0, 0.9),
            "hidden",
            revealed="acceleration",
        ),
        Parameter(
            "elasticity",
            uniform(0, 0.7),
            "1",
            "coefficient of restitution on the ground",
            (0, 0.9),
            "hidden",
            revealed="first_contact",
        ),
        direction_parameter("the side of the picture to which it jumps"),
        gravity_parameter(1.6, 12),
        MATERIAL,
    )
    laws = (
        Law(
            "ramp_jump_edge_speed",
            "V = √(v² + 2 a L) along the ramp; rolling: a = g sin θ / (1+k), slipping: a = g (sin θ − μ cos θ)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 2, 6 and 11",
            0.001,
            "from energy in the air, carried back to the edge; a cylinder rolls on a line found as points",
        ),
        Law(
            "ramp_jump_landing_time",
            "t = 2 L / (v + V) + (√(V² sin² θ + 2 g h) − V sin θ) / g",
            "Halliday, Resnick, Walker, ch. 2 and 4 (projectile motion)",
            0.001,
            "the engine's steps end where bodies touch",
        ),
        Law(
            "ramp_jump_distance",
            "x = V cos θ · (time in the air), of the centre, from where it leaves the edge to where it lands",
            "Halliday, Resnick, Walker, ch. 4 (projectile motion)",
            0.003,
            "the edge carries the body to the end of the step in which it leaves: up to 0.7 mm of 0.3 m at least",
        ),
    )
    events = (
        "first_contact",
        "bounce",
        "apex",
        "leaves_frame",
        "starts_rolling",
    )
    decisive = ("first_contact",)

    def revealed_by(self, params: Params) -> dict[str, str]:
        """How much friction there is plays no part before it lands if it rolls down without slipping."""
        ways = super().revealed_by(params)
        factor = laws.shape_factor(solid(params["shape"], params["radius_m"]))
        if laws.rolls_without_slipping(params["angle_deg"], params["friction"], factor):
            ways["friction"] = "first_contact"
        return ways

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        angle, radius, side = math.radians(params["angle_deg"]), params["radius_m"], lane.side(params)
        down, out = ramps.downhill(angle, side), ramps.normal(angle, side)
        edge = np.array([-side * EDGE_M, 0.0, params["height_m"]])
        velocity = params["speed_m_s"] * down
        subject = Body(
            name="subject",
            shape=solid(params["shape"], radius),
            position_m=lane.vector(edge - params["run_m"] * down + radius * out),
            orientation_xyzw=lane.lying(params["shape"], 0.0, draws),
            velocity_m_s=lane.vector(velocity),
            angular_velocity_rad_s=lane.rolling_spin(velocity, radius, lane.vector(out)),
            mass_kg=params["mass_kg"],
            friction=params["friction"],
            elasticity=params["elasticity"],
            material=material(params),
        )
        length = params["run_m"] + BEHIND_M
        return SceneSpec(
            bodies=(
                subject,
                ramps.ramp(edge - length * down, length, RAMP_WIDTH_M, angle, side),
                ground(),
            ),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 1.15), 4.2, elevation_deg=12.0, azimuth_deg=side * 10.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="joints",  # for its 2400 Hz: the edge carries the body to the end of the step in which it leaves
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        subject, side, gravity = scene.body_index("subject"), lane.side(params), params["gravity_m_s2"]
        touches = lane.contact_times(trace, subject, scene.body_index("ground"))
        if not len(touches):
            raise Rejected(
                "law-not-in-video", "the body has not landed; lengthen the video or lower the ramp"
            )
        landing = float(touches[0])
        angle, speed, radius = params["angle_deg"], params["speed_m_s"], params["radius_m"]
        edge_speed = speed_at_edge(params)
        on_ramp = 2 * params["run_m"] / (speed + edge_speed)
        # the centre starts r cos θ above the edge and lands r above the ground
        drop = params["height_m"] - radius * (1 - math.cos(math.radians(angle)))
        in_air = laws.projectile_flight_time(edge_speed, -angle, gravity, drop)
        far = laws.projectile_range(edge_speed, -angle, gravity, drop)
        # where the centre is when it leaves, counted in the direction of the jump
        left = side * scene.body("subject").position_m[0] + params["run_m"] * math.cos(math.radians(angle))
        # The frame before the landing, carried there; where no frame lies in the air, the one after is of no use.
        last = int(np.flatnonzero(trace.time_s < landing)[-1])
        place, velocity = trace.position_m[last, subject], trace.velocity_m_s[last, subject]
        checks = [lane.relative("ramp_jump_landing_time", on_ramp + in_air, landing)]
        if trace.time_s[last] > landing - in_air:
            start = np.array([0.0, 0.0, params["height_m"] + radius * math.cos(math.radians(angle))])
            fallen = float(start[2] - place[2])
            measured = math.sqrt(float(velocity @ velocity) - 2 * gravity * fallen)
            checks.insert(0, lane.relative("ramp_jump_edge_speed", edge_speed, measured))
            x = side * float(place[0] + velocity[0] * (landing - trace.time_s[last])) - left
            checks.append(lane.relative("ramp_jump_distance", far, x))
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body, the_body = words.article(body), words.the(body)
        table = params["angle_deg"] == 0
        place = draws.choice("place", ("table", "ledge") if table else ("ramp", "slope", "ski jump"))
        off = draws.choice("off", ("rolls off", "shoots off", "goes over the edge of"))
        side = f"to the {params['direction']}"
        height = words.grade(params["height_m"], HEIGHTS)
        kind = f"{height} {place}"
        if not table:
            kind = f"{height}, {words.grade(params['angle_deg'], STEEPNESS)} {place}"
        plain = draws.choice(
            "plain",
            (
                f"{a_body} {off} {words.article(place)} and flies through the air",
                f"{a_body} {off} {words.article(place)} and lands on the ground",
            ),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{a_body} {off} {words.article(kind)} {side}",
                f"moving {side}, {a_body} {off} {words.article(kind)} and drops to the ground",
            ),
        )
        speed, run = words.quantity(params["speed_m_s"], "m/s"), words.quantity(params["run_m"], "m")
        angle, high = words.quantity(params["angle_deg"], "deg", 1), words.quantity(params["height_m"], "m")
        mass, friction = words.quantity(params["mass_kg"], "kg"), words.quantity(params["friction"], "1")
        leads = "a level table" if table else f"a ramp that descends at {angle}"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass} moves at {speed} along {leads}, with {run} to go to the edge, which is "
                f"{high} above the ground; the coefficient of friction is {friction}{lane.elsewhere(params)}",
                f"from {run} before the edge of {leads}, {a_body} with a mass of {mass} sets off at {speed}; the "
                f"edge is {high} high and the coefficient of friction {friction}{lane.elsewhere(params)}",
            ),
        )
        verbs = {"ground": ("lands", "hits the ground", "comes down")}
        clauses = lane.story(events, scene, draws, verbs)
        outcome = f"{the_body} {words.join(clauses)}"
        if not clauses:
            outcome = f"{the_body} is still in the air when the video ends"
        return words.tiers(plain, qualitative, numeric, outcome)


def acceleration(params: Params) -> float:
    """Down the ramp, m/s²."""
    factor = laws.shape_factor(solid(params["shape"], params["radius_m"]))
    return laws.incline_acceleration(params["angle_deg"], params["friction"], factor, params["gravity_m_s2"])


def speed_at_edge(params: Params) -> float:
    """In the direction of the slope, m/s."""
    return math.sqrt(params["speed_m_s"] ** 2 + 2 * acceleration(params) * params["run_m"])
