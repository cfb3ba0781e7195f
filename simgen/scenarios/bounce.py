"""A ball that bounces again and again across the floor, dropped or thrown sideways.

`drop` is about one fall; here the ball is small, starts low and is followed through all of its bounces, each of
which has a time and a height that follow from the first. Thrown sideways it draws a row of ever lower arcs, and
the first bounce takes some of its speed across the floor and makes it turn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simgen.errors import Rejected
from simgen.labels import words
from simgen.labels.events import Event
from simgen.physics import laws
from simgen.physics.laws_impact import oblique_bounce
from simgen.physics.trace import Trace
from simgen.recipe.distributions import log_uniform, uniform
from simgen.recipe.draws import Draws
from simgen.scenarios.base import Law, LawCheck, Parameter, Params, Scenario
from simgen.scenarios.stage import (
    GRAVITY,
    MATERIAL,
    area_camera,
    direction_parameter,
    gravity_parameter,
    ground,
    material,
    random_orientation,
)
from simgen.scene.spec import Body, SceneSpec, Shape, Video

LOWEST_APEX_M = 0.01  # lower arcs are over before they can be seen
SLOWEST_ACROSS_M_S = 0.05  # slower throws look like drops, and a residual would divide by next to nothing
SAME_TOUCH_S = 0.012  # an impact may lie on both sides of a frame and so make two rows of contacts

HEIGHTS = ((0.6, "low"), (1.0, "medium"), (np.inf, "great"))
THROWS = ((0.35, "gently"), (0.8, "sideways"), (np.inf, "briskly"))
LIVELINESS = ((0.6, "dull"), (0.85, "lively"), (np.inf, "very lively"))


class Bounce(Scenario):
    name = "bounce"
    summary = "A ball, dropped or thrown sideways, bounces on and on, each time a little lower."
    parameters = (
        Parameter(
            "height_m",
            uniform(0.4, 1.2),
            "m",
            "gap between the ball's lowest point and the ground at the start",
            (0.3, 1.4),
            "causal",
        ),
        Parameter(
            "elasticity",
            uniform(0.6, 0.95),
            "1",
            "coefficient of restitution on the ground",
            (0.3, 1),
            "hidden",
            revealed="bounce",
        ),
        Parameter(
            "speed_m_s",
            uniform(0, 0.9),
            "m/s",
            "speed sideways at the start; 0: it is dropped",
            (0, 1.2),
            "causal",
            revealed="velocity",
        ),
        Parameter(
            "friction",
            uniform(0, 0.6),
            "1",
            "coefficient of friction on the ground",
            (0, 1),
            "hidden",
            revealed="bounce",
        ),
        Parameter("mass_kg", log_uniform(0.05, 5), "kg", "mass of the ball", (0.02, 200), "hidden"),
        Parameter("radius_m", uniform(0.1, 0.15), "m", "radius of the ball", (0.095, 0.18), "nuisance"),
        Parameter(
            "start_offset_m",
            uniform(0.3, 0.8),
            "m",
            "distance from the middle of the picture, on the side away from where it is going",
            (0, 0.9),
            "nuisance",
        ),
        direction_parameter("the side of the picture to which it is thrown"),
        gravity_parameter(),
        MATERIAL,
    )
    laws = (
        Law(
            "bounce_time",
            "n-th touch at t = √(2h/g) (1 + 2 (e + e² + … + eⁿ⁻¹))",
            "Halliday, Resnick, Walker, Fundamentals of Physics, 10th ed., ch. 2 (free fall) and 9 (restitution)",
            0.001,
            "every touch after an arc of 1 cm or more; the engine's steps end where bodies touch",
        ),
        Law(
            "bounce_apex",
            "height of the n-th arc = e²ⁿ h",
            "Halliday, Resnick, Walker, ch. 8 (energy) and 9 (restitution)",
            0.001,
            "every arc of 1 cm or more that holds a frame: z + v²/2g is the same all through it",
        ),
        Law(
            "bounce_speed_across",
            "after the first bounce v' = v − min(μ (1 + e) w, 2v/7), w the speed with which it comes down: it "
            "slides, or grips and rolls off",
            "Garwin, Am. J. Phys. 37 (1969) 88: impulses of Coulomb's friction on a solid ball",
            0.001,
            "measured where it is thrown at 5 cm/s or more, as the mean of the frames of the first arc",
        ),
    )
    events = ("first_contact", "bounce", "apex", "comes_to_rest", "leaves_frame", "starts_rolling")
    decisive = ("first_contact",)

    def revealed_by(self, params: Params) -> dict[str, str]:
        """Friction plays no part where nothing slides."""
        ways = super().revealed_by(params)
        if params["speed_m_s"] == 0:
            ways["friction"] = "never"
        return ways

    def scene(self, params: Params, draws: Draws, video: Video) -> SceneSpec:
        side, radius = _side(params), params["radius_m"]
        subject = Body(
            name="subject",
            shape=Shape("sphere", (radius,)),
            position_m=(-side * params["start_offset_m"], 0.0, params["height_m"] + radius),
            orientation_xyzw=random_orientation(draws, "subject.orientation"),
            velocity_m_s=(side * params["speed_m_s"], 0.0, 0.0),
            mass_kg=params["mass_kg"],
            friction=params["friction"],
            elasticity=params["elasticity"],
            material=material(params),
        )
        return SceneSpec(
            bodies=(subject, ground()),
            video=video,
            cameras=(area_camera(video, (0.0, 0.0, 0.85), 2.3, elevation_deg=10.0),),
            gravity_m_s2=(0.0, 0.0, -params["gravity_m_s2"]),
            profile="universal",
        )

    def measure(self, params: Params, scene: SceneSpec, trace: Trace) -> tuple[LawCheck, ...]:
        height, gravity, elasticity = params["height_m"], params["gravity_m_s2"], params["elasticity"]
        subject = scene.body_index("subject")
        touches = _touches(trace)
        if not touches:
            raise Rejected("law-not-in-video", "the ball has not reached the ground; lengthen the video")
        floor = float(trace.position_m[0, subject, 2]) - height  # of its centre when it touches
        checks = [_relative("bounce_time", laws.bounce_time(height, elasticity, 1, gravity), touches[0])]
        for bounce, start in enumerate(touches, start=1):
            apex = laws.bounce_apex(height, elasticity, bounce)
            if apex < LOWEST_APEX_M:
                break
            end = laws.bounce_time(height, elasticity, bounce + 1, gravity)
            if end - start < 2 / scene.video.fps:
                break  # two touches may then be one row of contacts
            again = touches[bounce] if bounce < len(touches) else np.inf
            arc = (trace.time_s > start) & (trace.time_s < again)
            if not arc.any():
                break
            checks.append(_relative("bounce_apex", apex, _top(trace, subject, arc, gravity) - floor))
            if bounce == 1 and params["speed_m_s"] >= SLOWEST_ACROSS_M_S:
                checks.append(_across(params, float(trace.velocity_m_s[arc, subject, 0].mean())))
            if again < np.inf:
                checks.append(_relative("bounce_time", end, again))
        return tuple(checks)

    def captions(
        self, params: Params, scene: SceneSpec, trace: Trace, events: tuple[Event, ...], draws: Draws
    ) -> dict[str, str]:
        draws = draws.under("caption")
        body = words.called(scene.body("subject"), draws)
        a_body = words.article(body)
        thrown = params["speed_m_s"] >= SLOWEST_ACROSS_M_S
        side = f"to the {params['direction']}"
        ground_word = draws.choice("ground", ("ground", "floor"))
        go_on = draws.choice(
            "bounces",
            ("bounces again and again", "keeps bouncing", "bounces over and over", "goes on bouncing"),
        )
        start = f"thrown {side}" if thrown else "dropped"
        plain = draws.choice(
            "plain",
            (f"{a_body} is {start} and {go_on}", f"{start}, {a_body} {go_on} on the {ground_word}"),
        )
        lively = words.article(f"{words.grade(params['elasticity'], LIVELINESS)} {body}")
        level = words.article(words.grade(params["height_m"], HEIGHTS))
        how = f"thrown {words.grade(params['speed_m_s'], THROWS)} {side}" if thrown else "dropped"
        qualitative = draws.choice(
            "qualitative",
            (
                f"{lively} is {how} from {level} height and {go_on}",
                f"from {level} height, {lively} is {how} and {go_on} on the {ground_word}",
            ),
        )
        height, mass = words.quantity(params["height_m"], "m"), words.quantity(params["mass_kg"], "kg")
        elasticity = words.quantity(params["elasticity"], "1")
        gravity = words.quantity(params["gravity_m_s2"], "m/s²")
        elsewhere = "" if params["gravity_m_s2"] == GRAVITY else f" where gravity is {gravity}"
        speed = words.quantity(params["speed_m_s"], "m/s")
        launch = f"thrown {side} at {speed}" if thrown else "dropped"
        numeric = draws.choice(
            "numeric",
            (
                f"{a_body} of {mass} is {launch} from {height} above the {ground_word}{elsewhere}; its "
                f"coefficient of restitution is {elasticity}",
                f"with a coefficient of restitution of {elasticity}, {a_body} with a mass of {mass} {go_on} "
                f"after being {launch} from a height of {height}{elsewhere}",
            ),
        )
        return words.tiers(
            plain, qualitative, numeric, _outcome(words.the(body), scene.body_index("subject"), events, draws)
        )


def _side(params: Params) -> float:
    return 1.0 if params["direction"] == "right" else -1.0


def _touches(trace: Trace) -> list[float]:
    """When the ball touches the ground anew. Only the ball moves, so every row is of that pair."""
    touches: list[float] = []
    for time_s in trace.contacts.time_s.tolist():
        if not touches or time_s > touches[-1] + SAME_TOUCH_S:
            touches.append(time_s)
    return touches


def _relative(name: str, predicted: float, measured: float) -> LawCheck:
    return LawCheck(name, predicted, measured, abs(measured - predicted) / abs(predicted))


def _top(trace: Trace, body: int, arc: NDArray[np.bool_], gravity: float) -> float:
    """Height of the top of a free flight: z + v²/2g is the same in all of its frames."""
    rise = trace.velocity_m_s[arc, body, 2] ** 2 / (2 * gravity)
    return float(np.mean(trace.position_m[arc, body, 2] + rise))


def _across(params: Params, measured: float) -> LawCheck:
    down = laws.fall_speed(params["height_m"], params["gravity_m_s2"])
    predicted, _ = oblique_bounce(params["speed_m_s"], down, params["friction"], params["elasticity"], 0.4)
    return _relative("bounce_speed_across", predicted, measured * _side(params))


def _outcome(the_body: str, subject: int, events: tuple[Event, ...], draws: Draws) -> str:
    seen = words.until_gone(events, subject)
    landing = next((event for event in seen if event.kind == "first_contact"), None)
    if landing is None:
        return f"{the_body} is still falling when the video ends"
    verb = draws.choice("landing", ("first touches the ground", "first hits the floor", "lands"))
    clauses = [f"{verb} after {words.quantity(landing.time_s, 's')}"]
    bounces = [event.time_s for event in seen if event.kind == "bounce"]
    tops = [event for event in seen if event.kind == "apex" and event.time_s > landing.time_s]
    if bounces:
        clauses.append(f"bounces {words.times(len(bounces))}")
    story = f"{the_body} {words.join([*clauses, *words.last_clauses(seen)])}"
    if (
        tops
        and bounces
        and (len(bounces) == 1 or tops[0].time_s < bounces[1])
        and draws("outcome.apex") < 0.5
    ):
        top = words.quantity(tops[0].value, "m")
        story += f". It first rises until its centre is {top} above the ground"
    return story
