{{ config(post_hook={"sql": "{{ record_outcomes('clv') }}", "transaction": false}) }}

{{ outcome_checks('clv') }}
