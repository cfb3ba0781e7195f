"""Every mistake of a recipe at once, in the order of its lines, in these very words."""

from __future__ import annotations

from pathlib import Path

import pytest

from simgen.errors import RecipeError
from simgen.recipe import load_recipe, parse_recipe, recipe_from_data, shipped_recipes
from simgen.recipe.wording import listed
from simgen.scenarios import get_scenario
from simgen.scene.meshes import MESHES

# The documented ranges are the scenario's to choose; the words around them are pinned here.
INCLINE = {parameter.name: parameter for parameter in get_scenario("incline").parameters}


def between(name: str) -> str:
    low, high = INCLINE[name].range
    unit = INCLINE[name].unit
    return f"between {low:g} and {high:g}{'' if unit == '1' else f' {unit}'}"


ANGLE, MASS, FRICTION = between("angle_deg"), between("mass_kg"), between("friction")


def mistakes(text: str) -> str:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(text, "demo.yaml")
    return str(caught.value)


def changed(**sections: str) -> str:
    """A right recipe with some sections changed or added; line 1 is its name."""
    right = {"name": "demo", "scenario": "incline", "clips": "10"}
    return "".join(f"{key}: {value}\n" for key, value in {**right, **sections}.items() if value != "-")


def test_all_at_once_and_in_order() -> None:
    text = """\
name: Demo
scenario: incline
seed: -1
clips: 1e12
params:
  angle_dge: {uniform: [5, 40]}
  shape: {choice: [sphere, cone]}
  mass_kg: {uniform: [1, 5000]}
  friction: 2
video: {size: 255, fsp: 24}
passes: [depth, segmentations]
render: {engine: raycst}
look: {preset: labb, subject_color: red, unlit: 1}
cameras: {Side: {}, top: {elevation: 90}}
output: {clips_per_shard: 0}
bodies: {}
"""
    assert mistakes(text).splitlines() == [
        "demo.yaml:1: name: must be a name of at most 64 lower-case letters, digits, '_' and '-' that "
        "starts with a "
        "letter, not 'Demo'.",
        "demo.yaml:3: seed: must be a whole number between 0 and 18446744073709551615, not -1.",
        "demo.yaml:4: clips: must be a whole number between 1 and 1000000000, not 1e+12. Split a larger "
        "dataset into "
        "several recipes, each with its own seed.",
        "demo.yaml:6: params.angle_dge: incline has no such parameter. Did you mean 'angle_deg'?",
        "demo.yaml:7: params.shape: must be sphere, cylinder, hoop or box, not 'cone'.",
        f"demo.yaml:8: params.mass_kg: must stay {MASS}, but reaches 5000.",
        f"demo.yaml:9: params.friction: must be {FRICTION}, not 2.",
        "demo.yaml:10: video.size: must be even, not 255 × 255: video stores colour for 2 × 2 pixels.",
        "demo.yaml:10: video.fsp: unknown key. Did you mean 'fps'?",
        "demo.yaml:11: passes: must be depth, segmentation, normals or flow, not 'segmentations'. Did you "
        "mean "
        "'segmentation'?",
        "demo.yaml:12: render.engine: must be raycast, tiny, opengl or cycles, not 'raycst'. Did you mean "
        "'raycast'?",
        "demo.yaml:13: look.preset: must be lab, flat or varied, not 'labb'. Did you mean 'lab'?",
        "demo.yaml:13: look.subject_color: looks have no such parameter. Did you mean 'subject_colour'?",
        "demo.yaml:13: look.unlit: must be true or false, not 1.",
        "demo.yaml:14: cameras.Side: must be a name of at most 40 lower-case letters, digits and '_' that "
        "starts with "
        "a letter, not 'Side'.",
        "demo.yaml:14: cameras.top.elevation: unknown key. Did you mean 'elevation_deg'?",
        "demo.yaml:15: output.clips_per_shard: must be a whole number between 1 and 100000, not 0.",
        "demo.yaml:16: bodies: is read only with `scenario: scene`, not with incline.",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(name="-"), "demo.yaml:1: name: is missing: the dataset's name; part of every clip's key."),
        (
            changed(scenario="-"),
            "demo.yaml:1: scenario: is missing: what happens: the name of a scenario, `scene` to "
            "compose one here, or `mix` for several.",
        ),
        (changed(clips="-"), "demo.yaml:1: splits: is missing; say how many clips to make, e.g. `clips: "
         "1000`."),
        (changed(scenario="inclin"), "demo.yaml:2: scenario: there is no scenario 'inclin'. Did you mean "
         "'incline'?"),
        (changed(scenario="[]"), "demo.yaml:2: scenario: must be a name of at most 40 lower-case letters, "
         "digits and "
         "'_' that starts with a letter, not a list."),
        (changed(clips="many"), "demo.yaml:3: clips: must be a whole number, not 'many'."),
        (changed(clips="2.5"), "demo.yaml:3: clips: must be a whole number, not 2.5."),
        (changed(clips="true"), "demo.yaml:3: clips: must be a whole number, not true."),
        (changed(clips=".nan"), "demo.yaml:3: clips: must be a whole number between 1 and 1000000000, not "
         "nan. Split a "
         "larger dataset into several recipes, each with its own seed."),
        (changed(splits="{train: 5}"), "demo.yaml:3: clips: stands beside `splits:`; give the clips of "
         "each split there."),
        (changed(clips="-", splits="{}"), "demo.yaml:3: splits: must name at least one split, e.g. {train: "
         "{clips: 1000}}."),
        (changed(clips="-", splits="{train: {}}"), "demo.yaml:3: splits.train.clips: is missing: how many "
         "clips; the "
         "first N clips of a larger count are the clips of a count of N."),
        (changed(clips="-", splits="{train: 5, te.st: 5}"), "demo.yaml:3: splits.te.st: must be a name of "
         "at most 40 "
         "lower-case letters, digits and '_' that starts with a letter, not 'te.st'."),
        (changed(clips="-", splits="{a: 5, b: {clips: 3, params: {mas_kg: 1}}}"), "demo.yaml:3: "
         "splits.b.params.mas_kg: "
         "incline has no such parameter. Did you mean 'mass_kg'?"),
        (changed(clips="-", splits="{a: {clips: 3, params: {angle_deg: 90}}}"),
         f"demo.yaml:3: splits.a.params.angle_deg: must be {ANGLE}, not 90."),
        (changed(vide="{}"), "demo.yaml:4: vide: unknown key. Did you mean 'video'?"),
        (changed(workers="2"), "demo.yaml:4: workers: unknown key. There are name, scenario, scenarios, "
         "seed, splits, params, sweeps, pairs, twins, sampling, questions, study, …."),
        (changed(video="256"), "demo.yaml:4: video: must be a mapping of keys to values, not 256."),
        (changed(video="{size: 14}"), "demo.yaml:4: video.size: must be a whole number between 16 and "
         "4096, not 14."),
        (changed(video="{size: [64, 64, 3]}"), "demo.yaml:4: video.size: must be a number or [width, "
         "height], not a list of 3."),
        (changed(video="{fps: 0}"), "demo.yaml:4: video.fps: must be between 1 and 1000 frames per second, "
         "not 0."),
        (changed(video="{seconds: 0.02}"), "demo.yaml:4: video.seconds: must be such that a clip has 2 to "
         "10000 frames; "
         "24 fps × 0.02 seconds is 0."),
        (changed(video="{size: 4096, seconds: 10}"), "demo.yaml:4: video.size: must be such that a clip "
         "has at most "
         "268435456 pixels in all; 4096 × 4096 pixels × 240 frames is 4026531840. Make the picture smaller "
         "or the clip "
         "shorter."),
        (changed(video="{codec: h265}"), "demo.yaml:4: video.codec: must be h264 or ffv1, not 'h265'. Did "
         "you mean 'h264'?"),
        (changed(passes="depth"), "demo.yaml:4: passes: must be a list such as [depth, segmentation], not "
         "'depth'."),
        (changed(render="{shutter: 2}"), "demo.yaml:4: render.shutter: must be between 0 and 1, not 2."),
        (changed(look="lab"), "demo.yaml:4: look: must be a mapping such as {preset: lab}, not 'lab'."),
        (changed(look="{light_elevation_deg: {uniform: [40, 20]}}"),
         "demo.yaml:4: look.light_elevation_deg: low (40) is above high (20); write [20, 40]."),
        (changed(cameras="{side: {motion: follow}}"),
         "demo.yaml:4: cameras.side.motion: follow needs `follow:`, the name of a body."),
        (changed(cameras="{side: {motion: orbit}}"), "demo.yaml:4: cameras.side.motion: orbit needs "
         "`orbit_deg_s:`, its speed."),
        (changed(params="5"), "demo.yaml:4: params: must be a mapping of keys to values, not 5."),
        (changed(params="{shape: 3}"), "demo.yaml:4: params.shape: must be sphere, cylinder, hoop or box, "
         "not 3."),
        (changed(params="{shape: spheer}"), "demo.yaml:4: params.shape: must be sphere, cylinder, hoop or "
         "box, not "
         "'spheer'. Did you mean 'sphere'?"),
        (changed(params="{shape: {uniform: [1, 2]}}"), "demo.yaml:4: params.shape: must be sphere, "
         "cylinder, hoop or box, "
         "or {choice: [...]} of these, not a range of numbers."),
        (changed(params="{angle_deg: sphere}"), f"demo.yaml:4: params.angle_deg: must be a number {ANGLE}, "
         f"not "
         "'sphere'."),
        (changed(params="{angle_deg: {choice: [true]}}"), f"demo.yaml:4: params.angle_deg: must be a "
         f"number {ANGLE}, not true."),
        (changed(params="{angle_deg: {normal: [20, 5]}}"), f"demo.yaml:4: params.angle_deg: must stay "
         f"{ANGLE}; "
         "give normal both `min` and `max`."),
        (changed(params="{angle_deg: {normal: [20, 5], min: 0, max: 40}}"), f"demo.yaml:4: "
         f"params.angle_deg: must stay {ANGLE}, but reaches 0."),
        (changed(params="{angle_deg: 1_0}"), f"demo.yaml:4: params.angle_deg: must be a number {ANGLE}, "
         f"not '1_0'."),
        (changed(params='{"a\\nb": 1}'), "demo.yaml:4: params.a\\nb: incline has no such "
         f"parameter. Its parameters are {', '.join([*INCLINE][:-1])} and {[*INCLINE][-1]}."),
    ],
)  # fmt: skip
def test_one_mistake(text: str, message: str) -> None:
    assert mistakes(text) == message


