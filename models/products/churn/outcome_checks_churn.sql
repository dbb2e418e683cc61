{{ config(post_hook={"sql": "{{ record_outcomes('churn') }}", "transaction": false}) }}

{{ outcome_checks('churn') }}
