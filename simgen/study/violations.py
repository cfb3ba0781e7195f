"""Impossible twins: a clip that is physics, and the same clip with one thing in it that never happens.

The twins are the same, to the bit, before the frame at which the violation begins to show; that frame is the first
that looks different, which is made sure of by filming both. What the violation does before it shows (the first
millimetres of a fall upwards) is left out: up to that frame the impossible clip is its possible twin.

Something that is behind a screen, where the scene has one, may change there: it then shows when it comes out again.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simgen.errors import BuildError, Rejected, SimulationError
from simgen.physics import continue_from, simulate
from simgen.physics.energy import mechanical_energy
from simgen.physics.trace import Contacts, Trace
from simgen.recipe.draws import Draws
from simgen.scene.colour import SATURATED, difference
from simgen.scene.presence import without
from simgen.scene.spec import Quaternion, SceneSpec
from simgen.study.alterations import backwards, coloured, reshaped
from simgen.study.occasions import (
    DIFFERS_PIXELS,
    Clip,
    first_difference,
    joined_bodies,
    observe,
    replaced_body,
)
from simgen.study.take import Take

__all__ = ["VIOLATIONS", "Violated", "violate"]

Floats = NDArray[np.float64]

# Each kind: what happens. docs/twins.md has this table.
VIOLATIONS: dict[str, str] = {
    "vanish": "a body is gone from one frame to the next; behind a screen, it never comes out again",
    "appear": "a body is there that was not there the frame before; the possible twin is the clip without it",
    "teleport": "a body is suddenly somewhere else: at another place of its own path, moving as it does there",
    "pass_through": "a body goes through what it would hit, or through what it lies on",
    "swap_colour": "a body has another colour from one frame to the next; it comes out from behind a screen in another",
    "swap_shape": (
        "a body has another shape from one frame to the next, a round one is a cube and any other a ball; it comes "
        "out from behind a screen in another"
    ),
    "reverse_gravity": "gravity turns round: what was free falls upwards",
    "gain_energy": "a body bounces back faster than it came, or is suddenly twice as fast by itself",
    "time_reversal": "the film runs backwards from one frame on, and what had been lost to friction or impacts comes back",
}

CANDIDATES = 8  # occasions of one clip that are tried
FAST_M_S = 0.3  # slower bodies have no energy to speak of, and slower impacts are hardly seen
JUMP = 1.2  # of its own size in the picture: a body that gets no further has not been teleported
BOUNCE_GAIN = (1.7, 2.3)  # energy after an impossible bounce over that before it
MOTION_GAIN = 4.0
TOUCHES, APART_FRAMES = ("first_contact", "collision", "bounce"), 5
LOST = 0.15  # of the energy in play: dissipation that can be seen to come back
COLOUR_APART = 0.2  # OKLab distance of a body's new colour from its old one


@dataclass(frozen=True, slots=True)
class Violated:
    """An impossible clip and its possible twin, which has the same bodies."""

    kind: str  # a key of VIOLATIONS
    frame: int  # the first at which the two look different
    body: int  # the index of the body that it happens to; of the first that shows it, where it happens to all
    take: Take  # the impossible one
    possible: Take
    other: int = -1  # the index of what it passes through, -1 for the other kinds
    hidden: bool = False  # it happens behind a screen
    bounce: bool = False  # what gains energy gains it as it bounces


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One way to break the law: what becomes of the clip, and when that could be seen at the earliest."""

    body: int
    start: int  # frame
    act: Callable[[], tuple[SceneSpec, Trace]]  # the later scene, and its trace from `start` on
    possible: Take
    jumped: tuple[str, ...] = ()
    other: int = -1
    hidden: bool = False
    bounce: bool = False


def violate(kind: str, scene: SceneSpec, trace: Trace, draws: Draws, subject: str = "") -> Violated:
    """The clip `scene`, whose motion is `trace`, and its impossible twin of that kind.

    Which body and which frame are addressed draws (`violation.…`). Raises Rejected when the clip offers no occasion,
    and BuildError for a kind or a subject that there is not.
    """
    if kind not in VIOLATIONS:
        raise BuildError(f"violation: there is no kind {kind!r}; the kinds are {', '.join(VIOLATIONS)}.")
    draws = draws.under("violation")
    clip = observe(scene, trace, draws, subject)
    tried: list[str] = []
    if not clip.subjects:
        raise Rejected("nothing-moves", "no body is free to move, so nothing impossible can happen to any")
    for candidate in itertools.islice(_KINDS[kind](clip, draws), CANDIDATES):
        try:
            later, after = candidate.act()
        except (Rejected, SimulationError) as verdict:
            tried.append(str(verdict))
            continue
        found = _shown(kind, clip, candidate, later, after)
        if found is not None:
            return found
        tried.append(f"from frame {candidate.start} on it does not show in time")
    why = f"; the last try: {tried[-1]}" if tried else ""
    raise Rejected(f"no-{kind.replace('_', '-')}", f"the clip offers no occasion for {kind}{why}")


