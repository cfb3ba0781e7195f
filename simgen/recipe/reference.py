"""Writes docs/recipes.md and recipes/recipe.schema.json: `python -m simgen.recipe.reference` in a checkout.

Everything in them comes from the models, the scenarios, the looks and the shipped recipes, so what is
documented is what is read; a test compares the committed files with what this makes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from simgen.errors import RecipeError
from simgen.recipe.distributions import DISTRIBUTIONS
from simgen.recipe.expressions import CONSTANTS, DEEPEST, FUNCTIONS, LONGEST
from simgen.recipe.force_parts import ForcePart, LinkPart
from simgen.recipe.loading import parse_recipe, shipped_recipes, summary
from simgen.recipe.models import COMPOSED, Recipe
from simgen.recipe.parts import BodyPart, CameraPart, JointPart
from simgen.recipe.quantities import plain_quantity
from simgen.recipe.schema import recipe_schema
from simgen.recipe.sections import (
    CameraView,
    MixedScenario,
    OutputSection,
    RenderSection,
    VideoSection,
)
from simgen.recipe.splits import Blend, Pair, Split, Study, Sweep, Twin
from simgen.recipe.values import Checked
from simgen.recipe.wording import number
from simgen.recipe.yaml import DEEPEST as DEEPEST_YAML
from simgen.recipe.yaml import LARGEST_FILE, MOST_VALUES
from simgen.scenarios.base import Parameter, Scenario

__all__ = ["files", "main", "page"]

SCHEMA = "recipes/recipe.schema.json"
PAGE = "docs/recipes.md"

_EXAMPLES = {
    "uniform": "{uniform: [5, 40]}` or `{uniform: [[5, 15], [30, 40]]}",
    "log_uniform": "{log_uniform: [0.1, 10]}",
    "normal": "{normal: [20, 5], min: 10, max: 30}",
    "integer": "{integer: [1, 5]}",
    "choice": "{choice: [sphere, box], weights: [3, 1]}",
    "constant": "{constant: 0.5}` or just `0.5",
}

_WRONG = """\
name: steep
scenario: inclin
clips: 1e12
params:
  angle_deg: {uniform: [40, 5]}
