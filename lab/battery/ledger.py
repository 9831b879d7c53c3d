"""The known differences, `differences.toml`, and whether their evidence stands."""

import fnmatch
import functools
import gzip
import html
import json
import pathlib
import re
import tomllib

import botocore

LEDGER = pathlib.Path(__file__).with_name("differences.toml")
CLASSES = ("botocore", "document", "unverified")


def entries(path=LEDGER):
    """One entry for each key of `at`, an operation and a field."""
    tables = tomllib.loads(path.read_text())["difference"]
    return [{**table, "at": key} for table in tables for key in table.get("at", ["?"])]


def covers(entry, difference):
    """Whether the entry is about this difference. `ours`, `moto` and `scenario` are patterns of `*` and `?`."""
    if entry["at"] != f"{difference.operation} {difference.field}":
        return False
    patterns = {"scenario": entry.get("scenario", "*"), "ours": entry["ours"], "moto": entry["moto"]}
    return all(
        # Brackets are plain text: values are JSON.
        fnmatch.fnmatchcase(getattr(difference, key), pattern.replace("[", "[[]"))
        for key, pattern in patterns.items()
    )


def plain(documentation):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", documentation)).split())


@functools.cache
def documentation(service):
    """All sentences of botocore's model of a service, without markup."""
    folder = pathlib.Path(botocore.__file__).parent / "data" / service
    model = json.loads(gzip.decompress(max(folder.glob("*/service-2.json.gz")).read_bytes()))
    found = []

    def walk(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if key == "documentation" and isinstance(inner, str):
                    found.append(plain(inner))
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(model)
    return "\n".join(found)


def defect(entry):
    """What is wrong with the entry's form or evidence; None when it stands."""
    missing = {"at", "ours", "moto", "evidence"} - entry.keys()
    unknown = entry.keys() - {"at", "ours", "moto", "evidence", "scenario", "quote", "url", "note"}
    if missing or unknown:
        return f"misses {sorted(missing)}, does not know {sorted(unknown)}"
    evidence = entry["evidence"]
    if evidence not in CLASSES:
        return f"evidence is one of {CLASSES}"
    if evidence == "unverified":
        return None if entry.get("note") else "unverified without a note that says what ours follows"
    if not entry.get("quote"):
        return "evidence without its quotation"
    if evidence == "document":
        return None if entry.get("url", "").startswith("https://docs.aws.amazon.com/") else "a document without its address"
    if entry["quote"] not in documentation(entry["at"].split(".")[0]):
        return "botocore's model does not say so"
    return None


def stub(difference):
    """What to write into the ledger for a difference, but for its evidence."""
    lines = ["[[difference]]", f"at = [{json.dumps(f'{difference.operation} {difference.field}')}]"]
    lines += [f"scenario = {json.dumps(difference.scenario)}"]
    lines += [f"{key} = {literal(getattr(difference, key))}" for key in ("ours", "moto")]
    return "\n".join([*lines, 'evidence = ""', ""])


def literal(value):
    return f"'{value}'" if "'" not in value else json.dumps(value)