def _shown(kind: str, clip: Clip, candidate: _Candidate, later: SceneSpec, after: Trace) -> Violated | None:
    """The twins, if they look different early enough; joined at the first frame where they do."""
    cut = candidate.start
    pixels = 1 if candidate.hidden else DIFFERS_PIXELS  # the first of what comes out from behind a screen
    disturbed = Take(clip.scene, after, cut, later)
    frame = first_difference(candidate.possible, disturbed, cut, max(clip.frames), pixels)
    if frame is None or frame < min(clip.frames):
        return None
    joined = _join(candidate.possible.trace, after, frame, _indices(clip.scene, candidate.jumped))
    possible = candidate.possible
    take = Take(possible.scene, joined, frame, later, candidate.jumped, possible.trace)
    return Violated(
        kind,
        frame,
        candidate.body,
        take,
        candidate.possible,
        candidate.other,
        candidate.hidden,
        candidate.bounce,
    )


def _join(before: Trace, after: Trace, frame: int, jumped: set[int]) -> Trace:
    """Rows and contacts of `before` until the frame before `frame`, then those of `after` (T frames as well)."""
    early, late = before.contacts, after.contacts
    mine = np.isin(late.a, list(jumped)) | np.isin(late.b, list(jumped))
    first = early.frame < frame
    then = (late.frame > frame) | (late.frame == frame) & ~mine
    contacts = Contacts(
        **{
            name: np.concatenate([getattr(early, name)[first], getattr(late, name)[then]])
            for name in Contacts.__dataclass_fields__
        }
    )
    state = np.concatenate([before.state[:frame], after.state[frame:]])
    return Trace(before.time_s, state, contacts, max(before.step_s, after.step_s))


def _indices(scene: SceneSpec, names: tuple[str, ...]) -> set[int]:
    return {scene.body_index(name) for name in names}


def _open(clip: Clip) -> Iterator[tuple[int, int]]:
    """Bodies and frames at which they are in the open, a different body each time as long as there are any."""
    for frame in clip.frames:
        for body in clip.subjects:
            if clip.in_the_open(body, frame):
                yield body, frame


def _behind_or_open(clip: Clip) -> Iterator[tuple[int, int, bool]]:
    """Bodies, frames and whether it is behind a screen: where any body comes out from behind one, only that."""
    behind = [(body, frame, True) for body in clip.subjects for frame in clip.reappears(body)]
    yield from behind or ((body, frame, False) for body, frame in _open(clip))


def _vanish(clip: Clip, draws: Draws) -> Iterator[_Candidate]:
    for body, frame, hidden in _behind_or_open(clip):
        name = clip.scene.bodies[body].name
        if any(joint.parent == name for joint in clip.scene.joints):
            continue  # what hangs on it would hang on nothing

        def act(frame: int = frame, name: str = name) -> tuple[SceneSpec, Trace]:
            later = without(clip.scene, name)
            return later, continue_from(later, clip.trace, frame)

        yield _Candidate(body, frame, act, Take(clip.scene, clip.trace), hidden=hidden)


def _appear(clip: Clip, draws: Draws) -> Iterator[_Candidate]:
    empty: dict[int, Trace] = {}
    for body, frame in _open(clip):
        name = clip.scene.bodies[body].name
        if joined_bodies(clip.scene, body)[1]:
            continue
        absent = without(clip.scene, name)
        if body not in empty:
            empty[body] = simulate(absent)
        trace = empty[body]

        def act(body: int = body, frame: int = frame, trace: Trace = trace) -> tuple[SceneSpec, Trace]:
            state = trace.state[frame].copy()
            state[body] = clip.trace.state[frame, body]
            return clip.scene, continue_from(clip.scene, trace, frame, state)

        yield _Candidate(body, frame, act, Take(absent, trace))


