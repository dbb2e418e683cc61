-- Population: is every eligible customer scored, and no one else?
{%- set contract = contract_of(product_at_hand()) %}

with population as (
    select * from {{ product_ref('population_counts') }}
),

found as (
    select
        run_id,
        unnest([
            {
                'check_name': 'population_not_empty', 'scope': 'run', 'value': rows_scored, 'not_evaluated': null,
                'message': rows_scored || ' customers were scored.'
            },
            {
                'check_name': 'customer_eligible', 'scope': 'customer_id', 'value': surplus, 'not_evaluated': null,
                'message': surplus || ' customers were scored who are not in the eligible population of the snapshot.'
            },
            {
                'check_name': 'coverage', 'scope': 'customer_id', 'not_evaluated': null,
                'value': (eligible_customers - missing) / nullif(cast(eligible_customers as double), 0),
                'message': missing || ' of ' || eligible_customers || ' eligible customers have no prediction.'
            },
            {
                'check_name': 'recent_activity', 'scope': 'snapshot',
                'value': active_customers / nullif(cast(eligible_customers as double), 0),
                'not_evaluated': case
                    {%- if check_setting(contract, 'recent_activity') %}
                    when eligible_customers < {{ check_setting(contract, 'minimum_customers') }}
                        then 'the snapshot has only ' || eligible_customers || ' eligible customers'
                    {%- else %}
                    when true then 'the contract does not say when a customer counts as recently active'
                    {%- endif %}
                end,
                'message': active_customers || ' of ' || eligible_customers || ' customers were active just before '
                || 'the as-of; none at all means that a feed has stopped.'
            }
        ]) as finding
    from population

    union all

    select
        run_id,
        finding
    from {{ product_ref('movement_findings') }}
)

select {{ finding_columns() }}
from found
