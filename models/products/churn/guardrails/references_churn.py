from python_scoring.scoring.references import reference_distributions


def model(dbt, session):
    """Training distributions of the models that scored."""
    return reference_distributions(
        product="churn",
        candidates=dbt.ref("candidates_churn"),
        registry=dbt.ref("model_registry"),
    )
