"""A body sent up a ramp slows down, turns round and comes back to a board at the foot, or friction keeps it up there.

Round bodies start as they roll; with too little friction they slip from the first moment. A box slides: it
slows down faster than it comes back. Where the body starts says nothing about the angle, as in `incline`. There is
no hoop: one that spins fast and slips begins to wobble on its two edges.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

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

RAMP_WIDTH_M = 1.2
UPHILL_M = 4.5  # of the ramp's surface above where the body starts: out of a square picture
BOARD_GAP_M = 0.2  # between the body and the board behind it
BOARD_THICKNESS_M = 0.12
STANDS_M_S = 1e-3  # slower than that up the slope: it has turned round or stopped
HARDLY_MOVES = 0.02  # of g sin θ, as for `incline`

STEEPNESS = ((15.0, "gentle"), (28.0, "moderately steep"), (math.inf, "steep"))
SPEEDS = ((1.8, "gently"), (2.5, "briskly"), (math.inf, "hard"))
RAMP_WORDS = ("ramp", "incline", "slope", "inclined plane")


class InclineUp(Scenario):
    name = "incline_up"
    summary = "A body sent up a ramp rolls or slides up, turns and comes back to a board, or stays up there."
    parameters = (
        Parameter("angle_deg", uniform(12, 40), "deg", "slope of the ramp", (10, 60), "causal"),
        Parameter(
            "speed_m_s",
            uniform(1.5, 3),
            "m/s",
            "speed up the slope at the start",
            (1, 4),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "shape",
            choice("sphere", "cylinder", "box"),
            "",
            "what is sent up; round ones roll, a box slides",
            ("sphere", "cylinder", "box"),
            "causal",
        ),
        lane.mass(1400),
        Parameter(
            "radius_m",
            uniform(0.18, 0.26),
            "m",
            "radius of the round ones, half the edge of the box",
            (0.17, 0.28),
            "nuisance",
        ),
        Parameter(
            "friction",
            uniform(0.1, 0.7),
            "1",
            "coefficient of friction",
            (0, 0.9),
            "hidden",
            revealed="acceleration",
        ),
        Parameter(
            "elasticity",
            uniform(0, 0.6),
            "1",
            "coefficient of restitution where it hits the board",
            (0, 0.9),
            "hidden",
            revealed="first_contact",
        ),
        Parameter(
            "start_height_m",
            uniform(0.7, 1),
            "m",
            "height of the body's centre above the ground at the start",
            (0.68, 1.1),
            "nuisance",
        ),
        Parameter(
            "start_offset_m",
            uniform(1, 1.4),
            "m",
            "how far from the middle of the picture it starts, on the downhill side",
            (0.6, 1.45),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which the ramp rises"),
        gravity_parameter(),
        MATERIAL,
    )
    laws = (
        Law(
            "incline_up_deceleration",
            "rolling (μ ≥ tan θ · k/(1+k)): a = g sin θ / (1+k); slipping, round: a = g (sin θ − μ cos θ); "
            "box: a = g (sin θ + μ cos θ)",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 6 (sliding) and 11 (rolling)",
            0.001,
            "fitted to the positions on the way up; a cylinder rolls on a line that the engine finds as points",
        ),
        Law(
            "incline_up_distance",
            "s = v² / (2 a) up the slope, a the deceleration",
            "Halliday, Resnick, Walker, ch. 2 (constant acceleration)",
            0.001,
            "as the deceleration; measured where it turns inside the video",
        ),
        Law(
            "incline_up_return_acceleration",
            "on the way back a round body has the acceleration of the way up, a box a = g (sin θ − μ cos θ)",
            "Halliday, Resnick, Walker, ch. 6 and 11",
            0.001,
            "fitted to the positions on the way back to the board",
        ),
        Law(
            "incline_up_return_acceleration_over_g_sin",
            "a body that hardly comes back (predicted a < 0.02 g sin θ) or not at all (box with μ ≥ tan θ: "
            "a = 0): residual = |measured − predicted| / (g sin θ)",
            "Halliday, Resnick, Walker, ch. 6 (static friction)",
            0.001,
            "relative to the acceleration without friction, as the predicted may be 0",
        ),
        Law(
            "incline_up_return_time",
            "it hits the board at t = v / a + √(2 (s + d) / a′), a up, a′ back, d its gap to the board",
            "Halliday, Resnick, Walker, ch. 2 (constant acceleration)",
            0.006,
            "a sliding box turns at the end of a step (up to 1 ms late, of 0.2 s at least); what rolls is "
            "within 1e-5",
        ),
    )
    events = (
        "first_contact",
        "bounce",
        "apex",
        "comes_to_rest",
        "leaves_frame",
        "enters_frame",
        "starts_rolling",
        "topples",
    )
    decisive = ("first_contact", "comes_to_rest")

    def revealed_by(self, params: Params) -> dict[str, str]:
        """How much friction there is plays no part while a body rolls without slipping."""
        ways = super().revealed_by(params)
        if regime(params) == "rolls":
            ways["friction"] = "first_contact"
        return ways

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        angle, radius, side = math.radians(params["angle_deg"]), params["radius_m"], lane.side(params)
        down, out = ramps.downhill(angle, -side), ramps.normal(angle, -side)
        centre = np.array([-side * params["start_offset_m"], 0.0, params["start_height_m"]])
        velocity = -params["speed_m_s"] * down
        rolls = params["shape"] != "box"
        subject = Body(
            name="subject",
            shape=solid(params["shape"], radius),
            position_m=lane.vector(centre),
            orientation_xyzw=lane.lying(params["shape"], 0.0, draws, -side * angle),
            velocity_m_s=lane.vector(velocity),
            angular_velocity_rad_s=lane.rolling_spin(velocity, radius, lane.vector(out))
            if rolls
            else (0.0, 0.0, 0.0),
            mass_kg=params["mass_kg"],
            friction=params["friction"],
            elasticity=params["elasticity"],
            material=material(params),
        )
        touch = centre - radius * out
        top = touch - UPHILL_M * down
        length = UPHILL_M + float(touch[2]) / math.sin(angle) + 0.3
        foot = touch + (radius + BOARD_GAP_M) * down
        return SceneSpec(
            bodies=(
                subject,
                ramps.ramp(top, length, RAMP_WIDTH_M, angle, -side),
                ramps.board(foot, 2.2 * radius, BOARD_THICKNESS_M, RAMP_WIDTH_M, angle, -side),
                ground(),
            ),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 1.4), 4.0, elevation_deg=14.0, azimuth_deg=-side * 14.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        slow_down, come_back = accelerations(params)
        speed = params["speed_m_s"]
        way, velocity, hit = _on_ramp(params, scene, trace)
        time = trace.time_s[: len(way)]
        standing = np.flatnonzero(velocity <= STANDS_M_S)
        up = np.arange(len(way)) < (standing[0] if len(standing) else len(way))
        back = ~up
        driving = params["gravity_m_s2"] * math.sin(math.radians(params["angle_deg"]))
        furthest = speed**2 / (2 * slow_down) if slow_down > 0 else math.inf
        checks = []
        measured_up = -_acceleration(time[up], way[up], velocity[up]) if up.sum() >= 2 else math.nan
        if not math.isnan(measured_up):
            checks.append(lane.relative("incline_up_deceleration", slow_down, measured_up))
        stays = come_back < HARDLY_MOVES * driving
        if back.sum() >= 2:
            if not math.isnan(measured_up):
                last = int(np.flatnonzero(up)[-1])
                turn = float(way[last] + velocity[last] ** 2 / (2 * measured_up))
                checks.append(lane.relative("incline_up_distance", furthest, turn))
            measured_back = -_acceleration(time[back], way[back], velocity[back])
            if stays:
                name = "incline_up_return_acceleration_over_g_sin"
                checks.append(lane.over(name, come_back, measured_back, driving))
            else:
                checks.append(lane.relative("incline_up_return_acceleration", come_back, measured_back))
        if math.isfinite(hit) and not stays and furthest < UPHILL_M:
            predicted = speed / slow_down + math.sqrt(2 * (furthest + BOARD_GAP_M) / come_back)
            checks.append(lane.relative("incline_up_return_time", predicted, hit))
        if not checks:
            raise Rejected(
                "law-not-in-video", "fewer than two frames while the body is on the ramp; raise fps"
            )
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body, the_body = words.article(body), words.the(body)
        hill = draws.choice("ramp", RAMP_WORDS)
        moves = draws.choice("moves", MOTIONS[regime(params)])
        sent = draws.choice("sent", ("sent", "pushed"))
        rises = f"that rises to the {params['direction']}"
        slope = words.article(f"{words.grade(params['angle_deg'], STEEPNESS)} {hill}")
        hard = words.grade(params["speed_m_s"], SPEEDS)
        plain = draws.choice(
            "plain",
            (f"{a_body} {moves} up {words.article(hill)}", f"{a_body} is {sent} up {words.article(hill)}"),
        )
        qualitative = draws.choice(
            "qualitative",
            (
                f"{a_body} is {sent} {hard} up {slope} {rises}",
                f"{sent} {hard}, {a_body} {moves} up {slope} {rises}",
            ),
        )
        speed = words.quantity(params["speed_m_s"], "m/s")
        angle = words.quantity(params["angle_deg"], "deg", 1)
        friction = words.quantity(params["friction"], "1")
        mass = words.quantity(params["mass_kg"], "kg")
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass} {moves} up a ramp inclined at {angle}, at {speed} to begin with; the "
                f"coefficient of friction is {friction}{lane.elsewhere(params)}",
                f"{sent} at {speed}, {a_body} with a mass of {mass} {moves} up "
                f"{words.article(f'{angle} slope')} with a friction coefficient of {friction}"
                f"{lane.elsewhere(params)}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(the_body, params, scene, trace, events, draws)
        )


MOTIONS = {
    "rolls": ("rolls", "is rolling"),
    "slips": ("spins and skids", "skids"),
    "slides": ("slides", "is sliding"),
}


def regime(params: Params) -> str:
    """rolls | slips (round, too little friction to roll) | slides (box)."""
    if params["shape"] == "box":
        return "slides"
    factor = laws.shape_factor(solid(params["shape"], params["radius_m"]))
    rolls = laws.rolls_without_slipping(params["angle_deg"], params["friction"], factor)
    return "rolls" if rolls else "slips"


def accelerations(params: Params) -> tuple[float, float]:
    """Down the slope (m/s²), on the way up and on the way back.

    A round body that slips keeps spinning as if it went up, so friction points up the slope all the time.
    """
    angle, friction, gravity = params["angle_deg"], params["friction"], params["gravity_m_s2"]
    if params["shape"] == "box":
        distance = laws.uphill_distance(1.0, angle, friction, gravity)
        return 1 / (2 * distance), laws.sliding_acceleration(angle, friction, gravity)
    factor = laws.shape_factor(solid(params["shape"], params["radius_m"]))
    both = laws.incline_acceleration(angle, friction, factor, gravity)
    return both, both


def _on_ramp(
    params: Params, scene: SceneSpec, trace: Trace
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Way and speed (N,) up the slope in the first frames, while it touches nothing else; time of the board's touch."""
    subject = scene.body_index("subject")
    contacts = trace.contacts
    mine = (contacts.a == subject) | (contacts.b == subject)
    ramp = scene.body_index("ramp")
    other = mine & (contacts.a != ramp) & (contacts.b != ramp)
    end = float(contacts.time_s[other].min()) if other.any() else math.inf
    board = lane.contact_times(trace, subject, scene.body_index("stop"))
    uphill = -ramps.downhill(math.radians(params["angle_deg"]), -lane.side(params))
    way = (trace.position_m[:, subject] - trace.position_m[0, subject]) @ uphill
    gone = np.flatnonzero((trace.time_s >= end) | (way > UPHILL_M - 0.05))
    count = int(gone[0]) if len(gone) else len(way)
    velocity = trace.velocity_m_s[:count, subject] @ uphill
    hit = float(board.min()) if len(board) and board.min() == end else math.inf
    return way[:count], velocity, hit


