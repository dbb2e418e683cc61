from python_scoring.scoring.references import reference_distributions


def model(dbt, session):
    """Training distributions of the models that scored."""
    return reference_distributions(
        product="segmentation",
        candidates=dbt.ref("candidates_segmentation"),
        registry=dbt.ref("model_registry"),
    )
