from python_scoring.scoring.candidates import score_due_runs


def model(dbt, session):
    """Scores of the pinned model for every run that is due."""
    return score_due_runs(
        product="churn",
        runs=dbt.ref("due_runs"),
        registry=dbt.ref("model_registry"),
        contracts=dbt.ref("prediction_contracts"),
        snapshots=dbt.ref("feature_snapshots"),
        feature_catalogue=dbt.ref("feature_catalogue"),
    )
