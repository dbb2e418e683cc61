-- Champion against challenger by run: agreement, shift of the scores, and accuracy against outcomes.
with records as (
    select
        *,
        row_number() over (
            partition by run_id, model_version
            order by status desc, recorded_at desc, invocation_id desc
        ) as place
    from {{ source('operations', 'challenger_records') }}
),

outcomes as (
    select * from {{ source('operations', 'challenger_outcomes') }}
)

select
    records.run_id,
    records.product,
    records.as_of,
    records.champion_version,
    records.model_version as challenger_version,
    records.status,
    records.reason,
    records.customers_scored,
    records.customers,
    records.label_agreement,
    records.rank_agreement,
    records.top_decile_in_common,
    records.mean_difference,
    records.psi,
    records.kolmogorov_smirnov,
    records.recorded_at,
    champion.labels_known,
    champion.mean_outcome,
    {%- for figure in ['auc', 'brier', 'mae', 'bias', 'spearman', 'calibration_gap'] %}
    champion.{{ figure }} as champion_{{ figure }},
    challenger.{{ figure }} as challenger_{{ figure }},
    {%- endfor %}
    champion.recorded_at as outcomes_measured_at
from records
left join outcomes as champion
    on
        records.run_id = champion.run_id
        and records.champion_version = champion.model_version
        and records.model_version = champion.compared_with
left join outcomes as challenger
    on
        records.run_id = challenger.run_id
        and records.model_version = challenger.model_version
        and records.champion_version = challenger.compared_with
where records.place = 1