def _teleport(clip: Clip, draws: Draws) -> Iterator[_Candidate]:
    for body, frame in _open(clip):
        if joined_bodies(clip.scene, body)[1]:
            continue
        size = math.sqrt(float(clip.seen.alone_pixels[frame, body]))
        away = np.linalg.norm(clip.centres_px[:, body] - clip.centres_px[frame, body], axis=1)
        places = [
            other
            for other in range(len(away))
            if away[other] >= JUMP * size and clip.in_the_open(body, other)
        ]
        if not places:
            continue
        place = draws.choice(f"place.{body}.{frame}", places)

        def act(body: int = body, frame: int = frame, place: int = place) -> tuple[SceneSpec, Trace]:
            state = clip.trace.state[frame].copy()
            state[body] = clip.trace.state[place, body]
            return clip.scene, continue_from(clip.scene, clip.trace, frame, state)

        jumped = (clip.scene.bodies[body].name,)
        yield _Candidate(body, frame, act, Take(clip.scene, clip.trace), jumped)


def _pass_through(clip: Clip, draws: Draws) -> Iterator[_Candidate]:
    fixed = [body.fixed for body in clip.scene.bodies]
    occasions: list[tuple[int, int, int]] = []  # mover, other, frame
    for frame in clip.frames:
        for event in clip.events:
            met = event.kind in TOUCHES and event.value >= FAST_M_S
            if met and event.frame == frame:
                occasions += [
                    (body, other, frame - 1)
                    for body, other in itertools.permutations(event.bodies, 2)
                    if body in clip.subjects
                ]
    if not occasions:  # nothing hits anything: let it sink into what bears it
        contacts = clip.trace.contacts
        for body, frame in _open(clip):
            rows = contacts.frame == frame
            for a, b in zip(contacts.a[rows].tolist(), contacts.b[rows].tolist(), strict=True):
                if body in (a, b) and fixed[other := b if body == a else a]:
                    occasions.append((body, other, frame))
    for body, other, frame in occasions:
        pair = (clip.scene.bodies[body].name, clip.scene.bodies[other].name)

        def act(frame: int = frame, pair: tuple[str, str] = pair) -> tuple[SceneSpec, Trace]:
            later = replace(clip.scene, passing=(*clip.scene.passing, pair))
            return later, continue_from(later, clip.trace, frame)

        hidden = not clip.seen.visible_pixels[frame + 1, body]
        yield _Candidate(body, frame + 1, act, Take(clip.scene, clip.trace), other=other, hidden=hidden)


def _swap_colour(clip: Clip, draws: Draws) -> Iterator[_Candidate]:
    for body, frame, hidden in _behind_or_open(clip):
        look = clip.scene.bodies[body].look
        if look is None:
            continue
        taken = {other.look.colour_name for other in clip.scene.bodies if other.look is not None}
        words = [
            word
            for word, colour in SATURATED.items()
            if word not in taken and difference(colour, look.colour) >= COLOUR_APART
        ]
        if not words:
            continue
        later = replaced_body(clip.scene, body, look=coloured(look, draws.choice(f"colour.{body}", words)))
        yield _Candidate(
            body,
            frame,
            lambda later=later: (later, clip.trace),  # type: ignore[misc]
            Take(clip.scene, clip.trace),
            hidden=hidden,
        )


def _swap_shape(clip: Clip, draws: Draws) -> Iterator[_Candidate]:
    for body, frame, hidden in _behind_or_open(clip):
        if joined_bodies(clip.scene, body)[1]:
            continue
        normal = _upwards(clip, body, frame)
        swapped, turn = reshaped(clip.scene.bodies[body], clip.trace.state[frame, body], normal)
        later = replaced_body(
            clip.scene, body, shape=swapped.shape, friction=swapped.friction, inertia_kg_m2=None
        )

        def act(
            body: int = body, frame: int = frame, later: SceneSpec = later, turn: Quaternion | None = turn
        ) -> tuple[SceneSpec, Trace]:
            state = clip.trace.state[frame].copy()
            if turn is not None:
                state[body, 3:7], state[body, 10:13] = turn, 0.0
            return later, continue_from(later, clip.trace, frame, state)

        jumped = (clip.scene.bodies[body].name,)
        yield _Candidate(body, frame, act, Take(clip.scene, clip.trace), jumped, hidden=hidden)


