-- What the serving database knows. Consumers have no right on anything in this schema.
create schema if not exists serving_data;
create schema if not exists serving;
revoke all on schema serving_data, serving from public;

-- The warehouse that publishes here; another one is refused.
create table if not exists serving_data.warehouse_identity (
    warehouse_id text not null
);

-- One row per mart version. Readers are served the run that current_run names.
create table if not exists serving_data.marts (
    relation text primary key,
    mart_number integer generated always as identity,
    output text not null,
    version integer not null,
    product text not null,
    kind text not null check (kind in ('current', 'history')),
    output_schema_version text,
    deprecated_on date,
    columns jsonb not null,
    current_run integer,
    view_digest text,
    view_definition text,
    comment_digest text
);

-- What is the same for every row of a run, once per mart version. Rows of a history are visible
-- when is_visible says so: all runs of a publish at once.
create table if not exists serving_data.runs (
    run_number integer generated always as identity primary key,
    relation text not null,
    run_id text not null,
    product text not null,
    as_of timestamp not null,
    prediction_date date not null,
    predicted_at timestamp,
    model_version text,
    training_run_id text,
    feature_version text,
    feature_snapshot_id text,
    output_schema_version text,
    row_count bigint not null,
    column_names text[] not null,
    is_visible boolean not null,
    is_withdrawn boolean not null,
    is_superseded boolean not null
);

-- What is known of a product's freshness, free of any clock; serving.judge adds the clock.
create table if not exists serving_data.product_states (
    product text primary key,
    run_id text,
    as_of timestamp,
    fresh_until timestamp,
    max_age_hours numeric,
    newer_run_failed boolean not null,
    action_policy text not null,
    default_score double precision,
    incident_reason text,
    pending_responses jsonb not null
);

create table if not exists serving_data.consumers (
    consumer text primary key,
    role text not null unique,
    role_oid oid not null
);

create table if not exists serving_data.entitlements (
    role text not null,
    role_oid oid not null,
    output text not null,
    version integer not null,
    usage_context text not null,
    valid_until date,
    withheld_columns text[] not null,
    primary key (role, output, version, usage_context)
);

-- The number of the last change that took an entitlement or a run away, twice: a snapshot that is
-- older sees an older row here, but everybody sees a sequence as it is now. The sequence follows
-- the row when the change is committed.
create table if not exists serving_data.last_revocation (number bigint not null);

-- The roles that lost an entitlement, until no session is left that may have read by it.
create table if not exists serving_data.revoked_roles (
    role text not null,
    role_oid oid not null,
    revoked_at timestamptz  -- null until it is in force
);

-- The key of the marks in the server's log: whoever cannot read it cannot write a decision there.
create table if not exists serving_data.log_key (key bytea not null, made_at timestamptz not null);
insert into serving_data.log_key
select
    sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')),
    clock_timestamp()
where not exists (select from serving_data.log_key);

do $$
begin
    if to_regclass('serving_data.revocations') is null then
        create sequence serving_data.revocations;
        insert into serving_data.last_revocation values (nextval('serving_data.revocations'));
    end if;
    if to_regtype('serving.prediction') is null then
        create type serving.prediction as (
            product text,
            customer_id text,
            outcome text,
            score double precision,
            label text,
            as_of timestamp,
            age_hours numeric,
            model_version text,
            prediction_id text,
            freshness text,
            action_allowed boolean,
            reason text
        );
        revoke all on type serving.prediction from public;
    end if;
end
$$;
