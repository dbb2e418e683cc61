-- Scores: are they distributed as in the former batch, and as in the training of the model?
with bases as (
    select * from {{ product_ref('score_bases') }}
),

distances as (
    select * from {{ product_ref('distances', compared='compared_scores') }}
),

scored as (
    select
        bases.*,
        distances.psi,
        distances.jensen_shannon,
        distances.kolmogorov_smirnov
    from bases
    left join distances on bases.run_id = distances.run_id and bases.scope = distances.scope
),

found as (
    select
        run_id,
        unnest([
            {%- for check_name, measure, name in [
                ('score_psi', 'psi', 'population stability index'),
                ('score_jensen_shannon', 'jensen_shannon', 'Jensen-Shannon distance'),
                ('score_kolmogorov_smirnov', 'kolmogorov_smirnov', 'Kolmogorov-Smirnov distance')
            ] %}
            {
                'check_name': '{{ check_name }}', 'scope': scope, 'value': {{ measure }},
                'not_evaluated': not_evaluated,
                'message': 'The {{ name }} between the scores now and ' || in_base || ' is '
                || {{ plain_number(measure, 3) }} || ' (0 means the same distribution).'
            },
            {%- endfor %}
            {
                'check_name': 'score_mean_shift', 'scope': scope, 'not_evaluated': no_spread,
                'value': abs(mean_score - base_mean) / base_spread,
                'message': 'The mean score is ' || {{ plain_number('mean_score', 3) }} || ', and ' || in_base
                || ' it was ' || {{ plain_number('base_mean', 3) }} || '.'
            },
            {
                'check_name': 'score_quantile_shift', 'scope': scope, 'not_evaluated': no_spread,
                'value': greatest(
                    abs(score_p10 - base_p10), abs(score_p50 - base_p50), abs(score_p90 - base_p90)
                ) / base_spread,
                'message': 'One customer in ten scores up to ' || {{ plain_number('score_p10', 3) }}
                || ', half up to ' || {{ plain_number('score_p50', 3) }}
                || ', nine in ten up to ' || {{ plain_number('score_p90', 3) }} || '; ' || in_base || ' it was '
                || {{ plain_number('base_p10', 3) }} || ', ' || {{ plain_number('base_p50', 3) }}
                || ' and ' || {{ plain_number('base_p90', 3) }} || '.'
            },
            {
                'check_name': 'score_spread', 'scope': scope, 'not_evaluated': no_spread,
                'value': (score_p90 - score_p10) / base_spread,
                'message': case
                    when score_p90 = score_p10
                        then
                            'At least eight in ten customers have the same score, '
                            || {{ plain_number('score_p50', 3) }}
                    else
                        'Eight in ten scores lie within a range of '
                        || {{ plain_number('score_p90 - score_p10', 3) }}
                end || '; ' || in_base || ' the range was ' || {{ plain_number('base_spread', 3) }} || '.'
            }
        ]) as finding
    from scored
)

select {{ finding_columns() }}
from found