SCENE = """\
name: demo
scenario: scene
clips: 4
params: {speed: {uniform: [1, 2]}, tint: {choice: [red, blue]}}
bodies:
  a: {shape: sphere, size: 0.1, position: [0, 0, 1], colour: =tint}
  b: {shape: box, size: [1, 1, 1], position: [3, 0, 0.5], fixed: true}
"""


@pytest.mark.parametrize(
    ("added", "message"),
    [
        ("  c: {shape: sphere, size: 1}", "demo.yaml:8: bodies.c.position: is missing: centre of mass [x, "
         "y, z] at the "
         "start, metres; z is up."),
        ("  c: {shape: ball, size: 1, position: [0, 0, 9]}", "demo.yaml:8: bodies.c.shape: must be sphere, "
         "box, "
         "cylinder, capsule, cone, tube or mesh, not 'ball'."),
        ("  c: {shape: box, size: [1, 2], position: [0, 0, 9]}", "demo.yaml:8: bodies.c.size: of a box is "
         "[length x, "
         "length y, length z], not 2 numbers."),
        ("  c: {shape: sphere, size: 0, position: [0, 0, 9]}", "demo.yaml:8: bodies.c.size.0: must be "
         "between 0.001 and "
         "1000 m, not 0."),
        ("  c: {shape: sphere, size: 1, position: [0, 9]}", "demo.yaml:8: bodies.c.position: must be a "
         "list of 3, not of 2."),
        ("  c: {shape: sphere, size: 1, position: [0, 0, up]}", "demo.yaml:8: bodies.c.position.2: must be "
         "a number, a "
         'distribution or an expression such as "=2*r", not \'up\'.'),
        ("  c: {shape: sphere, size: 1, position: [0, 0, =sped]}", "demo.yaml:8: bodies.c.position.2: no "
         "parameter is "
         "named 'sped'. Did you mean 'speed'?"),
        ("  c: {shape: sphere, size: =speed - 2, position: [0, 0, 9]}", "demo.yaml:8: bodies.c.size: must "
         "be between "
         "0.001 and 1000 m, but =speed - 2 is -0.0847882 where speed = 1.91521."),
        ("  c: {shape: sphere, size: 1, position: [0, 0, =1/(speed-speed)]}", "demo.yaml:8: "
         "bodies.c.position.2: "
         "=1/(speed-speed) divides by zero where speed = 1.91521."),
        ("  c: {shape: sphere, size: 1, position: [0, 0, 9], mass: =tint}", "demo.yaml:8: bodies.c.mass: "
         "=tint computes "
         "with tint, which is not a number."),
        ("  c: {shape: sphere, size: 1, position: [0, 0, 9], colour: =speed}", "demo.yaml:8: "
         "bodies.c.colour: =speed must "
         "be a word, not 1.46108."),
        ("  c: {shape: sphere, size: 1, position: [0, 0, 9], colour: =1/0}", "demo.yaml:8: bodies.c.colour: "
         "must be a word or the name of a parameter such as =colour, not '=1/0'."),
        ("  c: {shape: sphere, size: 1, position: [0, 0, 9], colour: rde}", "demo.yaml:8: bodies.c.colour: "
         "must be red, "
         "orange, yellow, green, teal, blue, purple, pink, white, grey, black or brown, or '#rrggbb', not "
         "'rde'. Did you "
         "mean 'red'?"),
        ("  c: {shape: sphere, size: 1, position: [0, 0, 9], color: red}", "demo.yaml:8: bodies.c.color: "
         "unknown key. Did "
         "you mean 'colour'?"),
        ("  c: {shape: sphere, size: 1, position: [0, 0, 9], texture: wood}", "demo.yaml:8: "
         "bodies.c.texture: needs a "
         "`colour:` beside it."),
        ("  c: {shape: sphere, size: 1, position: [0, 0, 9], fixed: true, velocity: [1, 0, 0]}",
         "demo.yaml:8: bodies.c.velocity: must be left out: a fixed body does not move."),
        ("joints: {j: {kind: hinge, child: c, pivot: [0, 0, 1]}}", "demo.yaml:8: joints.j.child: there is "
         "no body 'c'. The "
         "bodies are a and b."),
        ("joints: {j: {kind: hinge, child: b, pivot: [0, 0, 1]}}", "demo.yaml:8: joints.j.child: b is "
         "fixed; make it the parent."),
        ("joints: {j: {kind: hinge, child: a, parent: a, pivot: [0, 0, 1]}}", "demo.yaml:8: joints.j: a "
         "hangs on itself "
         "through 'a'; joints must not form a loop."),
        ("joints: {j: {kind: hinge, child: a, pivot: [0, 0, 1]}, k: {kind: point, child: a, pivot: [0, 0, "
         "1]}}",
         "demo.yaml:8: joints.k.child: a already hangs on another joint; a body is the child of one joint "
         "at most."),
        ("joints: {j: {kind: hinj, child: a, pivot: [0, 0, 1]}}", "demo.yaml:8: joints.j.kind: must be "
         "hinge, point, "
         "slider or fixed, not 'hinj'. Did you mean 'hinge'?"),
        ("camera: {position: [0, -5, 1]}", "demo.yaml:8: camera.position: needs a `target:`, the point to "
         "look at."),
        ("camera: {motion: follow, follow: c}", "demo.yaml:8: camera.follow: there is no body 'c'. The "
         "bodies are a and b."),
        ("  c: {shape: mesh, mesh: staar, size: 1, position: [0, 0, 9]}", f"demo.yaml:8: bodies.c.mesh: must be "
         f"{listed(MESHES)}, not 'staar'. Did you mean 'star'?"),
        ("  c: {shape: mesh, size: 1, position: [0, 0, 9]}", "demo.yaml:8: bodies.c.shape: mesh needs `mesh:`, the "
         "name of one."),
        ("  c: {shape: box, mesh: star, size: [1, 1, 1], position: [0, 0, 9]}", "demo.yaml:8: bodies.c.mesh: is "
         "read only with `shape: mesh`, not with box."),
        ("  c: {shape: mesh, mesh: star, size: [1, 1], position: [0, 0, 9]}", "demo.yaml:8: bodies.c.size: of a "
         "mesh is [scale x, scale y, scale z], not 2 numbers."),
        ("forces: {f: {kind: sprung, a: a}}", "demo.yaml:8: forces.f.kind: must be spring, drag or attraction, not "
         "'sprung'. Did you mean 'spring'?"),
        ("forces: {f: {kind: spring, a: a, anchor: [0, 0, 2]}}", "demo.yaml:8: forces.f.kind: spring needs "
         "`stiffness:`."),
        ("forces: {f: {kind: drag, a: a}}", "demo.yaml:8: forces.f.kind: drag needs `linear:` or `quadratic:`."),
        ("forces: {f: {kind: spring, a: a, stiffness: 2}}", "demo.yaml:8: forces.f.kind: needs an `anchor:`, the "
         "place of its other end, or a body `b:`."),
        ("forces: {f: {kind: spring, a: a, b: b, anchor: [0, 0, 1], stiffness: 2}}", "demo.yaml:8: "
         "forces.f.anchor: must be left out: its other end is the body b."),
        ("forces: {f: {kind: drag, a: a, linear: 1, stiffness: 3}}", "demo.yaml:8: forces.f.stiffness: is read by "
         "spring, not by drag."),
        ("forces: {f: {kind: attraction, a: a, b: c, strength: 1}}", "demo.yaml:8: forces.f.b: there is no body "
         "'c'. The bodies are a and b."),
        ("forces: {f: {kind: attraction, a: world, b: a, strength: 1}}", "demo.yaml:8: forces.f.a: there is no "
         "body 'world'. The bodies are a and b."),
        ("forces: {f: {kind: attraction, a: a, b: a, strength: 1}}", "demo.yaml:8: forces.f.b: must be another "
         "body than `a`, which is 'a' too."),
        ("forces: {f: {kind: spring, a: a, b: b, stiffness: =-speed}}", "demo.yaml:8: forces.f.stiffness: must be "
         "between 0 and 1000000 N/m, but =-speed is -1.91521 where speed = 1.91521."),
        ("forces: {f: {kind: drag, a: a, linear: 1, wind: 3}}", "demo.yaml:8: forces.f.wind: must be a list of 3, "
         "not 3."),
        ("links: {l: {kind: rod, b: a}}", "demo.yaml:8: links.l.kind: needs `a:`, a body, or `at_a:`, a place in "
         "the world."),
        ("links: {l: {kind: rod, a: c, at_b: [0, 0, 1]}}", "demo.yaml:8: links.l.a: there is no body 'c'. The "
         "bodies are a and b."),
        ("links: {l: {kind: rope, a: a, b: b}}", "demo.yaml:8: links.l.kind: must be rod, string or spring, not "
         "'rope'."),
        ("links: {l: {kind: rod, a: a, b: b, colour: rde}}", "demo.yaml:8: links.l.colour: must be red, orange, "
         "yellow, green, teal, blue, purple, pink, white, grey, black or brown, or '#rrggbb', not 'rde'. Did you "
         "mean 'red'?"),
        ("gravity: [0, 0]", "demo.yaml:8: gravity: must be a list of 3, not of 2."),
        ("gravity: strong", "demo.yaml:8: gravity: must be a list of 3, not 'strong'."),
        ("ground: maybe", "demo.yaml:8: ground: must be true or false, not 'maybe'."),
    ],
)  # fmt: skip
def test_one_mistake_in_a_composed_scene(added: str, message: str) -> None:
    assert mistakes(f"{SCENE}{added}\n") == message


