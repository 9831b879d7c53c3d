"""Compares two playings of a scenario, step by step, member by member."""

import json
import re
from dataclasses import dataclass

from normal import IDENTITY, Names

ABSENT = "absent"


@dataclass(frozen=True)
class Difference:
    """One member that the two accounts answer differently. The values are JSON, or `absent`."""

    scenario: str
    step: int
    operation: str
    field: str
    ours: str
    moto: str


def text(value):
    return value if value == ABSENT else json.dumps(value, sort_keys=True, default=str)


def keyed(items):
    """The elements by their Key, where that is what they are told apart by."""
    keys = [item.get("Key") for item in items if isinstance(item, dict)]
    if keys and len(keys) == len(items) and None not in keys and len(set(keys)) == len(keys):
        return {f"[{item['Key']}]": {k: v for k, v in item.items() if k != "Key"} for item in items}
    return None


def paired(ours, moto):
    """The elements of both lists by the first member that tells them apart in both, None without such a member."""
    both = ours + moto
    if not both or not all(isinstance(item, dict) for item in both):
        return None
    for key in IDENTITY:
        sides = [[item.get(key) for item in side] for side in (ours, moto)]
        if all(None not in side and len({text(value) for value in side}) == len(side) for side in sides):
            return [{text(item[key]): item for item in side} for side in (ours, moto)]
    return None


def lists(path, ours, moto):
    by_key = [keyed(side) for side in (ours, moto)]
    pairs = paired(ours, moto)
    if all(by is not None or not side for by, side in zip(by_key, (ours, moto))) and (ours or moto):
        yield from members(path, by_key[0] or {}, by_key[1] or {}, "")
    elif pairs and (len(ours) != len(moto) or pairs[0].keys() & pairs[1].keys()):
        for key in sorted(pairs[0].keys() | pairs[1].keys()):
            yield from differences(f"{path}[]", pairs[0].get(key, ABSENT), pairs[1].get(key, ABSENT))
    elif len(ours) == len(moto):
        for a, b in zip(ours, moto):
            yield from differences(f"{path}[]", a, b)
    else:
        spare = list(moto)
        for item in ours:
            if item in spare:
                spare.remove(item)
            else:
                yield f"{path}[]", item, ABSENT
        for item in spare:
            yield f"{path}[]", ABSENT, item


def members(path, ours, moto, dot):
    for key in sorted(ours.keys() | moto.keys()):
        yield from differences(f"{path}{dot}{key}", ours.get(key, ABSENT), moto.get(key, ABSENT))


def differences(path, ours, moto):
    """(field, ours, moto) wherever two trees differ."""
    if isinstance(ours, dict) and isinstance(moto, dict):
        yield from members(path, ours, moto, "." if path else "")
    elif isinstance(ours, list) and isinstance(moto, list):
        yield from lists(path, ours, moto)
    elif ours != moto or type(ours) is not type(moto):
        yield path, ours, moto


def normal(steps):
    """Each step as (operation, params, outcome), comparable with the other account's."""
    names = Names()
    out = []
    for step in steps:
        params = names.tree(step.params)
        outcome = {"error": step.error, "status": step.status}
        if step.error is None:
            outcome |= names.tree(step.answer)
        out.append((step.operation, params, outcome))
    return out


def compare(scenario, ours, moto):
    """All differences between two playings, each a list of steps."""
    ours, moto = normal(ours), normal(moto)
    found = []
    for number, (a, b) in enumerate(zip(ours, moto), 1):
        # moto calls every kind of load balancer app in its ARN, which is listed where the ARN is answered.
        asked = [re.sub(r"(loadbalancer|listener|listener-rule)/net/", r"\1/app/", text(side[:2])) for side in (a, b)]
        if asked[0] != asked[1]:
            # The scenario took another way on one side (more pages, say): further answers are not comparable.
            found.append(Difference(scenario, number, "scenario", "request", text(a[:2]), text(b[:2])))
            return found
        # Where one refuses, the members and the status of the other's answer say nothing more.
        refusals = [side[2]["error"] is not None for side in (a, b)]
        wanted = ("error", "status") if all(refusals) else ("error",)
        pair = [{k: v for k, v in side[2].items() if not any(refusals) or k in wanted} for side in (a, b)]
        for path, one, other in differences("", *pair):
            found.append(Difference(scenario, number, a[0], path, text(one), text(other)))
    return found
