"""What every split of a dataset is made of: under which address its clips draw, in which ways, in which groups.

    splits, sweeps, pairs, twins of a recipe ─ designs_of ─► {name: SplitDesign} ─ clip(index) ─► ClipDesign

A sweep `angle` is the split `sweep_angle`, pairs `late` are `pairs_late`, twins `gone` are `twins_gone`. Clip i of
a split of groups is member i mod size of group i div size; all members of a group have one address, so every
draw of theirs is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product

from simgen.recipe.draws import Draws
from simgen.recipe.entries import Scalar
from simgen.recipe.sections import MixedScenario
from simgen.recipe.splits import Blend, Groups, Pair, Split, Sweep, Twin

__all__ = ["ClipDesign", "Member", "SplitDesign", "designs_of"]


@dataclass(frozen=True, slots=True)
class Member:
    """What sets a clip apart from the others of its group."""

    values: Mapping[str, Scalar] = field(
        default_factory=dict
    )  # factor -> what it is instead of what is drawn
    intervention: Pair | None = None  # of the counterfactual clip of a pair
    violation: bool = False  # of the impossible twin


@dataclass(frozen=True, slots=True)
class SplitDesign:
    """One split, with all that recipe and shorthands say of it."""

    name: str
    clips: int
    layers: tuple[Split | Groups, ...]  # what they say of params and looks; the later ones count
    address: str  # the name of the split in the address of its draws
    ladder: tuple[int, ...] = ()
    blend: Blend | None = None
    kind: str = "split"  # split | sweep | pairs | twins
    members: tuple[Member, ...] = (Member(),)
    varied: str = ""  # what differs within a group: factors, the intervention, "violation"
    violations: tuple[str, ...] = ()  # of twins: what happens in a group, in turn
    subject: str = ""  # of twins: the body to which it happens

    @property
    def hide(self) -> tuple[str, ...]:
        """Bodies that act but are not drawn."""
        return tuple(dict.fromkeys(name for layer in self.layers for name in layer.hide))

    @property
    def scenarios(self) -> Mapping[str, MixedScenario] | None:
        """The scenarios of a mix that it names itself."""
        return next((layer.scenarios for layer in reversed(self.layers) if layer.scenarios), None)

    @property
    def against(self) -> str | None:
        """The training split that it names itself."""
        return next((layer.against for layer in reversed(self.layers) if layer.against), None)

    @property
    def in_groups(self) -> bool:
        return self.kind != "split"

    def clip(self, seed: int, index: int) -> ClipDesign:
        number, place = divmod(index, len(self.members))
        source = self.blend.source if self.blend is not None and index < self.blend.clips else self.name
        return ClipDesign(seed, self, index, number, place, source)


@dataclass(frozen=True, slots=True)
class ClipDesign:
    """One clip before anything is drawn."""

    seed: int
    split: SplitDesign
    index: int  # in the split
    number: int  # in the address of its draws: the group where there are groups, else the index
    place: int  # in its group
    source: str  # the split whose way of drawing it has

    @property
    def member(self) -> Member:
        return self.split.members[self.place]

    @property
    def violation(self) -> str:
        """What sets twins apart; "" in other splits."""
        kinds = self.split.violations
        return kinds[self.number % len(kinds)] if kinds else ""

    @property
    def group(self) -> int:
        """-1 where there are no groups."""
        return self.number if self.split.in_groups else -1

    @property
    def level(self) -> int:
        """The place in the group: of a sweep the level, of a pair 0 the factual clip; -1 without groups."""
        return self.place if self.split.in_groups else -1

    def draws(self, attempt: int = 0) -> Draws:
        """The address of one attempt at it, the same for all clips of its group."""
        return Draws(self.seed, self.split.address, self.number, attempt)

    def others(self) -> tuple[ClipDesign, ...]:
        """The other clips of its group."""
        first = self.index - self.place
        members = range(first, first + len(self.split.members))
        return tuple(self.split.clip(self.seed, index) for index in members if index != self.index)


def designs_of(
    splits: Mapping[str, Split],
    sweeps: Mapping[str, Sweep],
    pairs: Mapping[str, Pair],
    twins: Mapping[str, Twin],
) -> dict[str, SplitDesign]:
    """Every split of the dataset, in the order of the recipe. Raises KeyError for `same_as` another that is not there."""
    designs = {name: _of_split(name, splits) for name in splits}
    for name, sweep in sweeps.items():
        levels = product(*sweep.vary.values())
        members = [Member(dict(zip(sweep.vary, values, strict=True))) for values in levels]
        design = _of_groups("sweep", name, sweep, members, ",".join(sweep.vary))
        designs[design.name] = design
    for name, pair in pairs.items():
        varied = f"remove {pair.remove}" if pair.remove else "set " + ",".join(pair.set)
        design = _of_groups("pairs", name, pair, [Member(), Member(intervention=pair)], varied)
        designs[design.name] = design
    for name, twin in twins.items():
        design = _of_groups("twins", name, twin, [Member(), Member(violation=True)], "violation")
        designs[design.name] = replace(design, violations=twin.violations, subject=twin.subject or "")
    return designs


def _of_split(name: str, splits: Mapping[str, Split]) -> SplitDesign:
    split = splits[name]
    layers, names = [split], [name]
    while (other := layers[0].same_as) is not None and other not in names:
        layers.insert(0, splits[other])
        names.insert(0, other)
    address = layers[0].draws or names[0]
    return SplitDesign(name, split.clips, tuple(layers), address, split.ladder, split.mix)


def _of_groups(kind: str, name: str, groups: Groups, members: list[Member], varied: str) -> SplitDesign:
    whole = f"{kind}_{name}"
    clips = groups.groups * len(members)
    return SplitDesign(whole, clips, (groups,), whole, kind=kind, members=tuple(members), varied=varied)