def test_mistakes_in_the_parameters_of_a_composed_scene() -> None:
    text = SCENE.replace("clips: 4", "splits: {a: 1, b: {clips: 1, params: {sped: 3, tint: 4}}}").replace(
        "params: {speed:", "params: {sqrt: 3, speed:"
    )
    assert mistakes(text).splitlines() == [
        "demo.yaml:3: splits.b.params.sped: the recipe has no such parameter. Did you mean 'speed'?",
        "demo.yaml:3: splits.b.params.tint: must be a word, as in the recipe's `params`.",
        "demo.yaml:4: params.sqrt: sqrt means something in expressions; choose another name.",
    ]


def test_a_composed_scene_without_bodies() -> None:
    text = "name: demo\nscenario: scene\nclips: 1\n"
    assert mistakes(text) == "demo.yaml:1: bodies: is missing: a composed scene needs at least one body."


def test_bodies_in_a_list_keep_the_file_s_own_places() -> None:
    text = """\
name: demo
scenario: scene
clips: 1
bodies:
  - {name: a, shape: sphere, size: 1, position: [0, 0, 1]}
  - {name: a, shape: sphere, size: 1, position: [0, 0, 3]}
  - {shape: sphere}
  - {name: b, shape: spher, size: 1, position: [0, 0, 5]}
"""
    assert mistakes(text).splitlines() == [
        "demo.yaml:6: bodies.1: the name 'a' is taken.",
        "demo.yaml:7: bodies.2: must be a mapping with a `name:`, or write the section as a mapping of "
        "names.",
        "demo.yaml:8: bodies.3.shape: must be sphere, box, cylinder, capsule, cone, tube or mesh, not 'spher'. "
        "Did you mean "
        "'sphere'?",
    ]


