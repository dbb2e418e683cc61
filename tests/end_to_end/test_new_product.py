"""A product more: one folder, a registry row and a pin, and no change in shared code."""

import shutil
from pathlib import Path

import pytest

from tests.support.fixtures import Fresh
from tests.support.project import PRODUCTS, copy_of_project


@pytest.mark.slow
def test_a_copied_folder_is_a_product(fresh: Fresh, tmp_path: Path) -> None:
    """CONTRIBUTING's recipe: copy a folder under another name, train, pin, build."""
    folder = copy_of_project(tmp_path)
    products = folder / "models" / "products"
    shutil.copytree(products / "churn", products / "winback")
    for file in sorted(file for file in (products / "winback").rglob("*") if file.is_file()):
        text = file.read_text().replace("churn", "winback")
        # What a score is used for is named by the project, not by the product.
        file.write_text(text.replace("winback_reporting", "customer_reporting"))
        file.rename(file.with_name(file.name.replace("churn", "winback")))
    project = fresh(folder=folder)
    as_ofs = ("--as-of", "2025-12-01", "--as-of", "2026-02-01")
    later = ("--calibrate-on", "2026-05-03", "--calibrate-on", "2026-05-31")
    version = ("--model-version", "1.0.0", "--pin-from", "2026-09-01")
    project.command("train", "winback", *as_ofs, *later, *version)
    project.build(tests="all")
    states = dict(project.query("select product, status from lake.operations.run_states"))
    assert states == dict.fromkeys((*PRODUCTS, "winback"), "published")
    ((rows,),) = project.query("select count(*) from lake.marts.winback_predictions_v1")
    assert rows > 0