video: {fsp: 24, size: 255}
render: {engine: raycst}
look: {preset: lab, subject_color: red}
"""


def page() -> str:
    """The text of docs/recipes.md."""
    from simgen.scenarios import all_scenarios
    from simgen.scenarios.air import AIR

    parts = [
        "# Recipes",
        "<!-- Made by `python -m simgen.recipe.reference`; a test fails when it is not current. -->",
        _OPENING,
        "```yaml\n" + shipped_recipes()["incline"].read_text().split("\n\n", 1)[1].rstrip() + "\n```",
        "These recipes ship with simgen (`simgen recipes`), and `simgen build NAME` finds them by name:",
        _table(
            ("name", "what it is"),
            [(f"`{name}`", summary(path.read_text())) for name, path in shipped_recipes().items()],
        ),
        _EDITOR,
        "## The keys",
        _fields(Recipe, leave_out=("bodies", "joints", "forces", "links", "camera", "gravity", "ground")),
        "`clips: 1000` is short for `splits: {train: {clips: 1000}}`, and so are `ladder` and `replicates`. With `scenario: scene` there are also "
        "`bodies`, `joints`, `forces`, `links`, `camera`, `gravity` and `ground`, see [Composed scenes](#composed-scenes).",
        "## Distributions",
        _DISTRIBUTIONS,
        _table(
            ("written", "meaning"),
            [
                (f"`{_EXAMPLES[name]}`", (model.__doc__ or "").split("\n")[0])
                for name, model in DISTRIBUTIONS.items()
            ],
        ),
        "## Splits",
        _SPLITS,
        _fields(Split),
        "`replicates: 5` makes five independent draws of a split, `train`, `train_r1` … `train_r4`.",
        "### A mixture of two ranges",
        _fields(Blend),
        "## Studies",
        _STUDIES,
        "### Sweeps",
        _fields(Sweep),
        "### Pairs",
        _fields(Pair),
        "### Twins",
        _fields(Twin),
        "### Study",
        _fields(Study),
        "## Several scenarios",
        _MIX,
        _fields(MixedScenario),
        "## Video",
        _fields(VideoSection),
        "## Passes",
        "Dense labels, stored in `dense/` beside the clips; `docs/columns.md` says how each is packed. "
        f"`passes` takes {_reader_words(Recipe.model_fields['passes'])}.",
        "## Render",
        _fields(RenderSection),
        "## Look",
        _LOOK,
        _looks(),
        "## Materials",
        _MATERIALS,
        _materials(),
        "## Cameras",
        _CAMERAS,
        _fields(CameraView),
        "## Output",
        _fields(OutputSection),
        "## Composed scenes",
        _COMPOSED,
        "```yaml\n" + shipped_recipes()["ledge"].read_text().split("\n\n", 1)[1].rstrip() + "\n```",
        "### Bodies",
        _fields(BodyPart),
        "### Joints",
        _fields(JointPart),
        "### Forces",
        _fields(ForcePart),
        "### Links",
        _fields(LinkPart),
        "### Camera, gravity, ground",
        _fields(CameraPart),
        _fields(Recipe, only=("gravity", "ground")),
        "### Expressions",
        _expressions(),
        "## Scenarios",
        *(_scenario(scenario) for name, scenario in all_scenarios().items() if name != COMPOSED),
        "## Air and wind",
        _AIR,
        _parameters(AIR),
        "## How YAML is read",
        _YAML.format(size=LARGEST_FILE, count=MOST_VALUES, depth=DEEPEST_YAML),
        "## Mistakes",
        "Every mistake of a recipe is told at once, with its place and what to change; the exit status is 2.",
        "```yaml\n" + _WRONG + "```",
        "```text\n" + _mistakes() + "\n```",
    ]
    return "\n\n".join(parts) + "\n"


def files() -> dict[str, str]:
    """The generated files by their path in the repository."""
    return {PAGE: page(), SCHEMA: json.dumps(recipe_schema(), indent=1, ensure_ascii=False) + "\n"}


def main() -> None:
    """Writes both files."""
    root = Path(__file__).parents[2]
    for name, text in files().items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    def line(cells: tuple[str, ...]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(head), "|" + " --- |" * len(head), *(line(row) for row in rows)])


def _fields(
    model: type[BaseModel], leave_out: tuple[str, ...] = (), only: tuple[str, ...] | None = None
) -> str:
    rows = [
        (
            f"`{name}`",
            (field.description or "").replace("`scenario: scene` only: ", ""),
            _takes(field),
            _default(field),
        )
        for name, field in model.model_fields.items()
        if name not in leave_out and (only is None or name in only)
    ]
    return _table(("key", "meaning", "takes", "if left out"), rows)


def _reader_words(field: FieldInfo) -> str:
    reader = next((entry for entry in field.metadata if isinstance(entry, Checked)), None)
    return reader.words() if reader is not None else ""


def _takes(field: FieldInfo) -> str:
    if words := _reader_words(field):
        return words
    outer = field.annotation
    return "a section" if isinstance(outer, type) and issubclass(outer, BaseModel) else "a mapping by name"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default = field.get_default()
    if default is None or (field.default_factory is not None):
        return ""
    if isinstance(default, tuple):
        return f"`{_yaml([plain_quantity(e) if hasattr(e, 'plain') else e for e in default])}`"
    return f"`{_yaml(plain_quantity(default) if hasattr(default, 'plain') else default)}`"


def _yaml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_yaml(entry) for entry in value)}]"
    if isinstance(value, (bool, str)):
        return str(value).lower() if isinstance(value, bool) else value
    return number(value)


def _looks() -> str:
    from simgen.scene.look_parameters import LOOK_PARAMETERS, PRESETS

    rows = []
    for name, parameter in LOOK_PARAMETERS.items():
        unit = f" ({parameter.unit})" if parameter.unit not in ("", "1") else ""
        defaults = (f"`{parameter.default(preset)}`" for preset in PRESETS)
        rows.append((f"`{name}`", f"{parameter.meaning}{unit}", *defaults))
    return _table(("parameter", "meaning", *PRESETS), rows)


def _materials() -> str:
    from simgen.scene.materials import MATERIALS

    head = ("material", "friction", "elasticity", "density (kg/m³)", "colour", "texture")
    rows = [
        (
            f"`{material.name}`",
            number(material.friction),
            number(material.elasticity),
            number(material.density_kg_m3),
            f"`{material.look['colour']}`",
            f"`{material.look['texture']}`",
        )
        for material in MATERIALS.values()
    ]
    return _table(head, rows)


def _scenario(scenario: Scenario) -> str:
    laws = "\n".join(f"- law `{law.name}`: {law.formula}" for law in scenario.laws)
    return f"### `{scenario.name}`\n\n{scenario.summary}\n\n{_parameters(scenario.parameters)}\n\n{laws}"


def _parameters(parameters: Sequence[Parameter]) -> str:
    rows = []
    for parameter in parameters:
        ends = parameter.range
        span = (
            " · ".join(f"`{word}`" for word in ends)
            if isinstance(ends[0], str)
            else f"{ends[0]:g} to {ends[1]:g}"
        )
        unit = "" if parameter.unit in ("", "1") else f" {parameter.unit}"
        rows.append((f"`{parameter.name}`", parameter.meaning, span + unit, f"`{parameter.default}`"))
    return _table(("parameter", "meaning", "range", "if left out"), rows)


def _expressions() -> str:
    names = ", ".join(f"`{name}`" for name in (*FUNCTIONS, *CONSTANTS))
    return _EXPRESSIONS.format(names=names, length=LONGEST, depth=DEEPEST)


def _mistakes() -> str:
    try:
        parse_recipe(_WRONG, "steep.yaml")
    except RecipeError as error:
        return str(error)
    raise AssertionError("the wrong recipe of the documentation is right")


_OPENING = """\
A recipe is one YAML file that declares a dataset. Everything about clip *i* of a split follows from the
recipe, the split's name and *i*, so a recipe is also the way to make any clip again. Most keys can be left
out:"""

_EDITOR = """\
`simgen recipes NAME > my.yaml` gives you one to edit, and `simgen schema > recipe.schema.json` the schema
that its first line points your editor to: keys are completed and mistakes underlined. A recipe can also be
made in Python: `simgen.recipe.recipe_from_data({"name": "demo", "scenario": "drop", "clips": 10})`."""

_DISTRIBUTIONS = """\
A parameter is a bare value or a distribution. Each is drawn from its own stream of random numbers, addressed
by seed, split, index and the parameter's name: adding a parameter, or fixing one, leaves every other as it
was in every clip. A value outside the range that the scenario documents is refused."""

_SPLITS = """\
Splits draw different clips even where they draw in the same way. The first N clips of a larger count are the
clips of a count of N. `params` of a split replace single parameters of the recipe's. Adding a split, or clips
to one, leaves all other clips as they are; so does everything under `output`."""

_STUDIES = """\
What an experiment asks of its data is declared beside the splits. The clips of a *group* share every draw, the look and
the camera, and differ in nothing but what is asked about; if the draw of one is rejected, the whole group is drawn
again. Columns `group`, `varied` and `level` say which clip is which.

