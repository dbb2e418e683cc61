"""The docs page writes out contracts and consumers, and all its links lead somewhere."""

import copy
import json
import re
from pathlib import Path

import pytest

from python_scoring.errors import InputError
from python_scoring.project import parsed_manifest
from python_scoring.report.docs_page import CONSUMERS, PRODUCTS, put_into_words, write_docs
from tests.support.manifest import Manifest


@pytest.fixture(scope="module")
def parsed() -> Manifest:
    """The project as its files stand. Tests must not change it."""
    return parsed_manifest()


@pytest.fixture(scope="module")
def manifest(parsed: Manifest) -> Manifest:
    """The manifest with contracts and consumers written out."""
    changed = copy.deepcopy(parsed)
    put_into_words(changed)
    return changed


def overview(manifest: Manifest) -> str:
    text: str = manifest["docs"]["doc.customer_predictions.__overview__"]["block_contents"]
    return text


def test_the_overview_lists_products_and_consumers(parsed: Manifest, manifest: Manifest) -> None:
    assert PRODUCTS in overview(parsed)
    assert CONSUMERS in overview(parsed)
    text = overview(manifest)
    assert "<!--" not in text
    assert "| daily, by 09:00 UTC | 3 days |" in text
    assert "[churn_predictions_v2](#!/model/" in text
    for exposure in manifest["exposures"].values():
        assert f"[{exposure['label']}](#!/exposure/{exposure['unique_id']})" in text


def test_every_link_leads_somewhere(manifest: Manifest) -> None:
    texts = [overview(manifest)]
    for kind in ("nodes", "exposures"):
        texts += [resource["description"] for resource in manifest[kind].values()]
    known = {*manifest["nodes"], *manifest["sources"], *manifest["exposures"]}
    links = re.findall(r"\(#!/(\w+)/([\w.]+)\)", "\n".join(texts))
    assert len(links) > 20
    for kind, unique_id in links:
        assert unique_id in known
        assert unique_id.startswith(f"{kind}.")


def test_docs_of_a_mart_state_its_contract(parsed: Manifest, manifest: Manifest) -> None:
    mart = "model.customer_predictions.churn_predictions.v1"
    contract = parsed["nodes"][mart]["config"]["meta"]["prediction"]
    said = manifest["nodes"][mart]["description"]
    for key in ("meaning", "not_to_be_used_for", "known_limitations"):
        assert contract[key] in said
    assert "**from 2027-06-30 on it may be gone**; read [churn_predictions_v2]" in said
    assert "Marketing automation (crm)" in said
    assert "prediction" not in manifest["nodes"][mart]["meta"]


def test_docs_list_what_each_consumer_may_read(manifest: Manifest) -> None:
    said = manifest["exposures"]["exposure.customer_predictions.marketing_automation"]
    assert "| `retention_campaign` | `score_lower`, `score_upper`" in said["description"]
    assert "| 2027&#8209;06&#8209;30 |" in said["description"]


@pytest.mark.parametrize(
    ("mart", "policy"),
    [
        ("churn_predictions.v2", "Skip the action."),
        ("clv_predictions.v1", "Act as if every score were the conservative default."),
        (
            "segmentation_predictions.v1",
            "Act on the last known good predictions, knowing their age.",
        ),
    ],
)
def test_the_policies_are_those_of_the_contracts(
    manifest: Manifest, mart: str, policy: str
) -> None:
    said = manifest["nodes"][f"model.customer_predictions.{mart}"]["description"]
    assert f"| Without a prediction | {policy} |" in said


def test_the_page_holds_manifest_and_catalog(parsed: Manifest, tmp_path: Path) -> None:
    """No description can end the script that holds them, and dbt's own files stay as they were."""
    changed = copy.deepcopy(parsed)
    changed["exposures"]["exposure.customer_predictions.decision_engine"]["description"] = (
        "</script><b>bold</b>"
    )
    files = {
        "index.html": '<script>var n={manifest:"MANIFEST.JSON INLINE DATA",'
        'catalog:"CATALOG.JSON INLINE DATA"}</script>',
        "manifest.json": json.dumps(changed),
        "catalog.json": '{"nodes": {}}',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    page = write_docs(tmp_path).read_text()
    assert "INLINE DATA" not in page
    assert page.count("</") == 1
    assert "what a score says" in page
    for name, text in files.items():
        assert (tmp_path / name).read_text() == text


def test_docs_that_were_not_generated_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"index\.html does not exist: run `dbt docs generate`"):
        write_docs(tmp_path)
