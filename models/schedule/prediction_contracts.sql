{{ config(materialized='lake_view', database='lake', schema='operations') }}

-- The contracts, one row per product.
{%- for contract in (all_contracts() if execute else []) %}
{%- set sla = contract.sla %}
{{ 'union all' if not loop.first }}
select
    {{ string_literal(contract.product) }} as product,
    {{ string_literal(contract.output) }} as output,
    {{ contract.version }} as version,
    {{ string_literal(contract.output_schema_version) }} as output_schema_version,
    {{ string_literal(contract.meaning) }} as meaning,
    {{ string_literal(contract.score_type) }} as score_type,
    {{ string_literal(contract.unit) }} as unit,
    cast({{ contract.valid_range.minimum }} as double) as valid_minimum,
    cast({{ contract.valid_range.maximum }} as double) as valid_maximum,
    {{ string_literal(contract.intended_use | join(', ')) }} as intended_use,
    {{ string_literal(contract.not_to_be_used_for) }} as not_to_be_used_for,
    {{ string_literal(contract.known_limitations) }} as known_limitations,
    {{ contract.horizon_days }} as horizon_days,
    {{ string_literal(contract.eligible_population.description) }} as eligible_population,
    {{ string_literal(contract.schedule.cadence) }} as cadence,
    {{ contract.anchor_days }} as anchor_days,
    {{ contract.schedule.availability_lag_hours }} as availability_lag_hours,
    {{ contract.freshness.expected_within_hours }} as expected_within_hours,
    {{ contract.deadline_hours }} as deadline_hours,
    {{ contract.freshness.max_age_hours }} as max_age_hours,
    {{ string_literal(sla.owner) }} as sla_owner,
    cast({{ sla.target }} as double) as sla_target,
    {{ sla.review_within_days }} as review_within_days,
    {{ sla.escalation.breaches }} as escalation_breaches,
    {{ sla.escalation.within_days }} as escalation_within_days,
    {{ check_setting(contract, 'minimum_customers') }} as minimum_customers,
    {{ string_literal(contract.action_policy) }} as action_policy,
    cast({{ contract.conservative_default.score }} as double) as default_score,
    {{ string_literal(tojson(contract.recorded, sort_keys=true)) }} as contract_json
{%- else %}
select {{ typed_nulls({'product': 'text', 'output': 'text', 'version': 'integer'}) }}
where false
{%- endfor %}
