-- Scores to be judged. The guardrails of models/guardrails/, and the gate, are made of them.
{{ config(materialized='guardrails') }}
{{ guardrails_read() }}
select {{ columns_of('candidates') }}
from {{ ref('candidates_churn') }}