def _upwards(clip: Clip, body: int, frame: int) -> Floats:
    """Unit vector away from what the body lies on; against gravity, or up, where it lies on nothing."""
    contacts = clip.trace.contacts
    rows = np.flatnonzero((contacts.frame == frame) & ((contacts.a == body) | (contacts.b == body)))
    if len(rows):
        row = rows[np.argmax(contacts.impulse_n_s[rows])]
        normal: Floats = contacts.normal[row]
        return normal if contacts.a[row] == body else -normal
    gravity: Floats = np.asarray(clip.scene.gravity_m_s2)
    strength = float(np.linalg.norm(gravity))
    return -gravity / strength if strength > 0 else np.array([0.0, 0.0, 1.0])


def _reverse_gravity(clip: Clip, draws: Draws) -> Iterator[_Candidate]:
    gx, gy, gz = clip.scene.gravity_m_s2
    if not any(clip.scene.gravity_m_s2):
        return
    later = replace(clip.scene, gravity_m_s2=(-gx, -gy, -gz))
    for body, frame in _open(clip):
        yield _Candidate(
            body,
            frame + 1,
            lambda frame=frame: (later, continue_from(later, clip.trace, frame)),  # type: ignore[misc]
            Take(clip.scene, clip.trace),
        )


def _gain_energy(clip: Clip, draws: Draws) -> Iterator[_Candidate]:
    speed = np.linalg.norm(clip.trace.velocity_m_s, axis=2)
    bounces = [
        (body, frame)
        for frame in clip.frames
        for event in clip.events
        for body in event.bodies
        if event.kind == "bounce"
        and event.frame == frame
        and body in clip.subjects
        and event.value >= FAST_M_S
    ]
    occasions = [(body, frame, True) for body, frame in bounces if clip.in_the_open(body, frame)]
    if not occasions:
        occasions = [
            (body, frame, False)
            for body, frame in _open(clip)
            if speed[frame, body] >= FAST_M_S and not _met(clip, body, frame)
        ]
    for body, frame, bounce in occasions:
        gain = math.sqrt(MOTION_GAIN)
        if bounce:
            energy = draws.between(f"gain.{body}.{frame}", *BOUNCE_GAIN)
            gain = math.sqrt(energy) * float(
                max(speed[frame - 1, body], speed[frame, body]) / speed[frame, body]
            )
        # what is tied together gets faster together
        tied = joined_bodies(clip.scene, body)[1]
        faster = list(range(len(clip.scene.bodies))) if tied else [body]

        def act(
            frame: int = frame, gain: float = gain, faster: list[int] = faster
        ) -> tuple[SceneSpec, Trace]:
            state = clip.trace.state[frame].copy()
            state[faster, 7:13] *= gain
            return clip.scene, continue_from(clip.scene, clip.trace, frame, state)

        yield _Candidate(body, frame + 1, act, Take(clip.scene, clip.trace), bounce=bounce)


def _met(clip: Clip, body: int, frame: int) -> bool:
    """Whether something touches the body about then, so that nobody could tell what made it faster."""
    return any(
        body in event.bodies and event.kind in TOUCHES and abs(event.frame - frame) <= APART_FRAMES
        for event in clip.events
    )


def _time_reversal(clip: Clip, draws: Draws) -> Iterator[_Candidate]:
    if any(force.kind in ("spring", "attraction") for force in clip.scene.forces):
        return  # what they store is not in the balance, so nothing tells what is lost
    energy, scale = mechanical_energy(clip.scene, clip.trace.state)
    count = len(clip.trace.time_s)
    for frame in clip.frames:
        earliest = 2 * (frame - 1) - (count - 1)  # the frame at which the film that runs backwards ends
        if earliest < 0 or energy[earliest] - energy[frame - 1] < LOST * scale:
            continue
        body = next((body for body in clip.subjects if clip.in_the_open(body, frame - 1)), clip.subjects[0])
        yield _Candidate(
            body,
            frame,
            lambda frame=frame: (clip.scene, backwards(clip.trace, frame - 1)),  # type: ignore[misc]
            Take(clip.scene, clip.trace),
        )


_KINDS: dict[str, Callable[[Clip, Draws], Iterator[_Candidate]]] = {
    "vanish": _vanish,
    "appear": _appear,
    "teleport": _teleport,
    "pass_through": _pass_through,
    "swap_colour": _swap_colour,
    "swap_shape": _swap_shape,
    "reverse_gravity": _reverse_gravity,
    "gain_energy": _gain_energy,
    "time_reversal": _time_reversal,
}
