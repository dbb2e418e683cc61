from python_scoring.references import reference_distributions


def model(dbt, session):
    """Training distributions of the models that scored; see python_scoring/references.py."""
    return reference_distributions(
        product="churn",
        candidates=dbt.ref("candidates_churn"),
        registry=dbt.ref("model_registry"),
    )