```yaml
name: incline_study
scenario: incline
sampling: sobol                                     # covers the parameters evenly at every size
params: {shape: sphere, angle_deg: {uniform: [5, 30]}}
splits:
  train: {ladder: [100, 1000, 10000], replicates: 3}    # nested sizes; three independent draws of them
  test_far: {clips: 200, params: {angle_deg: {uniform: [35, 60]}}}
  coverage: {clips: 300, mix: {from: test_far, clips: [0, 3, 10, 30]}}    # coverage_0 … coverage_30
  control: {clips: 200, same_as: train, hide: [ramp, stop]}    # the very clips of train, without the cause
sweeps:
  angle: {vary: {angle_deg: {range: [5, 45, 5]}}, groups: 50}  # the split sweep_angle: 50 × 9 clips
pairs:
  slippery: {set: {friction: 0}, groups: 50}        # pairs_slippery: factual, counterfactual
twins:
  gone: {violations: [vanish, teleport], groups: 50}    # twins_gone: possible, vanish, teleport
study: {question: "How many clips until the law of the incline is learned?", factors: [angle_deg]}
```"""

_MIX = """\
`scenario: mix` makes one dataset of several scenarios. `scenarios` says which: `all` (every one that ships
with simgen and has parameters, but for replicas of other datasets), a list, or weights by name:

```yaml
name: mechanics
scenario: mix
scenarios:
  incline: 2                                             # twice as many clips as of drop
  drop: 1
  collision: {weight: 1, params: {elasticity: 1}}        # drawn in its own way
  projectile: 0                                          # only in splits that name it
splits:
  train: 1000
  test_unseen: {clips: 100, scenarios: [projectile]}     # a scenario that training does not have
params:
  mass_kg: {uniform: [1, 5]}                             # in every scenario that has a mass_kg
```

