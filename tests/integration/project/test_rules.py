"""Rules of the project: declarations, and the order of layers."""

import re
from pathlib import Path
from typing import Any

import pytest

from python_scoring.features.definitions import definitions_digest, locked_digest
from python_scoring.project import PROJECT, read_manifest
from tests.support.manifest import Manifest
from tests.support.project import PRODUCTS, Project

# Each folder may read from itself and from those before it. Marts judge freshness as they are read,
# so operations come before products, and know of their runs from the ledger alone.
LAYERS = (
    "staging",
    "consumers",
    "schedule",
    "features",
    "operations",
    "guardrails",
    "publishing",
    "challengers",
    "outcomes",
    "products",
    "lineage",
    "report",
)


MOST_FILES = 12  # of a product


@pytest.fixture(scope="module")
def manifest(built: Project) -> Manifest:
    return read_manifest(built.target)


def models(manifest: Manifest) -> list[dict[str, Any]]:
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["package_name"] == "customer_predictions"
    ]


def test_features_changed_only_with_their_version(manifest: Manifest) -> None:
    """The digest of the feature definitions is the one recorded for their version."""
    snapshots = manifest["nodes"]["model.customer_predictions.feature_snapshots"]
    version = snapshots["config"]["meta"]["feature_version"]
    assert definitions_digest(manifest) == locked_digest(version), (
        f"the definitions of feature_version {version} have changed: raise the version in "
        "models/features/_features__models.yml and append a row to seeds/feature_versions.csv"
    )


@pytest.mark.parametrize(
    "name", ["stg_orders", "checked_orders", "orders_as_of", "order_features", "feature_snapshots"]
)
def test_a_changed_definition_changes_the_digest(manifest: Manifest, name: str) -> None:
    """The lock watches every model that decides a feature's value, but not its comments."""
    node = manifest["nodes"][f"model.customer_predictions.{name}"]
    before, code = definitions_digest(manifest), node["raw_code"]
    node["raw_code"] = f"-- a comment\n{code}"
    assert definitions_digest(manifest) == before
    node["raw_code"] = f"{code} where 1 = 1"
    assert definitions_digest(manifest) != before
    node["raw_code"] = code


def test_a_changed_macro_changes_the_digest(manifest: Manifest) -> None:
    """A rule in a macro is part of the definition."""
    before = definitions_digest(manifest)
    for name in ("within_days", "elapsed_days", "as_money"):
        macro = manifest["macros"][f"macro.customer_predictions.{name}"]
        code = macro["macro_sql"]
        macro["macro_sql"] = code.replace("<", "<=") + " + 0"
        assert definitions_digest(manifest) != before, name
        macro["macro_sql"] = code


def test_layers(manifest: Manifest) -> None:
    """A folder reads only from the folders below it, and a product never from another product."""
    folder = {node["unique_id"]: node["fqn"][1] for node in models(manifest)}
    product = {
        node["unique_id"]: node["fqn"][2]
        for node in models(manifest)
        if node["fqn"][1] == "products"
    }
    for node in models(manifest):
        unique_id = node["unique_id"]
        for parent in node["depends_on"]["nodes"]:
            if parent in folder:
                place = LAYERS.index(folder[unique_id])
                assert folder[parent] in LAYERS[: place + 1], f"{unique_id} reads {parent}"
            if parent in product:
                assert product.get(unique_id) in (None, product[parent]), f"{unique_id} {parent}"


@pytest.mark.parametrize("product", PRODUCTS)
def test_a_product_is_at_most_twelve_files(product: str) -> None:
    """What products share stands once: a product's folder holds what is its own."""
    files = [file for file in (PROJECT / "models/products" / product).rglob("*") if file.is_file()]
    assert len(files) <= MOST_FILES, sorted(file.name for file in files)


def test_hooks_make_all_views_that_they_read(manifest: Manifest) -> None:
    """`views_of_hooks` names every view of the recording, after those that it reads."""
    code = manifest["macros"]["macro.customer_predictions.views_of_hooks"]["macro_sql"]
    names = re.findall(r"'(\w+)'", code)
    nodes = {node["name"]: node for node in models(manifest)}
    recording = {
        name
        for name, node in nodes.items()
        if node["fqn"][1:3] == ["operations", "recording"]
        and node["config"]["materialized"] == "lake_view"
    }
    assert recording <= set(names)
    for place, name in enumerate(names):
        parents = {parent.split(".")[-1] for parent in nodes[name]["depends_on"]["nodes"]}
        assert parents & set(nodes) <= set(names[:place]), name


def test_everything_public_is_described(manifest: Manifest) -> None:
    """Every model has a description, and every column that consumers see has type and meaning."""
    for node in models(manifest):
        assert node["description"].strip(), node["name"]
        if node["database"] == "lake" and node["config"]["contract"]["enforced"]:
            assert node["columns"]
        for column in node["columns"].values():
            assert column["description"].strip(), f"{node['name']}.{column['name']}"
    for source in manifest["sources"].values():
        for column in source["columns"].values():
            assert column["description"].strip(), f"{source['name']}.{column['name']}"


def test_no_macro_names_a_product() -> None:
    """A new product needs a folder, a registry row and a pin, and no change in shared code."""
    names = re.compile("|".join(rf"\b{product}\b" for product in PRODUCTS))
    shared = [
        *Path(PROJECT / "macros").rglob("*.sql"),
        *Path(PROJECT / "python_scoring").rglob("*.py"),
    ]
    for file in shared:
        code = re.sub(r"\{#.*?#\}|\"\"\".*?\"\"\"|#[^\n]*", "", file.read_text(), flags=re.DOTALL)
        assert not names.search(code), file


def test_every_macro_is_described(manifest: Manifest) -> None:
    """Each macro has a description and typed arguments, under the names that its code has."""
    for macro in manifest["macros"].values():
        name = macro["name"]
        is_own = macro["package_name"] == "customer_predictions"
        if not is_own or name.startswith(("test_", "materialization_")):
            continue
        assert macro["description"].strip(), f"{name}: describe it in its folder's YAML"
        signature = re.search(rf"macro {name}\((.*?)\) -?%", macro["macro_sql"], re.DOTALL)
        assert signature, name
        without_defaults = re.sub(r"=('[^']*'|[^,]*)", "", signature.group(1))
        in_code = [argument.strip() for argument in without_defaults.split(",") if argument.strip()]
        declared = {argument["name"]: argument["type"] for argument in macro["arguments"]}
        assert list(declared) == in_code, name
        assert all(declared.values()), name


def test_marts_are_contracted_and_versioned(manifest: Manifest) -> None:
    """There is no unversioned name in lake.marts, and every contract is enforced."""
    marts = [node for node in models(manifest) if node["schema"] == "marts"]
    versions = {
        f"{product}_{kind}_v1"
        for product in PRODUCTS
        for kind in ("predictions", "prediction_history")
    }
    assert {node["alias"] for node in marts} == {*versions, "churn_predictions_v2"}
    for node in marts:
        assert node["config"]["contract"]["enforced"]
        assert node["access"] == "public"