def test_hundreds_of_mistakes_are_cut() -> None:
    text = changed() + "".join(f"x{i}: 1\n" for i in range(200))
    lines = mistakes(text).splitlines()
    assert len(lines) == 51
    assert lines[-1] == "demo.yaml:53: 150 more problems are not shown; correct these first."


def test_without_a_file_there_are_no_lines() -> None:
    with pytest.raises(RecipeError) as caught:
        recipe_from_data({"name": "demo", "scenario": "incline", "clips": 0})
    assert str(caught.value).startswith("recipe: clips: must be a whole number between 1 and")


def test_files_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("steep.yaml").write_text("name: x")
    Path("folder").mkdir()

    def message(name: str) -> str:
        with pytest.raises(RecipeError) as caught:
            load_recipe(name)
        return str(caught.value)

    assert message("incine") == (
        "incine: there is no such file, and no recipe of that name ships with simgen. Did you mean 'incline'?"
    )
    for name in ("incline_angle", "studies/incline_angel"):
        assert message(name) == (
            f"{name}: there is no such file, and no recipe of that name ships with simgen. "
            "Did you mean 'studies/incline_angle'?"
        )
    assert message("studys/incline_angle").endswith("no such file. Did you mean 'studies/incline_angle'?")
    assert message("zzz").startswith(
        "zzz: there is no such file, and no recipe of that name ships with simgen. "
        f"The recipes that ship with simgen are {', '.join(sorted(shipped_recipes())[:3])},"
    )
    assert message("step.yaml") == "step.yaml: there is no such file. Did you mean 'steep.yaml'?"
    assert message("folder") == "folder: is a folder; a recipe is a YAML file."
    assert message("a\x00b").startswith("a\\x00b: there is no such file")
    assert message("x" * 5000).startswith("xxx")
    assert message("steep.yaml").startswith("steep.yaml:1: ")
