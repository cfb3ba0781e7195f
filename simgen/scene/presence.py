"""What of a scene is there: a body can be absent (`Body.present`), and what hangs on it is then absent too.

A joint, a force or a link goes when any of its bodies is absent (the world is always there, a rope's pulley counts as
one of its bodies): a bob taken away leaves no string behind, and a block whose pulley is taken away falls.
"""

from __future__ import annotations

from dataclasses import replace

from simgen.errors import BuildError
from simgen.scene.spec import Body, SceneSpec

__all__ = ["acting", "is_drawn", "links_drawn", "present_only", "without"]


def is_drawn(body: Body) -> bool:
    """Whether the body is in the picture's world at all."""
    return body.visible and body.present


def links_drawn(scene: SceneSpec) -> tuple[int, ...]:
    """Indices of the links none of whose bodies is absent."""
    gone = _absent(scene)
    return tuple(k for k, link in enumerate(scene.links) if not gone & {link.a, link.b})


def acting(scene: SceneSpec) -> SceneSpec:
    """The scene without the joints and forces that hang on an absent body; its bodies stay in their places."""
    gone = _absent(scene)
    if not gone:
        return scene
    return replace(
        scene,
        joints=tuple(joint for joint in scene.joints if not gone & {joint.parent, joint.child}),
        forces=tuple(force for force in scene.forces if not gone & {force.a, force.b, force.pulley}),
        passing=tuple(pair for pair in scene.passing if not gone & set(pair)),
    )


def without(scene: SceneSpec, name: str) -> SceneSpec:
    """The scene with that body absent. Raises BuildError if there is none."""
    if all(body.name != name for body in scene.bodies):
        there = ", ".join(body.name for body in scene.bodies)
        raise BuildError(f"remove: there is no body named {name!r}; there are {there}.")
    bodies = (replace(body, present=False) if body.name == name else body for body in scene.bodies)
    return scene.with_bodies(tuple(bodies))


def present_only(scene: SceneSpec) -> tuple[SceneSpec, list[int]]:
    """The scene of the bodies that are there, and their indices in the whole one; nothing else hangs on others."""
    kept = [index for index, body in enumerate(scene.bodies) if body.present]
    if len(kept) == len(scene.bodies):
        return scene, kept
    there = acting(scene)
    return replace(
        there,
        bodies=tuple(scene.bodies[index] for index in kept),
        links=tuple(scene.links[k] for k in links_drawn(scene)),
    ), kept


def _absent(scene: SceneSpec) -> set[str]:
    return {body.name for body in scene.bodies if not body.present}
