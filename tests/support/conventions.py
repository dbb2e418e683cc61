"""Rules of dbt-project-evaluator over the parsed project, adapted to its folders.

A rule yields each finding as the name of a model or source and what is wrong with it. Where the
package goes by prefixes (`fct_`, `int_`), these rules go by folders; its rules about raw data leave
out the sources in the lake, which the project writes itself.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any

Findings = Iterator[tuple[str, str]]

OWN = "customer_predictions"
MOST_PARENTS = 6
MOST_LEAVES = 3
LONGEST_CHAIN_OF_VIEWS = 5
# Queries that a product's models render: they are ephemeral, not views.
SHARED_QUERIES = {"guardrails", "publishing", "challengers", "outcomes"}
KEY_TESTS = {"unique", "unique_combination", "unique_per_run"}


class Graph:
    """Parsed project with the lookups that the rules need."""

    def __init__(self, manifest: dict[str, Any]) -> None:
        """`manifest` is the one that dbt wrote."""
        nodes = [node for node in manifest["nodes"].values() if node["package_name"] == OWN]
        self.models = {
            node["unique_id"]: node for node in nodes if node["resource_type"] == "model"
        }
        self.tests = [node for node in nodes if node["resource_type"] == "test"]
        self.sources = {
            key: source
            for key, source in manifest["sources"].items()
            if source["package_name"] == OWN
        }
        self.exposures = list(manifest["exposures"].values())
        self.unit_tests = [
            test for test in manifest["unit_tests"].values() if test["package_name"] == OWN
        ]
        self.children: dict[str, list[str]] = defaultdict(list)
        for unique_id in self.models:
            for parent in self.parents(unique_id):
                self.children[parent].append(unique_id)

    def parents(self, unique_id: str) -> list[str]:
        """Parents of a model."""
        parents: list[str] = self.models[unique_id]["depends_on"]["nodes"]
        return parents

    def raw(self) -> list[str]:
        """Sources that others write."""
        return [key for key, source in self.sources.items() if source["source_name"] == "raw"]

    def folder(self, unique_id: str) -> str:
        """Layer of a model, or its product within products."""
        fqn: list[str] = self.models[unique_id]["fqn"]
        return fqn[2] if fqn[1] == "products" else fqn[1]

    def is_view(self, unique_id: str) -> bool:
        """Whether a model is computed whenever it is read."""
        if unique_id not in self.models or self.folder(unique_id) in SHARED_QUERIES:
            return False
        is_stored = ("table", "append_only")
        return self.models[unique_id]["config"]["materialized"] not in is_stored


def name(unique_id: str) -> str:
    """Short name: `orders`, `raw.orders`, `churn_predictions.v2`."""
    return unique_id.split(".", 2)[2]


def root_models(graph: Graph) -> Findings:
    for key in graph.models:
        if not graph.parents(key):
            yield name(key), "reads nothing: neither a source nor a model"


def raw_sources_outside_staging(graph: Graph) -> Findings:
    for source in graph.raw():
        for child in graph.children[source]:
            if graph.folder(child) != "staging":
                yield name(child), f"reads {name(source)} past staging"


def raw_sources_with_many_readers(graph: Graph) -> Findings:
    for source in graph.raw():
        if len(graph.children[source]) > 1:
            readers = ", ".join(map(name, graph.children[source]))
            yield name(source), f"has more than one reader: {readers}"


def raw_sources_joined(graph: Graph) -> Findings:
    for key in graph.models:
        if len(set(graph.parents(key)) & set(graph.raw())) > 1:
            yield name(key), "reads more than one raw source"


def staging_on_other_layers(graph: Graph) -> Findings:
    for key in graph.models:
        for parent in graph.parents(key):
            if graph.folder(key) == "staging" and parent in graph.models:
                yield name(key), f"is staging and reads the model {name(parent)}"


def unused_sources(graph: Graph) -> Findings:
    for key in graph.sources:
        if not graph.children[key]:
            yield name(key), "is declared and read by no model"


def duplicate_sources(graph: Graph) -> Findings:
    seen: dict[tuple[str, ...], str] = {}
    for key, source in graph.sources.items():
        place = (source["database"], source["schema"], source["identifier"])
        if place in seen:
            yield name(key), f"is the same table as {name(seen[place])}"
        seen[place] = key


def hard_coded_references(graph: Graph) -> Findings:
    for key, model in graph.models.items():
        if model["language"] != "sql":
            continue
        code = re.sub(r"\{#.*?#\}|\{\{.*?\}\}|--[^\n]*", "", model["raw_code"], flags=re.DOTALL)
        for found in re.findall(r"\b(?:from|join)\s+([a-z_]\w*\.\w+)", code, re.IGNORECASE):
            yield name(key), f"names {found} instead of a ref or a source"


def many_leaves(graph: Graph) -> Findings:
    for key in graph.models:
        leaves: dict[str, list[str]] = defaultdict(list)
        for child in graph.children[key]:
            if not graph.children[child]:
                leaves[graph.folder(child)].append(child)
        for folder, found in leaves.items():
            if len(found) > MOST_LEAVES:
                names = ", ".join(map(name, found))
                yield name(key), f"ends in {len(found)} models of {folder}: {names}"


def many_parents(graph: Graph) -> Findings:
    for key in graph.models:
        if (count := len(graph.parents(key))) > MOST_PARENTS:
            yield name(key), f"reads {count} models and sources; expected {MOST_PARENTS} at most"


def rejoined_concepts(graph: Graph) -> Findings:
    for key in graph.models:
        if len(graph.children[key]) != 1 or graph.folder(key) in SHARED_QUERIES:
            continue
        (child,) = graph.children[key]
        shared = set(graph.parents(key)) & set(graph.parents(child))
        if shared:
            names = ", ".join(sorted(map(name, shared)))
            yield name(key), f"serves {name(child)} alone, which reads {names} too"


def chained_views(graph: Graph) -> Findings:
    lengths: dict[str, int] = {}

    def length(key: str) -> int:
        if key not in lengths:
            above = [length(one) for one in graph.parents(key) if graph.is_view(one)]
            lengths[key] = max(above, default=0) + graph.is_view(key)
        return lengths[key]

    for key in graph.models:
        if (above := length(key) - graph.is_view(key)) > LONGEST_CHAIN_OF_VIEWS:
            yield name(key), f"stands at the end of {above} views"


def exposures_on_views(graph: Graph) -> Findings:
    parents = {parent for exposure in graph.exposures for parent in exposure["depends_on"]["nodes"]}
    for parent in sorted(parents):
        if parent not in graph.models or graph.is_view(parent):
            yield name(parent), "is what an exposure reads, and no table"


def exposures_on_private_models(graph: Graph) -> Findings:
    for exposure in graph.exposures:
        for parent in exposure["depends_on"]["nodes"]:
            if graph.models.get(parent, {"access": "none"})["access"] != "public":
                yield exposure["name"], f"reads {name(parent)}, which is not public"


def public_models_without_contract(graph: Graph) -> Findings:
    for key, model in graph.models.items():
        if model["access"] == "public" and not model["config"]["contract"]["enforced"]:
            yield name(key), "is public and has no enforced contract"


def undocumented(graph: Graph) -> Findings:
    for key, model in graph.models.items():
        if not model["description"].strip():
            yield name(key), "has no description"
        for column in model["columns"].values():
            if not column["description"].strip():
                yield name(key), f"has no description of {column['name']}"
    for key, source in graph.sources.items():
        if not source["description"].strip() or not source["source_description"].strip():
            yield name(key), "or its source has no description"


def untested_keys(graph: Graph) -> Findings:
    """Public and stored models need a test of their key."""
    tested = {
        test["attached_node"]
        for test in graph.tests
        if test.get("test_metadata") and test["test_metadata"]["name"] in KEY_TESTS
    }
    for key, model in graph.models.items():
        is_kept = model["database"] == "lake" and model["config"]["materialized"] != "ephemeral"
        if is_kept and key not in tested:
            yield name(key), f"is in the lake, and no test of {', '.join(sorted(KEY_TESTS))}"


def raw_sources_without_freshness(graph: Graph) -> Findings:
    for key in graph.raw():
        limits = graph.sources[key]["freshness"] or {}
        if not any(
            (limits.get(limit) or {}).get("count") for limit in ("warn_after", "error_after")
        ):
            yield name(key), "says not how old its data may be"


def misnamed_models(graph: Graph) -> Findings:
    """Models of a product carry its name: public ones as a prefix, others as a suffix."""
    for key, model in graph.models.items():
        folder = graph.folder(key)
        if folder == "staging" and not model["name"].startswith(("stg_", "checked_", "rejected_")):
            yield name(key), "is staging, but not called stg_, checked_ or rejected_"
        if model["fqn"][1] != "products":
            continue
        is_public = model["access"] == "public"
        has_name = (
            model["name"].startswith(f"{folder}_")
            if is_public
            else model["name"].endswith(f"_{folder}")
        )
        if not has_name:
            yield name(key), f"does not carry the name of its product, {folder}"


def misplaced_files(graph: Graph) -> Findings:
    """Descriptions and tests of a model are in its folder, in `_<subject>__<kind>.yml`."""
    for key, model in graph.models.items():
        if not model["patch_path"]:
            continue
        file = PurePosixPath(model["patch_path"].split("://")[-1])
        if file.parent != PurePosixPath(model["original_file_path"]).parent:
            yield name(key), f"is described in {file}, which is another folder"
        if not re.fullmatch(r"_\w+__\w+\.yml", file.name):
            yield name(key), f"is described in {file}; expected _<subject>__<kind>.yml"
    for test in graph.tests:
        model = graph.models.get(test.get("attached_node") or "")
        if model and test["original_file_path"] != model["patch_path"].split("://")[-1]:
            yield name(model["unique_id"]), f"is tested in {test['original_file_path']}"


def unit_tests_without_columns(graph: Graph) -> Findings:
    """A build runs unit tests before any table has the columns of an ephemeral input."""
    ephemeral = {
        model["name"]
        for model in graph.models.values()
        if model["config"]["materialized"] == "ephemeral"
    }
    for test in graph.unit_tests:
        if test["model"] in ephemeral:
            continue
        for given in test["given"]:
            read = re.search(r"ref\('(\w+)'\)", given["input"])
            if read and read[1] in ephemeral and given["format"] != "sql":
                yield test["model"], f"has the unit test {test['name']}, whose {read[1]} is not SQL"


RULES: dict[str, Callable[[Graph], Findings]] = {
    rule.__name__: rule
    for rule in (
        root_models,
        raw_sources_outside_staging,
        raw_sources_with_many_readers,
        raw_sources_joined,
        staging_on_other_layers,
        unused_sources,
        duplicate_sources,
        hard_coded_references,
        many_leaves,
        many_parents,
        rejoined_concepts,
        chained_views,
        exposures_on_views,
        exposures_on_private_models,
        public_models_without_contract,
        undocumented,
        untested_keys,
        raw_sources_without_freshness,
        misnamed_models,
        misplaced_files,
        unit_tests_without_columns,
    )
}