Weights are whole numbers. With {incline: 2, drop: 1} two clips of each three in a row, counted from the first,
are inclines; in between proportions are near exact too, so they hold for the first N clips of a larger build,
whatever N. Which one a clip shows follows from the seed, the split, its index and the weights; the order is
random within each round, so that readers which take every n-th clip get them all. A draw that is rejected is
drawn again for the same scenario. `{all: 1, incline: 3}` gives every scenario the weight 1 but one.

Parameters, camera, law, events and captions of a clip are those of its own scenario; the column `scenario` names
it. A parameter may be said in four places; the first of these that says it counts: the split's entry for the
scenario, the split's `params`, the recipe's entry for the scenario, the recipe's `params`. What stands for
several scenarios must be in the documented range of each that it reaches. A split's `scenarios` replace the recipe's
in that split and name some of them."""

_LOOK = """\
`look` starts from a preset (`lab` if it names none) and changes single parameters of it; each is a value or a
distribution, drawn per clip. Colours are names, `'#rrggbb'`, or the families `vivid`, `muted`, `pale` and
`any`."""

_MATERIALS = """\
Scenarios with a parameter `material` take one of these presets: `material: {choice: [rubber, wood, steel]}`. A
material decides `friction` and `elasticity` where the scenario has them, and the mass, as density times volume;
`params` and `bodies` hold the values that were used. What the recipe sets itself under `params` (here or in a
split) is not touched: `material: ice` with `friction: {uniform: [0, 0.2]}` is ice of varied slipperiness, with the
mass and the elasticity of ice. The body looks like its material and captions name it; a parameter that the
section `look` sets itself, such as `subject_colour`, wins again, and the preset `flat` keeps its plain surfaces.
Friction and elasticity are those of the touching pair on everything that is fixed. They are middle values of
handbooks; `simgen/scene/materials.py` says which."""

_CAMERAS = """\
Every camera films the same simulation; `main` changes the scenario's own, each other one adds a video column
`video_<name>`. A camera is placed relative to where the scenario's own stands:
`cameras: {side: {azimuth_deg: 90}, top: {elevation_deg: 90, projection: orthographic}}`."""

_COMPOSED = """\
`scenario: scene` needs no Python: the recipe lists bodies, joints, forces at a distance and the links that
make them seen: a force has no picture of its own, so a spring that is to be seen has an entry in `forces` and one in
`links`. Any number is a value, a distribution
(drawn on its own, addressed by its place, such as `scene.bodies.ball.mass`) or an expression of the `params`,
by which several numbers of a scene agree. Names of sections may also be given as lists of mappings with a
`name` each. There is a ground with its top at z = 0 unless `ground: false` or a body is named `ground`. Units
are SI, z is up, the friction and elasticity of a touching pair are the products of the two bodies'. Bodies
that are inside each other at the start reject the draw. Without a `camera` the picture holds all that moves,
and it is the same for every clip of the recipe; a study that compares recipes should give its camera a
`position` and a `target`."""

_EXPRESSIONS = """\
A text that starts with `=` is computed from the recipe's `params`: `"=2*radius_m + 0.1"`. There are numbers,
parameters, `+ - * / // % **`, brackets and {names}; angles are in radians, `rad(degrees)` and
`deg(radians)` convert. Nothing else is read and no code runs: at most {length} characters, nested at most
{depth} deep. Inside `[...]` an expression with a comma needs quotes. An expression that has no value for some
draws (a division by zero, a size below 0) rejects those draws; one that fails for all that are tried is a
mistake of the recipe. Where a word goes (a colour, a texture), `=name` puts in a parameter that is drawn from
words."""

_AIR = """\
Every scenario but a composed one can be filmed in air: it is there as soon as `params` name one of these. All that
is free to move then feels the drag of its shape, and no law is claimed for the clips; see docs/air.md."""

_YAML = """\
As YAML 1.2 does, which is what people mean: `1e6` is a number; `on`, `no`, `3:20`, `1_000` and `2024-01-01`
are words; only `true` and `false` are booleans; `0x1F` and `0o17` are whole numbers; keys are always words.
Anchors, aliases and tags are not read, a key that is written twice is a mistake, and a file has at most
{size} bytes, {count} values and {depth} levels. Loading a recipe from a stranger runs no code and reads no
other file."""


if __name__ == "__main__":
    main()
