{#- Remedy of each cause of incidents, for notifications and the last lines of a build's log. -#}
{% macro remedies() -%}
    {{ return({
        'run_failed': 'read the step that failed in lake.operations.step_log, repair it, and run dbt build again.',
        'run_crashed': 'run dbt build again; if it ends the same way, look for memory, disk or time limits.',
        'run_quarantined': 'read its failed checks in lake.operations.output_checks; then release_run, or repair the cause and republish.',
        'blocking_drift': 'compare the drifted features in lake.operations.output_checks with their sources; then repair, retrain and pin, or release_run.',
        'source_broken': 'repair the export of the raw table named, and run dbt build again.',
        'data_damaged': 'do what the message says; then look for the cause, a disk or a person, with customer-predictions doctor.',
        'data_repaired': 'nothing for the predictions, which are computed from what was made anew; look for the cause, a disk or a person, with customer-predictions doctor.',
        'sla_breach': 'see that the job runs and publishes; dbt build computes the newest slot, customer-predictions backfill older ones.',
        'sla_escalation': 'answer each response of the contract by a row in seeds/incident_reviews.csv; lake.operations.review_duties lists them.',
        'serving_failed': 'see that the PostgreSQL of SERVING_DSN answers and has room; the next dbt build completes what is missing there.',
        'access_log_gap': 'have the operator restore the log as the message says, and find out who stopped it; if personal data may have been read unseen, tell the data protection officer.',
        'replay_mismatch': 'find out who changed what the message names, and restore it; then replay the run again with --record. If what was published is wrong: withdraw_run.',
        'access_denied': 'ask the owner of the role what it needs; its entitlement stands in models/consumers.'
    }) }}
{%- endmacro %}
