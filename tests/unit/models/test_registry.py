"""The registry of models, as the seed has it."""

import pytest

from python_scoring.errors import ArtifactError
from python_scoring.models.registry import Registry


@pytest.mark.parametrize(
    ("product", "said"),
    [("churn", r"it has 1\.0\.0, 1\.0\.1"), ("winback", "it has none of this product")],
)
def test_an_unknown_version_names_those_there_are(product: str, said: str) -> None:
    with pytest.raises(ArtifactError, match=f"has no row of {product} 9.9.9; {said}"):
        Registry().find(product, "9.9.9")