def _acceleration(
    time_s: NDArray[np.float64], way_m: NDArray[np.float64], velocity_m_s: NDArray[np.float64]
) -> float:
    """From the positions where there are enough of them, else from the first and the last velocity."""
    if len(time_s) >= 4:
        return 2 * float(np.polynomial.polynomial.polyfit(time_s, way_m, 2)[2])
    return float((velocity_m_s[-1] - velocity_m_s[0]) / (time_s[-1] - time_s[0]))


def _outcome(
    the_body: str, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
) -> str:
    """What became of it while it was in the picture."""
    _, velocity, hit = _on_ramp(params, scene, trace)
    subject = scene.body_index("subject")
    verbs = {
        "stop": ("hits the board", "runs into the board", "reaches the board"),
        "topples": ("tips over",),
    }
    clauses = lane.story(events, scene, draws, verbs)
    turned = math.isfinite(hit) or bool((velocity < -0.02 * params["speed_m_s"]).any())
    left = min((event.time_s for event in events if event.kind == "leaves_frame"), default=math.inf)
    back = float(trace.time_s[int(np.argmax(velocity <= 0))]) if (velocity <= 0).any() else hit
    if turned and back < left:
        turn = draws.choice("turns", ("turns round", "turns back", "comes back down"))
        if not clauses:
            return f"{the_body} {turn} and is still on the ramp when the video ends"
        return f"{the_body} {words.join([turn, *clauses])}"
    if clauses:
        held = any(event.kind == "comes_to_rest" and subject in event.bodies for event in events)
        held = held and not turned and not math.isfinite(left)
        stays = ["stays up there: friction holds it"] if held else []
        return f"{the_body} {words.join([*clauses, *stays])}"
    return f"{the_body} is still on its way up when the video ends"
