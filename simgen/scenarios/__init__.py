"""The scenarios: one file each, found by `simgen.scenarios.registry`."""

from __future__ import annotations

from simgen.scenarios.registry import all_scenarios, broken_plugins, describe, get_scenario

__all__ = ["all_scenarios", "broken_plugins", "describe", "get_scenario"]
