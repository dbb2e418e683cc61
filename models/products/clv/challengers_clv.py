from python_scoring.scoring.challengers import score_challengers


def model(dbt, session):
    """Scores of the challengers of every run that is due."""
    # After what is published: a challenger keeps nobody waiting.
    dbt.ref("predictions_clv")
    return score_challengers(
        product="clv",
        runs=dbt.ref("due_runs"),
        pins=dbt.ref("challenger_pins"),
        registry=dbt.ref("model_registry"),
        contracts=dbt.ref("prediction_contracts"),
        snapshots=dbt.ref("feature_snapshots"),
    )
