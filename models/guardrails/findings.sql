-- Measured checks of every family, before their limits are applied.
select * from {{ product_ref('value_findings') }}
union all
select * from {{ product_ref('population_findings') }}
union all
select * from {{ product_ref('score_findings') }}
union all
select * from {{ product_ref('label_findings') }}
union all
select * from {{ product_ref('change_findings') }}
union all
select * from {{ product_ref('feature_findings') }}
